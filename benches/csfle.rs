//! Cost of field-level encryption with cached keys: two 16-byte fields of an 80-byte
//! message, compared with plain AES-GCM on the same bytes.
//!
//! "raw" creates two nonces with one system call and encrypts or decrypts the two
//! values without base64: the minimum for encrypting these fields.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]

use std::hint::black_box;

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use cc_protobuf_examples::csfle::kms::{KmsDrivers, LocalKms};
use cc_protobuf_examples::csfle::{Csfle, Direction, PayloadTransform};
use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use cc_protobuf_examples::protobuf::SchemaFile;
use cc_protobuf_examples::schema_registry::Client;
use cc_protobuf_examples::schema_registry::entities::{Rule, RuleSet};
use criterion::{Criterion, criterion_group, criterion_main};
use prost_reflect::MessageDescriptor;

const TEXT: &str = r#"
syntax = "proto3";
package bench;
import "confluent/meta.proto";
message Record {
  string id = 1;
  TYPE name = 2 [(confluent.field_meta).tags = "PII"];
  TYPE card = 3 [(confluent.field_meta).tags = "PII"];
  int64 amount = 4;
  string note = 5;
}
"#;

/// A message of 80 bytes, 32 of which are encrypted.
const PAYLOAD: &[u8; 80] =
    b"\x0a\x10record-id-000001\x12\x100123456789abcdef\x1a\x10fedcba9876543210\x20\x2a\
      \x2a\x16a note of 22 bytes....";

fn message(field_type: &str) -> MessageDescriptor {
    SchemaFile::parse("bench.proto", &TEXT.replace("TYPE", field_type))
        .unwrap()
        .resolve(&[])
        .unwrap()
        .parent_pool()
        .get_message_by_name("bench.Record")
        .unwrap()
}

fn rules(algorithm: &str) -> RuleSet {
    let mut rule = Rule {
        name: "encryptPII".to_owned(),
        kind: Some("TRANSFORM".to_owned()),
        mode: Some("WRITEREAD".to_owned()),
        rule_type: Some("ENCRYPT".to_owned()),
        tags: vec!["PII".to_owned()],
        ..Rule::default()
    };
    for (key, value) in [
        ("encrypt.kek.name", "bench"),
        ("encrypt.kms.type", "local-kms"),
        ("encrypt.kms.key.id", "bench"),
        ("encrypt.dek.algorithm", algorithm),
    ] {
        rule.params.insert(key.to_owned(), value.to_owned());
    }
    RuleSet {
        domain_rules: vec![rule],
        ..RuleSet::default()
    }
}

fn apply(plan: &PayloadTransform, payload: &[u8], out: &mut Vec<u8>) {
    out.clear();
    plan.apply_now(payload, out).unwrap().unwrap();
}

fn bench(c: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let registry = runtime.block_on(EmbeddedRegistry::start()).unwrap();
    let client = Client::builder(registry.url()).build().unwrap();
    let csfle = Csfle::builder(client)
        .kms(KmsDrivers::new().with(LocalKms::new("bench")))
        .build();

    let mut group = c.benchmark_group("csfle");
    for algorithm in ["AES256_GCM", "AES128_GCM", "AES256_SIV"] {
        for field_type in ["string", "bytes"] {
            let message = message(field_type);
            let rules = rules(algorithm);
            let plan = |direction| {
                csfle
                    .prepare("bench-value", Some(&rules), None, &message, direction)
                    .unwrap()
                    .unwrap()
            };
            let (write, read) = (plan(Direction::Write), plan(Direction::Read));
            let mut record = Vec::new();
            let mut out = Vec::new();
            runtime.block_on(async {
                write.apply(PAYLOAD, &mut record).await.unwrap();
                read.apply(&record, &mut out).await.unwrap();
            });
            assert_eq!(out, PAYLOAD);
            group.bench_function(format!("{algorithm}/{field_type}/encrypt"), |b| {
                b.iter(|| apply(&write, black_box(PAYLOAD), &mut out));
            });
            group.bench_function(format!("{algorithm}/{field_type}/decrypt"), |b| {
                b.iter(|| apply(&read, black_box(&record), &mut out));
            });
        }
    }

    let cipher = Aes256Gcm::new_from_slice(&[7; 32]).unwrap();
    let values: [&[u8]; 2] = [&PAYLOAD[20..36], &PAYLOAD[38..54]];
    group.bench_function("AES256_GCM/raw/encrypt", |b| {
        b.iter(|| {
            let mut nonces = [0; 24];
            getrandom::fill(&mut nonces).unwrap();
            for (value, nonce) in black_box(values).into_iter().zip(nonces.chunks_exact(12)) {
                let nonce = Nonce::try_from(nonce).unwrap();
                black_box(cipher.encrypt(&nonce, value).unwrap());
            }
        });
    });
    let nonce = Nonce::default();
    let sealed = values.map(|value| cipher.encrypt(&nonce, value).unwrap());
    group.bench_function("AES256_GCM/raw/decrypt", |b| {
        b.iter(|| {
            for value in black_box(&sealed) {
                black_box(cipher.decrypt(&nonce, value.as_slice()).unwrap());
            }
        });
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
