//! What can be wrong with a rule.

use crate::csfle::cipher::algorithm::UnknownAlgorithm;

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
