//! Unusable clusters: every client reports the cause in less than ten seconds.

use std::time::{Duration, Instant};

use cc_protobuf_examples::embedded::broker::EmbeddedBroker;
use cc_protobuf_examples::kafka::SecurityProtocol::{self, Plaintext, SaslPlaintext, SaslSsl, Ssl};
use cc_protobuf_examples::kafka::{
    AdminTopics, ConnectionConfig, Credentials, Error, ErrorKind, Kafka, reach,
};

use super::topic;
use crate::support::peers;
use crate::support::stub::nobody;

const LIMIT: Duration = Duration::from_secs(10);

struct Case {
    servers: String,
    protocol: SecurityProtocol,
    /// Whether the client trusts the authority of the TLS listener.
    trusts: bool,
    kind: ErrorKind,
    says: &'static str,
}

fn case(
    servers: impl ToString,
    protocol: SecurityProtocol,
    kind: ErrorKind,
    says: &'static str,
) -> Case {
    Case {
        servers: servers.to_string(),
        protocol,
        trusts: true,
        kind,
        says,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_client_learns_the_cause_within_ten_seconds() {
    let broker = EmbeddedBroker::start().await.unwrap();
    let plain = broker.bootstrap_servers();
    let (tls, authority) = peers::tls_listener().await;
    let tls = format!("localhost:{}", tls.port());
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    std::fs::write(&ca, authority).unwrap();
    let refusing = peers::refusing_broker().await;
    let web = peers::web_server().await;
    let silence = peers::silence().await;

    let unknown = "no-such-host.invalid:9092";
    let distrusting = Case {
        trusts: false,
        ..case(
            &tls,
            Ssl,
            ErrorKind::Certificate,
            "certificate verify failed",
        )
    };
    let nobody = nobody();
    let cases = [
        case(
            unknown,
            Plaintext,
            ErrorKind::UnknownHost,
            "Failed to resolve",
        ),
        case(
            unknown,
            SaslSsl,
            ErrorKind::UnknownHost,
            "Failed to resolve",
        ),
        case(nobody, Plaintext, ErrorKind::ConnectionRefused, "refused"),
        case(nobody, SaslSsl, ErrorKind::ConnectionRefused, "refused"),
        case(&tls, Plaintext, ErrorKind::TlsListener, "expects TLS"),
        case(&tls, SaslPlaintext, ErrorKind::TlsListener, "expects TLS"),
        case(plain, Ssl, ErrorKind::PlaintextListener, "not speak TLS"),
        case(
            plain,
            SaslSsl,
            ErrorKind::PlaintextListener,
            "not speak TLS",
        ),
        distrusting,
        case(
            refusing,
            SaslPlaintext,
            ErrorKind::Credentials,
            "Invalid username",
        ),
        case(
            refusing,
            Plaintext,
            ErrorKind::SaslRequired,
            "expects credentials",
        ),
        case(
            plain,
            SaslPlaintext,
            ErrorKind::SaslNotOffered,
            "not offer SASL",
        ),
        case(web, Plaintext, ErrorKind::NotKafka, "not Kafka"),
        case(web, Ssl, ErrorKind::PlaintextListener, "not speak TLS"),
        case(silence, Plaintext, ErrorKind::NoAnswer, "imed out"),
        case(silence, SaslSsl, ErrorKind::NoAnswer, "imed out"),
    ];
    for client in ["reach", "connect", "delete topics"] {
        let mut running = Vec::new();
        for case in &cases {
            let secret = || Credentials {
                username: "key".to_owned(),
                password: "hunter2".to_owned(),
            };
            let sasl = matches!(case.protocol, SaslPlaintext | SaslSsl);
            let mut config = ConnectionConfig::new(case.servers.as_str(), sasl.then(secret));
            config.security_protocol = case.protocol;
            config.ca_location = case.trusts.then(|| ca.clone());
            running.push(tokio::spawn(async move {
                let start = Instant::now();
                let error = fail(client, &config).await;
                (error, start.elapsed())
            }));
        }
        for (case, outcome) in cases.iter().zip(running) {
            let (error, elapsed) = outcome.await.unwrap();
            let name = format!("{client}: {} by {}", case.servers, case.protocol);
            let text = error.to_string();
            assert_eq!(error.kind(), case.kind, "{name}: {text}");
            assert!(text.contains(case.says), "{name}: {text}");
            assert!(!text.contains("hunter2"), "{name}: {text}");
            assert!(elapsed < LIMIT, "{name}: {elapsed:?}: {text}");
        }
    }
}

async fn fail(client: &str, config: &ConnectionConfig) -> Error {
    match client {
        "reach" => reach(config).await.map(drop),
        "connect" => {
            let admin = AdminTopics::new(config).unwrap();
            let connected = Kafka::connect(config, "g", &[topic("t")], &admin).await;
            connected.map(drop)
        }
        _ => {
            let admin = AdminTopics::new(config).unwrap();
            admin.delete_topics(&["t"]).await.map(drop)
        }
    }
    .expect_err(client)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_of_several_that_cannot_be_reached_is_no_failure() {
    let broker = EmbeddedBroker::start().await.unwrap();
    let unknown = "no-such-host.invalid:9092";
    let servers = format!("{unknown},{}", broker.bootstrap_servers());
    assert!(reach(&ConnectionConfig::new(servers, None)).await.unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mock_cluster_keeps_its_topics_and_says_so() {
    let broker = EmbeddedBroker::start().await.unwrap();
    let config = ConnectionConfig::new(broker.bootstrap_servers(), None);
    let (kafka, _) = Kafka::connect(&config, "g", &[topic("there")], &broker)
        .await
        .unwrap();
    kafka.close().await;
    let admin = AdminTopics::new(&config).unwrap();
    let deleted = admin.delete_topics(&["there", "absent"]).await.unwrap();
    assert!(deleted.gone.is_empty());
    let left: Vec<_> = deleted
        .left
        .iter()
        .map(|(name, error)| (name.as_str(), error.kind()))
        .collect();
    assert_eq!(left, [("there", ErrorKind::NoAdminApi)]);
}
