//! Only the rule determines where keys come from, even if the registry, or somebody with
//! write access to it, is malicious.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cc_protobuf_examples::csfle::kms::{ALTERNATE_KEY_IDS, KmsDrivers, LocalKms};
use cc_protobuf_examples::csfle::{Algorithm, Csfle, RawDek};
use cc_protobuf_examples::schema_registry::entities::{Dek, Kek};

use crate::csfle::keys::{NAME, PAYLOAD, foreign_dek, kek, read, version_of, write};
use crate::csfle::stub::{DAY, Hands, NOW, Stub};
use crate::csfle::{SECRET, apply, assert_absent, chain, engine, rule, rule_set};

/// A key that a malicious registry tries to get used.
fn planted() -> Option<String> {
    let raw = RawDek::parse(Algorithm::Aes256Gcm, &[&b"\x1a\x20"[..], &[7; 32]].concat()).unwrap();
    Some(STANDARD.encode(raw.as_bytes()))
}

#[tokio::test]
async fn key_material_counts_for_shared_keks_only() {
    let stub = Stub::start().await;
    let rules = rule_set([rule(&[])]);
    let before = apply(&write(&engine(&stub).build(), &rules), PAYLOAD)
        .await
        .unwrap();
    stub.inner().deks[0].key_material = planted();
    // Neither for reading nor for writing.
    let reader = read(&engine(&stub).build(), &rules);
    assert_eq!(apply(&reader, &before).await.unwrap(), PAYLOAD);
    let during = apply(&write(&engine(&stub).build(), &rules), PAYLOAD)
        .await
        .unwrap();
    stub.inner().deks[0].key_material = None;
    let reader = read(&engine(&stub).build(), &rules);
    assert_eq!(apply(&reader, &during).await.unwrap(), PAYLOAD);

    // Without a wrapped key there is no key.
    stub.inner().deks[0].key_material = planted();
    stub.inner().deks[0].encrypted_key_material = None;
    for plan in [
        write(&engine(&stub).build(), &rules),
        read(&engine(&stub).build(), &rules),
    ] {
        let message = chain(&apply(&plan, &before).await.unwrap_err());
        assert!(message.contains("no wrapped key"), "{message}");
    }
}

#[tokio::test]
async fn a_creation_is_answered_with_what_was_sent_or_refused() {
    type Lie = (&'static str, fn(&mut Dek));
    let lies: [Lie; 5] = [
        ("the wrapped key", |dek| {
            dek.encrypted_key_material = Some(STANDARD.encode([1; 62]));
        }),
        ("the wrapped key", |dek| {
            dek.encrypted_key_material = None;
        }),
        ("the wrapped key", |dek| {
            dek.encrypted_key_material = None;
            dek.key_material = planted();
        }),
        ("the wrapped key", |dek| {
            dek.encrypted_key_material = Some(STANDARD.encode([1; 62]));
            dek.key_material = planted();
        }),
        ("the version", |dek| dek.version = Some(9)),
    ];
    for (what, lie) in lies {
        for rotates in [false, true] {
            let stub = Stub::start().await;
            let hands = Hands::at(NOW);
            let days = if rotates { "1" } else { "0" };
            let rules = rule_set([rule(&[("encrypt.dek.expiry.days", days)])]);
            let writer = write(&engine(&stub).clock(hands.clone()).build(), &rules);
            if rotates {
                // A usable old key is no reason to accept a wrong answer.
                apply(&writer, PAYLOAD).await.unwrap();
                hands.advance(DAY);
            }
            stub.inner().lie = Some(lie);
            let message = chain(&apply(&writer, PAYLOAD).await.unwrap_err());
            for part in [
                "did not store",
                what,
                "orders-value",
                "\"kek\"",
                "encryptPII",
            ] {
                assert!(message.contains(part), "{part}: {message}");
            }
        }
    }
    // Key material next to the stored ciphertext is ignored.
    let stub = Stub::start().await;
    stub.inner().lie = Some(|dek| dek.key_material = planted());
    let rules = rule_set([rule(&[])]);
    let record = apply(&write(&engine(&stub).build(), &rules), PAYLOAD)
        .await
        .unwrap();
    let reader = read(&engine(&stub).build(), &rules);
    assert_eq!(apply(&reader, &record).await.unwrap(), PAYLOAD);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_producers_that_start_together_use_one_key() {
    for (days, has_kek) in [("0", true), ("30", true), ("0", false)] {
        let stub = Stub::start().await;
        // Both look up the key before either has stored one.
        stub.inner().delay = Duration::from_millis(100);
        stub.inner().keks.extend(has_kek.then(kek));
        let rules = rule_set([rule(&[("encrypt.dek.expiry.days", days)])]);
        let writers = [(); 2].map(|()| write(&engine(&stub).build(), &rules));
        let [one, two] = &writers;
        let (one, two) = tokio::join!(apply(one, PAYLOAD), apply(two, PAYLOAD));
        let log = stub.take_log();
        let posts = |path: &str| log.iter().filter(|line| *line == path).count();
        match has_kek {
            true => assert_eq!(posts("POST /keks/kek/deks/orders-value"), 2, "{log:?}"),
            false => assert_eq!(posts("POST /keks"), 2, "{log:?}"),
        }
        assert_eq!(stub.inner().deks.len(), 1);
        for record in [one.unwrap(), two.unwrap()] {
            assert_absent(NAME, &record);
            let reader = read(&engine(&stub).build(), &rules);
            assert_eq!(apply(&reader, &record).await.unwrap(), PAYLOAD);
        }
    }
}

#[tokio::test]
async fn after_a_conflict_the_kms_unwraps_the_stored_key() {
    let stub = Stub::start().await;
    let rules = rule_set([rule(&[])]);
    let mut faster = foreign_dek(1, NOW).await;
    faster.key_material = planted();
    stub.inner().faster = Some(faster);
    let record = apply(&write(&engine(&stub).build(), &rules), PAYLOAD)
        .await
        .unwrap();
    stub.inner().deks[0].key_material = None;
    let reader = read(&engine(&stub).build(), &rules);
    assert_eq!(apply(&reader, &record).await.unwrap(), PAYLOAD);

    // A key that another secret wrapped is refused.
    let stub = Stub::start().await;
    let mut foreign = foreign_dek(1, NOW).await;
    let raw = RawDek::generate(Algorithm::Aes256Gcm).unwrap();
    let other = KmsDrivers::new().with(LocalKms::new("not ours"));
    foreign.encrypted_key_material = Some(STANDARD.encode(other.wrap(&kek(), &raw).await.unwrap()));
    foreign.key_material = Some(STANDARD.encode(raw.as_bytes()));
    stub.inner().faster = Some(foreign);
    let refused = apply(&write(&engine(&stub).build(), &rules), PAYLOAD).await;
    let message = chain(&refused.unwrap_err());
    assert!(message.contains("cannot unwrap DEK version 1"), "{message}");
}

#[tokio::test]
async fn a_kek_that_becomes_shared_is_not_taken_for_the_one_asked_for() {
    let stub = Stub::start().await;
    stub.inner().shares = true;
    let rules = rule_set([rule(&[])]);
    let refused = apply(&write(&engine(&stub).build(), &rules), PAYLOAD).await;
    let message = chain(&refused.unwrap_err());
    assert!(
        message.contains("the shared flag of KEK \"kek\""),
        "{message}"
    );
    // The KEK exists now and is shared; the settings decide whether that is accepted.
    let strict = engine(&stub).shared_keks(false).build();
    let message = chain(&apply(&write(&strict, &rules), PAYLOAD).await.unwrap_err());
    assert!(message.contains("KEK \"kek\" is shared"), "{message}");
    let record = apply(&write(&engine(&stub).build(), &rules), PAYLOAD)
        .await
        .unwrap();
    let refused = apply(&read(&strict, &rules), &record).await;
    assert!(chain(&refused.unwrap_err()).contains("is shared"));
}

#[tokio::test]
async fn properties_of_a_kek_that_choose_keys_count_only_when_allowed() {
    let rules = rule_set([rule(&[])]);
    for (name, value) in [("secret", "the attacker's"), (ALTERNATE_KEY_IDS, "another")] {
        let stub = Stub::start().await;
        stub.inner().keks.push(Kek {
            kms_props: Some([(name.to_owned(), value.to_owned())].into()),
            ..kek()
        });
        // A key that was stored earlier is not used for reading either.
        let dek = foreign_dek(1, NOW).await;
        stub.inner().deks.push(dek);
        for plan in [
            write(&engine(&stub).build(), &rules),
            read(&engine(&stub).build(), &rules),
        ] {
            let sealed = [&b"\x0a\x28"[..], &[b'A'; 40]].concat();
            let message = chain(&apply(&plan, &sealed).await.unwrap_err());
            for part in [name, "\"kek\"", "allow_kek_properties"] {
                assert!(message.contains(part), "{part}: {message}");
            }
            assert!(!message.contains(value), "{message}");
        }
        stub.inner().deks.clear();
        let refused = apply(&write(&engine(&stub).build(), &rules), PAYLOAD).await;
        assert!(chain(&refused.unwrap_err()).contains("cannot wrap a new DEK"));
        assert!(stub.inner().deks.is_empty());

        let drivers = KmsDrivers::new()
            .with(LocalKms::new(SECRET))
            .allow_kek_properties([name]);
        let csfle = Csfle::builder(stub.client()).kms(drivers).build();
        let record = apply(&write(&csfle, &rules), PAYLOAD).await.unwrap();
        assert_eq!(
            apply(&read(&csfle, &rules), &record).await.unwrap(),
            PAYLOAD
        );
    }
    // Properties that no driver reads, and empty ones, do not matter.
    let stub = Stub::start().await;
    let harmless = [("team", "blue"), ("secret", "")];
    let harmless = harmless.map(|(name, value)| (name.to_owned(), value.to_owned()));
    stub.inner().keks.push(Kek {
        kms_props: Some(harmless.into()),
        ..kek()
    });
    let rules = rule_set([rule(&[("encrypt.dek.expiry.days", "1")])]);
    let record = apply(&write(&engine(&stub).build(), &rules), PAYLOAD)
        .await
        .unwrap();
    assert_eq!(version_of(&record), 1);
}

#[cfg(feature = "aws-kms")]
#[tokio::test]
async fn properties_of_a_kek_choose_no_credentials_for_aws() {
    use cc_protobuf_examples::csfle::kms::{AwsKms, ErrorKind};

    let raw = RawDek::generate(Algorithm::Aes256Gcm).unwrap();
    // The endpoint answers nobody, so no request may be sent.
    let drivers = KmsDrivers::new().with(
        AwsKms::new()
            .endpoint_url("http://127.0.0.1:9")
            .operation_timeout(Duration::from_millis(500)),
    );
    for name in [
        "access.key.id",
        "secret.access.key",
        "profile",
        "role.arn",
        "role.session.name",
        "role.external.id",
        ALTERNATE_KEY_IDS,
    ] {
        let kek = Kek {
            kms_type: "aws-kms".to_owned(),
            kms_key_id: "arn:aws:kms:eu-west-1:111122223333:key/1234".to_owned(),
            kms_props: Some([(name.to_owned(), "chosen".to_owned())].into()),
            ..kek()
        };
        let wrapped = drivers.wrap(&kek, &raw).await.unwrap_err();
        let unwrapped = drivers.unwrap(&kek, Algorithm::Aes256Gcm, b"wrapped").await;
        for error in [wrapped, unwrapped.unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::NotAllowed, "{name}: {error}");
            assert!(error.to_string().contains(&format!("{name:?}")), "{error}");
            assert!(!error.to_string().contains("chosen"), "{error}");
        }
    }
}
