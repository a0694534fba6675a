//! The cache of data encryption keys.
//!
//! Both caches are bounded. Concurrent first uses of one key share one request and
//! its result. Failures are not cached.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::future::Cache;

use super::clock::Clock;
use super::data_key::{DataKey, KeyNeed};
use super::error::KeyError;
use super::store::KeyStore;
use crate::csfle::direction::Direction;
use crate::csfle::kms::KmsDrivers;
use crate::csfle::rules::parameters::{KMS_KEY_ID, KMS_TYPE};
use crate::schema_registry::Client;
use crate::schema_registry::entities::Kek;
use crate::subject_context;

#[derive(Clone, PartialEq, Eq, Hash)]
struct KekId {
    name: String,
    /// The registry context of the subject. Each context has its own KEKs.
    context: String,
    direction: Direction,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum DekId {
    /// The key to write with.
    Write(KeyNeed),
    /// A version to read.
    Read(KeyNeed, i32),
}

/// Looks up, creates and caches keys.
pub(crate) struct KeyCache {
    store: KeyStore,
    /// Whether keys that the registry creates are accepted.
    shared_keks: bool,
    keks: Cache<KekId, Arc<Kek>>,
    deks: Cache<DekId, Arc<DataKey>>,
    /// Counts the calls of [`clear`](Self::clear). A prepared rule drops the keys
    /// that it holds when the count changes.
    epoch: AtomicU64,
}

type Shared<T> = Result<T, Arc<KeyError>>;

impl KeyCache {
    pub(crate) fn new(
        client: Client,
        kms: KmsDrivers,
        clock: Arc<dyn Clock>,
        shared_keks: bool,
        capacity: u64,
        expiry: Option<Duration>,
    ) -> Self {
        let keks = Cache::builder().max_capacity(capacity);
        let keks = match expiry {
            Some(expiry) => keks.time_to_live(expiry),
            None => keks,
        };
        Self {
            store: KeyStore {
                client,
                kms,
                clock,
                expiry,
            },
            shared_keks,
            keks: keks.build(),
            deks: Cache::new(capacity),
            epoch: AtomicU64::new(0),
        }
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.store.clock.as_ref()
    }

    /// Removes every key.
    pub(crate) fn clear(&self) {
        self.keks.invalidate_all();
        self.deks.invalidate_all();
        self.epoch.fetch_add(1, Ordering::Release);
    }

    /// Returns the epoch. A key that was fetched in an earlier epoch must be looked
    /// up again.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Returns the key to write with: the first version, or with rotation the latest
    /// one that has not expired. Creates it if there is none.
    pub(crate) async fn to_write(&self, need: &KeyNeed) -> Shared<Arc<DataKey>> {
        let kek = self.kek(need, Direction::Write).await?;
        self.cached(DekId::Write(need.clone()), async {
            self.store.find_or_make(&kek, need).await.map(Arc::new)
        })
        .await
    }

    /// Returns the key of this version, to read with.
    pub(crate) async fn to_read(&self, need: &KeyNeed, version: i32) -> Shared<Arc<DataKey>> {
        let kek = self.kek(need, Direction::Read).await?;
        self.cached(DekId::Read(need.clone(), version), async {
            self.store.version(&kek, need, version).await.map(Arc::new)
        })
        .await
    }

    async fn cached(
        &self,
        id: DekId,
        make: impl Future<Output = Result<Arc<DataKey>, KeyError>>,
    ) -> Shared<Arc<DataKey>> {
        if let Some(key) = self.deks.get(&id).await {
            if key.is_good(self.clock()) {
                return Ok(key);
            }
            // Removes only this entry: another task may have replaced it already.
            self.deks
                .entry_by_ref(&id)
                .and_compute_with(|entry| {
                    let is_same = entry.is_some_and(|entry| Arc::ptr_eq(entry.value(), &key));
                    std::future::ready(if is_same {
                        moka::ops::compute::Op::Remove
                    } else {
                        moka::ops::compute::Op::Nop
                    })
                })
                .await;
        }
        self.deks.try_get_with(id, make).await
    }

    /// Returns the KEK after checking it against the rule. On write, creates it if
    /// the rule says how.
    async fn kek(&self, need: &KeyNeed, direction: Direction) -> Shared<Arc<Kek>> {
        let id = KekId {
            name: need.kek.clone(),
            context: context(&need.subject).to_owned(),
            direction,
        };
        let kek = self
            .keks
            .try_get_with(id, async {
                self.store.kek(need, direction).await.map(Arc::new)
            })
            .await?;
        if kek.shared && !self.shared_keks {
            let kek = need.kek.clone();
            return Err(Arc::new(KeyError::SharedKek { kek }));
        }
        for (what, stored, expected, parameter) in [
            ("KMS type", &kek.kms_type, &need.kms_type, KMS_TYPE),
            ("KMS key id", &kek.kms_key_id, &need.kms_key_id, KMS_KEY_ID),
        ] {
            if !expected.is_empty() && stored != expected {
                return Err(Arc::new(KeyError::KekDiffers {
                    kek: need.kek.clone(),
                    what,
                    stored: stored.clone(),
                    expected: expected.clone(),
                    parameter,
                }));
            }
        }
        Ok(kek)
    }
}

/// Returns the context of a qualified subject, `:.ctx:name`, and an empty string for
/// the default context.
fn context(subject: &str) -> &str {
    subject_context::other_than_default(subject).unwrap_or_default()
}
