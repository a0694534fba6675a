//! What is stored of a schema.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::budget::{OVERHEAD, weight};
use crate::schema_registry::entities::{Metadata, Reference, RuleSet};
use crate::wire_format::SchemaGuid;

/// A schema without its place: what has an id.
#[derive(Debug, PartialEq)]
pub(crate) struct Content {
    /// Digest of everything below but `serialized`.
    pub(crate) guid: SchemaGuid,
    /// Canonical or normalised text.
    pub(crate) text: Box<str>,
    /// The descriptor as base64, kept if the schema came so and its map entries
    /// stand elsewhere than the text alone would put them.
    pub(crate) serialized: Option<Box<str>>,
    /// Imports, with real version numbers.
    pub(crate) references: Vec<Reference>,
    pub(crate) metadata: Option<Metadata>,
    pub(crate) rule_set: Option<RuleSet>,
}

impl Content {
    /// About how many bytes it takes.
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

/// A schema in its place: one version of a subject. A cheap clone.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) number: i32,
    pub(crate) id: i32,
    pub(crate) content: Arc<Content>,
    /// Time of the last change, in milliseconds since the epoch.
    pub(crate) ts: i64,
    /// Whether it is soft-deleted.
    pub(crate) deleted: bool,
}

impl Version {
    /// About how many bytes its place takes, the content aside: the name stands
    /// in every map, and on both sides of every reference.
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
pub(crate) struct Versions(BTreeMap<i32, Version>);

impl Versions {
    /// The version with this number.
    pub(crate) fn get(&self, number: i32) -> Option<&Version> {
        self.0.get(&number)
    }

    /// Newest version that is not soft-deleted: what `latest` means.
    pub(crate) fn latest(&self) -> Option<&Version> {
        self.active().next_back()
    }

    /// All versions, ascending.
    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = &Version> + Clone {
        self.0.values()
    }

    /// The versions that are not soft-deleted, ascending.
    pub(crate) fn active(&self) -> impl DoubleEndedIterator<Item = &Version> + Clone {
        self.all().filter(|version| !version.deleted)
    }

    /// The number that the next version gets: numbers of soft-deleted versions
    /// are not given again.
    pub(crate) fn next_number(&self) -> i32 {
        let newest = self.0.keys().next_back().copied().unwrap_or(0);
        newest.saturating_add(1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn insert(&mut self, version: Version) -> Option<Version> {
        self.0.insert(version.number, version)
    }

    pub(super) fn get_mut(&mut self, number: i32) -> Option<&mut Version> {
        self.0.get_mut(&number)
    }

    pub(super) fn remove(&mut self, number: i32) -> Option<Version> {
        self.0.remove(&number)
    }
}
