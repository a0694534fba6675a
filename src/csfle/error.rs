//! The errors of encryption and decryption. No message holds plaintext or key bytes.

use std::fmt;
use std::sync::Arc;

use super::direction::Direction;
use super::fields::coverage::Lack;
use super::fields::problem::ValueProblem;
use super::keys::error::KeyError;
use super::kms;
use super::rules::problem::RuleProblem;
use crate::printable::escape;
use crate::schema_registry;

/// Encryption or decryption failed. The message names the rule and, if known, the
/// KEK and the field.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A rule cannot be carried out as it is written.
    #[error("cannot {at}: the rule {problem}")]
    Rule {
        /// Which rule, where.
        at: Box<RuleContext>,
        /// What is wrong with it, and what to change.
        problem: RuleProblem,
    },
    /// The key that a rule needs is not available.
    #[error("cannot {at}: there is no key")]
    Key {
        /// Which rule, where.
        at: Box<RuleContext>,
        /// Why.
        #[source]
        source: Arc<KeyError>,
    },
    /// One value cannot be encrypted or decrypted.
    #[error("cannot {at}: {place}: {problem}")]
    Value {
        /// Which rule, where.
        at: Box<RuleContext>,
        /// The field, by its path within the message, or the whole payload.
        place: Place,
        /// Why.
        problem: ValueProblem,
    },
    /// The rule protects a field in the record's own schema, but the registered
    /// schema does not let the rule encrypt it. The field would be written as plaintext.
    #[error(
        "cannot {at}: field {field:?} ({full_name}) {} in the record's own schema, but the \
         {version} {lack}, so it would be written as plaintext; write with a version that has the \
         field with its tag, or register one",
        carries(.tag)
    )]
    Uncovered {
        /// Which rule, where.
        at: Box<RuleContext>,
        /// The field, by its path within the message.
        field: String,
        /// Full name of the field.
        full_name: String,
        /// The tag of the rule that the field has; `None` if the rule has no tags
        /// and selects every field.
        tag: Option<String>,
        /// The schema to write with: its subject, version and id, as far as known.
        version: String,
        /// What that schema lacks.
        lack: Lack,
    },
    /// The schema was registered with rules, but the registry does not return them.
    /// Clients would find no rule and write plaintext.
    #[error(
        "the registry did not store the rule set of subject {subject:?} as it was sent: {difference}; \
         clients would write plaintext, so do not go on (the community edition of Confluent's \
         registry drops rule sets silently)"
    )]
    RulesNotStored {
        /// Subject registered under.
        subject: String,
        /// First difference found.
        difference: String,
    },
    /// The settings require encryption, but the schema has no rule that encrypts.
    #[error(
        "the schema of subject {subject:?} has no ENCRYPT rule that runs on write, though one is \
         required; register it with its rule set, and check that the registry kept it"
    )]
    NoEncryptRule {
        /// Subject of the schema.
        subject: String,
    },
    /// The settings require encryption, but a rule of the schema selects no field.
    #[error(
        "cannot {at}: the rule (tags: {}) selects no field of message {message:?}, though \
         encryption is required; tag the fields, and check that the registry kept the tags",
        escape(&tags.join(", "))
    )]
    NothingToEncrypt {
        /// Which rule, where.
        at: Box<RuleContext>,
        /// Full name of the message.
        message: String,
        /// Tags of the rule; empty if it selects every field.
        tags: Vec<String>,
    },
}

fn carries(tag: &Option<String>) -> String {
    match tag {
        Some(tag) => format!("has the tag {tag:?}"),
        None => "is selected by the rule, like every field,".to_owned(),
    }
}

/// The rule that an error is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleContext {
    /// Encryption or decryption.
    pub direction: Direction,
    /// Subject whose schema has the rule.
    pub subject: String,
    /// Name of the rule.
    pub rule: String,
    /// KEK of the rule; empty if it names none.
    pub kek: String,
}

impl fmt::Display for RuleContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} for subject {:?} (rule {:?}",
            self.direction, self.subject, self.rule
        )?;
        if self.kek.is_empty() {
            f.write_str(")")
        } else {
            write!(f, ", KEK {:?})", self.kek)
        }
    }
}

impl Error {
    /// Returns the rule that the error is about. `None` if the error is about the
    /// schema.
    #[must_use]
    pub fn rule(&self) -> Option<&RuleContext> {
        match self {
            Self::Rule { at, .. }
            | Self::Key { at, .. }
            | Self::Value { at, .. }
            | Self::Uncovered { at, .. }
            | Self::NothingToEncrypt { at, .. } => Some(at),
            Self::RulesNotStored { .. } | Self::NoEncryptRule { .. } => None,
        }
    }

    /// Returns the registry's error that caused this one, if any.
    #[must_use]
    pub fn registry(&self) -> Option<&schema_registry::Error> {
        match self {
            Self::Key { source, .. } => match source.as_ref() {
                KeyError::Registry { source, .. } => Some(source),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the KMS error that caused this one, if any.
    #[must_use]
    pub fn kms(&self) -> Option<&kms::Error> {
        match self {
            Self::Key { source, .. } => match source.as_ref() {
                KeyError::Wrap { source, .. } | KeyError::Unwrap { source, .. } => Some(source),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The part of a record that an error is about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Place {
    /// A field, as `contact.emails[1]`. Map entries are named by position, since
    /// their keys may be personal data.
    #[error("field {0:?}")]
    Field(String),
    /// The whole payload.
    #[error("the payload")]
    Payload,
}
