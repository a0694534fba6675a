//! Errors of looking up, creating and unwrapping keys. No message holds key bytes.

use crate::csfle::cipher::algorithm::Algorithm;
use crate::csfle::cipher::raw_dek::InvalidKey;
use crate::csfle::kms;
use crate::schema_registry;

/// Why a key is not available.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A request to the DEK Registry failed.
    #[error("cannot {action}")]
    Registry {
        /// What was requested.
        action: String,
        /// Why the request failed.
        #[source]
        source: schema_registry::Error,
    },
    /// The KEK does not exist, and readers do not create one.
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
    /// The KEK is shared, and the settings do not let the registry create keys.
    #[error(
        "KEK {kek:?} is shared, so the registry chooses its keys and knows them; the settings \
         rule that out (CsfleBuilder::shared_keks)"
    )]
    SharedKek {
        /// Name of the KEK.
        kek: String,
    },
    /// The KEK does not exist, and the rule does not say how to create it.
    #[error("there is no KEK {kek:?} yet, and the rule cannot create it without {parameter}")]
    CannotCreateKek {
        /// Name of the KEK.
        kek: String,
        /// Parameter that is missing.
        parameter: &'static str,
    },
    /// The KEK differs from what the rule says.
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
        /// Parameter of the rule that names the value.
        parameter: &'static str,
    },
    /// The DEK does not exist.
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
        /// Version that was requested; −1 stands for the latest.
        version: i32,
    },
    /// The DEK to write with is soft-deleted, and its version cannot be created
    /// again.
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
    /// The key material from the registry is unusable.
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
    /// The registry confirmed a new key but returned another one.
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
    /// There is neither a wrapped key nor an unwrapped one that the registry may return.
    #[error("the registry returned no wrapped key (a bare one counts for shared KEKs only)")]
    Absent,
    /// Not a key of the algorithm.
    #[error(transparent)]
    Key(#[from] InvalidKey),
}
