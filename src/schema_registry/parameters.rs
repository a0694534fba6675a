//! What calls are asked with: versions, formats, and the options of each query.

use std::fmt;

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
    fn minus_one_is_the_latest_version() {
        assert_eq!(Version::from(-1), Version::Latest);
        assert_eq!(Version::from(3).to_string(), "3");
        assert_eq!(Version::Latest.to_string(), "latest");
    }
}
