//! Which rules of a rule set run, in which order, and with which parameters.
//!
//! Rules run at clients when `enableAt` is absent, `ALL` or `CLIENT`, when they
//! are not disabled, and when their mode covers the direction. On write they run
//! in the order of their list, domain rules before encoding rules; on read the
//! other way round.
//!
//! On purpose, and unlike in Confluent's clients, nothing on write lets a value
//! pass in clear that a rule says to encrypt. An `onFailure` of `NONE` for the
//! write side is refused, as is a rule that cannot be executed or whose mode or
//! `enableAt` is unknown; a header `__rule.name` leaves out no rule; and a
//! disabled rule does not take the place of an enabled one with the same tags.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::conditions::{
    ENCRYPT, ENCRYPT_PAYLOAD, action, mode, passes_on_failure, rule_type, runs,
};
use crate::csfle::cipher::algorithm::Algorithm;
use crate::csfle::error::{Error, RuleContext, RuleProblem};
use crate::schema_registry::entities::{Metadata, Rule, RuleSet};

/// Rule parameter: name of the KEK.
pub const KEK_NAME: &str = "encrypt.kek.name";
/// Rule parameter: type of the KMS, such as `aws-kms`.
pub const KMS_TYPE: &str = "encrypt.kms.type";
/// Rule parameter: key id within the KMS.
pub const KMS_KEY_ID: &str = "encrypt.kms.key.id";
/// Rule parameter: algorithm of the DEK.
pub const DEK_ALGORITHM: &str = "encrypt.dek.algorithm";
/// Rule parameter: days after which a new DEK is made. More than 0 also puts the
/// DEK's version before each ciphertext.
pub const DEK_EXPIRY_DAYS: &str = "encrypt.dek.expiry.days";

/// Which way a record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To the topic: encrypt.
    Write,
    /// From the topic: decrypt.
    Read,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Write => "encrypt",
            Self::Read => "decrypt",
        })
    }
}

/// Which lists of a rule set to take. They differ in whose schema counts on
/// read: encoding rules belong to the writer's, domain rules to the reader's.
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

/// Where a rule's parameters come from, first match first.
#[derive(Clone, Copy)]
pub(crate) struct Parameters<'a> {
    pub(crate) overrides: &'a BTreeMap<String, String>,
    pub(crate) metadata: Option<&'a Metadata>,
}

impl Parameters<'_> {
    fn get<'a>(&'a self, rule: &'a Rule, name: &str) -> Option<&'a str> {
        self.overrides
            .get(name)
            .or_else(|| rule.params.get(name))
            .or_else(|| self.metadata?.properties.get(name))
            .map(String::as_str)
    }
}

/// An encryption rule that runs.
#[derive(Clone, Debug)]
pub(crate) struct EncryptRule {
    pub(crate) name: String,
    pub(crate) payload: bool,
    pub(crate) tags: Vec<String>,
    /// On read: a failure leaves the message as it is.
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

/// The encryption rules that run, in the order of execution.
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
                // The action NONE: the message stays as it is.
                Err(problem) if passes_on_failure(rule, direction) => tracing::warn!(
                    rule = rule.name,
                    subject,
                    "rule is passed over on {direction}, as its onFailure says: it {problem}",
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

/// Servers store TRANSFORM where a rule names no kind.
fn kind(rule: &Rule) -> &str {
    rule.kind.as_deref().unwrap_or("TRANSFORM")
}

/// Whether `rule` is the same field transformation as `other`, which comes
/// before it and counts alone.
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
        // ERROR, and what is not known here, which fails just so.
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

/// Checks that a registry stored a rule set as it was sent; some drop it without
/// a word. What servers fill in (kind, mode) and how they spell nothing makes no
/// difference.
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
