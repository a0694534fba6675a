//! `clean` and `--cleanup` remove one run, all of it, and nothing else.

use super::program::Place;
use super::registry::Dialect;

fn get(url: &str) -> String {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = crate::http::client();
        client.get(url).send().await.unwrap().text().await.unwrap()
    })
}

#[test]
fn clean_removes_one_run_and_leaves_the_other() {
    let registry = Dialect::plain();
    let place = Place::new().env("LOCAL_SECRET", "a secret for tests");
    let url = ["--schema-registry-url", &registry.url];
    let subjects = || get(&format!("{}/subjects?deleted=true", registry.direct));
    // One id is the beginning of the other.
    place
        .run(&[&url[..], &["--run-id", "a-1"]].concat())
        .expect(0);
    let only_first = subjects();
    place
        .run(&[&url[..], &["--run-id", "a-1-b"]].concat())
        .expect(0);

    let dry = place.run(&[&url[..], &["clean", "--run-id", "a-1-b", "--dry-run"]].concat());
    dry.expect(0)
        .says("subject testproto-a-1-b-value")
        .says("KEK csfle-kek-a-1-b");
    place
        .run(&[&url[..], &["clean", "--run-id", "a-1-b"]].concat())
        .expect(0);
    assert_eq!(subjects(), only_first);
    let keks = get(&format!(
        "{}/dek-registry/v1/keks?deleted=true",
        registry.direct
    ));
    assert_eq!(keks, r#"["csfle-kek-a-1"]"#);

    place
        .run(&[&url[..], &["clean", "--run-id", "a-1"]].concat())
        .expect(0);
    assert_eq!(subjects(), "[]");
    place
        .run(&[&url[..], &["clean", "--run-id", "a-1"]].concat())
        .expect(0)
        .says("nothing");
}

#[test]
fn a_forbidden_dek_registry_does_not_keep_the_subjects() {
    let registry = Dialect::start(
        |asked| {
            let deks = asked.path.starts_with("/dek-registry");
            deks.then_some((403, r#"{"error_code":40301,"message":"forbidden"}"#))
        },
        |_, status, value| (status, value),
    );
    let arguments = [
        "--schema-registry-url",
        &registry.url,
        "--example",
        "basic",
        "--cleanup",
    ];
    Place::new()
        .run(&arguments)
        .expect(0)
        .says("the DEK Registry is forbidden")
        .says("removed 2 subjects");
    assert_eq!(
        get(&format!("{}/subjects?deleted=true", registry.direct)),
        "[]"
    );
}

#[test]
fn what_cannot_be_removed_does_not_keep_the_rest() {
    let registry = Dialect::start(
        |asked| {
            let deletes = asked.method == "DELETE" && asked.path.contains("testproto-");
            deletes.then_some((403, r#"{"error_code":40301,"message":"forbidden"}"#))
        },
        |_, status, value| (status, value),
    );
    let url = ["--schema-registry-url", &registry.url];
    let run = [&url[..], &["--example", "oneof", "--run-id", "x"]].concat();
    Place::new().run(&run).expect(0);
    let run = [&url[..], &["--example", "basic", "--run-id", "x"]].concat();
    Place::new().run(&run).expect(0);
    let clean = [&url[..], &["clean", "--run-id", "x", "-o", "json"]].concat();
    let ran = Place::new().run(&clean).expect(1);
    let document = ran.json();
    // other-x.proto stays with the schema that references it.
    assert_eq!(document["removed"].as_array().unwrap().len(), 4);
    assert_eq!(document["errors"].as_array().unwrap().len(), 2);
    ran.complains("cannot remove subject testproto-x-value");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_clean_up() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        end_a_clean_up(signal, code);
    }
}

#[cfg(unix)]
fn end_a_clean_up(signal: &str, code: i32) {
    let registry = Dialect::start(
        |asked| {
            if asked.method == "DELETE" {
                std::thread::sleep(std::time::Duration::from_secs(5));
            }
            None
        },
        |_, status, value| (status, value),
    );
    let place = Place::new();
    let arguments = [
        "--schema-registry-url",
        &registry.url,
        "--example",
        "basic",
        "--cleanup",
    ];
    let child = place.start(&arguments);
    let output = place.signal_at(child, signal, " left on ");
    assert_eq!(output.status.code(), Some(code));
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(stdout.contains("may have made"), "{stdout}");
}

#[test]
fn cleanup_after_a_run_leaves_nothing() {
    let registry = Dialect::plain();
    let place = Place::new().env("LOCAL_SECRET", "a secret for tests");
    for path in [&[][..], &["--use-protoc"]] {
        let arguments = [
            &["--schema-registry-url", &registry.url, "--cleanup"][..],
            path,
        ]
        .concat();
        place.run(&arguments).expect(0).says("removed");
        assert_eq!(
            get(&format!("{}/subjects?deleted=true", registry.direct)),
            "[]"
        );
        assert_eq!(
            get(&format!(
                "{}/dek-registry/v1/keks?deleted=true",
                registry.direct
            )),
            "[]"
        );
    }
}

#[test]
fn the_command_that_deletes_the_kms_key_names_its_region() {
    let registry = Dialect::plain();
    let place = Place::new().env(
        "AWS_KMS_KEY_ARN",
        "arn:aws:kms:eu-west-1:123456789012:key/1",
    );
    let url = ["--schema-registry-url", &registry.url];
    let run = [&url[..], &["--example", "basic", "--run-id", "a"]].concat();
    place.run(&run).expect(0);
    let clean = [&url[..], &["clean", "--run-id", "a"]].concat();
    place
        .run(&clean)
        .expect(0)
        .says("schedule-key-deletion")
        .says("--region eu-west-1");
}
