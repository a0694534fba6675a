//! What calls are asked with: versions, formats, levels, modes, and the options
//! of each query.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A version of a subject, by number or as the newest that is not deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Version {
    /// This one, from 1.
    Number(i32),
    /// The newest active one.
    #[default]
    Latest,
}

impl From<i32> for Version {
    /// −1 stands for the latest, as it does in the REST API.
    fn from(number: i32) -> Self {
        match number {
            -1 => Self::Latest,
            number => Self::Number(number),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Latest => f.write_str("latest"),
        }
    }
}

/// Form in which the registry is to return a Protobuf schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// The stored `.proto` text.
    #[default]
    Default,
    /// The text without custom options (except Confluent's) and extensions.
    IgnoreExtensions,
    /// A base64 `FileDescriptorProto`.
    Serialized,
}

impl Format {
    pub(super) fn parameter(self) -> Option<&'static str> {
        match self {
            Self::Default => None,
            Self::IgnoreExtensions => Some("ignore_extensions"),
            Self::Serialized => Some("serialized"),
        }
    }
}

/// The word is none of the values known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} {word:?}; expected one of {expected}")]
pub struct UnknownWord {
    what: &'static str,
    word: String,
    expected: String,
}

/// An enum whose values travel as upper-case words.
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
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word that the REST API uses.
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

            /// In any case, as the registry reads it.
            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                Self::ALL
                    .iter()
                    .copied()
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
    /// Which versions a new schema is compared with, and in which direction.
    CompatibilityLevel, "compatibility level":
    /// Nothing is checked.
    None = "NONE",
    /// Consumers with the new schema read what was written with the last one.
    Backward = "BACKWARD",
    /// As `Backward`, with every version.
    BackwardTransitive = "BACKWARD_TRANSITIVE",
    /// Consumers with the last schema read what is written with the new one.
    Forward = "FORWARD",
    /// As `Forward`, with every version.
    ForwardTransitive = "FORWARD_TRANSITIVE",
    /// Both directions, with the last version.
    Full = "FULL",
    /// Both directions, with every version.
    FullTransitive = "FULL_TRANSITIVE",
}

words! {
    /// What a subject, or the whole registry, lets itself be used for.
    Mode, "mode":
    /// Reads and writes.
    ReadWrite = "READWRITE",
    /// Reads only.
    ReadOnly = "READONLY",
    /// Deprecated, the same as `ReadOnly`.
    ReadOnlyOverride = "READONLY_OVERRIDE",
    /// Registration with ids and versions given; no compatibility checks.
    Import = "IMPORT",
    /// Global only.
    Forward = "FORWARD",
}

/// Options of [`Client::version`](super::Client::version).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VersionQuery {
    /// Find soft-deleted versions too.
    pub deleted: bool,
    /// Form of the schema returned.
    pub format: Format,
}

impl VersionQuery {
    /// Returns whether soft-deleted versions are found too.
    pub fn deleted(mut self, deleted: bool) -> Self {
        self.deleted = deleted;
        self
    }

    /// Form of the schema returned.
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }
}

/// Options of [`Client::lookup`](super::Client::lookup).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LookupQuery {
    /// Compare normalised schemas.
    pub normalize: bool,
    /// Find soft-deleted versions too.
    pub deleted: bool,
    /// Form of the schema returned.
    pub format: Format,
}

impl LookupQuery {
    /// Returns whether normalised schemas are compared.
    pub fn normalize(mut self, normalize: bool) -> Self {
        self.normalize = normalize;
        self
    }

    /// Returns whether soft-deleted versions are found too.
    pub fn deleted(mut self, deleted: bool) -> Self {
        self.deleted = deleted;
        self
    }

    /// Form of the schema returned.
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }
}

/// Options of [`Client::subjects_matching`](super::Client::subjects_matching).
/// By default: every subject of every context that has an active version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubjectsQuery {
    /// Only subjects that begin with this; `:.ctx:` for a context.
    pub prefix: Option<String>,
    /// Soft-deleted subjects too.
    pub deleted: bool,
    /// Soft-deleted subjects only.
    pub deleted_only: bool,
    /// How many to leave out.
    pub offset: Option<u32>,
    /// How many to return at most.
    pub limit: Option<u32>,
}

/// Options of [`Client::schemas`](super::Client::schemas).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemasQuery {
    /// Only subjects that begin with this.
    pub prefix: Option<String>,
    /// Soft-deleted versions too.
    pub deleted: bool,
    /// Only the highest version of each subject.
    pub latest_only: bool,
    /// How many to leave out.
    pub offset: Option<u32>,
    /// How many to return at most; the registry's own cap is 1000.
    pub limit: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_any_case_and_written_upper() {
        for level in CompatibilityLevel::ALL {
            let lower = level.as_str().to_ascii_lowercase();
            assert_eq!(lower.parse(), Ok(*level));
            assert_eq!(serde_json::to_value(level).unwrap(), level.as_str());
        }
        assert_eq!("readonly".parse(), Ok(Mode::ReadOnly));
        let error = "BACKWARDS".parse::<CompatibilityLevel>().unwrap_err();
        assert!(
            error
                .to_string()
                .contains("\"BACKWARDS\"; expected one of NONE, BACKWARD,")
        );
    }

    #[test]
    fn minus_one_is_the_latest_version() {
        assert_eq!(Version::from(-1), Version::Latest);
        assert_eq!(Version::from(3).to_string(), "3");
        assert_eq!(Version::Latest.to_string(), "latest");
    }
}
