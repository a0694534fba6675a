//! Data rules of a schema that cannot be carried out, and what follows from that.

use super::error::{Error, SchemaName};
use crate::csfle::Direction;
use crate::schema_registry::entities::{Rule, RuleSet};

/// Rule types that field-level encryption carries out.
const ENCRYPTION: [&str; 2] = ["ENCRYPT", "ENCRYPT_PAYLOAD"];

/// Refuses a schema whose rules demand what cannot be done without field-level
/// encryption set up; with it, [`csfle`](crate::csfle) decides.
///
/// A rule whose type has no executor here follows its failure action, as in
/// Confluent's clients: `NONE` leaves the record as it is, everything else is an
/// error. With one departure: encryption that is demanded on write is an error
/// even with `NONE`, which would write plaintext.
pub(super) fn refuse(
    rule_set: Option<&RuleSet>,
    direction: Direction,
    schema: &SchemaName,
) -> Result<(), Error> {
    let mut rules = rule_set
        .into_iter()
        .flat_map(|rules| active(rules, direction));
    let demanding = |rule: &&Rule| {
        let plaintext = is_encryption(rule) && direction == Direction::Write;
        plaintext || failure_action(rule, direction) != "NONE"
    };
    let Some(rule) = rules.find(demanding) else {
        return Ok(());
    };
    let rule_type = rule.rule_type.as_deref().unwrap_or("unnamed");
    Err(Error::UnsupportedRule {
        rule: rule.name.clone(),
        schema: schema.clone(),
        reason: if is_encryption(rule) {
            format!("it is of type {rule_type}, and no field-level encryption is set up")
        } else {
            format!("rules of type {rule_type} are not supported")
        },
    })
}

/// Rules that must run when a record goes from one version to another. There is
/// no executor for any; those with failure action `NONE` may be left out.
pub(super) fn refuse_migrations(
    rule_set: Option<&RuleSet>,
    schema: &SchemaName,
) -> Result<(), Error> {
    let rules = rule_set.into_iter().filter(|rules| runs_on_clients(rules));
    let mut rules = rules.flat_map(|rules| &rules.migration_rules);
    let demanding =
        |rule: &&Rule| !rule.disabled && failure_action(rule, Direction::Read) != "NONE";
    match rules.find(demanding) {
        None => Ok(()),
        Some(rule) => Err(Error::UnsupportedRule {
            rule: rule.name.clone(),
            schema: schema.clone(),
            reason: "migration rules are not supported".to_owned(),
        }),
    }
}

fn runs_on_clients(rules: &RuleSet) -> bool {
    let enabled = rules.enable_at.as_deref();
    enabled.is_none_or(|at| ["ALL", "CLIENT"].iter().any(|e| at.eq_ignore_ascii_case(e)))
}

fn active(rules: &RuleSet, direction: Direction) -> impl Iterator<Item = &Rule> {
    let one_way = match direction {
        Direction::Write => "WRITE",
        Direction::Read => "READ",
    };
    let lists =
        runs_on_clients(rules).then(|| rules.domain_rules.iter().chain(&rules.encoding_rules));
    lists.into_iter().flatten().filter(move |rule| {
        // The registry fills in WRITEREAD; a registry that does not must not
        // make a client write plaintext.
        let mode = rule.mode.as_deref().unwrap_or("WRITEREAD");
        let now = mode.eq_ignore_ascii_case(one_way) || mode.eq_ignore_ascii_case("WRITEREAD");
        now && !rule.disabled
    })
}

fn is_encryption(rule: &Rule) -> bool {
    let rule_type = rule.rule_type.as_deref().unwrap_or_default();
    ENCRYPTION
        .iter()
        .any(|name| rule_type.eq_ignore_ascii_case(name))
}

/// `write,read` or one for both; nothing stands for `ERROR`.
fn failure_action(rule: &Rule, direction: Direction) -> &str {
    let actions = rule.on_failure.as_deref().unwrap_or_default();
    let action = match (actions.split_once(','), direction) {
        (Some((write, _)), Direction::Write) => write,
        (Some((_, read)), Direction::Read) => read,
        (None, _) => actions,
    };
    if action.is_empty() { "ERROR" } else { action }
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
