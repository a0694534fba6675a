//! What can be wrong with a rule.

use crate::csfle::cipher::algorithm::UnknownAlgorithm;

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleProblem {
    /// The rule names no KEK.
    #[error("names no KEK: set its parameter encrypt.kek.name")]
    NoKekName,
    /// The algorithm does not exist.
    #[error("has a bad encrypt.dek.algorithm: {0}")]
    Algorithm(UnknownAlgorithm),
    /// The expiry is not a number of days.
    #[error("has a bad encrypt.dek.expiry.days, {0:?}: use a whole number of days, 0 for none")]
    ExpiryDays(String),
    /// A failure to encrypt would write the plaintext.
    #[error(
        "has onFailure {0:?}, which would write plaintext when encryption fails: use ERROR for \
         the write side (\"ERROR,NONE\" lets readers without the key see the ciphertext)"
    )]
    PlaintextOnFailure(String),
    /// The rule is a condition, which cannot change a message.
    #[error("is of kind {0:?} and would leave the plaintext in place: use TRANSFORM")]
    Kind(String),
    /// The mode does not exist.
    #[error("has the unknown mode {0:?}: use WRITEREAD, WRITE or READ")]
    Mode(String),
    /// The value of `enableAt` does not exist.
    #[error(
        "is in a rule set with the unknown enableAt {0:?}: use ALL or CLIENT to run rules at \
         clients, GATEWAY, SERVER or NONE not to"
    )]
    EnableAt(String),
    /// This client has no executor for the type.
    #[error(
        "is of type {0:?}, which this client cannot execute: it knows ENCRYPT and ENCRYPT_PAYLOAD"
    )]
    Type(String),
    /// The rule is in a list where its type has no meaning.
    #[error("of type {rule_type} belongs in {list}")]
    List {
        /// Type of the rule.
        rule_type: &'static str,
        /// List in which the rule belongs.
        list: &'static str,
    },
    /// The tags of a field are damaged, so that it is unknown whether the rule
    /// selects the field.
    #[error(
        "may be for field {field:?}, whose (confluent.field_meta) option is damaged ({reason}): \
         register the schema again"
    )]
    Tags {
        /// Full name of the field.
        field: String,
        /// What is wrong with the tags.
        reason: String,
    },
    /// The action after success does not exist or always fails.
    #[error("has the onSuccess action {0:?}, which this client cannot take: use NONE")]
    OnSuccess(String),
}
