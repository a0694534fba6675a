//! Unusable Kafka clusters: cause, hint and exit code of a run and of `doctor`, in less
//! than ten seconds.

use std::thread;
use std::time::{Duration, Instant};

use cc_protobuf_examples::embedded::broker::EmbeddedBroker;

use super::registry::Dialect;
use crate::support::peers;
use crate::support::program::Place;
use crate::support::stub::nobody;

#[test]
fn each_failure_has_its_cause_and_its_hint() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let registry = Dialect::plain();
    let broker = runtime.block_on(EmbeddedBroker::start()).unwrap();
    let (tls, _) = runtime.block_on(peers::tls_listener());
    let at = |address: std::net::SocketAddr| address.to_string();
    let tls = format!("localhost:{}", tls.port());
    let refusing = at(runtime.block_on(peers::refusing_broker()));
    let nobody = at(nobody());
    let web = at(runtime.block_on(peers::web_server()));
    let plain = broker.bootstrap_servers().to_owned();
    // Servers, protocol, exit code, cause, hint.
    let cases: [(&str, &str, i32, &str, &str); 9] = [
        (
            "none.invalid:9092",
            "",
            3,
            "Failed to resolve",
            "host names",
        ),
        (
            &nobody,
            "",
            3,
            "Connection refused",
            "that the broker is running",
        ),
        (&tls, "PLAINTEXT", 3, "expects TLS", "PROTOCOL to SSL"),
        (&plain, "SSL", 3, "not speak TLS", "PROTOCOL to PLAINTEXT"),
        (&tls, "SSL", 3, "certificate", "KAFKA_SSL_CA_LOCATION"),
        (
            &refusing,
            "SASL_PLAINTEXT",
            4,
            "Invalid username",
            "KAFKA_API_SECRET",
        ),
        (&refusing, "", 3, "expects credentials", "set KAFKA_API_KEY"),
        (
            &plain,
            "SASL_PLAINTEXT",
            3,
            "not offer SASL",
            "unset KAFKA_API_KEY",
        ),
        (&web, "", 3, "not a Kafka broker", "another service"),
    ];
    for command in ["run", "doctor"] {
        thread::scope(|scope| {
            for (servers, protocol, code, cause, hint) in cases {
                let url = &registry.url;
                scope.spawn(move || {
                    let mut place = Place::new().env("BOOTSTRAP_SERVERS", servers);
                    place = place.env("KAFKA_SECURITY_PROTOCOL", protocol);
                    if protocol.starts_with("SASL") {
                        place = place.env("KAFKA_API_KEY", "key");
                        place = place.env("KAFKA_API_SECRET", "hunter2");
                    }
                    let arguments: &[&str] = match command {
                        "run" => &["--example", "basic", "--mode", "full"],
                        _ => &["doctor"],
                    };
                    let start = Instant::now();
                    let at = ["--schema-registry-url", url];
                    let ran = place.run(&[arguments, &at].concat()).expect(code);
                    let elapsed = start.elapsed();
                    assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
                    let ran = ran.complains(cause).complains("hint: ").complains(hint);
                    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("hunter2"));
                });
            }
        });
    }
}
