//! Refuses schemas whose data rules must run but cannot run in this client.

use super::error::{Error, ErrorKind, SchemaName};
use crate::csfle::{Direction, conditions};
use crate::schema_registry::entities::{Rule, RuleSet};

/// Refuses a schema with rules that must run, for clients without field-level
/// encryption. With it, [`csfle`](crate::csfle) decides.
///
/// As in Confluent's clients, the failure action of a rule without an executor
/// decides: `NONE` leaves the record unchanged, everything else is an error. Unlike
/// in those clients, an encryption rule on write is an error even with `NONE`, which
/// would write plaintext.
pub(super) fn refuse(
    rule_set: Option<&RuleSet>,
    direction: Direction,
    schema: &SchemaName,
) -> Result<(), Error> {
    let Some(rules) = rule_set else {
        return Ok(());
    };
    for rule in rules.domain_rules.iter().chain(&rules.encoding_rules) {
        let reason = match conditions::runs(rules, rule, direction) {
            Ok(false) => continue,
            Ok(true) if conditions::passes_on_failure(rule, direction) => continue,
            Ok(true) => no_executor(rule),
            Err(problem) => format!("it {problem}"),
        };
        return Err(unsupported(rule, schema, reason));
    }
    Ok(())
}

fn no_executor(rule: &Rule) -> String {
    let rule_type = rule.rule_type.as_deref().unwrap_or("unnamed");
    if conditions::encrypts(rule) {
        format!("it is of type {rule_type}, and no field-level encryption is set up")
    } else {
        format!("rules of type {rule_type} are not supported")
    }
}

/// Refuses a schema whose migration rules must run when a record is read with
/// another version. This client has no executor for them. Rules whose failure action
/// is `NONE` in both directions are skipped.
pub(super) fn refuse_migrations(
    rule_set: Option<&RuleSet>,
    schema: &SchemaName,
) -> Result<(), Error> {
    let Some(rules) = rule_set else {
        return Ok(());
    };
    let demanding = |rule: &&Rule| {
        let actions = rule.on_failure.as_deref().unwrap_or_default();
        !rule.disabled && actions.split(',').any(|action| action != "NONE")
    };
    let Some(rule) = rules.migration_rules.iter().find(demanding) else {
        return Ok(());
    };
    match conditions::at_clients(rules) {
        Ok(false) => Ok(()),
        Ok(true) => {
            let reason = "migration rules are not supported".to_owned();
            Err(unsupported(rule, schema, reason))
        }
        Err(problem) => Err(unsupported(rule, schema, format!("it {problem}"))),
    }
}

fn unsupported(rule: &Rule, schema: &SchemaName, reason: String) -> Error {
    Error::from(ErrorKind::UnsupportedRule {
        rule: rule.name.clone(),
        schema: schema.clone(),
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{Read, Write};

    fn rule(rule_type: &str, mode: Option<&str>, on_failure: Option<&str>) -> Rule {
        Rule {
            name: "protect".to_owned(),
            rule_type: Some(rule_type.to_owned()),
            mode: mode.map(str::to_owned),
            on_failure: on_failure.map(str::to_owned),
            ..Rule::default()
        }
    }

    fn refused(rules: &RuleSet, direction: Direction) -> bool {
        let name = SchemaName::Subject("orders-value".to_owned());
        match refuse(Some(rules), direction, &name) {
            Ok(()) => false,
            Err(error) => {
                assert!(error.to_string().contains("\"protect\""), "{error}");
                true
            }
        }
    }

    #[test]
    fn what_a_rule_demands_depends_on_mode_direction_and_failure_action() {
        // Type, mode, onFailure; whether it is refused on write, on read.
        for (rule_type, mode, on_failure, write, read) in [
            ("ENCRYPT", Some("WRITEREAD"), None, true, true),
            ("encrypt", Some("writeread"), None, true, true),
            ("ENCRYPT_PAYLOAD", Some("WRITEREAD"), None, true, true),
            ("ENCRYPT", None, None, true, true),
            ("ENCRYPT", Some("WRITE"), None, true, false),
            ("ENCRYPT", Some("READ"), None, false, true),
            (
                "ENCRYPT",
                Some("WRITEREAD"),
                Some("ERROR,NONE"),
                true,
                false,
            ),
            ("ENCRYPT", Some("WRITEREAD"), Some("NONE"), true, false),
            ("CEL", Some("WRITE"), None, true, false),
            ("CEL", Some("WRITEREAD"), Some("NONE,ERROR"), false, true),
            ("CEL", Some("WRITEREAD"), Some("DLQ"), true, true),
            ("CEL", Some("UPGRADE"), None, false, false),
            // Unknown is no reason to write plaintext.
            ("ENCRYPT", Some("SOMETIMES"), Some("NONE"), true, true),
        ] {
            let rules = RuleSet {
                domain_rules: vec![rule(rule_type, mode, on_failure)],
                ..RuleSet::default()
            };
            let case = format!("{rule_type} {mode:?} {on_failure:?}");
            assert_eq!(refused(&rules, Write), write, "{case}, write");
            assert_eq!(refused(&rules, Read), read, "{case}, read");
        }
    }

    #[test]
    fn disabled_rules_and_those_for_gateways_do_not_run() {
        let mut rules = RuleSet {
            encoding_rules: vec![rule("ENCRYPT_PAYLOAD", Some("WRITEREAD"), None)],
            enable_at: Some("CLIENT".to_owned()),
            ..RuleSet::default()
        };
        assert!(refused(&rules, Write));
        rules.enable_at = Some("GATEWAY".to_owned());
        assert!(!refused(&rules, Write));
        rules.enable_at = Some("gateway".to_owned());
        assert!(!refused(&rules, Write));
        rules.enable_at = Some("CLIENTS".to_owned());
        assert!(refused(&rules, Write));
        rules.enable_at = None;
        rules.encoding_rules[0].disabled = true;
        assert!(!refused(&rules, Write));
    }

    #[test]
    fn migration_rules_stop_a_read_unless_they_may_be_left_out() {
        let name = SchemaName::Subject("orders-value".to_owned());
        let mut rules = RuleSet {
            migration_rules: vec![rule("JSONATA", Some("UPGRADE"), None)],
            ..RuleSet::default()
        };
        assert!(refuse_migrations(Some(&rules), &name).is_err());
        rules.migration_rules[0].on_failure = Some("NONE".to_owned());
        assert!(refuse_migrations(Some(&rules), &name).is_ok());
        assert!(refuse_migrations(None, &name).is_ok());
    }
}
