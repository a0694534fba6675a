//! Whether a registry stored a rule set as it was sent.

use std::collections::BTreeSet;

use super::conditions::rule_type;
use crate::csfle::error::Error;
use crate::schema_registry::entities::{Rule, RuleSet};

/// Checks that a registry stored a rule set as it was sent. Some registries drop
/// rule sets silently. Defaults that servers fill in (kind, mode) are no difference,
/// nor is an empty value in place of an absent one.
///
/// # Errors
///
/// [`Error::RulesNotStored`] with the first difference.
pub fn verify_rules_stored(
    subject: &str,
    sent: Option<&RuleSet>,
    stored: Option<&RuleSet>,
) -> Result<(), Error> {
    let none = RuleSet::default();
    let (sent, stored) = (sent.unwrap_or(&none), stored.unwrap_or(&none));
    let differs = |difference: String| {
        Err(Error::RulesNotStored {
            subject: subject.to_owned(),
            difference,
        })
    };
    for (list, sent, stored) in [
        ("domainRules", &sent.domain_rules, &stored.domain_rules),
        (
            "encodingRules",
            &sent.encoding_rules,
            &stored.encoding_rules,
        ),
        (
            "migrationRules",
            &sent.migration_rules,
            &stored.migration_rules,
        ),
    ] {
        for rule in sent {
            match stored.iter().find(|other| other.name == rule.name) {
                None => return differs(format!("rule {:?} of {list} is gone", rule.name)),
                Some(other) => {
                    if let Some(what) = difference(rule, other) {
                        return differs(format!("the {what} of rule {:?} differs", rule.name));
                    }
                }
            }
        }
        let names = |rules: &[Rule]| rules.iter().map(|r| r.name.clone()).collect::<Vec<_>>();
        if names(sent) != names(stored) {
            return differs(format!("{list} holds other rules, or in another order"));
        }
    }
    let enable_at = |set: &RuleSet| set.enable_at.clone().unwrap_or_default();
    if enable_at(sent) != enable_at(stored) {
        return differs("enableAt differs".to_owned());
    }
    Ok(())
}

fn difference(sent: &Rule, stored: &Rule) -> Option<&'static str> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let tags = |rule: &Rule| rule.tags.iter().cloned().collect::<BTreeSet<_>>();
    let given = |value: &Option<String>, other: &Option<String>| {
        value.is_none() || text(value) == text(other)
    };
    [
        ("type", rule_type(sent) == rule_type(stored)),
        ("kind", given(&sent.kind, &stored.kind)),
        ("mode", given(&sent.mode, &stored.mode)),
        ("tags", tags(sent) == tags(stored)),
        ("params", sent.params == stored.params),
        ("expr", text(&sent.expr) == text(&stored.expr)),
        (
            "onSuccess",
            text(&sent.on_success) == text(&stored.on_success),
        ),
        (
            "onFailure",
            text(&sent.on_failure) == text(&stored.on_failure),
        ),
        ("disabled flag", sent.disabled == stored.disabled),
    ]
    .into_iter()
    .find(|(_, same)| !same)
    .map(|(what, _)| what)
}
