//! Stored schemas and their versions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::budget::{OVERHEAD, weight};
use crate::schema_registry::entities::{Metadata, Reference, RuleSet};
use crate::wire_format::SchemaGuid;

/// A schema without subject and version: what an id stands for.
#[derive(Debug, PartialEq)]
pub(crate) struct Content {
    /// Digest of everything below but `serialized`.
    pub(crate) guid: SchemaGuid,
    /// Canonical or normalised text.
    pub(crate) text: Box<str>,
    /// The descriptor in base64. It is kept if the schema came as a descriptor
    /// whose nested messages have another order than the text implies.
    pub(crate) serialized: Option<Box<str>>,
    /// Imports, with real version numbers.
    pub(crate) references: Vec<Reference>,
    pub(crate) metadata: Option<Metadata>,
    pub(crate) rule_set: Option<RuleSet>,
}

impl Content {
    /// Estimates its size in bytes.
    pub(super) fn weight(&self) -> usize {
        let serialized = self.serialized.as_deref().unwrap_or_default();
        OVERHEAD
            .saturating_add(self.text.len())
            .saturating_add(serialized.len())
            .saturating_add(self.metadata.as_ref().map_or(0, weight))
            .saturating_add(self.rule_set.as_ref().map_or(0, weight))
            .saturating_add(weight(&self.references))
    }
}

/// One version of a subject. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct SchemaVersion {
    pub(crate) number: i32,
    pub(crate) id: i32,
    pub(crate) content: Arc<Content>,
    /// Time of the last change, in milliseconds since the epoch.
    pub(crate) ts: i64,
    /// Whether it is soft-deleted.
    pub(crate) deleted: bool,
}

impl SchemaVersion {
    /// Estimates its size in bytes without the content. The name is in every
    /// map and on both sides of every reference.
    pub(super) fn weight(&self, subject: &str) -> usize {
        let references = self.content.references.iter();
        let referred = references.map(|reference| {
            let names = reference.subject.len().saturating_add(subject.len());
            OVERHEAD.saturating_add(names)
        });
        OVERHEAD
            .saturating_add(subject.len().saturating_mul(3))
            .saturating_add(referred.sum())
    }
}

/// The versions of a subject, ascending, soft-deleted ones included.
#[derive(Clone, Debug, Default)]
pub(crate) struct Versions(BTreeMap<i32, SchemaVersion>);

impl Versions {
    /// Returns the version with this number.
    pub(crate) fn get(&self, number: i32) -> Option<&SchemaVersion> {
        self.0.get(&number)
    }

    /// Returns the version with this number, or the newest active one for −1. A
    /// soft-deleted version is found only `with_deleted` and never as the newest.
    pub(crate) fn find(&self, number: i32, with_deleted: bool) -> Option<&SchemaVersion> {
        match number {
            -1 => self.latest(),
            number => self
                .get(number)
                .filter(|version| with_deleted || !version.deleted),
        }
    }

    /// Returns `latest`: the newest version that is not soft-deleted.
    pub(crate) fn latest(&self) -> Option<&SchemaVersion> {
        self.active().next_back()
    }

    /// Returns all versions, ascending.
    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = &SchemaVersion> + Clone {
        self.0.values()
    }

    /// Returns the versions that are not soft-deleted, ascending.
    pub(crate) fn active(&self) -> impl DoubleEndedIterator<Item = &SchemaVersion> + Clone {
        self.all().filter(|version| !version.deleted)
    }

    /// Returns the number of the next version. Numbers of soft-deleted versions
    /// are not reused.
    pub(crate) fn next_number(&self) -> i32 {
        let newest = self.0.keys().next_back().copied().unwrap_or(0);
        newest.saturating_add(1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn insert(&mut self, version: SchemaVersion) -> Option<SchemaVersion> {
        self.0.insert(version.number, version)
    }

    pub(super) fn get_mut(&mut self, number: i32) -> Option<&mut SchemaVersion> {
        self.0.get_mut(&number)
    }

    pub(super) fn remove(&mut self, number: i32) -> Option<SchemaVersion> {
        self.0.remove(&number)
    }
}
