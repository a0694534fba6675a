//! The direction of a record: to the topic or from it.

use std::fmt;

/// The direction in which a record travels.
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
