//! What can go wrong between a rule and a record. No message holds plaintext
//! or key bytes.

use std::fmt;
use std::sync::Arc;

use super::algorithm::{Algorithm, UnknownAlgorithm};
use super::key::InvalidKey;
use super::kms;
use super::rules::Direction;
use super::uncovered::Lack;
use crate::printable::escape;
use crate::schema_registry;

/// Encryption or decryption failed. Names the rule, and where there is one the
/// KEK and the field.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A rule cannot be honoured as it is written.
    #[error("cannot {at}: the rule {problem}")]
    Rule {
        /// Which rule, where.
        at: Box<RuleContext>,
        /// What is wrong with it, and what to change.
        problem: RuleProblem,
    },
    /// The key that a rule needs cannot be had.
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
    /// A field that the rule protects in the record's own schema would be written
    /// in clear, since the registered schema does not let the rule encrypt it.
    #[error(
        "cannot {at}: field {field:?} ({full_name}) {} in the record's own schema, but the \
         {version} {lack}, so it would be written in clear; write with a version that has the \
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
        /// The rule's tag that it carries; none if the rule takes every field.
        tag: Option<String>,
        /// The schema to write with: subject, version, id, as far as known.
        version: String,
        /// What that schema lacks.
        lack: Lack,
    },
    /// The schema was registered with rules, but the registry does not return
    /// them: clients would find none and write plaintext.
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
    /// The settings ask for encryption, but no rule of the schema encrypts.
    #[error(
        "the schema of subject {subject:?} has no ENCRYPT rule that runs on write, though one is \
         required; register it with its rule set, and check that the registry kept it"
    )]
    NoEncryptRule {
        /// Subject of the schema.
        subject: String,
    },
    /// The settings ask for encryption, but a rule of the schema finds nothing to
    /// encrypt.
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
        /// Tags that the rule looks for; empty if it takes every field.
        tags: Vec<String>,
    },
}

fn carries(tag: &Option<String>) -> String {
    match tag {
        Some(tag) => format!("has the tag {tag:?}"),
        None => "is taken by the rule, as every field is,".to_owned(),
    }
}

/// The rule that an error is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleContext {
    /// Whether to encrypt or to decrypt.
    pub direction: Direction,
    /// Subject whose schema carries the rule.
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
    /// The rule that the error is about, unless it is about the schema.
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

    /// The error of the registry behind this one, if there is one.
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

    /// The error of the KMS behind this one, if there is one.
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
    /// A field, as `contact.emails[1]`; entries of maps are counted, since their
    /// keys may be personal data.
    #[error("field {0:?}")]
    Field(String),
    /// The whole payload.
    #[error("the payload")]
    Payload,
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleProblem {
    /// No KEK name.
    #[error("names no KEK: set its parameter encrypt.kek.name")]
    NoKekName,
    /// An algorithm that does not exist.
    #[error("has a bad encrypt.dek.algorithm: {0}")]
    Algorithm(UnknownAlgorithm),
    /// An expiry that is no number of days.
    #[error("has a bad encrypt.dek.expiry.days, {0:?}: use a whole number of days, 0 for none")]
    ExpiryDays(String),
    /// Failure to encrypt would let the plaintext through.
    #[error(
        "has onFailure {0:?}, which would write plaintext when encryption fails: use ERROR for \
         the write side (\"ERROR,NONE\" lets readers without the key see the ciphertext)"
    )]
    PlaintextOnFailure(String),
    /// A condition cannot change a message.
    #[error("is of kind {0:?} and would leave the plaintext in place: use TRANSFORM")]
    Kind(String),
    /// A mode that does not exist.
    #[error("has the unknown mode {0:?}: use WRITEREAD, WRITE or READ")]
    Mode(String),
    /// A place to run at that does not exist.
    #[error(
        "is in a rule set with the unknown enableAt {0:?}: use ALL or CLIENT to run rules at \
         clients, GATEWAY, SERVER or NONE not to"
    )]
    EnableAt(String),
    /// A type that nothing here executes.
    #[error(
        "is of type {0:?}, which this client cannot execute: it knows ENCRYPT and ENCRYPT_PAYLOAD"
    )]
    Type(String),
    /// A type in the list where it has no meaning.
    #[error("of type {rule_type} belongs into {list}")]
    List {
        /// Type of the rule.
        rule_type: &'static str,
        /// List that it belongs into.
        list: &'static str,
    },
    /// The tags of a field are damaged, so that nobody knows whether the rule is
    /// for it.
    #[error(
        "may be for field {field:?}, whose (confluent.field_meta) option is damaged ({reason}): \
         register the schema again"
    )]
    Tags {
        /// Full name of the field.
        field: String,
        /// What is wrong.
        reason: String,
    },
    /// An action to take after success that does not exist or always fails.
    #[error("has the onSuccess action {0:?}, which this client cannot take: use NONE")]
    OnSuccess(String),
}

/// Why a key cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The DEK Registry did not do what it was asked.
    #[error("cannot {action}")]
    Registry {
        /// What was asked.
        action: String,
        /// Its answer.
        #[source]
        source: schema_registry::Error,
    },
    /// There is no such KEK, and readers do not create one.
    #[error(
        "the DEK Registry has no KEK {kek:?}; is this the registry that the record was written with?"
    )]
    NoKek {
        /// Name of the KEK.
        kek: String,
    },
    /// The KEK is soft-deleted.
    #[error("KEK {kek:?} is deleted; undelete it in the DEK Registry to use it again")]
    KekDeleted {
        /// Name of the KEK.
        kek: String,
    },
    /// The registry calls the KEK shared, and the settings do not trust it with keys.
    #[error(
        "KEK {kek:?} is shared, so the registry chooses its keys and knows them; the settings \
         rule that out (CsfleBuilder::shared_keks)"
    )]
    SharedKek {
        /// Name of the KEK.
        kek: String,
    },
    /// There is no such KEK, and the rule does not say how to make one.
    #[error("there is no KEK {kek:?} yet, and the rule cannot create it without {parameter}")]
    CannotCreateKek {
        /// Name of the KEK.
        kek: String,
        /// Parameter that is missing.
        parameter: &'static str,
    },
    /// The KEK is not what the rule says.
    #[error(
        "KEK {kek:?} has the {what} {stored:?}, but the rule says {expected:?}; change {parameter} or the KEK's name"
    )]
    KekDiffers {
        /// Name of the KEK.
        kek: String,
        /// What differs.
        what: &'static str,
        /// Value in the DEK Registry.
        stored: String,
        /// Value in the rule.
        expected: String,
        /// Parameter that gave it.
        parameter: &'static str,
    },
    /// There is no such DEK.
    #[error(
        "subject {subject:?} has no {algorithm} DEK of version {version} under KEK {kek:?}; a DEK \
         belongs to one subject, so a record copied to another topic cannot be decrypted"
    )]
    NoDek {
        /// Name of the KEK.
        kek: String,
        /// Subject of the record.
        subject: String,
        /// Algorithm of the rule.
        algorithm: Algorithm,
        /// Version asked for; −1 stands for the latest.
        version: i32,
    },
    /// The DEK to write with is soft-deleted, and its version cannot be made anew.
    #[error(
        "{algorithm} DEK version {version} of subject {subject:?} under KEK {kek:?} is deleted; \
         undelete it in the DEK Registry to write with it again"
    )]
    DekDeleted {
        /// Name of the KEK.
        kek: String,
        /// Subject of the DEK.
        subject: String,
        /// Algorithm of the rule.
        algorithm: Algorithm,
        /// The version that is deleted.
        version: i32,
    },
    /// The KMS did not wrap a new DEK.
    #[error("cannot wrap a new DEK with KEK {kek:?}")]
    Wrap {
        /// Name of the KEK.
        kek: String,
        /// Answer of the KMS.
        #[source]
        source: kms::Error,
    },
    /// The KMS did not unwrap the DEK.
    #[error("cannot unwrap DEK version {version} of subject {subject:?} with KEK {kek:?}")]
    Unwrap {
        /// Name of the KEK.
        kek: String,
        /// Subject of the DEK.
        subject: String,
        /// Version of the DEK.
        version: i32,
        /// Answer of the KMS.
        #[source]
        source: kms::Error,
    },
    /// The registry's key material is of no use.
    #[error(
        "DEK version {version} of subject {subject:?} under KEK {kek:?} is unusable: {problem}"
    )]
    Material {
        /// Name of the KEK.
        kek: String,
        /// Subject of the DEK.
        subject: String,
        /// Version of the DEK.
        version: i32,
        /// What is wrong with it.
        problem: MaterialProblem,
    },
    /// The registry says that it stored a new key, but shows another one.
    #[error(
        "the registry did not store {what} of {key} as it was sent, so the key would not be the \
         one that the rule asks for; is there a proxy in between?"
    )]
    NotAsSent {
        /// What differs.
        what: &'static str,
        /// The KEK, or the version of the DEK.
        key: String,
    },
    /// The operating system has no randomness for a new key.
    #[error("cannot make a new DEK: the operating system gave no randomness")]
    Randomness,
}

/// What is wrong with key material.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MaterialProblem {
    /// Not base64.
    #[error("its key material is not base64")]
    NotBase64,
    /// No wrapped key, nor one that the registry may hand out.
    #[error("the registry returned no wrapped key (a bare one counts for shared KEKs only)")]
    Absent,
    /// Not a key of the algorithm.
    #[error(transparent)]
    Key(#[from] InvalidKey),
}

/// Why a value cannot be encrypted or decrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueProblem {
    /// Only text and bytes can be encrypted.
    #[error(
        "fields of type {0} cannot be encrypted, only string and bytes: remove the tag (of a \
         message, tag the fields in it instead)"
    )]
    Type(String),
    /// Nobody knows the field, and so whether it is one to encrypt.
    #[error(
        "field number {number} is neither in the registered schema nor in the record's own, so it \
         may hold what must be encrypted: write with a schema that has it, or clear unknown fields"
    )]
    UnknownField {
        /// Its number.
        number: u32,
    },
    /// The string field holds no base64.
    #[error("the value is not base64; was it written without encryption?")]
    NotBase64,
    /// The plaintext of a string is not text.
    #[error("the string is not valid UTF-8")]
    NotUtf8,
    /// The field is not encoded as its type says.
    #[error("the field is not encoded as its type says")]
    Encoding,
    /// The cipher failed.
    #[error("{0}")]
    Cipher(String),
    /// No version prefix, though the rule rotates keys.
    #[error(
        "the value has {len} byte{} and so no DEK version of 5 bytes before it; was it written \
         under a rule without encrypt.dek.expiry.days?",
        if *.len == 1 { "" } else { "s" }
    )]
    NoVersion {
        /// Its length.
        len: usize,
    },
    /// The version prefix is not one.
    #[error(
        "the value starts with 0x{found:02x} where the DEK version starts with 0x00; was it \
         written under a rule without encrypt.dek.expiry.days?"
    )]
    BadVersion {
        /// First byte.
        found: u8,
    },
    /// The version prefix holds a number that is no version.
    #[error(
        "the value names DEK version {found}, and versions count from 1; was it written under a \
         rule without encrypt.dek.expiry.days?"
    )]
    NegativeVersion {
        /// The number.
        found: i32,
    },
    /// The message that holds the value is not Protobuf.
    #[error("the message is malformed: {0}")]
    Malformed(String),
    /// Something that should be impossible happened.
    #[error("an internal check failed; please report it")]
    Internal,
}
