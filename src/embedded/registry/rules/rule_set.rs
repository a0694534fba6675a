//! Data rules: validates, completes and merges them. The registry never runs
//! them.

use crate::schema_registry::entities::{Rule, RuleSet};

use super::metadata::sort_once;
use crate::embedded::registry::api_error::ApiError;

/// Maximum length of a rule name in UTF-16 units.
const MAX_NAME_LEN: usize = 256;

const KINDS: [&str; 2] = ["TRANSFORM", "CONDITION"];
const MIGRATION_MODES: [&str; 3] = ["UPGRADE", "DOWNGRADE", "UPDOWN"];
const MESSAGE_MODES: [&str; 3] = ["WRITE", "READ", "WRITEREAD"];
/// Environments in which rules can be enabled.
const ENVIRONMENTS: [&str; 5] = ["ALL", "CLIENT", "GATEWAY", "SERVER", "NONE"];

/// Fills in the defaults of a rule set. An unknown kind, mode or environment is
/// a malformed body.
pub(crate) fn completed(mut rule_set: RuleSet) -> Result<RuleSet, ApiError> {
    let lists = [
        &mut rule_set.migration_rules,
        &mut rule_set.domain_rules,
        &mut rule_set.encoding_rules,
    ];
    for rule in lists.into_iter().flatten() {
        let kind = rule.kind.get_or_insert_with(|| "TRANSFORM".to_owned());
        known("kind of rule", kind, &KINDS)?;
        let mode = rule.mode.get_or_insert_with(|| "WRITEREAD".to_owned());
        known(
            "mode of rule",
            mode,
            &[MIGRATION_MODES, MESSAGE_MODES].concat(),
        )?;
        sort_once(&mut rule.tags);
        for text in [
            &mut rule.doc,
            &mut rule.expr,
            &mut rule.on_success,
            &mut rule.on_failure,
        ] {
            // An empty text counts as absent, in answers and in the digest.
            text.take_if(|text| text.is_empty());
        }
    }
    if let Some(environment) = &rule_set.enable_at {
        known("enableAt", environment, &ENVIRONMENTS)?;
    }
    Ok(rule_set)
}

fn known(what: &str, word: &str, words: &[&str]) -> Result<(), ApiError> {
    if words.contains(&word) {
        return Ok(());
    }
    let words = words.join(", ");
    Err(ApiError::malformed_body(format!(
        "unknown {what} {word:?}, expected one of {words}"
    )))
}

/// Checks names, types, modes and actions of a completed rule set.
pub(crate) fn validate(rule_set: &RuleSet) -> Result<(), ApiError> {
    let lists = [
        (
            &rule_set.migration_rules,
            MIGRATION_MODES,
            "Migration rules can only be UPGRADE, DOWNGRADE, UPDOWN",
        ),
        (
            &rule_set.domain_rules,
            MESSAGE_MODES,
            "Domain rules can only be WRITE, READ, WRITEREAD",
        ),
        (
            &rule_set.encoding_rules,
            MESSAGE_MODES,
            "Encoding rules can only be WRITE, READ, WRITEREAD",
        ),
    ];
    // Names are unique over all three lists.
    let mut names: Vec<&str> = Vec::new();
    for (rules, modes, complaint) in lists {
        for rule in rules {
            if names.contains(&rule.name.as_str()) {
                let name = &rule.name;
                return Err(ApiError::invalid_rule_set(format!(
                    "Found rule with duplicate name '{name}'"
                )));
            }
            names.push(&rule.name);
            validate_rule(rule)?;
            if !modes.contains(&rule.mode.as_deref().unwrap_or_default()) {
                return Err(ApiError::invalid_rule_set(complaint));
            }
        }
    }
    Ok(())
}

fn validate_rule(rule: &Rule) -> Result<(), ApiError> {
    let name = &rule.name;
    let mut characters = name.chars();
    match characters.next() {
        None => return Err(ApiError::invalid_rule_set("Missing rule name")),
        // Java counts UTF-16 units.
        Some(_) if name.encode_utf16().count() > MAX_NAME_LEN => {
            return Err(ApiError::invalid_rule_set("Rule name too long"));
        }
        Some(first) if first.is_alphabetic() || first == '_' => {}
        Some(_) => {
            return Err(ApiError::invalid_rule_set(format!(
                "Illegal initial character in rule name: {name}"
            )));
        }
    }
    if !characters.all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
        return Err(ApiError::invalid_rule_set(format!(
            "Illegal character in rule name: {name}"
        )));
    }
    if rule.rule_type.is_none() {
        return Err(ApiError::invalid_rule_set("Missing rule type"));
    }
    let two_ways = matches!(rule.mode.as_deref(), Some("WRITEREAD" | "UPDOWN"));
    let actions = [&rule.on_success, &rule.on_failure];
    if !two_ways && actions.into_iter().flatten().any(|a| a.contains(',')) {
        return Err(ApiError::invalid_rule_set(
            "Multiple actions only valid with WRITEREAD and UPDOWN",
        ));
    }
    Ok(())
}

/// Merges two rule sets: a rule of `newer` replaces the rule of the same name.
pub(crate) fn merge(older: Option<&RuleSet>, newer: Option<&RuleSet>) -> Option<RuleSet> {
    let (Some(older), Some(newer)) = (older, newer) else {
        return newer.or(older).cloned();
    };
    Some(RuleSet {
        migration_rules: merge_rules(&older.migration_rules, &newer.migration_rules),
        domain_rules: merge_rules(&older.domain_rules, &newer.domain_rules),
        encoding_rules: merge_rules(&older.encoding_rules, &newer.encoding_rules),
        enable_at: newer.enable_at.clone().or_else(|| older.enable_at.clone()),
    })
}

fn merge_rules(older: &[Rule], newer: &[Rule]) -> Vec<Rule> {
    let kept = older
        .iter()
        .filter(|rule| newer.iter().all(|other| other.name != rule.name));
    kept.chain(newer).cloned().collect()
}

/// Returns whether any of the lists has a rule of this type.
pub(crate) fn has_type(rule_set: &RuleSet, rule_type: &str) -> bool {
    let rules = rule_set.migration_rules.iter();
    let rules = rules.chain(&rule_set.domain_rules);
    rules
        .chain(&rule_set.encoding_rules)
        .any(|rule| rule.rule_type.as_deref() == Some(rule_type))
}

/// Returns what an answer shows: nothing if it is empty.
pub(crate) fn shown(rule_set: Option<&RuleSet>) -> Option<RuleSet> {
    rule_set
        .filter(|rule_set| **rule_set != RuleSet::default())
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json};

    fn check(rule_set: Value) -> Result<(), String> {
        let rule_set = completed(from_value(rule_set).unwrap()).map_err(|e| e.to_string())?;
        validate(&rule_set).map_err(|e| e.to_string())
    }

    #[test]
    fn accepts_and_refuses_as_confluent_does() {
        let long = "n".repeat(257);
        for (rule_set, complaint) in [
            (json!({}), None),
            (
                json!({"domainRules": [{"name": "a", "type": "ENCRYPT"}]}),
                None,
            ),
            (
                json!({"domainRules": [{"name": "_a-1", "type": "CEL", "mode": "READ"}]}),
                None,
            ),
            (
                json!({"migrationRules": [{"name": "a", "type": "JSONATA", "mode": "UPGRADE"}]}),
                None,
            ),
            (
                json!({"encodingRules": [{"name": "é", "type": "X", "onFailure": "ERROR,NONE"}]}),
                None,
            ),
            (
                json!({"domainRules": [{"type": "X"}]}),
                Some("Missing rule name"),
            ),
            (
                json!({"domainRules": [{"name": long, "type": "X"}]}),
                Some("too long"),
            ),
            (
                json!({"domainRules": [{"name": "1a", "type": "X"}]}),
                Some("Illegal initial"),
            ),
            (
                json!({"domainRules": [{"name": "a b", "type": "X"}]}),
                Some("Illegal character"),
            ),
            (
                json!({"domainRules": [{"name": "a"}]}),
                Some("Missing rule type"),
            ),
            (
                json!({"domainRules": [{"name": "a", "type": "X"}],
                       "encodingRules": [{"name": "a", "type": "X"}]}),
                Some("duplicate name 'a'"),
            ),
            (
                json!({"domainRules": [{"name": "a", "type": "X", "mode": "UPDOWN"}]}),
                Some("Domain rules can only be"),
            ),
            (
                json!({"migrationRules": [{"name": "a", "type": "X"}]}),
                Some("Migration rules can only be"),
            ),
            (
                json!({"domainRules": [{"name": "a", "type": "X", "mode": "READ", "onSuccess": "A,B"}]}),
                Some("Multiple actions"),
            ),
            (
                json!({"domainRules": [{"name": "a", "type": "X", "kind": "Y"}]}),
                Some("error 400"),
            ),
            (
                json!({"domainRules": [{"name": "a", "type": "X", "mode": "Y"}]}),
                Some("error 400"),
            ),
        ] {
            match (check(rule_set.clone()), complaint) {
                (Ok(()), None) => {}
                (Err(found), Some(expected)) if found.contains(expected) => {}
                (found, _) => panic!("{rule_set}: {found:?}, expected {complaint:?}"),
            }
        }
    }

    #[test]
    fn merging_replaces_rules_of_the_same_name() {
        let older: RuleSet = from_value(json!({
            "domainRules": [{"name": "a", "type": "OLD"}, {"name": "b", "type": "OLD"}],
            "enableAt": "CLIENT",
        }))
        .unwrap();
        let newer: RuleSet =
            from_value(json!({"domainRules": [{"name": "a", "type": "NEW"}]})).unwrap();
        let merged = merge(Some(&older), Some(&newer)).unwrap();
        let found: Vec<_> = merged
            .domain_rules
            .iter()
            .map(|r| (r.name.as_str(), r.rule_type.as_deref().unwrap()))
            .collect();
        assert_eq!(found, [("b", "OLD"), ("a", "NEW")]);
        assert_eq!(merged.enable_at.as_deref(), Some("CLIENT"));
        assert!(has_type(&merged, "NEW") && !has_type(&merged, "NONE"));
    }
}
