//! Subjects, schemas, configuration and modes, in memory.
//!
//! Readers and writers hold the lock for a few look-ups and insertions only:
//! parsing and comparing happens outside, on cheap clones of what was found.
//! Writers of one subject queue up before they begin, see [`Store::writing`].

pub(crate) mod budget;
mod config;
mod content;
mod context;
mod data;
mod mode;
mod scope;
pub(crate) mod subject;
pub(crate) mod tag_definitions;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::{Mutex, OwnedMutexGuard};

pub(crate) use config::Config;
pub(crate) use content::{Content, Version, Versions};
pub(crate) use data::Data;
pub(crate) use mode::Mode;
pub(crate) use scope::Scope;

use budget::Budget;
use subject::Subject;

/// Queues for writers. Two subjects may share one; that costs time only.
const QUEUES: usize = 64;

/// Everything stored.
pub(crate) struct Store {
    data: RwLock<Data>,
    queues: Vec<Arc<Mutex<()>>>,
    hasher: RandomState,
}

impl Store {
    /// An empty store.
    pub(crate) fn new(budget: Arc<Budget>) -> Self {
        Self {
            data: RwLock::new(Data::new(budget)),
            queues: std::iter::repeat_with(Arc::default).take(QUEUES).collect(),
            hasher: RandomState::new(),
        }
    }

    /// For reading. Never keep it while parsing.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Data> {
        self.data.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// For writing. Never keep it while parsing.
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Data> {
        self.data.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other request writes to the subject. Held from the first
    /// look at the subject until the write is done; owned, because the write
    /// goes on when the client that asked for it has gone.
    pub(crate) async fn writing(&self, subject: &Subject) -> Option<OwnedMutexGuard<()>> {
        let queue = usize::try_from(self.hasher.hash_one(subject) % QUEUES as u64).ok()?;
        let queue = Arc::clone(self.queues.get(queue)?);
        Some(queue.lock_owned().await)
    }
}
