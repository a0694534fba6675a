//! Keeps keys in memory, in the order of listings.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock};

use crate::csfle::{Clock as _, SystemClock};
use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::store::budget::{Budget, Charged, OVERHEAD, weight};

use super::records::{DekId, DekRecord, KekRecord};

/// The keys behind one lock, which is never held during a call to a KMS.
pub(super) struct LockedKeys(RwLock<Keys>);

impl LockedKeys {
    /// Returns an empty store.
    pub(super) fn new(budget: Arc<Budget>) -> Self {
        Self(RwLock::new(Keys {
            budget,
            keks: BTreeMap::new(),
            deks: BTreeMap::new(),
        }))
    }

    /// Reads the keys under the lock.
    pub(super) fn read<T>(&self, look: impl FnOnce(&Keys) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the keys atomically.
    pub(super) fn write<T>(&self, change: impl FnOnce(&mut Keys) -> T) -> T {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// KEKs by name and DEKs by id.
pub(super) struct Keys {
    budget: Arc<Budget>,
    keks: BTreeMap<String, Charged<KekRecord>>,
    deks: BTreeMap<DekId, Charged<DekRecord>>,
}

impl Keys {
    /// Returns a KEK; a soft-deleted one only if `deleted`.
    pub(super) fn kek(&self, name: &str, deleted: bool) -> Option<&KekRecord> {
        let kek = self.keks.get(name).map(Deref::deref);
        kek.filter(|kek| deleted || !kek.deleted)
    }

    pub(super) fn keks(&self) -> impl Iterator<Item = &KekRecord> {
        self.keks.values().map(Deref::deref)
    }

    pub(super) fn kek_count(&self) -> usize {
        self.keks.len()
    }

    /// Stores a KEK with the current time and returns it. A KEK that is not
    /// larger than the one it replaces always fits.
    pub(super) fn put_kek(&mut self, kek: KekRecord) -> Result<KekRecord, ApiError> {
        let kek = KekRecord {
            ts: SystemClock.now_ms(),
            ..kek
        };
        let bytes = OVERHEAD.saturating_add(weight(&kek.to_entity()));
        match self.keks.get_mut(&kek.name) {
            Some(stored) => drop(stored.replace(kek.clone(), bytes)?),
            None => {
                let stored = Charged::new(&self.budget, kek.clone(), bytes)?;
                self.keks.insert(kek.name.clone(), stored);
            }
        }
        Ok(kek)
    }

    pub(super) fn remove_kek(&mut self, name: &str) {
        self.keks.remove(name);
    }

    /// Returns a DEK; a soft-deleted one only if `deleted`.
    pub(super) fn dek(&self, id: &DekId, deleted: bool) -> Option<&DekRecord> {
        let dek = self.deks.get(id).map(Deref::deref);
        dek.filter(|dek| deleted || !dek.deleted)
    }

    pub(super) fn deks(&self) -> impl Iterator<Item = (&DekId, &DekRecord)> {
        self.deks.iter().map(|(id, dek)| (id, &**dek))
    }

    pub(super) fn dek_count(&self) -> usize {
        self.deks.len()
    }

    /// Returns the DEKs of a KEK, sorted.
    pub(super) fn deks_of_kek(&self, kek_name: &str) -> impl Iterator<Item = (&DekId, &DekRecord)> {
        let start = DekId {
            kek_name: kek_name.to_owned(),
            subject: String::new(),
            algorithm: "",
            version: i32::MIN,
        };
        self.deks
            .range(start..)
            .take_while(move |(id, _)| id.kek_name == kek_name)
            .map(|(id, dek)| (id, &**dek))
    }

    /// Returns the versions of one DEK, ascending. Ignores the version in `of`.
    pub(super) fn versions(&self, of: &DekId) -> impl Iterator<Item = (&DekId, &DekRecord)> {
        let at = |version| DekId {
            version,
            ..of.clone()
        };
        let versions = self.deks.range(at(i32::MIN)..=at(i32::MAX));
        versions.map(|(id, dek)| (id, &**dek))
    }

    /// Stores a DEK with the current time and returns it; see
    /// [`Keys::put_kek`].
    pub(super) fn put_dek(&mut self, id: DekId, dek: DekRecord) -> Result<DekRecord, ApiError> {
        let dek = DekRecord {
            ts: SystemClock.now_ms(),
            ..dek
        };
        let bytes = OVERHEAD.saturating_add(weight(&dek.to_entity(&id)));
        match self.deks.get_mut(&id) {
            Some(stored) => drop(stored.replace(dek.clone(), bytes)?),
            None => {
                let stored = Charged::new(&self.budget, dek.clone(), bytes)?;
                self.deks.insert(id, stored);
            }
        }
        Ok(dek)
    }

    pub(super) fn remove_dek(&mut self, id: &DekId) {
        self.deks.remove(id);
    }
}
