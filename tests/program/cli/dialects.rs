//! Registries that are not Confluent's newest: each example passes, or fails with the
//! right hint.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::registry::Dialect;
use crate::support::program::{Place, Ran};

fn place() -> Place {
    Place::new().env("LOCAL_SECRET", "a secret for tests")
}

#[test]
fn answers_to_a_registration_hold_the_id_only() {
    let registry = Dialect::changing(|asked, value| {
        let registers = asked.method == "POST" && asked.path.contains("/versions");
        if registers && value.get("id").is_some() {
            *value = json!({"id": value["id"]});
        }
    });
    place()
        .run(&["--schema-registry-url", &registry.url])
        .expect(0)
        .says("10 passed");
}

#[test]
fn incompatible_is_409_without_a_code_of_its_own() {
    let registry = Dialect::changing(|_, value| {
        if value.get("error_code") == Some(&json!(40901)) {
            value["error_code"] = json!(409);
        }
    });
    place()
        .run(&["--schema-registry-url", &registry.url])
        .expect(0)
        .says("10 passed");
}

#[test]
fn no_catalog() {
    let registry = Dialect::refusing(404, 404, |asked| asked.path.starts_with("/catalog"));
    place()
        .run(&["--schema-registry-url", &registry.url])
        .expect(0)
        .says("10 passed")
        .says("no catalog");
}

#[test]
fn no_dek_registry() {
    let registry = Dialect::refusing(404, 404, |asked| asked.path.starts_with("/dek-registry"));
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
    let registry = Dialect::changing(|_, value| {
        if let Value::Object(members) = value {
            members.remove("ruleSet");
        }
    });
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
    for (at, member, value, what) in [
        (
            "/ruleSet/domainRules/0",
            "disabled",
            json!(true),
            "disabled flag",
        ),
        ("/ruleSet", "enableAt", json!("client"), "enableAt"),
    ] {
        let registry = Dialect::changing(move |_, answer| {
            if let Some(Value::Object(members)) = answer.pointer_mut(at) {
                members.insert(member.to_owned(), value.clone());
            }
        });
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
    let before = AtomicUsize::new(0);
    let registry = Dialect::refusing(429, 42901, move |asked| {
        // The client repeats no request that creates a key.
        let creates = asked.method == "POST" && asked.path.starts_with("/dek-registry");
        before.fetch_add(1, Ordering::SeqCst) % 4 == 1 && !creates
    });
    place()
        .run(&["--schema-registry-url", &registry.url])
        .expect(0)
        .says("10 passed");
}

#[test]
fn the_configuration_is_forbidden() {
    let registry = Dialect::refusing(403, 40301, |asked| asked.path.starts_with("/config"));
    let ran = place()
        .run(&["--schema-registry-url", &registry.url])
        .expect(4);
    ran.says("8 passed, 2 failed")
        .complains("lack a permission")
        .complains("hint: ");
}

#[test]
fn the_subject_holds_something_else() {
    let registry = Dialect::refusing(409, 409, |asked| {
        asked.method == "POST" && asked.path.starts_with("/subjects/")
    });
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
    let registry = Dialect::refusing(403, 40301, |asked| {
        asked.method == "POST" && asked.path.starts_with("/subjects/")
    });
    place()
        .run(&["--schema-registry-url", &registry.url])
        .expect(4)
        .complains("hint: ");
}

#[test]
fn the_subject_is_read_only() {
    let registry = Dialect::refusing(422, 42205, |asked| {
        asked.method == "POST"
            && asked.path.ends_with("/versions")
            && !asked.path.starts_with("/compatibility")
    });
    let arguments = ["--example", "basic", "--schema-registry-url", &registry.url];
    place()
        .run(&arguments)
        .expect(1)
        .complains("42205")
        .complains("mode");
}

#[test]
fn confluent_meta_is_not_built_in() {
    let registry = Dialect::refusing(422, 42201, |asked| {
        let registers = asked.method == "POST" && asked.path.contains("/versions");
        let imports = asked.text.contains(r#"import \"confluent/meta.proto\""#);
        let refers = asked.text.contains(r#""name":"confluent/meta.proto""#);
        registers && imports && !refers
    });
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
    let registry = Dialect::refusing(422, 42201, |asked| {
        let registers = asked.method == "POST" && asked.path.contains("/versions");
        registers && asked.text.contains("confluent")
    });
    let arguments = ["--example", "csfle", "--schema-registry-url", &registry.url];
    place()
        .run(&arguments)
        .expect(1)
        .complains("42201")
        .complains("lack confluent/meta.proto");
}

#[test]
fn a_subject_with_a_slash_is_not_found_as_a_reference() {
    let registry = Dialect::refusing(422, 42201, |asked| {
        let references = asked.body["references"].as_array().into_iter().flatten();
        let mut subjects = references.filter_map(|reference| reference["subject"].as_str());
        subjects.any(|subject| subject.contains('/'))
    });
    let at = ["--schema-registry-url", &registry.url];
    let ran = place().run(&at).expect(1).says("9 passed, 1 failed");
    ran.complains("under subjects with a `/`")
        .complains("Qualified");
}
