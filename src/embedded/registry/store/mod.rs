//! Subjects, schemas, configuration and modes, in memory.
//!
//! Readers and writers hold the lock only for a few lookups and insertions.
//! Parsing and comparing happens outside, on cheap clones. Writers to one
//! subject wait for each other; see [`Store::writing`].

pub(crate) mod budget;
mod config;
mod content;
mod context;
mod data;
mod scope;
pub(crate) mod subject;
pub(crate) mod tag_definitions;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::{Mutex, OwnedMutexGuard};

pub(crate) use config::StoredConfig;
pub(crate) use content::{Content, SchemaVersion, Versions};
pub(crate) use data::Data;
pub(crate) use scope::Scope;

use budget::Budget;
use subject::Subject;

/// Number of write locks. Two subjects may share one, which only costs time.
const QUEUES: usize = 64;

/// Subjects, schemas, configuration and modes.
pub(crate) struct Store {
    data: RwLock<Data>,
    queues: Vec<Arc<Mutex<()>>>,
    hasher: RandomState,
}

impl Store {
    /// Creates an empty store.
    pub(crate) fn new(budget: Arc<Budget>) -> Self {
        Self {
            data: RwLock::new(Data::new(budget)),
            queues: std::iter::repeat_with(Arc::default).take(QUEUES).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Locks the data for reading. Do not hold this while parsing.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Data> {
        self.data.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the data for writing. Do not hold this while parsing.
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Data> {
        self.data.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other request writes to the subject. Hold the guard from
    /// the first read of the subject until the write is done. It is owned
    /// because the write continues after its client disconnects.
    pub(crate) async fn writing(&self, subject: &Subject) -> Option<OwnedMutexGuard<()>> {
        let queue = usize::try_from(self.hasher.hash_one(subject) % QUEUES as u64).ok()?;
        let queue = Arc::clone(self.queues.get(queue)?);
        Some(queue.lock_owned().await)
    }
}
