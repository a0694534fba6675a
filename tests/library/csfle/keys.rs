//! Key handling: DEK Registry, KMS, caches and rotation.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cc_protobuf_examples::csfle::kms::{ErrorKind, KmsDrivers, LocalKms};
use cc_protobuf_examples::csfle::{Algorithm, Csfle, Direction, PayloadTransform, RawDek};
use cc_protobuf_examples::schema_registry::entities::{Dek, Kek, RuleSet};
use prost_reflect::MessageDescriptor;

use crate::csfle::stub::{DAY, Hands, NOW, Stub};
use crate::csfle::{
    SECRET, SUBJECT, apply, assert_absent, chain, engine, plan, rule, rule_set, schema,
};

pub const PAYLOAD: &[u8] = b"\x0a\x0cAda Lovelace\x10\x2a";
pub const NAME: &[u8] = b"Ada Lovelace";

pub fn person() -> MessageDescriptor {
    schema::message(
        r#"syntax = "proto3"; package t; import "confluent/meta.proto";
           message Person {
             string name = 1 [(confluent.field_meta).tags = "PII"];
             int32 age = 2;
           }"#,
        "t.Person",
    )
}

pub fn write(csfle: &Csfle, rules: &RuleSet) -> PayloadTransform {
    plan(csfle, rules, None, &person(), Direction::Write)
}

pub fn read(csfle: &Csfle, rules: &RuleSet) -> PayloadTransform {
    plan(csfle, rules, None, &person(), Direction::Read)
}

/// Returns the DEK version in the prefix of the encrypted name.
pub fn version_of(record: &[u8]) -> i32 {
    let len = usize::from(record[1]);
    let blob = STANDARD.decode(&record[2..2 + len]).unwrap();
    assert_eq!(blob[0], 0);
    i32::from_be_bytes(blob[1..5].try_into().unwrap())
}

pub fn kek() -> Kek {
    Kek {
        name: "kek".to_owned(),
        kms_type: "local-kms".to_owned(),
        kms_key_id: "local-key".to_owned(),
        ..Kek::default()
    }
}

/// Stores a DEK as another client would.
pub async fn foreign_dek(version: i32, ts: i64) -> Dek {
    let raw = RawDek::generate(Algorithm::Aes256Gcm).unwrap();
    let kms = KmsDrivers::new().with(LocalKms::new(SECRET));
    Dek {
        kek_name: "kek".to_owned(),
        subject: SUBJECT.to_owned(),
        version: Some(version),
        algorithm: Some("AES256_GCM".to_owned()),
        encrypted_key_material: Some(STANDARD.encode(kms.wrap(&kek(), &raw).await.unwrap())),
        ts: Some(ts),
        ..Dek::default()
    }
}

#[tokio::test]
async fn the_first_record_makes_the_keys_and_later_ones_ask_nothing() {
    let stub = Stub::start().await;
    let rules = rule_set([rule(&[])]);
    let csfle = engine(&stub).build();
    let writer = write(&csfle, &rules);
    assert!(writer.apply_now(PAYLOAD, &mut Vec::new()).is_none());
    assert!(stub.take_log().is_empty(), "a plan requests nothing");

    let record = apply(&writer, PAYLOAD).await.unwrap();
    assert_absent(NAME, &record);
    assert_eq!(
        stub.take_log(),
        [
            "GET /keks/kek",
            "POST /keks",
            "GET /keks/kek/deks/orders-value/versions/1?algorithm=AES256_GCM",
            "POST /keks/kek/deks/orders-value",
        ]
    );
    assert!(!stub.inner().keks[0].shared);
    let mut again = Vec::new();
    writer.apply_now(PAYLOAD, &mut again).unwrap().unwrap();
    assert_ne!(again, record, "each value has a nonce of its own");
    apply(&write(&csfle, &rules), PAYLOAD).await.unwrap();
    assert!(stub.take_log().is_empty());

    let reader = read(&engine(&stub).build(), &rules);
    assert_eq!(apply(&reader, &record).await.unwrap(), PAYLOAD);
    assert_eq!(
        stub.take_log(),
        [
            "GET /keks/kek",
            "GET /keks/kek/deks/orders-value/versions/1?algorithm=AES256_GCM&deleted=true",
        ]
    );
    let mut plain = Vec::new();
    reader.apply_now(&again, &mut plain).unwrap().unwrap();
    assert_eq!(plain, PAYLOAD);

    // A second process finds the keys.
    let second = write(&engine(&stub).build(), &rules);
    let record = apply(&second, PAYLOAD).await.unwrap();
    assert!(!stub.take_log().iter().any(|line| line.starts_with("POST")));
    assert_eq!(apply(&reader, &record).await.unwrap(), PAYLOAD);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_first_records_share_one_request_each() {
    let stub = Stub::start().await;
    stub.inner().delay = Duration::from_millis(30);
    let rules = rule_set([rule(&[])]);
    let csfle = engine(&stub).build();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let writer = write(&csfle, &rules);
        tasks.spawn(async move { apply(&writer, PAYLOAD).await.unwrap() });
    }
    let records = tasks.join_all().await;
    assert_eq!(stub.take_log().len(), 4);

    let csfle = engine(&stub).build();
    let mut tasks = tokio::task::JoinSet::new();
    for record in records {
        let reader = read(&csfle, &rules);
        tasks.spawn(async move { apply(&reader, &record).await.unwrap() });
    }
    for plain in tasks.join_all().await {
        assert_eq!(plain, PAYLOAD);
    }
    assert_eq!(stub.take_log().len(), 2);
}

#[tokio::test]
async fn keys_rotate_by_the_clock_and_old_records_stay_readable() {
    let stub = Stub::start().await;
    let hands = Hands::at(NOW);
    let rules = rule_set([rule(&[("encrypt.dek.expiry.days", "2")])]);
    let csfle = engine(&stub).clock(hands.clone()).build();
    let writer = write(&csfle, &rules);
    let mut records = vec![apply(&writer, PAYLOAD).await.unwrap()];
    hands.advance(2 * DAY - 1);
    records.push(apply(&writer, PAYLOAD).await.unwrap());
    stub.take_log();
    hands.advance(1);
    stub.inner().ts = NOW + 2 * DAY;
    records.push(apply(&writer, PAYLOAD).await.unwrap());
    assert_eq!(
        stub.take_log(),
        [
            "GET /keks/kek/deks/orders-value/versions/latest?algorithm=AES256_GCM",
            "POST /keks/kek/deks/orders-value",
        ]
    );
    records.push(apply(&writer, PAYLOAD).await.unwrap());
    assert!(stub.take_log().is_empty());
    let versions: Vec<_> = records.iter().map(|record| version_of(record)).collect();
    assert_eq!(versions, [1, 1, 2, 2]);

    let reader = read(&engine(&stub).build(), &rules);
    for record in &records {
        assert_eq!(apply(&reader, record).await.unwrap(), PAYLOAD);
    }
    // A client that starts now uses the newest key until that one expires.
    let other = engine(&stub).clock(hands.clone()).build();
    assert_eq!(
        version_of(&apply(&write(&other, &rules), PAYLOAD).await.unwrap()),
        2
    );
    hands.advance(2 * DAY);
    let later = engine(&stub).clock(hands).build();
    assert_eq!(
        version_of(&apply(&write(&later, &rules), PAYLOAD).await.unwrap()),
        3
    );
}

#[tokio::test]
async fn a_registry_whose_clock_is_behind_does_not_cost_a_key_per_value() {
    let stub = Stub::start().await;
    stub.inner().ts = NOW - 30 * DAY;
    let rules = rule_set([rule(&[("encrypt.dek.expiry.days", "1")])]);
    let csfle = engine(&stub).clock(Hands::at(NOW)).build();
    let writer = write(&csfle, &rules);
    for _ in 0..3 {
        assert_eq!(version_of(&apply(&writer, PAYLOAD).await.unwrap()), 1);
    }
}

#[tokio::test]
async fn a_conflict_uses_the_key_of_the_faster_client() {
    let stub = Stub::start().await;
    let rules = rule_set([rule(&[])]);
    let faster = foreign_dek(1, NOW).await;
    stub.inner().faster = Some(faster);
    let record = apply(&write(&engine(&stub).build(), &rules), PAYLOAD)
        .await
        .unwrap();
    let log = stub.take_log();
    assert!(
        log[3].starts_with("POST") && log[4].starts_with("GET"),
        "{log:?}"
    );
    let reader = read(&engine(&stub).build(), &rules);
    assert_eq!(apply(&reader, &record).await.unwrap(), PAYLOAD);

    // A successor whose time in the registry is wrong counts as new, and is not looked up
    // for every value.
    let stub = Stub::start().await;
    let hands = Hands::at(NOW);
    let rules = rule_set([rule(&[("encrypt.dek.expiry.days", "1")])]);
    let writer = write(&engine(&stub).clock(hands.clone()).build(), &rules);
    apply(&writer, PAYLOAD).await.unwrap();
    hands.advance(DAY);
    let faster = foreign_dek(2, NOW).await;
    stub.inner().faster = Some(faster);
    let record = apply(&writer, PAYLOAD).await.unwrap();
    assert_eq!(version_of(&record), 2);
    stub.take_log();
    apply(&writer, PAYLOAD).await.unwrap();
    assert!(stub.take_log().is_empty());
}

#[tokio::test]
async fn an_expired_key_serves_on_when_no_successor_can_be_stored() {
    let stub = Stub::start().await;
    let hands = Hands::at(NOW);
    let rules = rule_set([rule(&[("encrypt.dek.expiry.days", "1")])]);
    let writer = write(&engine(&stub).clock(hands.clone()).build(), &rules);
    apply(&writer, PAYLOAD).await.unwrap();
    hands.advance(DAY);
    stub.inner().failures = vec![("POST".to_owned(), 500, usize::MAX)];
    stub.take_log();
    for _ in 0..3 {
        assert_eq!(version_of(&apply(&writer, PAYLOAD).await.unwrap()), 1);
    }
    assert_eq!(stub.take_log().len(), 2, "not tried again with each value");
    stub.inner().failures.clear();
    hands.advance(60_000);
    assert_eq!(version_of(&apply(&writer, PAYLOAD).await.unwrap()), 2);
}

#[tokio::test]
async fn a_deleted_key_to_write_with_is_said_to_be_deleted() {
    for expiry in ["0", "1"] {
        let stub = Stub::start().await;
        let rules = rule_set([rule(&[("encrypt.dek.expiry.days", expiry)])]);
        let hands = Hands::at(NOW);
        let fresh = || write(&engine(&stub).clock(hands.clone()).build(), &rules);
        apply(&fresh(), PAYLOAD).await.unwrap();
        stub.inner().deks[0].deleted = Some(true);
        let message = chain(&apply(&fresh(), PAYLOAD).await.unwrap_err());
        assert!(
            message.contains("AES256_GCM DEK version 1") && message.contains("undelete it"),
            "{message}"
        );
    }
    // Creating a successor fails, so the expired key stays in use.
    let stub = Stub::start().await;
    let rules = rule_set([rule(&[("encrypt.dek.expiry.days", "1")])]);
    let hands = Hands::at(NOW);
    let writer = write(&engine(&stub).clock(hands.clone()).build(), &rules);
    apply(&writer, PAYLOAD).await.unwrap();
    let mut successor = foreign_dek(2, NOW).await;
    successor.deleted = Some(true);
    stub.inner().deks.push(successor);
    hands.advance(DAY);
    assert_eq!(version_of(&apply(&writer, PAYLOAD).await.unwrap()), 1);
}

#[tokio::test]
async fn keys_are_cached_for_the_configured_time() {
    let stub = Stub::start().await;
    let rules = rule_set([rule(&[])]);
    let csfle = engine(&stub).cache_expiry(Duration::MAX).build();
    let record = apply(&write(&csfle, &rules), PAYLOAD).await.unwrap();
    assert_eq!(
        apply(&read(&csfle, &rules), &record).await.unwrap(),
        PAYLOAD
    );
}

#[tokio::test]
async fn a_rotation_by_hand_is_seen_once_the_caches_are_cleared_or_expire() {
    let rules = rule_set([rule(&[("encrypt.dek.expiry.days", "9")])]);
    for expiring in [false, true] {
        let stub = Stub::start().await;
        let hands = Hands::at(NOW);
        let mut builder = engine(&stub).clock(hands.clone());
        if expiring {
            builder = builder.cache_expiry(Duration::from_secs(5));
        }
        let csfle = builder.build();
        let writer = write(&csfle, &rules);
        let reader = read(&csfle, &rules);
        let before = apply(&writer, PAYLOAD).await.unwrap();
        let second = foreign_dek(2, NOW).await;
        stub.inner().deks.push(second);
        assert_eq!(version_of(&apply(&writer, PAYLOAD).await.unwrap()), 1);
        if expiring {
            hands.advance(5000);
        } else {
            csfle.clear_caches();
        }
        let after = apply(&writer, PAYLOAD).await.unwrap();
        assert_eq!(version_of(&after), 2);
        for record in [before, after] {
            assert_eq!(apply(&reader, &record).await.unwrap(), PAYLOAD);
        }
    }
}

#[tokio::test]
async fn without_rotation_the_first_version_serves() {
    let stub = Stub::start().await;
    stub.inner().keks.push(kek());
    let deks = [foreign_dek(1, 0).await, foreign_dek(2, 0).await];
    stub.inner().deks.extend(deks);
    let rules = rule_set([rule(&[])]);
    let record = apply(&write(&engine(&stub).build(), &rules), PAYLOAD)
        .await
        .unwrap();
    stub.inner().deks.pop();
    let reader = read(&engine(&stub).build(), &rules);
    assert_eq!(apply(&reader, &record).await.unwrap(), PAYLOAD);
}

#[tokio::test]
async fn the_registry_makes_the_keys_of_shared_keks() {
    let stub = Stub::start().await;
    stub.inner().keks.push(Kek {
        shared: true,
        ..kek()
    });
    for algorithm in Algorithm::ALL {
        let rules = rule_set([rule(&[("encrypt.dek.algorithm", algorithm.name())])]);
        // No driver: the client needs no access to the KMS.
        let csfle = Csfle::builder(stub.client()).build();
        let record = apply(&write(&csfle, &rules), PAYLOAD).await.unwrap();
        assert_absent(NAME, &record);
        let other = Csfle::builder(stub.client()).build();
        assert_eq!(
            apply(&read(&other, &rules), &record).await.unwrap(),
            PAYLOAD
        );
    }
    // If the registry does not return the key material, the KMS unwraps it.
    for dek in &mut stub.inner().deks {
        dek.key_material = None;
    }
    let csfle = engine(&stub).build();
    let error = apply(&write(&csfle, &rule_set([rule(&[])])), PAYLOAD)
        .await
        .unwrap_err();
    assert_eq!(error.kms().unwrap().kind(), ErrorKind::WrongKey);
}

#[tokio::test]
async fn keys_of_a_context_are_asked_for_in_it() {
    let stub = Stub::start().await;
    let rules = rule_set([rule(&[])]);
    let csfle = engine(&stub).build();
    let writer = csfle
        .prepare(
            ":.staging:a/b-value",
            Some(&rules),
            None,
            &person(),
            Direction::Write,
        )
        .unwrap()
        .unwrap();
    apply(&writer, PAYLOAD).await.unwrap();
    let log = stub.take_log();
    assert_eq!(log[0], "GET /keks/kek?context=.staging");
    assert_eq!(log[1], "POST /keks?context=.staging");
    assert_eq!(log[3], "POST /keks/kek/deks/%3A.staging%3Aa%2Fb-value");
}

/// Checks the message of each failure, and that failures are not cached.
#[tokio::test]
async fn failures_name_rule_kek_and_remedy_and_are_not_cached() {
    let stub = Stub::start().await;
    let rules = rule_set([rule(&[])]);
    let csfle = engine(&stub).build();
    let writer = write(&csfle, &rules);
    let reader = read(&csfle, &rules);
    let check = |error: cc_protobuf_examples::csfle::Error, expected: &[&str]| {
        let message = chain(&error);
        for part in expected.iter().chain(&["encryptPII", "\"kek\"", SUBJECT]) {
            assert!(message.contains(part), "{part:?} is not in {message}");
        }
        assert!(!message.contains("Lovelace") && !message.contains(SECRET));
    };

    check(
        apply(&reader, PAYLOAD).await.unwrap_err(),
        &["cannot decrypt", "not base64"],
    );
    let sealed = b"\x0a\x28AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    check(
        apply(&reader, sealed).await.unwrap_err(),
        &["no KEK \"kek\"", "is this the registry"],
    );
    stub.inner().failures = vec![("GET /keks/kek".to_owned(), 500, 1)];
    let error = apply(&writer, PAYLOAD).await.unwrap_err();
    assert_eq!(error.registry().unwrap().status(), Some(500));
    check(error, &["cannot encrypt", "cannot get KEK"]);
    stub.inner().failures = vec![("POST /keks".to_owned(), 403, 1)];
    check(
        apply(&writer, PAYLOAD).await.unwrap_err(),
        &["cannot create KEK"],
    );
    stub.inner().failures = vec![("POST /keks/kek/deks".to_owned(), 422, 1)];
    check(
        apply(&writer, PAYLOAD).await.unwrap_err(),
        &["cannot store AES256_GCM DEK version 1"],
    );
    let record = apply(&writer, PAYLOAD)
        .await
        .expect("failures are not kept");

    // Another secret, no driver, another key in the KMS.
    let other = Csfle::builder(stub.client())
        .kms(KmsDrivers::new().with(LocalKms::new("another secret")))
        .build();
    for plan in [write(&other, &rules), read(&other, &rules)] {
        let error = apply(&plan, &record).await.unwrap_err();
        assert_eq!(error.kms().unwrap().kind(), ErrorKind::WrongKey);
        // The library does not know how the program got its secret.
        let message = error.kms().unwrap().to_string();
        assert!(!message.contains("LOCAL_SECRET"), "{message}");
        check(error, &["local secret differs", "LocalKms::new"]);
    }
    let other = Csfle::builder(stub.client()).build();
    let error = apply(&read(&other, &rules), &record).await.unwrap_err();
    assert_eq!(error.kms().unwrap().kind(), ErrorKind::Unconfigured);
    check(error, &["no driver"]);
    for (parameter, value, part) in [
        (
            "encrypt.kms.type",
            "aws-kms",
            "has the KMS type \"local-kms\"",
        ),
        (
            "encrypt.kms.key.id",
            "other",
            "has the KMS key id \"local-key\"",
        ),
    ] {
        let rules = rule_set([rule(&[(parameter, value)])]);
        let error = apply(&write(&csfle, &rules), PAYLOAD).await.unwrap_err();
        check(error, &[part, parameter]);
    }
    for parameter in ["encrypt.kms.type", "encrypt.kms.key.id"] {
        let mut rule = rule(&[("encrypt.kek.name", "new")]);
        rule.params.remove(parameter);
        let error = apply(&write(&csfle, &rule_set([rule])), PAYLOAD)
            .await
            .unwrap_err();
        let message = chain(&error);
        assert!(message.contains("cannot create") && message.contains(parameter));
    }

    // Deleted or damaged keys.
    let fresh = || read(&engine(&stub).build(), &rules);
    let good = stub.inner().deks[0].clone();
    for (broken, part) in [
        (Some("%%%"), "not base64"),
        (Some("AAAA"), "28 are needed"),
        (None, "no AES256_GCM DEK of version 1"),
    ] {
        stub.inner().deks[0].encrypted_key_material = broken.map(str::to_owned);
        check(apply(&fresh(), &record).await.unwrap_err(), &[part]);
    }
    stub.inner().deks[0] = Dek {
        deleted: Some(true),
        ..good
    };
    assert_eq!(apply(&fresh(), &record).await.unwrap(), PAYLOAD);
    stub.inner().deks.clear();
    check(
        apply(&fresh(), &record).await.unwrap_err(),
        &["no AES256_GCM DEK of version 1", "copied to another topic"],
    );
    stub.inner().keks[0].deleted = Some(true);
    check(apply(&fresh(), &record).await.unwrap_err(), &["is deleted"]);
    let writer = write(&engine(&stub).build(), &rules);
    check(apply(&writer, PAYLOAD).await.unwrap_err(), &["is deleted"]);
}

#[tokio::test]
async fn a_registry_that_is_gone_is_said() {
    let stub = Stub::start().await;
    let csfle = engine(&stub).build();
    drop(stub);
    let writer = write(&csfle, &rule_set([rule(&[])]));
    let error = apply(&writer, PAYLOAD).await.unwrap_err();
    let registry = error.registry().unwrap();
    assert!(registry.is_connect() || registry.is_timeout(), "{registry}");
}

#[tokio::test]
async fn overrides_take_the_place_of_rule_parameters() {
    let stub = Stub::start().await;
    let csfle = engine(&stub)
        .rule_overrides(BTreeMap::from([
            ("encrypt.kek.name".to_owned(), "mine".to_owned()),
            ("encrypt.dek.algorithm".to_owned(), "AES256_SIV".to_owned()),
        ]))
        .build();
    let writer = write(&csfle, &rule_set([rule(&[])]));
    let summary = writer.rules().next().unwrap();
    assert_eq!(summary.kek, "mine");
    assert_eq!(summary.algorithm, Algorithm::Aes256Siv);
    assert_eq!(summary.fields, ["t.Person.name"]);
    apply(&writer, PAYLOAD).await.unwrap();
    assert_eq!(stub.inner().keks[0].name, "mine");
}

#[tokio::test]
async fn a_message_with_keys_of_many_versions_reads() {
    let stub = Stub::start().await;
    let hands = Hands::at(NOW);
    let rules = rule_set([rule(&[("encrypt.dek.expiry.days", "1")])]);
    let message = schema::message(
        r#"syntax = "proto3"; package t; import "confluent/meta.proto";
           message Many { repeated string notes = 1 [(confluent.field_meta).tags = "PII"]; }"#,
        "t.Many",
    );
    let writer = {
        let csfle = engine(&stub).clock(hands.clone()).build();
        plan(&csfle, &rules, None, &message, Direction::Write)
    };
    let mut record = Vec::new();
    let mut expected: Vec<u8> = Vec::new();
    for day in 0..40 {
        stub.inner().ts = NOW + day * DAY;
        record.extend(apply(&writer, b"\x0a\x04note").await.unwrap());
        expected.extend(b"\x0a\x04note");
        hands.advance(DAY);
    }
    assert_eq!(stub.inner().deks.len(), 40);
    let csfle = engine(&stub).build();
    let reader = plan(&csfle, &rules, None, &message, Direction::Read);
    assert_eq!(apply(&reader, &record).await.unwrap(), expected);
    assert_eq!(apply(&reader, &record).await.unwrap(), expected);
}
