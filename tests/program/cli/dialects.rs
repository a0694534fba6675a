//! Registries that are not Confluent's newest: each example passes, or fails with the
//! right hint.

use serde_json::{Value, json};

use super::program::{Place, Ran};
use super::registry::{After, Dialect};

fn place() -> Place {
    Place::new().env("LOCAL_SECRET", "a secret for tests")
}

#[test]
fn answers_to_a_registration_hold_the_id_only() {
    let registry = Dialect::start(
        |_| None,
        |asked, status, value| {
            let registers = asked.method == "POST" && asked.path.contains("/versions");
            if registers && status == 200 && value.get("id").is_some() {
                return (status, json!({"id": value["id"]}));
            }
            (status, value)
        },
    );
    place()
        .run(&["--schema-registry-url", &registry.url])
        .expect(0)
        .says("10 passed");
}

#[test]
fn incompatible_is_409_without_a_code_of_its_own() {
    let registry = Dialect::start(
        |_| None,
        |_, status, mut value| {
            if value.get("error_code") == Some(&json!(40901)) {
                value["error_code"] = json!(409);
            }
            (status, value)
        },
    );
    place()
        .run(&["--schema-registry-url", &registry.url])
        .expect(0)
        .says("10 passed");
}

#[test]
fn no_catalog() {
    let registry = Dialect::start(
        |asked| {
            let catalog = asked.path.starts_with("/catalog");
            catalog.then_some((404, r#"{"error_code":404,"message":"HTTP 404 Not Found"}"#))
        },
        |_, status, value| (status, value),
    );
    place()
        .run(&["--schema-registry-url", &registry.url])
        .expect(0)
        .says("10 passed")
        .says("no catalog");
}

#[test]
fn no_dek_registry() {
    let registry = Dialect::start(
        |asked| {
            let deks = asked.path.starts_with("/dek-registry");
            deks.then_some((404, r#"{"error_code":404,"message":"HTTP 404 Not Found"}"#))
        },
        |_, status, value| (status, value),
    );
    let ran = place()
        .run(&["--schema-registry-url", &registry.url])
        .expect(1);
    ran.says("9 passed, 1 failed")
        .complains("DEK Registry")
        .complains("hint: ");
    let ran = place()
        .run(&["doctor", "--schema-registry-url", &registry.url])
        .expect(0);
    ran.says("absent");
}

#[test]
fn the_rule_set_is_dropped() {
    let registry = Dialect::start(
        |_| None,
        |_, status, mut value| {
            if let Value::Object(members) = &mut value {
                members.remove("ruleSet");
            }
            (status, value)
        },
    );
    let ran = place()
        .run(&["--schema-registry-url", &registry.url])
        .expect(1);
    no_plaintext(
        &ran.says("9 passed, 1 failed")
            .complains("is gone")
            .complains("hint: "),
    );
}

#[test]
fn the_rule_is_kept_but_does_not_run() {
    let disabled: After = |_, status, mut value| {
        if let Some(rule) = value.pointer_mut("/ruleSet/domainRules/0") {
            rule["disabled"] = json!(true);
        }
        (status, value)
    };
    let elsewhere: After = |_, status, mut value| {
        if let Some(rules) = value.get_mut("ruleSet") {
            rules["enableAt"] = json!("client");
        }
        (status, value)
    };
    for (after, what) in [(disabled, "disabled flag"), (elsewhere, "enableAt")] {
        let registry = Dialect::start(|_| None, after);
        let arguments = ["--example", "csfle", "--schema-registry-url", &registry.url];
        no_plaintext(
            &place()
                .run(&arguments)
                .expect(1)
                .complains(what)
                .complains("hint: "),
        );
    }
}

/// Checks that neither text nor hex contains the value.
#[track_caller]
fn no_plaintext(ran: &Ran) {
    for secret in ["123-45-6789", "31 32 33 2d 34 35", "jane@example.com"] {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret));
    }
}

#[test]
fn too_many_requests_now_and_then() {
    let registry = Dialect::start(
        |asked| {
            // The client does not retry requests that create a key.
            let creates = asked.method == "POST" && asked.path.starts_with("/dek-registry");
            let limited = asked.before % 4 == 1 && !creates;
            limited.then_some((429, r#"{"error_code":42901,"message":"too many requests"}"#))
        },
        |_, status, value| (status, value),
    );
    place()
        .run(&["--schema-registry-url", &registry.url])
        .expect(0)
        .says("10 passed");
}

#[test]
fn the_configuration_is_forbidden() {
    let registry = Dialect::start(
        |asked| {
            let config = asked.path.starts_with("/config");
            config.then_some((403, r#"{"error_code":40301,"message":"forbidden"}"#))
        },
        |_, status, value| (status, value),
    );
    let ran = place()
        .run(&["--schema-registry-url", &registry.url])
        .expect(4);
    ran.says("8 passed, 2 failed")
        .complains("lack a permission")
        .complains("hint: ");
}

#[test]
fn the_subject_holds_something_else() {
    let registry = Dialect::start(
        |asked| {
            let registers = asked.method == "POST" && asked.path.starts_with("/subjects/");
            registers.then_some((409, r#"{"error_code":409,"message":"incompatible"}"#))
        },
        |_, status, value| (status, value),
    );
    let arguments = [
        "--example",
        "basic",
        "--schema-registry-url",
        &registry.url,
        "--run-id",
        "taken",
    ];
    let ran = place().run(&arguments).expect(1);
    let ran = ran
        .complains("basic: cannot register other.proto under other-taken.proto")
        .complains("another --run-id, or clean --run-id taken");
    assert!(
        !ran.stderr.contains("remove what the run created"),
        "{}",
        ran.stderr
    );
}

#[test]
fn registration_is_forbidden() {
    let registry = Dialect::start(
        |asked| {
            let registers = asked.method == "POST" && asked.path.starts_with("/subjects/");
            registers.then_some((403, r#"{"error_code":40301,"message":"forbidden"}"#))
        },
        |_, status, value| (status, value),
    );
    place()
        .run(&["--schema-registry-url", &registry.url])
        .expect(4)
        .complains("hint: ");
}

#[test]
fn the_subject_is_read_only() {
    let registry = Dialect::start(
        |asked| {
            let registers = asked.method == "POST"
                && (asked.path.ends_with("versions?normalize=false")
                    || asked.path.ends_with("/versions"));
            let registers = registers && !asked.path.starts_with("/compatibility");
            registers.then_some((
                422,
                r#"{"error_code":42205,"message":"Subject is in read-only mode"}"#,
            ))
        },
        |_, status, value| (status, value),
    );
    let arguments = ["--example", "basic", "--schema-registry-url", &registry.url];
    place()
        .run(&arguments)
        .expect(1)
        .complains("42205")
        .complains("mode");
}

const INVALID: (u16, &str) = (422, r#"{"error_code":42201,"message":"invalid schema"}"#);

#[test]
fn confluent_meta_is_not_built_in() {
    let registry = Dialect::start(
        |asked| {
            let registers = asked.method == "POST" && asked.path.contains("/versions");
            let imports = asked.body.contains(r#"import \"confluent/meta.proto\""#);
            let refers = asked.body.contains(r#""name":"confluent/meta.proto""#);
            (registers && imports && !refers).then_some(INVALID)
        },
        |_, status, value| (status, value),
    );
    let at = ["--schema-registry-url", &registry.url];
    let csfle = [&at[..], &["--example", "csfle", "--run-id", "m"]].concat();
    for path in [&[][..], &["--use-protoc"]] {
        let ran = place().run(&[&csfle[..], path].concat()).expect(0);
        no_plaintext(&ran.says("confluent-meta-m.proto"));
    }
    let clean = [&at[..], &["clean", "--run-id", "m"]].concat();
    place()
        .run(&clean)
        .expect(0)
        .says("subject confluent-meta-m.proto")
        .says("removed 2 subjects, 1 KEK");
}

#[test]
fn confluent_meta_is_refused_as_a_reference_too() {
    let registry = Dialect::start(
        |asked| {
            let registers = asked.method == "POST" && asked.path.contains("/versions");
            (registers && asked.body.contains("confluent")).then_some(INVALID)
        },
        |_, status, value| (status, value),
    );
    let arguments = ["--example", "csfle", "--schema-registry-url", &registry.url];
    place()
        .run(&arguments)
        .expect(1)
        .complains("42201")
        .complains("lack confluent/meta.proto");
}

#[test]
fn a_subject_with_a_slash_is_not_found_as_a_reference() {
    let registry = Dialect::start(
        |asked| {
            let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
            let references = body["references"].as_array().into_iter().flatten();
            let mut subjects = references.filter_map(|reference| reference["subject"].as_str());
            subjects
                .any(|subject| subject.contains('/'))
                .then_some(INVALID)
        },
        |_, status, value| (status, value),
    );
    let at = ["--schema-registry-url", &registry.url];
    let ran = place().run(&at).expect(1).says("9 passed, 1 failed");
    ran.complains("under subjects with a `/`")
        .complains("Qualified");
}
