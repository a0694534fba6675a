//! How calls to a KMS fail.

use std::fmt;

use crate::printable::escape;

/// The kind of a KMS failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The KMS refused the call: a permission is missing, or the credentials are
    /// wrong, expired or absent.
    Denied,
    /// The KMS did not answer in time, or asked to retry later.
    Unreachable,
    /// The key does not exist in the KMS.
    NotFound,
    /// Another key or secret wrapped these bytes, or they were altered.
    WrongKey,
    /// The key id, the state of the key, or the answer is unusable.
    Invalid,
    /// There is no driver for the KMS type, or the driver lacks a setting.
    Unconfigured,
    /// The KEK has a property that the application does not allow.
    NotAllowed,
}

/// A KMS could not wrap or unwrap a key. Holds no key bytes. If several key ids were
/// tried, the message lists every failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

impl Error {
    /// Creates the error of a call with the key `key_id`. `detail` says what
    /// happened and what to do, as a lower-case fragment without secrets.
    pub fn new(kind: ErrorKind, kms_type: &str, key_id: &str, detail: impl fmt::Display) -> Self {
        let what = match kind {
            ErrorKind::Denied => "refused",
            ErrorKind::Unreachable => "is unreachable",
            ErrorKind::NotFound => "does not know the key",
            ErrorKind::WrongKey => "cannot unwrap with this key",
            ErrorKind::Invalid => "cannot be used",
            ErrorKind::Unconfigured => "is not configured",
            ErrorKind::NotAllowed => "is not used",
        };
        // The detail may quote an answer of the server.
        let message = format!("{kms_type} {what} (key {key_id:?}): {detail}");
        Self {
            kind,
            message: escape(&message).into_owned(),
        }
    }

    /// Returns the kind of failure; with several key ids, the kind of the first
    /// failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Adds the message of `error` to `earlier`.
    pub(super) fn also(earlier: Option<Self>, error: Self) -> Self {
        match earlier {
            None => error,
            Some(mut first) => {
                first.message.push_str("; alternate key: ");
                first.message.push_str(&error.message);
                first
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
