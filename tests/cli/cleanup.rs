//! `clean` and `--cleanup` remove one run, all of it, and nothing else.

use super::program::Place;
use super::registry::Dialect;

fn get(url: &str) -> String {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
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
