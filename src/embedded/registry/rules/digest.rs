//! The identity of a schema: a digest of its text, references, metadata and
//! rules, which is also its GUID.
//!
//! As in Confluent's registry, it is the MD5 of the text, the references, and
//! metadata and rule set, each after a byte 1. Absent members add nothing, and
//! there are no separators.

use md5::{Digest as _, Md5};

use crate::schema_registry::entities::{Metadata, Reference, Rule, RuleSet};
use crate::wire_format::SchemaGuid;

/// Precedes metadata and rules, and marks a disabled rule.
const PRESENT: [u8; 1] = [1];

/// Returns the GUID of a schema.
pub(crate) fn guid_of(
    text: &str,
    references: &[Reference],
    metadata: Option<&Metadata>,
    rule_set: Option<&RuleSet>,
) -> SchemaGuid {
    let mut digest = Md5::new();
    digest.update(text);
    for reference in references {
        digest.update(&reference.name);
        digest.update(&reference.subject);
        digest.update(reference.version.to_be_bytes());
    }
    if let Some(metadata) = metadata {
        digest.update(PRESENT);
        add_metadata(&mut digest, metadata);
    }
    if let Some(rule_set) = rule_set {
        digest.update(PRESENT);
        let rules = rule_set.migration_rules.iter();
        let rules = rules.chain(&rule_set.domain_rules);
        for rule in rules.chain(&rule_set.encoding_rules) {
            add_rule(&mut digest, rule);
        }
        digest.update(rule_set.enable_at.as_deref().unwrap_or_default());
    }
    SchemaGuid(digest.finalize().into())
}

fn add_metadata(digest: &mut Md5, metadata: &Metadata) {
    for (path, tags) in &metadata.tags {
        digest.update(path);
        for tag in tags {
            digest.update(tag);
        }
    }
    for (name, value) in &metadata.properties {
        digest.update(name);
        digest.update(value);
    }
    for name in &metadata.sensitive {
        digest.update(name);
    }
}

fn add_rule(digest: &mut Md5, rule: &Rule) {
    digest.update(&rule.name);
    for member in [&rule.doc, &rule.kind, &rule.mode, &rule.rule_type] {
        digest.update(member.as_deref().unwrap_or_default());
    }
    for tag in &rule.tags {
        digest.update(tag);
    }
    for (name, value) in &rule.params {
        digest.update(name);
        digest.update(value);
    }
    for member in [&rule.expr, &rule.on_success, &rule.on_failure] {
        digest.update(member.as_deref().unwrap_or_default());
    }
    if rule.disabled {
        digest.update(PRESENT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "syntax = \"proto3\";\npackage acme.v1;\n\nmessage User {\n  string id = 1;\n}\n";

    fn reference() -> Reference {
        Reference {
            name: "a.proto".to_owned(),
            subject: "a".to_owned(),
            version: 1,
        }
    }

    fn metadata() -> Metadata {
        Metadata {
            properties: [("owner".to_owned(), "x".to_owned())].into(),
            ..Metadata::default()
        }
    }

    #[test]
    fn agrees_with_confluent() {
        for (references, metadata, expected) in [
            (vec![], None, "9304e9fe-314a-283a-aa23-9c5953cde617"),
            (
                vec![reference()],
                None,
                "b7f412e0-e868-7fba-939c-e56eb12f137e",
            ),
            (
                vec![],
                Some(metadata()),
                "7112b9da-dca9-67fe-2d1e-012da4a0f9bc",
            ),
        ] {
            let guid = guid_of(TEXT, &references, metadata.as_ref(), None);
            assert_eq!(guid.to_string(), expected);
        }
    }

    #[test]
    fn everything_counts() {
        let rule = |change: fn(&mut Rule)| {
            let mut rule = Rule {
                name: "r".to_owned(),
                rule_type: Some("ENCRYPT".to_owned()),
                ..Rule::default()
            };
            change(&mut rule);
            RuleSet {
                domain_rules: vec![rule],
                ..RuleSet::default()
            }
        };
        let rule_sets = [
            None,
            Some(RuleSet::default()),
            Some(rule(|_| {})),
            Some(rule(|r| r.disabled = true)),
            Some(rule(|r| r.tags = vec!["PII".to_owned()])),
            Some(rule(|r| r.on_failure = Some("ERROR".to_owned()))),
            Some(rule(|r| {
                r.params = [("k".to_owned(), "v".to_owned())].into()
            })),
        ];
        let mut guids = std::collections::BTreeSet::new();
        for rule_set in &rule_sets {
            for metadata in [None, Some(Metadata::default()), Some(metadata())] {
                for references in [vec![], vec![reference()]] {
                    let guid = guid_of(TEXT, &references, metadata.as_ref(), rule_set.as_ref());
                    guids.insert(guid);
                }
            }
        }
        // An empty rule set and empty metadata both add only the byte 1.
        assert_eq!(guids.len(), rule_sets.len() * 3 * 2 - 2);
    }
}
