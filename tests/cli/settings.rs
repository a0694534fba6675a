//! Flags, environment and `.env`.

use super::program::Place;
use super::registry::Dialect;

#[test]
fn doctor_shows_each_value_with_its_origin_and_no_secret() {
    let registry = Dialect::plain();
    let place = Place::new()
        .env("SR_API_SECRET", "hunter2")
        .env("KAFKA_PARTITIONS", "");
    std::fs::write(
        place.join(".env"),
        "SR_API_KEY=\"from dot env\"\nSR_API_SECRET=stale\nKAFKA_PARTITIONS=3\nLOCAL_SECRET=hunter3\n",
    )
    .unwrap();
    let ran = place
        .run(&["doctor", "--schema-registry-url", &registry.url])
        .expect(0);
    let row = |name: &str| {
        let line = ran
            .stdout
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(row("SCHEMA_REGISTRY_URL").ends_with("flag --schema-registry-url"));
    assert_eq!(row("SR_API_KEY"), "SR_API_KEY from dot env .env");
    assert_eq!(row("SR_API_SECRET"), "SR_API_SECRET *** environment");
    assert_eq!(row("KAFKA_PARTITIONS"), "KAFKA_PARTITIONS 3 .env");
    assert_eq!(
        row("KAFKA_REPLICATION_FACTOR"),
        "KAFKA_REPLICATION_FACTOR default: 3"
    );
    // With a registry of one's own, full mode wants a cluster of one's own.
    assert_eq!(row("BOOTSTRAP_SERVERS"), "BOOTSTRAP_SERVERS not set");
    assert!(row("TLS").contains("ok"));
    for secret in ["hunter2", "hunter3", "stale"] {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret));
    }
}

#[test]
fn doctor_accepts_a_key_that_may_not_see_the_global_level() {
    let registry = Dialect::start(
        |asked| {
            let forbidden = asked.method == "GET" && asked.path.starts_with("/config");
            forbidden.then_some((403, r#"{"error_code":40301,"message":"denied"}"#))
        },
        |_, status, value| (status, value),
    );
    let ran = Place::new()
        .run(&["doctor", "--schema-registry-url", &registry.url])
        .expect(0);
    assert!(ran.stdout.contains("may not see"), "{}", ran.stdout);
}

#[test]
fn doctor_says_what_does_not_work() {
    let url = super::registry::nobody();
    let ran = Place::new().run(&["doctor", "--schema-registry-url", &url, "-o", "json"]);
    let ran = ran.expect(3).complains("error: ").complains("hint: ");
    assert_eq!(ran.json()["checks"][0]["result"], "failed");
}

#[test]
fn embedded_wins_over_configured_backends() {
    let place = Place::new()
        .env("SCHEMA_REGISTRY_URL", "http://127.0.0.1:9")
        .env("SR_API_KEY", "half");
    place
        .run(&["--example", "basic", "--embedded"])
        .expect(0)
        .says("embedded, http://127.0.0.1");
}

#[test]
fn the_embedded_registry_is_never_reached_through_a_proxy() {
    let nobody = super::registry::nobody();
    let place = Place::new()
        .env("HTTP_PROXY", &nobody)
        .env("http_proxy", &nobody)
        .env("HTTPS_PROXY", &nobody)
        .env("ALL_PROXY", &nobody);
    place.run(&["--example", "basic"]).expect(0);
}

#[test]
fn credentials_reach_a_registry_that_asks_for_them() {
    let place = Place::new()
        .env("SR_API_KEY", "key")
        .env("SR_API_SECRET", "secret");
    let served = super::serve::Served::start(&place, &["--basic-auth"]);
    let arguments = ["--example", "basic", "--schema-registry-url", &served.url];
    place.run(&arguments).expect(0);
    let wrong = Place::new()
        .env("SR_API_KEY", "key")
        .env("SR_API_SECRET", "wrong");
    wrong.run(&arguments).expect(4).complains("SR_API_SECRET");
    Place::new().run(&arguments).expect(4);
}
