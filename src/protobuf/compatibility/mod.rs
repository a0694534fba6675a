//! Compatibility of Protobuf schemas, by the rules of Confluent Schema Registry.
//!
//! Read in this order:
//!
//! * `declaration`: the facts about messages, fields and types that a comparison
//!   needs, read from the unresolved descriptor;
//! * `types`: the type names that each side knows, and their origin;
//! * `difference`: the 26 kinds of difference and their texts;
//! * `diff` and `fields`: the walk over two files that finds the differences;
//! * `check`: the seven levels composed from that walk.
//!
//! The comparison uses names as written and builds no descriptors, so it also works for
//! old versions with unknown types. The rules follow `confluentinc/schema-registry`
//! 8.4.

mod check;
mod declaration;
mod diff;
mod difference;
mod fields;
mod missing;
mod types;

pub use check::{Check, Outcome, Rules, check};
pub use diff::diff;
pub use difference::{Difference, DifferenceKind};
pub use missing::missing_types;
#[cfg(feature = "embedded")]
pub(crate) use types::top_level_names;
pub(in crate::protobuf) use types::{Declaration, Types};

use std::collections::BTreeMap;

use super::SchemaFile;
pub use crate::registry_settings::{CompatibilityLevel, UnknownWord};

/// A schema to compare: the file and everything that its names refer to.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// The file compared.
    pub file: &'a SchemaFile,
    /// The direct references of the schema. The files it refers to have their own.
    pub references: Vec<DirectReference<'a>>,
    /// Every file reachable through references. Built-in files are implied; a file of
    /// the same name replaces the built-in.
    pub dependencies: Vec<Dependency<'a>>,
    /// Metadata properties, for compatibility groups and reserved fields.
    pub properties: Option<&'a BTreeMap<String, String>>,
    /// Version number, if there is one. Messages quote it.
    pub version: Option<i32>,
    /// Canonical text. Messages about an older version quote it.
    pub text: Option<&'a str>,
}

impl<'a> Candidate<'a> {
    /// Creates a candidate without references, metadata and version.
    pub fn new(file: &'a SchemaFile) -> Self {
        Self {
            file,
            references: Vec::new(),
            dependencies: Vec::new(),
            properties: None,
            version: None,
            text: None,
        }
    }
}

/// A direct reference of a schema.
///
/// Types that both sides take from the same version of the same subject are equal and
/// need no comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectReference<'a> {
    /// Import path.
    pub name: &'a str,
    /// Subject under which the imported file is registered.
    pub subject: &'a str,
    /// Version within that subject.
    pub version: i32,
}

/// A file that a schema depends on.
#[derive(Clone, Copy, Debug)]
pub struct Dependency<'a> {
    /// Import path; it may differ from the name the file was parsed under.
    pub name: &'a str,
    /// The file.
    pub file: &'a SchemaFile,
}
