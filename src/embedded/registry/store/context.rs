//! One context: its subjects and its own series of ids.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::wire_format::SchemaGuid;

use super::budget::{Budget, Charge, OVERHEAD};
use super::content::{Content, Version, Versions};
use crate::embedded::registry::api_error::ApiError;

/// A namespace of subjects, ids and GUIDs.
#[derive(Debug, Default)]
pub(crate) struct Context {
    subjects: BTreeMap<String, Versions>,
    ids: HashMap<i32, Identified>,
    /// GUID → ids with that content, the last one being the current one. There
    /// is more than one only after imports.
    guids: HashMap<SchemaGuid, Vec<i32>>,
    /// Highest id ever given: ids are not reused.
    highest_id: i32,
    /// Of the context itself; the default one is free.
    _charge: Option<Charge>,
}

/// A content that has an id, and where it is used.
#[derive(Debug)]
struct Identified {
    content: Arc<Content>,
    /// Subject name and version, soft-deleted ones included. Never empty.
    uses: BTreeMap<(String, i32), Charge>,
    _charge: Charge,
}

impl Context {
    /// A context of this name.
    pub(super) fn new(name: &str, budget: &Arc<Budget>) -> Result<Self, ApiError> {
        let charge = Charge::new(budget, OVERHEAD.saturating_add(name.len()))?;
        Ok(Self {
            _charge: Some(charge),
            ..Self::default()
        })
    }

    pub(crate) fn subjects(&self) -> impl Iterator<Item = (&str, &Versions)> {
        self.subjects
            .iter()
            .map(|(name, versions)| (name.as_str(), versions))
    }

    pub(crate) fn versions(&self, name: &str) -> Option<&Versions> {
        self.subjects.get(name)
    }

    pub(crate) fn highest_id(&self) -> i32 {
        self.highest_id
    }

    pub(crate) fn content(&self, id: i32) -> Option<&Arc<Content>> {
        self.ids.get(&id).map(|identified| &identified.content)
    }

    /// The id of a content, if it has one.
    pub(crate) fn id_of(&self, guid: &SchemaGuid) -> Option<i32> {
        self.guids.get(guid)?.last().copied()
    }

    /// Where an id is used: per subject one version, an active one if there is.
    /// Empty for an unknown id.
    pub(crate) fn uses(&self, id: i32) -> Vec<(&str, &Version)> {
        let mut found: Vec<(&str, &Version)> = Vec::new();
        let uses = self.ids.get(&id).into_iter().flat_map(|i| i.uses.keys());
        for (name, number) in uses {
            let Some(version) = self.subjects.get(name).and_then(|v| v.get(*number)) else {
                continue;
            };
            match found.last_mut() {
                // Uses are sorted by name and version: a later one is newer.
                Some((last, other)) if *last == name => {
                    if other.deleted || !version.deleted {
                        *other = version;
                    }
                }
                _ => found.push((name, version)),
            }
        }
        found
    }

    /// Gives out an id that was never given before.
    pub(super) fn next_id(&self) -> i32 {
        self.highest_id.saturating_add(1)
    }

    /// Puts a version in its place; returns the one that stood there.
    ///
    /// # Errors
    ///
    /// When there is no space; then nothing has changed.
    pub(super) fn insert(
        &mut self,
        name: &str,
        version: Version,
        budget: &Arc<Budget>,
    ) -> Result<Option<Version>, ApiError> {
        let place = Charge::new(budget, version.weight(name))?;
        let content = match self.ids.contains_key(&version.id) {
            true => 0,
            false => version.content.weight(),
        };
        let content = Charge::new(budget, content)?;
        let replaced = self.remove(name, version.number);
        let identified = self.ids.entry(version.id).or_insert_with(|| Identified {
            content: Arc::clone(&version.content),
            uses: BTreeMap::new(),
            _charge: content,
        });
        let used = (name.to_owned(), version.number);
        identified.uses.insert(used, place);
        let ids = self.guids.entry(version.content.guid).or_default();
        ids.retain(|id| *id != version.id);
        ids.push(version.id);
        self.highest_id = self.highest_id.max(version.id);
        self.subjects
            .entry(name.to_owned())
            .or_default()
            .insert(version);
        Ok(replaced)
    }

    pub(super) fn get_mut(&mut self, name: &str, number: i32) -> Option<&mut Version> {
        self.subjects.get_mut(name)?.get_mut(number)
    }

    /// Removes a version for good, and with the last use of its id the id.
    pub(super) fn remove(&mut self, name: &str, number: i32) -> Option<Version> {
        let versions = self.subjects.get_mut(name)?;
        let removed = versions.remove(number)?;
        if versions.is_empty() {
            self.subjects.remove(name);
        }
        if let Some(identified) = self.ids.get_mut(&removed.id) {
            identified.uses.remove(&(name.to_owned(), number));
            if identified.uses.is_empty() {
                self.ids.remove(&removed.id);
                self.forget_guid(&removed);
            }
        }
        Some(removed)
    }

    fn forget_guid(&mut self, removed: &Version) {
        let guid = &removed.content.guid;
        if let Some(ids) = self.guids.get_mut(guid) {
            ids.retain(|id| *id != removed.id);
            if ids.is_empty() {
                self.guids.remove(guid);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.subjects.is_empty()
    }
}
