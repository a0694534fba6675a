//! Whether one Protobuf schema may follow another, decided the way Confluent
//! Schema Registry decides it.
//!
//! Read in this order:
//!
//! * `declaration`: what a comparison needs to know of a message, field or
//!   type, read from the unresolved descriptor;
//! * `types`: the names each side knows, and where they come from;
//! * `difference`: the 26 kinds of difference and their texts;
//! * `diff` and `fields`: the walk over two files that finds the differences;
//! * `level`, `check`: the seven levels composed from that walk.
//!
//! The comparison works on names as they are written and never builds resolved
//! descriptors: an old version with an unknown type is compared as far as it
//! goes. Rules follow `confluentinc/schema-registry`, 8.4 line.

mod check;
mod declaration;
mod diff;
mod difference;
mod fields;
mod level;
mod missing;
mod types;

pub use check::{Check, Outcome, Rules, check};
pub use diff::diff;
pub use difference::{Difference, DifferenceKind};
pub use level::{Level, UnknownLevel};
pub use missing::missing_types;
#[cfg(feature = "embedded")]
pub(crate) use types::top_level_names;
pub(in crate::protobuf) use types::{Declaration, Types};

use std::collections::BTreeMap;

use super::SchemaFile;

/// A schema as a comparison takes it: the file and what its names refer to.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// The file compared.
    pub file: &'a SchemaFile,
    /// The references given with the schema itself, not those of the files it
    /// refers to.
    pub references: Vec<Reference<'a>>,
    /// Every file reachable through references. Built-in files are implied; one
    /// of the same name takes the built-in's place.
    pub dependencies: Vec<Dependency<'a>>,
    /// Metadata properties, for compatibility groups and reserved fields.
    pub properties: Option<&'a BTreeMap<String, String>>,
    /// Version number, where there is one: quoted in messages.
    pub version: Option<i32>,
    /// Canonical text, quoted in messages about an older version.
    pub text: Option<&'a str>,
}

impl<'a> Candidate<'a> {
    /// A schema without references, metadata and version.
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
/// A type that both sides take from the same version of the same subject is
/// equal without being looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
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
