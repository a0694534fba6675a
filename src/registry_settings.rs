//! Compatibility levels and modes of the registry.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The error for an unknown word.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} {word:?}; expected one of {expected}")]
pub struct UnknownWord {
    what: &'static str,
    word: String,
    expected: String,
}

/// Defines an enum whose values are upper-case words in the REST API.
macro_rules! words {
    (
        $(#[$meta:meta])* $name:ident, $what:literal:
        $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(into = "&'static str", try_from = "String")]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
        }

        impl $name {
            /// All values.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant,)+];

            /// Returns the word that the REST API uses.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            /// Parses the word in upper or lower case, as the registry does.
            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                Self::ALL
                    .into_iter()
                    .find(|value| value.as_str().eq_ignore_ascii_case(word))
                    .ok_or_else(|| UnknownWord {
                        what: $what,
                        word: word.chars().take(40).collect(),
                        expected: [$($word),+].join(", "),
                    })
            }
        }

        impl From<$name> for &'static str {
            fn from(value: $name) -> Self {
                value.as_str()
            }
        }

        impl TryFrom<String> for $name {
            type Error = UnknownWord;

            fn try_from(word: String) -> Result<Self, UnknownWord> {
                word.parse()
            }
        }
    };
}

words! {
    /// Which older versions a new schema is compared with, and in which direction.
    #[derive(Default)]
    CompatibilityLevel, "compatibility level":
    /// Every schema is accepted.
    None = "NONE",
    /// The new schema reads data of the newest version.
    #[default]
    Backward = "BACKWARD",
    /// The new schema reads data of every version.
    BackwardTransitive = "BACKWARD_TRANSITIVE",
    /// The newest version reads data of the new schema.
    Forward = "FORWARD",
    /// Every version reads data of the new schema.
    ForwardTransitive = "FORWARD_TRANSITIVE",
    /// Both directions, newest version.
    Full = "FULL",
    /// Both directions, every version.
    FullTransitive = "FULL_TRANSITIVE",
}

impl CompatibilityLevel {
    /// Returns whether the new schema must read old data.
    pub fn is_backward(self) -> bool {
        matches!(
            self,
            Self::Backward | Self::BackwardTransitive | Self::Full | Self::FullTransitive
        )
    }

    /// Returns whether old schemas must read new data.
    pub fn is_forward(self) -> bool {
        matches!(
            self,
            Self::Forward | Self::ForwardTransitive | Self::Full | Self::FullTransitive
        )
    }

    /// Returns whether every version counts, not only the newest.
    pub fn is_transitive(self) -> bool {
        matches!(
            self,
            Self::BackwardTransitive | Self::ForwardTransitive | Self::FullTransitive
        )
    }
}

words! {
    /// Which requests a subject, or the whole registry, accepts for writing.
    Mode, "mode":
    /// Everything except schemas with given ids.
    ReadWrite = "READWRITE",
    /// No writes.
    ReadOnly = "READONLY",
    /// No writes; an old name of `ReadOnly`.
    ReadOnlyOverride = "READONLY_OVERRIDE",
    /// Only schemas with given ids and versions, without compatibility checks.
    Import = "IMPORT",
    /// Like `Import`, for all contexts at once.
    Forward = "FORWARD",
}

impl Mode {
    /// Returns whether schemas must come with ids and are not checked.
    pub fn imports(self) -> bool {
        matches!(self, Self::Import | Self::Forward)
    }

    /// Returns whether nothing may be written.
    pub fn is_read_only(self) -> bool {
        matches!(self, Self::ReadOnly | Self::ReadOnlyOverride)
    }
}
