//! Selects the encryption rules of a rule set that run, in their order, with their
//! parameters.
//!
//! Rules run at clients when `enableAt` is absent, `ALL` or `CLIENT`, when they
//! are not disabled, and when their mode covers the direction. On write they run
//! in the order of their list, domain rules before encoding rules; on read the
//! other way round.
//!
//! Unlike Confluent's clients, this module never writes plaintext if a rule says to
//! encrypt. It refuses an `onFailure` of `NONE` for the write side, a rule that it
//! cannot execute, and a rule whose mode or `enableAt` is unknown. A header
//! `__rule.name` skips no rule on write, and a disabled rule does not replace an
//! enabled one with the same tags.

use std::collections::BTreeSet;

use super::conditions::{
    ENCRYPT, ENCRYPT_PAYLOAD, action, mode, passes_on_failure, rule_type, runs,
};
use super::parameters::{
    DEK_ALGORITHM, DEK_EXPIRY_DAYS, KEK_NAME, KMS_KEY_ID, KMS_TYPE, Parameters,
};
use super::problem::RuleProblem;
use crate::csfle::cipher::algorithm::Algorithm;
use crate::csfle::direction::Direction;
use crate::csfle::error::{Error, RuleContext};
use crate::schema_registry::entities::{Rule, RuleSet};

/// The lists of a rule set to prepare. On read, encoding rules come from the
/// writer's schema and domain rules from the reader's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Domain rules and encoding rules.
    #[default]
    All,
    /// `domainRules`: on fields.
    Domain,
    /// `encodingRules`: on the whole payload.
    Encoding,
}

/// An encryption rule that runs, with its parameters.
#[derive(Clone, Debug)]
pub(crate) struct EncryptRule {
    pub(crate) name: String,
    pub(crate) payload: bool,
    pub(crate) tags: Vec<String>,
    /// On read: a failure leaves the message unchanged.
    pub(crate) lenient: bool,
    pub(crate) kek_name: String,
    /// Empty when not given.
    pub(crate) kms_type: String,
    /// Empty when not given.
    pub(crate) kms_key_id: String,
    pub(crate) algorithm: Algorithm,
    /// 0 for no rotation and no version prefix.
    pub(crate) expiry_days: u32,
}

/// Returns the encryption rules that run, in the order of execution.
pub(crate) fn select(
    subject: &str,
    rule_set: &RuleSet,
    parameters: Parameters<'_>,
    direction: Direction,
    phase: Phase,
) -> Result<Vec<EncryptRule>, Error> {
    let mut selected = Vec::new();
    for (list, payload) in [
        (&rule_set.domain_rules, false),
        (&rule_set.encoding_rules, true),
    ] {
        if phase == Phase::Domain && payload || phase == Phase::Encoding && !payload {
            continue;
        }
        for (index, rule) in list.iter().enumerate() {
            if list.iter().take(index).any(|other| duplicates(other, rule)) {
                continue;
            }
            let refused = |problem| Error::Rule {
                at: Box::new(RuleContext {
                    direction,
                    subject: subject.to_owned(),
                    rule: rule.name.clone(),
                    kek: parameters
                        .get(rule, KEK_NAME)
                        .unwrap_or_default()
                        .to_owned(),
                }),
                problem,
            };
            match runs(rule_set, rule, direction) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(problem) => return Err(refused(problem)),
            }
            match prepare(rule, payload, parameters, direction) {
                Ok(prepared) => selected.push(prepared),
                // The action NONE leaves the message unchanged.
                Err(problem) if passes_on_failure(rule, direction) => tracing::warn!(
                    rule = rule.name,
                    subject,
                    "rule is skipped on {direction} because of its onFailure: it {problem}",
                ),
                Err(problem) => return Err(refused(problem)),
            }
        }
    }
    if direction == Direction::Read {
        selected.reverse();
    }
    Ok(selected)
}

/// Returns the kind. Servers store TRANSFORM where a rule names none.
fn kind(rule: &Rule) -> &str {
    rule.kind.as_deref().unwrap_or("TRANSFORM")
}

/// Returns whether `rule` repeats the field transformation of `other`, which comes
/// first in the list. Only the first one runs.
fn duplicates(other: &Rule, rule: &Rule) -> bool {
    let tags = |rule: &Rule| rule.tags.iter().cloned().collect::<BTreeSet<_>>();
    !other.disabled
        && rule_type(rule) == ENCRYPT
        && rule_type(other) == ENCRYPT
        && !rule.tags.is_empty()
        && kind(rule) == "TRANSFORM"
        && kind(other) == "TRANSFORM"
        && mode(rule) == mode(other)
        && tags(rule) == tags(other)
}

fn prepare(
    rule: &Rule,
    payload: bool,
    parameters: Parameters<'_>,
    direction: Direction,
) -> Result<EncryptRule, RuleProblem> {
    match (rule_type(rule).as_str(), payload) {
        (ENCRYPT, false) | (ENCRYPT_PAYLOAD, true) => {}
        (ENCRYPT, true) => {
            return Err(RuleProblem::List {
                rule_type: ENCRYPT,
                list: "domainRules",
            });
        }
        (ENCRYPT_PAYLOAD, false) => {
            return Err(RuleProblem::List {
                rule_type: ENCRYPT_PAYLOAD,
                list: "encodingRules",
            });
        }
        _ => {
            return Err(RuleProblem::Type(
                rule.rule_type.clone().unwrap_or_default(),
            ));
        }
    }
    if kind(rule) != "TRANSFORM" {
        return Err(RuleProblem::Kind(kind(rule).to_owned()));
    }
    let lenient = match (
        action(rule, rule.on_failure.as_deref(), direction),
        direction,
    ) {
        (Some("NONE"), Direction::Write) => {
            return Err(RuleProblem::PlaintextOnFailure(
                rule.on_failure.clone().unwrap_or_default(),
            ));
        }
        (Some("NONE"), Direction::Read) => true,
        // ERROR, and any unknown action, which fails in the same way.
        _ => false,
    };
    match action(rule, rule.on_success.as_deref(), direction) {
        None | Some("NONE") => {}
        Some(other) => return Err(RuleProblem::OnSuccess(other.to_owned())),
    }

    let get = |name| parameters.get(rule, name);
    let kek_name = get(KEK_NAME).unwrap_or_default();
    if kek_name.is_empty() {
        return Err(RuleProblem::NoKekName);
    }
    let algorithm = match get(DEK_ALGORITHM).unwrap_or_default() {
        "" => Algorithm::default(),
        name => name.parse().map_err(RuleProblem::Algorithm)?,
    };
    let expiry_days = match get(DEK_EXPIRY_DAYS).unwrap_or_default().trim() {
        "" => 0,
        days => days
            .parse()
            .map_err(|_| RuleProblem::ExpiryDays(days.to_owned()))?,
    };
    Ok(EncryptRule {
        name: rule.name.clone(),
        payload,
        tags: rule.tags.clone(),
        lenient,
        kek_name: kek_name.to_owned(),
        kms_type: get(KMS_TYPE).unwrap_or_default().to_owned(),
        kms_key_id: get(KMS_KEY_ID).unwrap_or_default().to_owned(),
        algorithm,
        expiry_days,
    })
}
