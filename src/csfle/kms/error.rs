//! How calls to a KMS fail.

use std::fmt;

use crate::printable::escape;

/// What kind of failure a KMS answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The KMS refused: missing permission, or credentials that are wrong,
    /// expired or absent.
    Denied,
    /// No answer in time, or one that says to try later.
    Unreachable,
    /// The key does not exist there.
    NotFound,
    /// Another key, or another secret, wrapped these bytes; or they were
    /// altered.
    WrongKey,
    /// The key id, the key's state or the answer is of no use.
    Invalid,
    /// There is no driver for the KMS type, or it lacks a setting.
    Unconfigured,
    /// The KEK has a property that the application does not allow.
    NotAllowed,
}

/// A KMS could not wrap or unwrap a key. Holds no key bytes. The failures of
/// further key ids, if several were tried, are part of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

impl Error {
    /// A failure of the key `key_id`; `detail` says what happened and what to
    /// do, as a lower-case fragment without secrets.
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
        // The detail may quote what a server answered.
        let message = format!("{kms_type} {what} (key {key_id:?}): {detail}");
        Self {
            kind,
            message: escape(&message).into_owned(),
        }
    }

    /// What kind of failure it is; with several key ids, that of the first.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// `earlier`, with `error` added to its message.
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
