//! Rules of field-level encryption in serializer and deserializer.

use std::collections::BTreeMap;

use crate::support::types::HasSchema;
use crate::support::types::SensitiveRecord;
use cc_protobuf_examples::csfle::Csfle;
use cc_protobuf_examples::csfle::kms::{KmsDrivers, LocalKms};
use cc_protobuf_examples::protobuf::ProtoSchema;
use cc_protobuf_examples::schema_registry::entities::{Rule, RuleSet};
use cc_protobuf_examples::serdes::{
    DeserializerOptions, Destination, Error, ErrorKind, Headers, Record, RecordSerializer,
    SchemaIdIn, SerializerOptions,
};
use cc_protobuf_examples::wire_format::SchemaId;
use prost::Message;
use prost_reflect::DynamicMessage;
use serde_json::json;

use crate::serdes::registry::Registry;

fn rule(rule_type: &str) -> Rule {
    let parameter = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    Rule {
        name: "protect".to_owned(),
        kind: Some("TRANSFORM".to_owned()),
        mode: Some("WRITEREAD".to_owned()),
        rule_type: Some(rule_type.to_owned()),
        tags: vec!["PII".to_owned()],
        params: BTreeMap::from([
            parameter("encrypt.kek.name", "kek"),
            parameter("encrypt.kms.type", "local-kms"),
            parameter("encrypt.kms.key.id", "key"),
        ]),
        on_failure: Some("ERROR,NONE".to_owned()),
        ..Rule::default()
    }
}

pub fn field_rules() -> RuleSet {
    RuleSet {
        domain_rules: vec![rule("ENCRYPT")],
        ..RuleSet::default()
    }
}

fn payload_rules() -> RuleSet {
    RuleSet {
        encoding_rules: vec![rule("ENCRYPT_PAYLOAD")],
        ..RuleSet::default()
    }
}

pub fn csfle(registry: &Registry) -> Csfle {
    let drivers = KmsDrivers::new().with(LocalKms::new("a secret for tests"));
    Csfle::builder(registry.client.clone()).kms(drivers).build()
}

fn message() -> SensitiveRecord {
    SensitiveRecord {
        id: "4711".to_owned(),
        name: "Ada".to_owned(),
        ssn: "078-05-1120".to_owned(),
        email: "ada@example.com".to_owned(),
        amount: 12.5,
    }
}

pub fn hides(record: &[u8], secret: &str) -> bool {
    !record
        .windows(secret.len())
        .any(|window| window == secret.as_bytes())
}

async fn registered(rules: RuleSet) -> (Registry, SchemaId) {
    let registry = Registry::start().await;
    let schema = SensitiveRecord::schema().unwrap();
    let text = schema.schema_text();
    let registered = registry
        .register_with("shop-value", text, &[], None, Some(rules))
        .await;
    (registry, SchemaId(registered.id.unwrap() as u32))
}

#[tokio::test]
async fn every_kind_of_value_is_encrypted_however_the_schema_was_found() {
    let schema = SensitiveRecord::schema().unwrap();
    let json = json!({
        "id": "4711", "name": "Ada", "ssn": "078-05-1120", "email": "ada@example.com", "amount": 12.5,
    });
    let encoded = message().encode_to_vec();
    let dynamic = DynamicMessage::decode(schema.descriptor().clone(), &encoded[..]).unwrap();
    for (rules, name_shows) in [(field_rules(), true), (payload_rules(), false)] {
        let (registry, id) = registered(rules).await;
        let found = || SerializerOptions::new().auto_register_schemas(false);
        for options in [
            SerializerOptions::new(),
            found(),
            found().use_latest_version(true),
            SerializerOptions::new().use_schema_id(id),
        ] {
            let serializer = registry.serializer(options.csfle(csfle(&registry)));
            let to = || Destination::value("shop");
            let mut records = vec![
                serializer
                    .serialize_with(&schema, to(), &message())
                    .await
                    .unwrap(),
                serializer
                    .serialize_with(&schema, to(), &message())
                    .await
                    .unwrap(),
                serializer
                    .serialize_json(&schema, to(), &json)
                    .await
                    .unwrap(),
                serializer
                    .serialize_dynamic(&schema, to(), &dynamic)
                    .await
                    .unwrap(),
                serializer
                    .serialize_encoded(&schema, to(), &encoded)
                    .await
                    .unwrap(),
            ];
            let reading = DeserializerOptions::new;
            let deserializers = [
                registry.deserializer(reading().csfle(csfle(&registry))),
                registry.deserializer(reading().csfle(csfle(&registry)).use_latest_version(true)),
            ];
            for record in &records {
                assert!(hides(record, "078-05-1120") && hides(record, "ada@example.com"));
                assert_eq!(!hides(record, "Ada"), name_shows);
                for deserializer in &deserializers {
                    let read = deserializer
                        .deserialize(Record::value("shop", record))
                        .await
                        .unwrap();
                    assert_eq!(read, Some(message()));
                    let read = deserializer
                        .deserialize_json(Record::value("shop", record))
                        .await
                        .unwrap();
                    assert_eq!(read, Some(json.clone()));
                }
            }
            // Nonces are random, so no two records are equal.
            records.sort();
            records.dedup();
            assert_eq!(records.len(), 5);
        }
    }
}

#[tokio::test]
async fn keys_are_asked_for_once_and_records_after_that_ask_nothing() {
    let (registry, _) = registered(field_rules()).await;
    let schema = SensitiveRecord::schema().unwrap();
    let serializer = registry.serializer(SerializerOptions::new().csfle(csfle(&registry)));
    let deserializer = registry.deserializer(DeserializerOptions::new().csfle(csfle(&registry)));
    let round_trip = async || {
        let to = Destination::value("shop");
        let record = serializer
            .serialize_with(&schema, to, &message())
            .await
            .unwrap();
        let read = deserializer
            .deserialize(Record::value("shop", &record))
            .await
            .unwrap();
        assert_eq!(read, Some(message()));
    };
    round_trip().await;
    assert!(!registry.requests().is_empty());
    for _ in 0..100 {
        round_trip().await;
    }
    assert_eq!(registry.requests(), [""; 0]);
}

#[tokio::test]
async fn a_reader_without_the_key_gets_what_the_rule_allows() {
    let (registry, _) = registered(field_rules()).await;
    let schema = SensitiveRecord::schema().unwrap();
    let serializer = registry.serializer(SerializerOptions::new().csfle(csfle(&registry)));
    let to = Destination::value("shop");
    let record = serializer
        .serialize_with(&schema, to, &message())
        .await
        .unwrap();
    // onFailure is NONE on read, so the ciphertext is returned.
    for options in [
        DeserializerOptions::new(),
        DeserializerOptions::new().run_rules(false),
    ] {
        let deserializer = registry.deserializer(options);
        let read: SensitiveRecord = deserializer
            .deserialize(Record::value("shop", &record))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(read.name, "Ada");
        assert!(
            read.ssn.len() > 28 && !read.ssn.contains("078"),
            "{}",
            read.ssn
        );
    }
    // A record from a dead letter queue, whose rule must not run again.
    let headers = vec![("__rule.name".to_owned(), Some(b"protect".to_vec()))];
    let deserializer = registry.deserializer(DeserializerOptions::new().csfle(csfle(&registry)));
    for (headers, decrypted) in [(&headers, false), (&Headers::new(), true)] {
        let read: SensitiveRecord = deserializer
            .deserialize(Record::value("shop", &record).headers(headers))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(read.ssn == "078-05-1120", decrypted);
    }
}

#[tokio::test]
async fn the_same_schema_in_two_topics_uses_the_keys_of_each() {
    let registry = Registry::start().await;
    let schema = SensitiveRecord::schema().unwrap();
    let text = schema.schema_text();
    for subject in ["a-value", "b-value"] {
        registry
            .register_with(subject, text, &[], None, Some(field_rules()))
            .await;
    }
    let serializer = registry.serializer(SerializerOptions::new().csfle(csfle(&registry)));
    let deserializer = registry.deserializer(DeserializerOptions::new().csfle(csfle(&registry)));
    for _ in 0..2 {
        for topic in ["a", "b"] {
            let to = Destination::value(topic);
            let record = serializer
                .serialize_with(&schema, to, &message())
                .await
                .unwrap();
            let read = deserializer
                .deserialize(Record::value(topic, &record))
                .await
                .unwrap();
            assert_eq!(read, Some(message()));
        }
    }
    let mut subjects = registry.client.dek_subjects("kek", false).await.unwrap();
    subjects.sort();
    assert_eq!(subjects, ["a-value", "b-value"]);
}

#[tokio::test]
async fn an_id_in_the_header_and_an_encrypted_payload_go_together() {
    let (registry, _) = registered(payload_rules()).await;
    let schema = SensitiveRecord::schema().unwrap();
    let options = SerializerOptions::new()
        .schema_id_in(SchemaIdIn::Header)
        .csfle(csfle(&registry));
    let serializer = RecordSerializer::new(registry.client.clone(), options).unwrap();
    let deserializer = registry.deserializer(DeserializerOptions::new().csfle(csfle(&registry)));
    for _ in 0..2 {
        let record = serializer
            .serialize_record_with(&schema, "shop", &message())
            .await
            .unwrap();
        assert!(hides(&record.payload, "4711"));
        let read = deserializer
            .deserialize(Record::value("shop", &record.payload).headers(&record.headers))
            .await
            .unwrap();
        assert_eq!(read, Some(message()));
    }
}

#[tokio::test]
async fn a_tampered_record_and_a_failing_rule_name_the_rule() {
    let mut strict = field_rules();
    strict.domain_rules[0].on_failure = None;
    let (registry, _) = registered(strict).await;
    let schema = SensitiveRecord::schema().unwrap();
    let serializer = registry.serializer(SerializerOptions::new().csfle(csfle(&registry)));
    let to = || Destination::value("shop");
    let mut record = serializer
        .serialize_with(&schema, to(), &message())
        .await
        .unwrap();
    let tail = record.len() - 8;
    record[tail] ^= 1;
    let deserializer = registry.deserializer(DeserializerOptions::new().csfle(csfle(&registry)));
    let read = deserializer
        .deserialize::<SensitiveRecord>(Record::value("shop", &record))
        .await;
    let error = read.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Rule { .. }), "{error:?}");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("protect"), "{source}");

    // Without a driver for the KMS nothing is written.
    let keyless = Csfle::builder(registry.client.clone()).build();
    let serializer = registry.serializer(SerializerOptions::new().csfle(keyless));
    let written = serializer.serialize_with(&schema, to(), &message()).await;
    assert!(
        matches!(
            written.as_ref().map_err(Error::kind),
            Err(ErrorKind::Rule { .. })
        ),
        "{written:?}"
    );
}
