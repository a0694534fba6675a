//! One context: its subjects and its own series of ids.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::wire_format::SchemaGuid;

use super::budget::{Budget, Charge, OVERHEAD};
use super::content::{Content, SchemaVersion, Versions};
use crate::embedded::registry::api_error::ApiError;

/// A namespace of subjects, ids and GUIDs.
#[derive(Debug, Default)]
pub(crate) struct Context {
    subjects: BTreeMap<String, Versions>,
    ids: HashMap<i32, Identified>,
    /// GUID → ids with that content. The last one is current; only imports
    /// create more than one.
    guids: HashMap<SchemaGuid, Vec<i32>>,
    /// Highest id ever assigned; ids are not reused.
    highest_id: i32,
    /// Charge for the context itself; the default context is free.
    _charge: Option<Charge>,
}

/// A schema with an id, and where it is used.
#[derive(Debug)]
struct Identified {
    content: Arc<Content>,
    /// Subject name and version, soft-deleted ones included. Never empty.
    uses: BTreeMap<(String, i32), Charge>,
    _charge: Charge,
}

impl Context {
    /// Creates an empty context with this name.
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

    /// Returns the id of the schema with this GUID.
    pub(crate) fn id_of(&self, guid: &SchemaGuid) -> Option<i32> {
        self.guids.get(guid)?.last().copied()
    }

    /// Returns where an id is used: one version per subject, preferably an
    /// active one. Empty for an unknown id.
    pub(crate) fn uses(&self, id: i32) -> Vec<(&str, &SchemaVersion)> {
        let mut found: Vec<(&str, &SchemaVersion)> = Vec::new();
        let uses = self.ids.get(&id).into_iter().flat_map(|i| i.uses.keys());
        for (name, number) in uses {
            let Some(version) = self.subjects.get(name).and_then(|v| v.get(*number)) else {
                continue;
            };
            match found.last_mut() {
                // Uses are sorted by name and version, so a later one is newer.
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

    /// Returns an id that was never assigned before.
    pub(super) fn next_id(&self) -> i32 {
        self.highest_id.saturating_add(1)
    }

    /// Stores a version and returns the one that it replaces.
    ///
    /// # Errors
    ///
    /// Fails without any change if there is no space.
    pub(super) fn insert(
        &mut self,
        name: &str,
        version: SchemaVersion,
        budget: &Arc<Budget>,
    ) -> Result<Option<SchemaVersion>, ApiError> {
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

    pub(super) fn get_mut(&mut self, name: &str, number: i32) -> Option<&mut SchemaVersion> {
        self.subjects.get_mut(name)?.get_mut(number)
    }

    /// Permanently removes a version, and its id with the last use.
    pub(super) fn remove(&mut self, name: &str, number: i32) -> Option<SchemaVersion> {
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

    fn forget_guid(&mut self, removed: &SchemaVersion) {
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
