//! `clean` and `--cleanup` remove one run, all of it, and nothing else.

use cc_protobuf_examples::embedded::broker::EmbeddedBroker;

use super::registry::Dialect;
use crate::support::program::Place;

fn get(url: &str) -> String {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = crate::support::http::client();
        client.get(url).send().await.unwrap().text().await.unwrap()
    })
}

#[test]
fn clean_removes_one_run_and_leaves_the_other() {
    let registry = Dialect::plain();
    let place = Place::new().env("LOCAL_SECRET", "a secret for tests");
    let url = ["--schema-registry-url", &registry.url];
    let subjects = || get(&format!("{}/subjects?deleted=true", registry.direct));
    // One id is a prefix of the other.
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
    let registry = Dialect::refusing(403, 40301, |asked| asked.path.starts_with("/dek-registry"));
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
        .says("keys are not checked")
        .says("removed 2 subjects");
    assert_eq!(
        get(&format!("{}/subjects?deleted=true", registry.direct)),
        "[]"
    );
}

#[test]
fn what_cannot_be_removed_does_not_keep_the_rest() {
    let registry = Dialect::refusing(403, 40301, |asked| {
        asked.method == "DELETE" && asked.path.contains("testproto-")
    });
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
    let registry = Dialect::answering(|asked| {
        if asked.method == "DELETE" {
            std::thread::sleep(std::time::Duration::from_secs(5));
        }
        None
    });
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
    assert!(stdout.contains("may have created"), "{stdout}");
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

#[test]
fn topics_of_a_mock_cluster_are_reported_as_left() {
    let registry = Dialect::plain();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let broker = runtime.block_on(EmbeddedBroker::start()).unwrap();
    let kafka = broker.bootstrap_servers();
    let place = Place::new();
    let at = [
        "--schema-registry-url",
        &registry.url,
        "--bootstrap-servers",
        kafka,
    ];
    let run = [&at[..], &["--example", "basic", "--mode", "full"]].concat();
    let run = [&run[..], &["--run-id", "m"]].concat();
    place.run(&run).expect(0);

    let clean = [&at[..], &["clean", "--run-id", "m"]].concat();
    let cleaned = place.run(&clean).expect(1);
    let cleaned = cleaned
        .says("removed 2 subjects; still there:")
        .says("  topic testproto-m: ")
        .says("  consumer group cc-protobuf-examples-m: ")
        .says(&format!(
            "kafka-topics --delete --topic testproto-m --bootstrap-server {kafka}"
        ))
        .complains("cannot remove topic testproto-m")
        .complains("without an admin API")
        .complains("hint: ");
    assert_eq!(cleaned.stdout.matches("payments-m").count(), 1);

    let clean = [&clean[..], &["-o", "json"]].concat();
    let document = place.run(&clean).expect(1).json();
    assert_eq!(document["left"][0]["name"], "topic testproto-m");
    assert_eq!(document["errors"].as_array().unwrap().len(), 2);

    // A run that made no topics leaves none.
    let nothing = [&at[..], &["clean", "--run-id", "other"]].concat();
    place.run(&nothing).expect(0);

    let run = [&run[..], &["--cleanup"]].concat();
    let ran = place.run(&run).expect(1).says("still there:");
    ran.complains("cannot remove topic testproto-m");
}

#[test]
fn clean_stops_at_the_first_refused_credentials() {
    let registry = Dialect::refusing(401, 401, |_| true);
    let clean = [
        "--schema-registry-url",
        &registry.url,
        "clean",
        "--run-id",
        "x",
    ];
    let ran = Place::new().run(&clean).expect(4).says("stopped");
    assert_eq!(ran.stderr.matches("error: ").count(), 1, "{}", ran.stderr);
    assert_eq!(registry.proxy.count(), 1);
    assert!(!ran.stdout.contains("nothing\n"), "{}", ran.stdout);
}

#[test]
fn credentials_that_expire_half_way_stop_a_clean_up_too() {
    let registry = Dialect::refusing(401, 401, |asked| asked.method == "DELETE");
    let url = ["--schema-registry-url", &registry.url];
    let run = [&url[..], &["--example", "basic", "--run-id", "x"]].concat();
    Place::new().run(&run).expect(0);
    let clean = [&url[..], &["clean", "--run-id", "x"]].concat();
    let ran = Place::new().run(&clean).expect(4).says("still there:");
    let mut deletes = registry.proxy.requests();
    deletes.retain(|request| request.starts_with("DELETE "));
    assert_eq!(deletes.len(), 1, "{deletes:?}");
    ran.says("/subjects/other-x.proto?permanent=true'");
}

#[test]
fn things_that_stay_for_one_reason_are_one_error() {
    let registry = Dialect::refusing(403, 40301, |asked| asked.method == "DELETE");
    let url = ["--schema-registry-url", &registry.url];
    let run = [&url[..], &["--example", "basic", "--run-id", "x"]].concat();
    Place::new().run(&run).expect(0);
    let clean = [&url[..], &["clean", "--run-id", "x"]].concat();
    let ran = Place::new().run(&clean).expect(4);
    assert_eq!(ran.stderr.matches("error: ").count(), 1, "{}", ran.stderr);
    ran.complains("testproto-x-value")
        .complains("other-x.proto");
}
