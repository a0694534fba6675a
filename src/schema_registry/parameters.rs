//! Parameters of calls: versions, formats, levels, modes, and query options.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A version of a subject: a number, or the newest one that is not deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Version {
    /// The version with this number, from 1.
    Number(i32),
    /// The newest version that is not deleted.
    #[default]
    Latest,
}

impl From<i32> for Version {
    /// Converts a number of the REST API, where −1 means the latest.
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

/// Format in which the registry returns a Protobuf schema.
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
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

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
    /// No check.
    None = "NONE",
    /// Consumers with the new schema can read data of the last version.
    Backward = "BACKWARD",
    /// Like `Backward`, for all versions.
    BackwardTransitive = "BACKWARD_TRANSITIVE",
    /// Consumers with the last version can read data of the new schema.
    Forward = "FORWARD",
    /// Like `Forward`, for all versions.
    ForwardTransitive = "FORWARD_TRANSITIVE",
    /// Both directions, with the last version.
    Full = "FULL",
    /// Both directions, with every version.
    FullTransitive = "FULL_TRANSITIVE",
}

words! {
    /// Which requests a subject, or the whole registry, accepts.
    Mode, "mode":
    /// Reads and writes.
    ReadWrite = "READWRITE",
    /// Reads only.
    ReadOnly = "READONLY",
    /// Deprecated, the same as `ReadOnly`.
    ReadOnlyOverride = "READONLY_OVERRIDE",
    /// Registration with given ids and versions, without compatibility checks.
    Import = "IMPORT",
    /// Like `Import`, for the whole registry only.
    Forward = "FORWARD",
}

/// Options of [`Client::version`](super::Client::version).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VersionQuery {
    /// Include soft-deleted versions.
    pub deleted: bool,
    /// Format of the returned schema.
    pub format: Format,
}

impl VersionQuery {
    /// Sets whether soft-deleted versions are included.
    pub fn deleted(mut self, deleted: bool) -> Self {
        self.deleted = deleted;
        self
    }

    /// Sets the format of the returned schema.
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
    /// Include soft-deleted versions.
    pub deleted: bool,
    /// Format of the returned schema.
    pub format: Format,
}

impl LookupQuery {
    /// Sets whether schemas are normalised before they are compared.
    pub fn normalize(mut self, normalize: bool) -> Self {
        self.normalize = normalize;
        self
    }

    /// Sets whether soft-deleted versions are included.
    pub fn deleted(mut self, deleted: bool) -> Self {
        self.deleted = deleted;
        self
    }

    /// Sets the format of the returned schema.
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }
}

/// Options of [`Client::subjects_matching`](super::Client::subjects_matching).
/// By default: subjects with an active version, in all contexts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubjectsQuery {
    /// Only subjects with this prefix; `:.ctx:` for a context.
    pub prefix: Option<String>,
    /// Include soft-deleted subjects.
    pub deleted: bool,
    /// Only soft-deleted subjects.
    pub deleted_only: bool,
    /// Number of subjects to skip.
    pub offset: Option<u32>,
    /// Maximum number of subjects.
    pub limit: Option<u32>,
}

/// Options of [`Client::schemas`](super::Client::schemas).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemasQuery {
    /// Only subjects with this prefix.
    pub prefix: Option<String>,
    /// Include soft-deleted versions.
    pub deleted: bool,
    /// Only the highest version of each subject.
    pub latest_only: bool,
    /// Number of schemas to skip.
    pub offset: Option<u32>,
    /// Maximum number of schemas; the registry returns at most 1,000.
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
