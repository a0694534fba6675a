//! Field-level encryption through its public API: records of Confluent's client, every
//! shape of a tagged field, and key handling.

#[cfg(feature = "aws-kms")]
mod aws;
mod fixtures;
mod keys;
mod pinned;
mod rules;
mod schema;
mod shapes;
mod stub;
mod types;

use cc_protobuf_examples::csfle::kms::{KmsDrivers, LocalKms};
use cc_protobuf_examples::csfle::{Csfle, CsfleBuilder, Direction, Error, PayloadTransform};
use cc_protobuf_examples::schema_registry::entities::{Metadata, Rule, RuleSet};
use prost_reflect::MessageDescriptor;

use crate::support::chain;

const SUBJECT: &str = "orders-value";
const SECRET: &str = "test-secret";

fn engine(stub: &stub::Stub) -> CsfleBuilder {
    Csfle::builder(stub.client()).kms(KmsDrivers::new().with(LocalKms::new(SECRET)))
}

/// Returns an ENCRYPT rule with these parameters in addition to the usual ones.
fn rule(params: &[(&str, &str)]) -> Rule {
    let mut rule = Rule {
        name: "encryptPII".to_owned(),
        kind: Some("TRANSFORM".to_owned()),
        mode: Some("WRITEREAD".to_owned()),
        rule_type: Some("ENCRYPT".to_owned()),
        tags: vec!["PII".to_owned()],
        on_failure: Some("ERROR,ERROR".to_owned()),
        ..Rule::default()
    };
    for (key, value) in [
        ("encrypt.kek.name", "kek"),
        ("encrypt.kms.type", "local-kms"),
        ("encrypt.kms.key.id", "local-key"),
    ]
    .iter()
    .chain(params)
    {
        rule.params.insert((*key).to_owned(), (*value).to_owned());
    }
    rule
}

fn rule_set(rules: impl IntoIterator<Item = Rule>) -> RuleSet {
    RuleSet {
        domain_rules: rules.into_iter().collect(),
        ..RuleSet::default()
    }
}

fn plan(
    csfle: &Csfle,
    rules: &RuleSet,
    metadata: Option<&Metadata>,
    message: &MessageDescriptor,
    direction: Direction,
) -> PayloadTransform {
    csfle
        .prepare(SUBJECT, Some(rules), metadata, message, direction)
        .unwrap()
        .expect("a rule should run")
}

async fn apply(plan: &PayloadTransform, payload: &[u8]) -> Result<Vec<u8>, Error> {
    let mut out = vec![0xaa, 0xbb];
    let result = plan.apply(payload, &mut out).await;
    assert_eq!(out[..2], [0xaa, 0xbb], "what was there stays");
    out.drain(..2);
    if result.is_err() {
        assert!(out.is_empty(), "nothing may be appended on failure");
    }
    result.map(|()| out)
}

#[track_caller]
fn assert_absent(plaintext: &[u8], bytes: &[u8]) {
    assert!(
        !bytes
            .windows(plaintext.len())
            .any(|window| window == plaintext),
        "plaintext {:?} is in the bytes",
        String::from_utf8_lossy(plaintext)
    );
}
