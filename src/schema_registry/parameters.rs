//! What calls are asked with: versions, formats, and the options of each query.

use std::fmt;

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

/// Options of [`Client::version`](super::Client::version).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VersionQuery {
    /// Find soft-deleted versions too.
    pub deleted: bool,
    /// Form of the schema returned.
    pub format: Format,
}

impl VersionQuery {
    /// Whether soft-deleted versions are found too.
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
    /// Whether normalised schemas are compared.
    pub fn normalize(mut self, normalize: bool) -> Self {
        self.normalize = normalize;
        self
    }

    /// Whether soft-deleted versions are found too.
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
    fn minus_one_is_the_latest_version() {
        assert_eq!(Version::from(-1), Version::Latest);
        assert_eq!(Version::from(3).to_string(), "3");
        assert_eq!(Version::Latest.to_string(), "latest");
    }
}
