//! Records that Confluent's Python client wrote, read and written again.

use cc_protobuf_examples::csfle::kms::{KmsDrivers, LocalKms};
use cc_protobuf_examples::csfle::{Csfle, Direction};
use cc_protobuf_examples::schema_registry::entities::{Dek, Kek, Metadata, RuleSet};
use prost_reflect::MessageDescriptor;
use serde_json::Value;

use crate::csfle::stub::{Hands, NOW, Stub};
use crate::csfle::{apply, assert_absent, chain, schema};

fn fixture() -> Value {
    serde_json::from_str(include_str!("../../fixtures/csfle-local-kms.json")).unwrap()
}

fn unhex(value: &Value) -> Vec<u8> {
    crate::support::unhex(value.as_str().unwrap())
}

struct Case {
    json: Value,
    message: MessageDescriptor,
    rules: RuleSet,
    metadata: Option<Metadata>,
    stub: Stub,
    csfle: Csfle,
}

impl Case {
    async fn new(fixture: &Value, json: &Value, serialized: bool) -> Self {
        let schema = &fixture["schemas"][json["schema"].as_str().unwrap()];
        let message_type = json["message_type"].as_str().unwrap();
        let form = if serialized {
            "serialized_base64"
        } else {
            "proto"
        };
        let message = schema::message(schema[form].as_str().unwrap(), message_type);
        let stub = Stub::start().await;
        let keks: Vec<Kek> = serde_json::from_value(json["keks"].clone()).unwrap();
        stub.inner().keks = keks;
        stub.inner().deks = json["deks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|dek| serde_json::from_value::<Dek>(dek["record"].clone()).unwrap())
            .collect();
        let csfle = Csfle::builder(stub.client())
            .kms(KmsDrivers::new().with(LocalKms::new(
                fixture["local_kms"]["secret"].as_str().unwrap(),
            )))
            .clock(Hands::at(NOW))
            .build();
        Self {
            json: json.clone(),
            message,
            rules: serde_json::from_value(json["rule_set"].clone()).unwrap(),
            metadata: serde_json::from_value(json["metadata"].clone()).unwrap(),
            stub,
            csfle,
        }
    }

    fn plan(&self, direction: Direction) -> cc_protobuf_examples::csfle::PayloadTransform {
        self.csfle
            .prepare(
                self.json["subject"].as_str().unwrap(),
                Some(&self.rules),
                self.metadata.as_ref(),
                &self.message,
                direction,
            )
            .unwrap()
            .unwrap()
    }
}

#[tokio::test]
async fn every_record_of_the_official_client_decrypts() {
    let fixture = fixture();
    let cases = fixture["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 15);
    let (mut hidden, mut repeated) = (0, 0);
    for json in cases {
        for serialized in [false, true] {
            let case = Case::new(&fixture, json, serialized).await;
            let read = case.plan(Direction::Read);
            for message in json["messages"].as_array().unwrap() {
                let name = &json["name"];
                let payload = unhex(&message["payload_hex"]);
                let plain = apply(&read, &payload)
                    .await
                    .unwrap_or_else(|error| panic!("{name}: {}", chain(&error)));
                let source = unhex(&message["plaintext_protobuf_hex"]);
                assert_eq!(plain, source, "{name}");

                // When writing, only the random values differ.
                let write = case.plan(Direction::Write);
                let ours = apply(&write, &source).await.unwrap();
                assert_eq!(ours.len(), payload.len(), "{name}");
                for value in message["encrypted_values"].as_array().unwrap() {
                    let plaintext = unhex(&value["plaintext_hex"]);
                    if plaintext.len() > 3 {
                        assert_absent(&plaintext, &ours);
                        hidden += 1;
                    }
                }
                let algorithms: Vec<_> = write.rules().map(|rule| rule.algorithm).collect();
                if algorithms
                    .iter()
                    .all(|a| *a == cc_protobuf_examples::csfle::Algorithm::Aes256Siv)
                {
                    assert_eq!(ours, payload, "{name}");
                    repeated += 1;
                }
                assert_eq!(apply(&read, &ours).await.unwrap(), source, "{name}");
            }
            assert!(
                !case
                    .stub
                    .take_log()
                    .iter()
                    .any(|line| line.starts_with("POST")),
                "{}: the keys of the fixture serve",
                json["name"]
            );
        }
    }
    assert!(hidden > 0 && repeated > 0, "{hidden}, {repeated}");
}

#[tokio::test]
async fn damaged_records_are_refused() {
    let fixture = fixture();
    let negatives = fixture["negative_cases"].as_array().unwrap();
    assert_eq!(negatives.len(), 12);
    for negative in negatives {
        let json = fixture["cases"]
            .as_array()
            .unwrap()
            .iter()
            .find(|case| case["name"] == negative["based_on"])
            .unwrap();
        let case = Case::new(&fixture, json, false).await;
        let framing = unhex(&json["messages"][0]["framing_hex"]).len();
        let wire = unhex(&negative["wire_hex"]);
        let result = apply(&case.plan(Direction::Read), &wire[framing..]).await;
        let mutation = negative["mutation"].as_str().unwrap();
        if negative["python_outcome"] == "ok" && !mutation.contains("magic byte") {
            let source = unhex(&json["messages"][0]["plaintext_protobuf_hex"]);
            assert_eq!(result.unwrap(), source, "{mutation}");
            continue;
        }
        let message = chain(&result.expect_err(mutation));
        for part in ["encryptPII", "interop-kek", "orders-value"] {
            assert!(message.contains(part), "{mutation}: {message}");
        }
        let expected = match mutation {
            "last ciphertext byte flipped" => "does not authenticate",
            "truncated to 27 bytes" => "at least 28 are needed",
            "unknown DEK version 99 in prefix" => "no AES256_GCM DEK of version 99",
            m if m.contains("magic byte") => "starts with 0x07",
            "prefix shorter than 5 bytes" => "no DEK version",
            "name is not base64" => "not base64",
            "name left empty (never encrypted)" => "0 bytes",
            other => panic!("unknown mutation {other}"),
        };
        assert!(message.contains(expected), "{mutation}: {message}");
        assert!(!message.contains("Lovelace"), "{message}");
    }
}
