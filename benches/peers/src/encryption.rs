//! Compares encryption: a message of 80 bytes with two fields of 16 bytes, AES256_GCM,
//! cached keys.

use std::hint::black_box;
use std::time::{Duration, Instant};

use cc_protobuf_examples::csfle::Csfle;
use cc_protobuf_examples::csfle::kms::{KmsDrivers, LocalKms};
use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use cc_protobuf_examples::protobuf::{CompiledSchema, ProtoSchema};
use cc_protobuf_examples::schema_registry::entities::{PROTOBUF, Rule, RuleSet, SchemaRequest};
use cc_protobuf_examples::schema_registry::{Client, Normalization};
use cc_protobuf_examples::serdes::{
    Deserializer, DeserializerOptions, Destination, Record, Serializer, SerializerOptions,
};
use prost::{Message, Name};
use tokio::runtime::Runtime;

use crate::contender;
use crate::rounds::{Contender, measure};

const TOPIC: &str = "people";
const PLAIN: &str = "people-plain";
const SECRET: &str = "a secret for measurements";

const TEXT: &str = r#"syntax = "proto3";
package shop.bench;

import "confluent/meta.proto";

message Person {
  string id = 1;
  string name = 2 [(confluent.field_meta).tags = "PII"];
  string card = 3 [(confluent.field_meta).tags = "PII"];
  int64 amount = 4;
  string note = 5;
}
"#;
const NAME: &str = "shop.bench.Person";

#[derive(Clone, PartialEq, prost::Message)]
struct Person {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, tag = "3")]
    card: String,
    #[prost(int64, tag = "4")]
    amount: i64,
    #[prost(string, tag = "5")]
    note: String,
}

impl Name for Person {
    const NAME: &'static str = "Person";
    const PACKAGE: &'static str = "shop.bench";
}

fn rules() -> RuleSet {
    let params = [
        ("encrypt.kek.name", "people"),
        ("encrypt.kms.type", "local-kms"),
        ("encrypt.kms.key.id", "people"),
        ("encrypt.dek.algorithm", "AES256_GCM"),
    ];
    let rule = Rule {
        name: "encryptPII".to_owned(),
        kind: Some("TRANSFORM".to_owned()),
        mode: Some("WRITEREAD".to_owned()),
        rule_type: Some("ENCRYPT".to_owned()),
        tags: vec!["PII".to_owned()],
        params: params.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        ..Rule::default()
    };
    RuleSet {
        domain_rules: vec![rule],
        ..RuleSet::default()
    }
}

/// Prints the cost of encryption in both clients, compared with the plain message.
pub fn compare(runtime: &Runtime, server: &EmbeddedRegistry) {
    let schema = CompiledSchema::<Person>::from_text("person.proto", TEXT, &[]).unwrap();
    let person = Person {
        id: "record-id-000001".to_owned(),
        name: "Ada King-Noel...".to_owned(),
        card: "5500000000000004".to_owned(),
        amount: 42,
        note: "a note of 22 bytes....".to_owned(),
    };
    assert_eq!(person.encoded_len(), 80);
    let registry = Client::builder(server.url()).build().unwrap();
    let csfle = Csfle::builder(registry.clone())
        .kms(KmsDrivers::new().with(LocalKms::new(SECRET)))
        .build();
    runtime.block_on(async {
        let request = SchemaRequest {
            schema_type: Some(PROTOBUF.to_owned()),
            schema: schema.file().to_text(),
            rule_set: Some(rules()),
            ..SchemaRequest::default()
        };
        let subject = format!("{TOPIC}-value");
        registry
            .register(&subject, &request, Normalization::AsSent)
            .await
            .unwrap();
    });
    let options = SerializerOptions::new()
        .auto_register_schemas(false)
        .use_latest_version(true)
        .csfle(csfle.clone());
    let encrypting = Serializer::new(registry.clone(), options).unwrap();
    let options = DeserializerOptions::new().csfle(csfle);
    let decrypting = Deserializer::new(registry.clone(), options).unwrap();
    // The same without the rule, under another topic and subject.
    let plain = Serializer::new(registry.clone(), SerializerOptions::new()).unwrap();
    let reading = Deserializer::new(registry, DeserializerOptions::new()).unwrap();

    let pool = schema.descriptor().parent_pool();
    let files = ["confluent/meta.proto", "person.proto"].map(|name| {
        let file = pool.get_file_by_name(name).unwrap();
        file.file_descriptor_proto().encode_to_vec()
    });
    let peer = client_0_4::Serdes::encrypting(server.url(), TOPIC, NAME, &files, SECRET);
    let (record, plain_record, peer_person) = runtime.block_on(async {
        let to = Destination::value(TOPIC);
        let record = encrypting
            .serialize_with(&schema, to, &person)
            .await
            .unwrap();
        let to = Destination::value(PLAIN);
        let plain = plain.serialize_with(&schema, to, &person).await.unwrap();
        // Each client reads what the other wrote.
        let peer_person: client_0_4::Person = peer.deserialize(&record).await;
        assert_eq!(peer_person.id, person.id);
        let theirs = peer.serialize(&peer_person).await;
        let read = decrypting
            .deserialize::<Person>(Record::value(TOPIC, &theirs))
            .await;
        assert_eq!(read.unwrap().as_ref(), Some(&person));
        (record, plain, peer_person)
    });

    let writing = measure(vec![
        contender!(runtime, "ours, plain", async {
            let to = Destination::value(PLAIN);
            plain
                .serialize_with(&schema, to, black_box(&person))
                .await
                .unwrap()
        }),
        contender!(runtime, "ours", async {
            let to = Destination::value(TOPIC);
            encrypting
                .serialize_with(&schema, to, black_box(&person))
                .await
                .unwrap()
        }),
        contender!(
            runtime,
            "schema-registry-client 0.4.2",
            peer.serialize(black_box(&peer_person))
        ),
    ]);
    println!("serialize with two fields encrypted");
    writing.print();
    writing.ratio("schema-registry-client 0.4.2", "ours", None);
    println!(
        "{:>6.0} ns added by encryption: ours",
        writing.added("ours", "ours, plain")
    );

    let reading = measure(vec![
        contender!(runtime, "ours, plain", async {
            let record = black_box(&plain_record);
            reading
                .deserialize::<Person>(Record::value(PLAIN, record))
                .await
                .unwrap()
        }),
        contender!(runtime, "ours", async {
            let record = black_box(&record);
            decrypting
                .deserialize::<Person>(Record::value(TOPIC, record))
                .await
                .unwrap()
        }),
        contender!(
            runtime,
            "schema-registry-client 0.4.2",
            peer.deserialize::<client_0_4::Person>(black_box(&record))
        ),
    ]);
    println!("\ndeserialize with two fields encrypted");
    reading.print();
    reading.ratio("schema-registry-client 0.4.2", "ours", None);
    println!(
        "{:>6.0} ns added by decryption: ours",
        reading.added("ours", "ours, plain")
    );
}
