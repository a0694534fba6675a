//! The seven levels over several versions, with the exact messages.

use cc_protobuf_examples::protobuf::compatibility::{
    CompatibilityLevel as Level, Difference, DifferenceKind, Rules,
};
use cc_protobuf_examples::schema_registry::Mode;

use crate::compatibility::schema::{Schema, check_level, check_rules};

/// Each version changes the kind of one more field, so only neighbours that changed
/// nothing are compatible.
fn v1() -> Schema {
    Schema::new("message M { int32 a = 1; int32 b = 2; }").version(1)
}

fn v2() -> Schema {
    Schema::new("message M { string a = 1; int32 b = 2; }").version(2)
}

fn closing(level: Level) -> String {
    format!("{{validateFields: 'false', compatibility: '{level}'}}")
}

#[test]
fn names_are_read_in_any_case_and_written_in_capitals() {
    for level in Level::ALL {
        let lower = level.as_str().to_lowercase();
        assert_eq!(lower.parse(), Ok(level));
        assert_eq!(level.to_string(), lower.to_uppercase());
        let json = serde_json::to_string(&level).unwrap();
        assert_eq!(serde_json::from_str::<Level>(&json).unwrap(), level);
    }
    let error = "SIDEWAYS".parse::<Level>().unwrap_err().to_string();
    let says = "unknown compatibility level \"SIDEWAYS\"; expected one of NONE, BACKWARD, BACK";
    assert!(error.starts_with(says), "{error}");
    assert_eq!("readonly".parse(), Ok(Mode::ReadOnly));
    assert_eq!(Level::default(), Level::Backward);
}

#[test]
fn without_older_versions_everything_is_compatible() {
    for level in Level::ALL {
        assert!(check_level(level, &v1(), &[]).is_compatible());
    }
}

#[test]
fn none_compares_nothing() {
    assert!(check_level(Level::None, &v2(), &[&v1()]).is_compatible());
}

#[test]
fn only_transitive_levels_look_behind_the_newest_version() {
    for (level, verdict) in [
        (Level::Backward, true),
        (Level::Forward, true),
        (Level::Full, true),
        (Level::BackwardTransitive, false),
        (Level::ForwardTransitive, false),
        (Level::FullTransitive, false),
    ] {
        let outcome = check_level(level, &v2(), &[&v2(), &v1()]);
        assert_eq!(outcome.is_compatible(), verdict, "{level}");
    }
}

#[test]
fn a_transitive_check_ends_with_the_first_version_in_the_way() {
    let new = Schema::new("message M { bytes a = 1; bytes b = 2; }");
    let outcome = check_level(Level::BackwardTransitive, &new, &[&v2(), &v1()]);
    let versions: Vec<_> = outcome
        .messages
        .iter()
        .filter(|line| line.contains("oldSchemaVersion"))
        .collect();
    assert_eq!(versions, ["{oldSchemaVersion: 2}"]);
    assert!(!outcome.messages.iter().any(|line| line.contains("#/M/1")));
}

#[test]
fn backward_messages() {
    let (old, new) = (v1(), v2());
    assert_eq!(
        check_level(Level::Backward, &new, &[&old]).messages,
        [
            "{errorType:\"FIELD_SCALAR_KIND_CHANGED\", description:\"The kind of a SCALAR field \
             at path '#/M/1' in the new schema does not match its kind in the old schema\"}"
                .to_owned(),
            "{oldSchemaVersion: 1}".to_owned(),
            format!("{{oldSchema: '{}'}}", old.text),
            closing(Level::Backward),
        ]
    );
}

#[test]
fn forward_messages_swap_the_roles() {
    let old = Schema::new("message M {}").version(3);
    let new = Schema::new("message M {} message N {}");
    assert_eq!(
        check_level(Level::Forward, &new, &[&old]).messages,
        [
            "{errorType:\"MESSAGE_REMOVED\", description:\"The old schema is missing a MESSAGE \
             type at path '#/N' in the new schema\"}"
                .to_owned(),
            "{oldSchemaVersion: 3}".to_owned(),
            format!("{{oldSchema: '{}'}}", old.text),
            closing(Level::Forward),
        ]
    );
}

#[test]
fn full_puts_forward_first_and_quotes_only_behind_backward() {
    let old = Schema::new("message M {} message Gone {}").version(1);
    let new = Schema::new("message M {} message Come {}");
    let line = |reader: &str, path: &str, writer: &str| {
        format!(
            "{{errorType:\"MESSAGE_REMOVED\", description:\"The {reader} schema is missing a \
             MESSAGE type at path '{path}' in the {writer} schema\"}}"
        )
    };
    assert_eq!(
        check_level(Level::Full, &new, &[&old]).messages,
        [
            line("old", "#/Come", "new"),
            line("new", "#/Gone", "old"),
            "{oldSchemaVersion: 1}".to_owned(),
            format!("{{oldSchema: '{}'}}", old.text),
            closing(Level::Full),
        ]
    );
    // Only the forward half fails, so there is no quotation.
    let old = Schema::new("message M {}").version(1);
    assert_eq!(
        check_level(Level::Full, &new, &[&old]).messages,
        [line("old", "#/Come", "new"), closing(Level::Full)]
    );
}

#[test]
fn long_texts_are_quoted_in_part() {
    let mut old = v1();
    old.text = "é".repeat(10_240);
    let quoted = |old: &Schema| check_level(Level::Backward, &v2(), &[old]).messages[2].clone();
    assert_eq!(quoted(&old), format!("{{oldSchema: '{}'}}", old.text));
    let whole = old.text.clone();
    old.text.push('x');
    assert_eq!(
        quoted(&old),
        format!("{{oldSchema: <truncated> '{whole}...'}}")
    );
}

#[test]
fn every_incompatible_kind_has_its_sentence() {
    let message = |kind| {
        Difference {
            kind,
            path: "#/M/1".to_owned(),
        }
        .message("new", "old")
    };
    for (kind, sentence) in [
        (
            DifferenceKind::PackageChanged,
            "The package at '#/M/1' in the new schema does not match the package in the old schema",
        ),
        (
            DifferenceKind::MessageRemoved,
            "The new schema is missing a MESSAGE type at path '#/M/1' in the old schema",
        ),
        (
            DifferenceKind::FieldKindChanged,
            "The type of a field at path '#/M/1' in the new schema does not match the old schema",
        ),
        (
            DifferenceKind::FieldScalarKindChanged,
            "The kind of a SCALAR field at path '#/M/1' in the new schema does not match its kind in the old schema",
        ),
        (
            DifferenceKind::FieldNamedTypeChanged,
            "The type of a MESSAGE field at path '#/M/1' in the new schema does not match its type in the old schema",
        ),
        (
            DifferenceKind::FieldNumericLabelChanged,
            "The label for a NUMERIC field at path '#/M/1' in the new schema does not match its label in the old schema",
        ),
        (
            DifferenceKind::RequiredFieldAdded,
            "A required field  at path '#/M/1' in the new schema is missing in the old schema",
        ),
        (
            DifferenceKind::RequiredFieldRemoved,
            "The new schema is missing a required field at path: '#/M/1' in the old schema",
        ),
        (
            DifferenceKind::OneofFieldRemoved,
            "The new schema is missing a oneof field at path '#/M/1' in the old schema",
        ),
        (
            DifferenceKind::MultipleFieldsMovedToOneof,
            "Multiple fields in the oneof at path '#/M/1' in the new schema are outside a oneof in the old schema",
        ),
        (
            DifferenceKind::FieldMovedToExistingOneof,
            "A field in the oneof at path '#/M/1' in the new schema is outside an existing oneof in the old schema",
        ),
    ] {
        assert!(!kind.is_compatible(), "{kind}");
        assert_eq!(
            message(kind),
            format!("{{errorType:\"{kind}\", description:\"{sentence}\"}}")
        );
    }
    let tolerated = DifferenceKind::ALL
        .iter()
        .filter(|kind| kind.is_compatible())
        .count();
    assert_eq!(tolerated, 15);
}

#[test]
fn a_compatibility_group_leaves_other_versions_out() {
    let rules = Rules {
        level: Level::Backward,
        compatibility_group: Some("major".to_owned()),
        ..Rules::default()
    };
    let (old, new) = (v1(), v2());
    assert!(!check_rules(&rules, &new, &[&old]).is_compatible());
    let (first, second) = (
        old.clone().property("major", "1"),
        new.clone().property("major", "2"),
    );
    assert!(check_rules(&rules, &second, &[&first]).is_compatible());
    assert!(check_rules(&rules, &second, &[&old]).is_compatible());
    assert!(!check_rules(&rules, &second, &[&old, &first.property("major", "2")]).is_compatible());
}

fn validating(level: Level) -> Rules {
    Rules {
        level,
        validate_fields: true,
        ..Rules::default()
    }
}

#[test]
fn reserved_fields_are_checked_at_every_level() {
    let old = v1().property("confluent:reserved", " gone , b,");
    let new = v1().property("confluent:reserved", "b");
    for level in Level::ALL {
        assert!(check_rules(&level.into(), &new, &[&old]).is_compatible());
        assert_eq!(
            check_rules(&validating(level), &new, &[&old]).messages,
            [
                "The new schema has reserved field gone removed from its metadata which is \
                 present in the old schema's metadata."
                    .to_owned(),
                "The new schema has field that conflicts with the reserved field b.".to_owned(),
                format!("{{validateFields: 'true', compatibility: '{level}'}}"),
            ]
        );
    }
}

#[test]
fn reserved_fields_concern_ordinary_fields_of_top_level_messages() {
    let reserved = |source: &str| Schema::new(source).property("confluent:reserved", "x");
    let verdict =
        |schema: &Schema| check_rules(&validating(Level::None), schema, &[]).is_compatible();
    assert!(!verdict(&reserved("message M { int32 x = 1; }")));
    assert!(!verdict(&reserved(
        "message A {} message M { optional int32 x = 1; }"
    )));
    assert!(verdict(&reserved("message M { oneof o { int32 x = 1; } }")));
    assert!(verdict(&reserved(
        "message M { message N { int32 x = 1; } }"
    )));
    assert!(verdict(&reserved("message M {}")));
}

#[test]
fn reserved_fields_look_at_the_newest_version_of_any_group() {
    let rules = Rules {
        compatibility_group: Some("major".to_owned()),
        ..validating(Level::Backward)
    };
    let new = v1().property("major", "2");
    let newest = v1()
        .property("major", "1")
        .property("confluent:reserved", "gone");
    let older = v1().property("confluent:reserved", "also");
    let outcome = check_rules(&rules, &new, &[&newest, &older]);
    assert_eq!(outcome.messages.len(), 2);
    assert!(outcome.messages[0].contains(" gone removed"));
}
