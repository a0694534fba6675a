//! Which rules run, and what is refused before anything is written.

use cc_protobuf_examples::csfle::{Csfle, Direction, Error, Phase, verify_rules_stored};
use cc_protobuf_examples::schema_registry::entities::{Metadata, Rule, RuleSet};
use prost_reflect::MessageDescriptor;

use crate::csfle::stub::Stub;
use crate::csfle::{SUBJECT, apply, assert_absent, chain, engine, plan, rule, rule_set, schema};

const PAYLOAD: &[u8] = b"\x0a\x08name-abc\x12\x08memo-xyz\x1a\x09other-pqr";

fn record() -> MessageDescriptor {
    schema::message(
        r#"syntax = "proto3"; package t; import "confluent/meta.proto";
           message Record {
             string name = 1 [(confluent.field_meta).tags = "PII"];
             string memo = 2 [(confluent.field_meta) = { tags: ["INTERNAL", "PRIVATE"] }];
             string other = 3;
             int64 amount = 4;
           }"#,
        "t.Record",
    )
}

/// Returns which of the three strings a rule set encrypts.
async fn hidden(csfle: &Csfle, rules: &RuleSet, metadata: Option<&Metadata>) -> Vec<&'static str> {
    let planned = csfle
        .prepare(SUBJECT, Some(rules), metadata, &record(), Direction::Write)
        .unwrap();
    let Some(writer) = planned else {
        return Vec::new();
    };
    let bytes = apply(&writer, PAYLOAD).await.unwrap();
    if writer.rules().next().is_none() {
        // The rule only checks for unknown fields, which needs no key.
        assert_eq!(bytes, PAYLOAD);
        assert!(apply(&writer, b"\x4a\x01x").await.is_err());
        return Vec::new();
    }
    let reader = plan(csfle, rules, metadata, &record(), Direction::Read);
    assert_eq!(apply(&reader, &bytes).await.unwrap(), PAYLOAD);
    ["name-abc", "memo-xyz", "other-pqr"]
        .into_iter()
        .filter(|text| !bytes.windows(text.len()).any(|w| w == text.as_bytes()))
        .collect()
}

fn with(change: impl FnOnce(&mut Rule)) -> RuleSet {
    let mut rule = rule(&[]);
    change(&mut rule);
    rule_set([rule])
}

#[tokio::test]
async fn tags_modes_and_switches_decide_what_is_encrypted() {
    let stub = Stub::start().await;
    let csfle = engine(&stub).build();
    let nothing: &[&str] = &[];
    for (rules, expected) in [
        (with(|_| {}), &["name-abc"][..]),
        (
            with(|r| r.rule_type = Some("encrypt".to_owned())),
            &["name-abc"],
        ),
        (with(|r| (r.kind, r.mode) = (None, None)), &["name-abc"]),
        (with(|r| r.tags = vec!["PRIVATE".to_owned()]), &["memo-xyz"]),
        (
            with(|r| r.tags = vec!["INTERNAL".to_owned(), "PII".to_owned()]),
            &["name-abc", "memo-xyz"],
        ),
        (with(|r| r.tags = vec!["NONE".to_owned()]), nothing),
        (with(|r| r.disabled = true), nothing),
        (with(|r| r.mode = Some("READ".to_owned())), nothing),
        (with(|r| r.mode = Some("UPGRADE".to_owned())), nothing),
        (
            RuleSet {
                enable_at: Some("CLIENT".to_owned()),
                ..with(|_| {})
            },
            &["name-abc"],
        ),
        (
            RuleSet {
                enable_at: Some("client".to_owned()),
                ..with(|_| {})
            },
            &["name-abc"],
        ),
        (
            RuleSet {
                enable_at: Some("ALL".to_owned()),
                ..with(|_| {})
            },
            &["name-abc"],
        ),
        (
            RuleSet {
                enable_at: Some("GATEWAY".to_owned()),
                ..with(|_| {})
            },
            nothing,
        ),
        (
            RuleSet {
                enable_at: Some("NONE".to_owned()),
                ..with(|_| {})
            },
            nothing,
        ),
    ] {
        assert_eq!(hidden(&csfle, &rules, None).await, expected, "{rules:?}");
    }
    // Patterns in the metadata add to the inline tags.
    let metadata = Metadata {
        tags: [("t.*.oth?r".to_owned(), vec!["PII".to_owned()])].into(),
        properties: [("encrypt.dek.algorithm".to_owned(), "AES128_GCM".to_owned())].into(),
        ..Metadata::default()
    };
    assert_eq!(
        hidden(&csfle, &with(|_| {}), Some(&metadata)).await,
        ["name-abc", "other-pqr"]
    );
    assert_eq!(
        stub.inner().deks.last().unwrap().algorithm.as_deref(),
        Some("AES128_GCM")
    );
}

#[tokio::test]
async fn rules_run_in_order_and_back_and_duplicates_do_not() {
    let stub = Stub::start().await;
    let csfle = engine(&stub).build();
    let named = |name: &str, tags: &[&str], kek: &str| Rule {
        name: name.to_owned(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..rule(&[
            ("encrypt.kek.name", kek),
            ("encrypt.dek.algorithm", "AES256_SIV"),
        ])
    };
    // Both rules encrypt `memo`, one after the other, so reading runs them in reverse.
    let both = rule_set([
        named("first", &["PRIVATE"], "kek-1"),
        named("second", &["INTERNAL", "PII"], "kek-2"),
    ]);
    assert_eq!(hidden(&csfle, &both, None).await, ["name-abc", "memo-xyz"]);
    let writer = plan(&csfle, &both, None, &record(), Direction::Write);
    let names: Vec<_> = writer.rules().map(|rule| rule.name).collect();
    assert_eq!(names, ["first", "second"]);
    let reader = plan(&csfle, &both, None, &record(), Direction::Read);
    let names: Vec<_> = reader.rules().map(|rule| rule.name).collect();
    assert_eq!(names, ["second", "first"]);

    // Of rules with the same tags only the first one runs, in both directions.
    let mut same = rule_set([
        named("first", &["PII", "INTERNAL"], "kek-1"),
        named("second", &["INTERNAL", "PII"], "kek-2"),
    ]);
    for direction in [Direction::Write, Direction::Read] {
        let names: Vec<_> = plan(&csfle, &same, None, &record(), direction)
            .rules()
            .map(|rule| rule.name)
            .collect();
        assert_eq!(names, ["first"]);
    }
    assert_eq!(hidden(&csfle, &same, None).await, ["name-abc", "memo-xyz"]);
    // A disabled rule does not replace an enabled one.
    same.domain_rules[0].disabled = true;
    assert_eq!(hidden(&csfle, &same, None).await, ["name-abc", "memo-xyz"]);
}

#[tokio::test]
async fn payload_rules_run_last_on_write_and_first_on_read() {
    let stub = Stub::start().await;
    let csfle = engine(&stub).build();
    for expiry in ["0", "30"] {
        let params = [("encrypt.dek.expiry.days", expiry)];
        let mut rules = rule_set([rule(&params)]);
        rules.encoding_rules = vec![Rule {
            name: "all".to_owned(),
            rule_type: Some("ENCRYPT_PAYLOAD".to_owned()),
            ..rule(&params)
        }];
        let writer = plan(&csfle, &rules, None, &record(), Direction::Write);
        let bytes = apply(&writer, PAYLOAD).await.unwrap();
        assert_absent(b"other-pqr", &bytes);
        let reader = plan(&csfle, &rules, None, &record(), Direction::Read);
        assert_eq!(apply(&reader, &bytes).await.unwrap(), PAYLOAD);

        // The phases separately, as for a reader with its own schema.
        let phase = |phase| {
            csfle
                .prepare_phase(
                    SUBJECT,
                    Some(&rules),
                    None,
                    &record(),
                    Direction::Read,
                    phase,
                )
                .unwrap()
                .unwrap()
        };
        let fields = apply(&phase(Phase::Encoding), &bytes).await.unwrap();
        assert_absent(b"name-abc", &fields);
        assert_eq!(
            apply(&phase(Phase::Domain), &fields).await.unwrap(),
            PAYLOAD
        );

        let mut broken = bytes.clone();
        *broken.last_mut().unwrap() ^= 1;
        let message = chain(&apply(&reader, &broken).await.unwrap_err());
        assert!(
            message.contains("the payload: the ciphertext does not auth"),
            "{message}"
        );
        let message = chain(&apply(&reader, b"").await.unwrap_err());
        assert!(message.contains("\"all\", KEK \"kek\""), "{message}");
    }
}

#[tokio::test]
async fn what_would_write_plaintext_is_refused_when_the_plan_is_made() {
    let stub = Stub::start().await;
    let csfle = engine(&stub).build();
    let set = |key: &str, value: &str| with(|r| drop(r.params.insert(key.into(), value.into())));
    for (rules, expected) in [
        (
            with(|r| r.on_failure = Some("NONE".to_owned())),
            "onFailure \"NONE\"",
        ),
        (
            with(|r| r.on_failure = Some("NONE,ERROR".to_owned())),
            "would write plaintext",
        ),
        (
            with(|r| r.kind = Some("CONDITION".to_owned())),
            "kind \"CONDITION\"",
        ),
        (
            with(|r| r.mode = Some("SOMETIMES".to_owned())),
            "mode \"SOMETIMES\"",
        ),
        (
            RuleSet {
                enable_at: Some("CLIENTS".to_owned()),
                ..with(|_| {})
            },
            "enableAt \"CLIENTS\"",
        ),
        (
            with(|r| r.rule_type = Some("CEL".to_owned())),
            "type \"CEL\"",
        ),
        (with(|r| r.rule_type = None), "type \"\""),
        (
            with(|r| r.rule_type = Some("ENCRYPT_PAYLOAD".to_owned())),
            "belongs in encodingRules",
        ),
        (
            with(|r| r.on_success = Some("ERROR".to_owned())),
            "onSuccess action \"ERROR\"",
        ),
        (set("encrypt.kek.name", ""), "names no KEK"),
        (
            set("encrypt.dek.algorithm", "ROT13"),
            "unknown DEK algorithm \"ROT13\"",
        ),
        (
            set("encrypt.dek.expiry.days", "-1"),
            "encrypt.dek.expiry.days, \"-1\"",
        ),
        (
            set("encrypt.dek.expiry.days", "soon"),
            "encrypt.dek.expiry.days, \"soon\"",
        ),
    ] {
        let error = csfle
            .prepare(SUBJECT, Some(&rules), None, &record(), Direction::Write)
            .unwrap_err();
        assert_eq!(error.rule().unwrap().rule, "encryptPII");
        let message = chain(&error);
        assert!(message.contains(expected), "{expected}: {message}");
        assert!(message.contains("\"encryptPII\"") && message.contains(SUBJECT));
    }
    // Harmless spellings.
    for rules in [
        set("encrypt.dek.algorithm", ""),
        set("encrypt.dek.expiry.days", ""),
        with(|r| r.on_failure = Some("ERROR,NONE".to_owned())),
        with(|r| r.on_failure = Some(String::new())),
        with(|r| r.on_success = Some("NONE,NONE".to_owned())),
    ] {
        assert_eq!(hidden(&csfle, &rules, None).await, ["name-abc"]);
    }
    assert!(stub.inner().deks.len() == 1);
}

#[tokio::test]
async fn with_none_for_reading_the_message_stays_as_it_is() {
    let stub = Stub::start().await;
    let csfle = engine(&stub).build();
    let rules = with(|r| r.on_failure = Some("ERROR,NONE".to_owned()));
    let writer = plan(&csfle, &rules, None, &record(), Direction::Write);
    let bytes = apply(&writer, PAYLOAD).await.unwrap();

    // No access to the KMS.
    let keyless = Csfle::builder(stub.client()).build();
    let reader = plan(&keyless, &rules, None, &record(), Direction::Read);
    assert_eq!(apply(&reader, &bytes).await.unwrap(), bytes);
    // Not encrypted.
    let reader = plan(&csfle, &rules, None, &record(), Direction::Read);
    assert_eq!(apply(&reader, PAYLOAD).await.unwrap(), PAYLOAD);
    // The other rules still run.
    let mut two = rules.clone();
    two.domain_rules.push(Rule {
        name: "second".to_owned(),
        tags: vec!["PRIVATE".to_owned()],
        ..rule(&[])
    });
    let writer = plan(&csfle, &two, None, &record(), Direction::Write);
    let bytes = apply(&writer, PAYLOAD).await.unwrap();
    two.domain_rules[0]
        .params
        .insert("encrypt.kek.name".to_owned(), "gone".to_owned());
    let reader = plan(&csfle, &two, None, &record(), Direction::Read);
    let half = apply(&reader, &bytes).await.unwrap();
    assert_absent(b"name-abc", &half);
    assert!(half.windows(8).any(|window| window == b"memo-xyz"));
    // A rule that cannot be prepared is skipped as well.
    let rules = with(|r| {
        r.on_failure = Some("ERROR,NONE".to_owned());
        r.params.clear();
    });
    let none = csfle.prepare(SUBJECT, Some(&rules), None, &record(), Direction::Read);
    assert!(none.unwrap().is_none());
}

#[tokio::test]
async fn a_replayed_rule_is_left_out_on_read_only() {
    let stub = Stub::start().await;
    let csfle = engine(&stub).build();
    let rules = with(|_| {});
    let writer = plan(&csfle, &rules, None, &record(), Direction::Write);
    let bytes = apply(&writer.without_rule("encryptPII"), PAYLOAD)
        .await
        .unwrap();
    assert_absent(b"name-abc", &bytes);
    let reader = plan(&csfle, &rules, None, &record(), Direction::Read);
    assert_eq!(
        apply(&reader.without_rule("other"), &bytes).await.unwrap(),
        PAYLOAD
    );
    let skipped = reader.without_rule("encryptPII");
    assert_eq!(apply(&skipped, PAYLOAD).await.unwrap(), PAYLOAD);
    assert_eq!(apply(&skipped, &bytes).await.unwrap(), bytes);
}

#[tokio::test]
async fn encryption_can_be_required() {
    let stub = Stub::start().await;
    let csfle = engine(&stub).encryption_required(true).build();
    let message = record();
    for rules in [
        None,
        Some(RuleSet::default()),
        Some(with(|r| r.disabled = true)),
    ] {
        let error = csfle
            .prepare(SUBJECT, rules.as_ref(), None, &message, Direction::Write)
            .unwrap_err();
        assert!(matches!(error, Error::NoEncryptRule { .. }), "{error}");
    }
    // A registry that dropped the tags leaves the rule without fields.
    let rules = with(|r| r.tags = vec!["GONE".to_owned()]);
    let error = csfle
        .prepare(SUBJECT, Some(&rules), None, &message, Direction::Write)
        .unwrap_err();
    let text = error.to_string();
    for part in [SUBJECT, "\"encryptPII\"", "\"t.Record\"", "(tags: GONE)"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // It does not help that another rule selects a field.
    let mut two = with(|r| r.tags = vec!["GONE".to_owned()]);
    two.domain_rules.push(Rule {
        name: "other".to_owned(),
        ..rule(&[])
    });
    two.encoding_rules.push(Rule {
        name: "all".to_owned(),
        rule_type: Some("ENCRYPT_PAYLOAD".to_owned()),
        ..rule(&[])
    });
    let error = csfle.prepare(SUBJECT, Some(&two), None, &message, Direction::Write);
    let text = error.unwrap_err().to_string();
    assert!(
        text.contains("\"encryptPII\"") && text.contains("(tags: GONE)"),
        "{text}"
    );
    let rules = with(|_| {});
    let write = csfle.prepare(SUBJECT, Some(&rules), None, &message, Direction::Write);
    assert!(write.unwrap().is_some());
    let read = csfle.prepare(SUBJECT, None, None, &message, Direction::Read);
    assert!(read.unwrap().is_none());
}

#[test]
fn a_rule_set_that_the_registry_dropped_or_changed_is_noticed() {
    let sent = rule_set([
        rule(&[]),
        Rule {
            name: "second".to_owned(),
            ..rule(&[])
        },
    ]);
    verify_rules_stored(SUBJECT, Some(&sent), Some(&sent)).unwrap();
    verify_rules_stored(SUBJECT, None, None).unwrap();
    verify_rules_stored(SUBJECT, None, Some(&RuleSet::default())).unwrap();

    // Defaults that servers fill in are not a difference.
    let mut bare = sent.clone();
    (bare.domain_rules[0].kind, bare.domain_rules[0].mode) = (None, None);
    verify_rules_stored(SUBJECT, Some(&bare), Some(&sent)).unwrap();

    let change = |change: fn(&mut RuleSet)| {
        let mut stored = sent.clone();
        change(&mut stored);
        Some(stored)
    };
    for (stored, expected) in [
        (None, "\"encryptPII\" of domainRules is gone"),
        (
            change(|s| drop(s.domain_rules.pop())),
            "\"second\" of domainRules is gone",
        ),
        (change(|s| s.domain_rules.reverse()), "another order"),
        (
            change(|s| s.domain_rules[0].tags.clear()),
            "the tags of rule \"encryptPII\"",
        ),
        (
            change(|s| s.domain_rules[1].params.clear()),
            "the params of rule \"second\"",
        ),
        (change(|s| s.domain_rules[0].mode = None), "the mode"),
        (
            change(|s| s.domain_rules[0].disabled = true),
            "the disabled flag",
        ),
        (
            change(|s| s.enable_at = Some("NONE".to_owned())),
            "enableAt",
        ),
    ] {
        let error = verify_rules_stored(SUBJECT, Some(&sent), stored.as_ref()).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(expected), "{message}");
        assert!(message.contains("would write plaintext"), "{message}");
    }
}
