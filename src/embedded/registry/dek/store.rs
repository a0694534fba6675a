//! Where keys are kept: in memory, in the order of listings.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use super::records::{DekId, DekRecord, KekRecord, now};

/// The keys behind one lock. No lock is held while a KMS works.
#[derive(Default)]
pub(super) struct Store(RwLock<Keys>);

impl Store {
    /// Looks at the keys.
    pub(super) fn read<T>(&self, look: impl FnOnce(&Keys) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the keys; nobody sees half of it.
    pub(super) fn write<T>(&self, change: impl FnOnce(&mut Keys) -> T) -> T {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// KEKs by name, DEKs by what identifies them.
#[derive(Default)]
pub(super) struct Keys {
    keks: BTreeMap<String, KekRecord>,
    deks: BTreeMap<DekId, DekRecord>,
}

impl Keys {
    /// A KEK; a soft-deleted one only if `deleted`.
    pub(super) fn kek(&self, name: &str, deleted: bool) -> Option<&KekRecord> {
        self.keks.get(name).filter(|kek| deleted || !kek.deleted)
    }

    pub(super) fn keks(&self) -> impl Iterator<Item = &KekRecord> {
        self.keks.values()
    }

    pub(super) fn kek_count(&self) -> usize {
        self.keks.len()
    }

    /// Stores a KEK with the present time, and returns it.
    pub(super) fn put_kek(&mut self, kek: KekRecord) -> KekRecord {
        let kek = KekRecord { ts: now(), ..kek };
        self.keks.insert(kek.name.clone(), kek.clone());
        kek
    }

    pub(super) fn remove_kek(&mut self, name: &str) {
        self.keks.remove(name);
    }

    /// A DEK; a soft-deleted one only if `deleted`.
    pub(super) fn dek(&self, id: &DekId, deleted: bool) -> Option<&DekRecord> {
        self.deks.get(id).filter(|dek| deleted || !dek.deleted)
    }

    pub(super) fn deks(&self) -> impl Iterator<Item = (&DekId, &DekRecord)> {
        self.deks.iter()
    }

    pub(super) fn dek_count(&self) -> usize {
        self.deks.len()
    }

    /// The DEKs of a KEK, in order.
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
    }

    /// The versions of one DEK, ascending. `version` of `of` does not matter.
    pub(super) fn versions(&self, of: &DekId) -> impl Iterator<Item = (&DekId, &DekRecord)> {
        let at = |version| DekId {
            version,
            ..of.clone()
        };
        self.deks.range(at(i32::MIN)..=at(i32::MAX))
    }

    /// Stores a DEK with the present time, and returns it.
    pub(super) fn put_dek(&mut self, id: DekId, dek: DekRecord) -> DekRecord {
        let dek = DekRecord { ts: now(), ..dek };
        self.deks.insert(id, dek.clone());
        dek
    }

    pub(super) fn remove_dek(&mut self, id: &DekId) {
        self.deks.remove(id);
    }
}
