//! When a rule runs, and what happens if it cannot. The answers do not depend on
//! whether field-level encryption is configured.

use super::problem::RuleProblem;
use crate::csfle::direction::Direction;
use crate::schema_registry::entities::{Rule, RuleSet};

pub(crate) const ENCRYPT: &str = "ENCRYPT";
pub(crate) const ENCRYPT_PAYLOAD: &str = "ENCRYPT_PAYLOAD";

/// Returns whether a rule runs in this client and direction. An unknown value is an
/// error: to skip the rule would write plaintext.
pub(crate) fn runs(
    rule_set: &RuleSet,
    rule: &Rule,
    direction: Direction,
) -> Result<bool, RuleProblem> {
    let at_clients = at_clients(rule_set);
    if rule.disabled || at_clients == Ok(false) {
        return Ok(false);
    }
    Ok(covers(rule, direction)? && at_clients?)
}

/// Returns whether the rules of a set run at clients.
pub(crate) fn at_clients(rule_set: &RuleSet) -> Result<bool, RuleProblem> {
    let enable_at = rule_set.enable_at.as_deref().unwrap_or_default();
    match enable_at.to_uppercase().as_str() {
        "" | "ALL" | "CLIENT" => Ok(true),
        "GATEWAY" | "SERVER" | "NONE" => Ok(false),
        _ => Err(RuleProblem::EnableAt(enable_at.to_owned())),
    }
}

fn covers(rule: &Rule, direction: Direction) -> Result<bool, RuleProblem> {
    match mode(rule).as_str() {
        "WRITEREAD" => Ok(true),
        "WRITE" => Ok(direction == Direction::Write),
        "READ" => Ok(direction == Direction::Read),
        "UPGRADE" | "DOWNGRADE" | "UPDOWN" => Ok(false),
        _ => Err(RuleProblem::Mode(rule.mode.clone().unwrap_or_default())),
    }
}

/// Returns the mode in upper case. Servers store WRITEREAD where a rule names none.
pub(crate) fn mode(rule: &Rule) -> String {
    rule.mode.as_deref().unwrap_or("WRITEREAD").to_uppercase()
}

pub(crate) fn rule_type(rule: &Rule) -> String {
    rule.rule_type.as_deref().unwrap_or_default().to_uppercase()
}

/// Returns whether the rule is an encryption rule.
pub(crate) fn encrypts(rule: &Rule) -> bool {
    matches!(rule_type(rule).as_str(), ENCRYPT | ENCRYPT_PAYLOAD)
}

/// Returns whether a rule that cannot run may be skipped. Its `onFailure` decides,
/// except for encryption on write: to skip that would write plaintext.
pub(crate) fn passes_on_failure(rule: &Rule, direction: Direction) -> bool {
    action(rule, rule.on_failure.as_deref(), direction) == Some("NONE")
        && !(encrypts(rule) && direction == Direction::Write)
}

/// Returns the action of this direction. `actions` holds one name for both
/// directions, or `write,read`. Names are not trimmed, as in Confluent's clients.
pub(crate) fn action<'a>(
    rule: &Rule,
    actions: Option<&'a str>,
    direction: Direction,
) -> Option<&'a str> {
    let actions = actions.filter(|actions| !actions.is_empty())?;
    if mode(rule) != "WRITEREAD" {
        return Some(actions);
    }
    let mut parts = actions.split(',');
    match (parts.next(), parts.next()) {
        (write, Some(read)) => match direction {
            Direction::Write => write,
            Direction::Read => Some(read),
        },
        (both, None) => both,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_never_passed_over() {
        let rule = Rule::default();
        for (enable_at, runs_here) in [
            (None, true),
            (Some(""), true),
            (Some("ALL"), true),
            (Some("client"), true),
            (Some("Gateway"), false),
            (Some("SERVER"), false),
            (Some("none"), false),
        ] {
            let rules = RuleSet {
                enable_at: enable_at.map(str::to_owned),
                ..RuleSet::default()
            };
            let found = runs(&rules, &rule, Direction::Write);
            assert_eq!(found, Ok(runs_here), "{enable_at:?}");
        }
        let elsewhere = RuleSet {
            enable_at: Some("CLIENTS".to_owned()),
            ..RuleSet::default()
        };
        assert_eq!(
            runs(&elsewhere, &rule, Direction::Write),
            Err(RuleProblem::EnableAt("CLIENTS".to_owned()))
        );
        // A rule that does not run is not checked.
        let disabled = Rule {
            disabled: true,
            ..Rule::default()
        };
        assert_eq!(runs(&elsewhere, &disabled, Direction::Write), Ok(false));
        let odd = Rule {
            mode: Some("sometimes".to_owned()),
            ..Rule::default()
        };
        let problem = RuleProblem::Mode("sometimes".to_owned());
        assert_eq!(
            runs(&RuleSet::default(), &odd, Direction::Write),
            Err(problem)
        );
    }
}
