//! The table in which every message finds its plan.

use std::hash::Hash;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use moka::future::Cache;

use super::validity::{Place, Refreshed, Validity};
use crate::serdes::error::Error;
use crate::serdes::single_flight::{cache, once};

/// Number of slots of the first segment; each further one has four times as many.
const FIRST_SEGMENT: usize = 256;
const SEGMENTS: usize = 3;
/// Number of slots of a segment in which an entry may stand.
const REACH: usize = 8;

/// What is prepared for the messages of one key, and how long it is valid.
pub(in crate::serdes) struct Plan<P> {
    pub(in crate::serdes) prepared: P,
    pub(in crate::serdes) validity: Validity,
}

/// The result of a preparation.
pub(in crate::serdes) struct Prepared<K, P> {
    /// The key under which messages find it. It may be more general than the one
    /// that was looked up.
    pub(in crate::serdes) key: K,
    pub(in crate::serdes) prepared: P,
    /// When it expires; `None` means never.
    pub(in crate::serdes) until: Option<Instant>,
}

/// What plans are prepared from.
pub(in crate::serdes) trait Preparation {
    /// Returns whether messages are handled in the same way by both.
    fn is_same(&self, other: &Self) -> bool;
}

/// A borrowed key, so that a lookup need not make a string of a topic.
pub(in crate::serdes) trait Lookup {
    type Key: Clone + Eq + Hash + Send + Sync + 'static;

    /// Returns the same as [`key_hash`] of the key.
    fn hash(&self) -> u64;
    fn is(&self, key: &Self::Key) -> bool;
    fn to_key(&self) -> Self::Key;
}

/// Returns the hash of a key or of a borrowed key.
#[inline(always)]
pub(in crate::serdes) fn key_hash(key: &impl Hash) -> u64 {
    use std::hash::Hasher;

    let mut state = super::key_hash::KeyHash::default();
    key.hash(&mut state);
    // 0 stands for no hash.
    state.finish() | 1 << 63
}

/// The plans of a serializer or deserializer.
///
/// A slot is written once and never moved or freed, so a lookup takes no lock and
/// writes to no memory. A plan that expires keeps its slot while refreshes find
/// nothing new; a plan that changes is superseded by one in a further slot. Plans
/// that find no free slot are in a cache that evicts the least used. Finding them
/// there takes longer.
pub(in crate::serdes) struct PlanTable<K, P> {
    segments: [OnceLock<Segment<K, P>>; SEGMENTS],
    /// Number of slots that may still be filled.
    free: AtomicUsize,
    /// First uses in flight, so that concurrent ones share one preparation, and the
    /// plans without a slot.
    others: Cache<K, Arc<Plan<P>>>,
    ttl: Option<Duration>,
}

/// Slots that are allocated when the segments before have none for an entry.
struct Segment<K, P> {
    /// The hash of each slot's entry; 0 while the slot is empty. Apart from the
    /// entries, so that a search reads little memory.
    hashes: Box<[AtomicU64]>,
    entries: Box<[OnceLock<Entry<K, P>>]>,
}

struct Entry<K, P> {
    key: K,
    plan: Arc<Plan<P>>,
}

impl<K, P> Segment<K, P> {
    fn new(length: usize) -> Self {
        Self {
            hashes: (0..length).map(|_| AtomicU64::new(0)).collect(),
            entries: (0..length).map(|_| OnceLock::new()).collect(),
        }
    }

    /// Returns the slots in which an entry of this hash may stand.
    fn reach(&self, hash: u64) -> impl Iterator<Item = usize> {
        let mask = self.hashes.len().wrapping_sub(1);
        (0..REACH).map(move |step| (hash as usize).wrapping_add(step) & mask)
    }

    /// Fills a slot, or returns the entry if there is no free one.
    fn put(&self, hash: u64, mut entry: Entry<K, P>) -> Option<Entry<K, P>> {
        for slot in self.reach(hash) {
            let (Some(stored), Some(place)) = (self.hashes.get(slot), self.entries.get(slot))
            else {
                break;
            };
            match place.set(entry) {
                // Published after the entry, which readers then see.
                Ok(()) => {
                    stored.store(hash, Ordering::Release);
                    return None;
                }
                Err(again) => entry = again,
            }
        }
        Some(entry)
    }

    #[inline(always)]
    fn plan<L: Lookup<Key = K>>(&self, slot: usize, lookup: &L) -> Option<&Arc<Plan<P>>> {
        let Entry { key, plan } = self.entries.get(slot)?.get()?;
        (lookup.is(key) && !plan.validity.is_superseded()).then_some(plan)
    }
}

impl<K, P> PlanTable<K, P>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    P: Preparation + Send + Sync + 'static,
{
    pub(in crate::serdes) fn new(capacity: usize, ttl: Option<Duration>) -> Self {
        Self {
            segments: Default::default(),
            free: AtomicUsize::new(capacity),
            others: cache(capacity, None),
            ttl,
        }
    }

    /// Returns the plan in the slots. It may be due for a refresh.
    // Inlined, so that the parts of the hash that are constants are computed once.
    #[inline(always)]
    pub(in crate::serdes) fn find<L: Lookup<Key = K>>(&self, lookup: &L) -> Option<&Arc<Plan<P>>> {
        let hash = lookup.hash();
        let [first, ..] = &self.segments;
        let first = first.get()?;
        let slot = hash as usize % FIRST_SEGMENT;
        if first.hashes.get(slot)?.load(Ordering::Acquire) == hash
            && let Some(plan) = first.plan(slot, lookup)
        {
            return Some(plan);
        }
        self.find_further(hash, lookup)
    }

    #[inline(never)]
    fn find_further<L: Lookup<Key = K>>(&self, hash: u64, lookup: &L) -> Option<&Arc<Plan<P>>> {
        for segment in &self.segments {
            let segment = segment.get()?;
            for slot in segment.reach(hash) {
                if segment.hashes.get(slot)?.load(Ordering::Acquire) == hash
                    && let Some(plan) = segment.plan(slot, lookup)
                {
                    return Some(plan);
                }
            }
        }
        None
    }

    /// Returns a plan that is valid now. Runs `prepare` at the first use of a key and
    /// when its plan has expired. Meanwhile, and while the registry is unreachable,
    /// an expired plan stays in use. `place` is for the log.
    pub(in crate::serdes) async fn get<L>(
        &self,
        lookup: &L,
        place: Place<'_>,
        prepare: impl Future<Output = Result<Prepared<K, P>, Error>> + Send,
    ) -> Result<Arc<Plan<P>>, Error>
    where
        L: Lookup<Key = K>,
    {
        let key = lookup.to_key();
        let known = match self.find(lookup) {
            Some(plan) => Some(Arc::clone(plan)),
            None => self.others.get(&key).await,
        };
        if let Some(plan) = known {
            if !plan.validity.is_due() {
                return Ok(plan);
            }
            return self.refresh(plan, lookup, place, prepare).await;
        }
        let mut has_slot = false;
        let first_use = once(&self.others, key.clone(), async {
            let Prepared {
                key,
                prepared,
                until,
            } = prepare.await?;
            let validity = Validity::until(until);
            let plan = Arc::new(Plan { prepared, validity });
            has_slot = self.put(key, &plan);
            Ok(plan)
        });
        let plan = first_use.await?;
        if has_slot {
            self.others.invalidate(&key).await;
        }
        Ok(plan)
    }

    async fn refresh<L>(
        &self,
        old: Arc<Plan<P>>,
        lookup: &L,
        place: Place<'_>,
        prepare: impl Future<Output = Result<Prepared<K, P>, Error>> + Send,
    ) -> Result<Arc<Plan<P>>, Error>
    where
        L: Lookup<Key = K>,
    {
        let Some(_turn) = old.validity.turn()? else {
            return Ok(Arc::clone(&old));
        };
        // Another task may have refreshed the plan before this one got its turn.
        if !old.validity.is_due() {
            return Ok(Arc::clone(&old));
        }
        if old.validity.is_superseded() {
            return Ok(Arc::clone(self.find(lookup).unwrap_or(&old)));
        }
        let prepare = Box::pin(prepare);
        match old.validity.refresh(self.ttl, place, prepare).await {
            Refreshed::Kept => {}
            Refreshed::New(new) if new.prepared.is_same(&old.prepared) => {
                old.validity.renew(new.until);
            }
            Refreshed::New(new) => {
                let plan = Arc::new(Plan {
                    prepared: new.prepared,
                    validity: Validity::until(new.until),
                });
                if !self.put(new.key.clone(), &plan) {
                    self.others.insert(new.key, Arc::clone(&plan)).await;
                }
                old.validity.supersede();
                return Ok(plan);
            }
        }
        old.validity
            .failure()
            .map_or_else(|| Ok(Arc::clone(&old)), Err)
    }

    /// Fills a slot. Returns whether there was a free one.
    fn put(&self, key: K, plan: &Arc<Plan<P>>) -> bool {
        let take = |free: usize| free.checked_sub(1);
        if self
            .free
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_err()
        {
            return false;
        }
        let hash = key_hash(&key);
        let mut entry = Entry {
            key,
            plan: Arc::clone(plan),
        };
        let mut length = FIRST_SEGMENT;
        for segment in &self.segments {
            let segment = segment.get_or_init(|| Segment::new(length));
            length *= 4;
            match segment.put(hash, entry) {
                None => return true,
                Some(again) => entry = again,
            }
        }
        self.free.fetch_add(1, Ordering::Relaxed);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire_format::Side;

    impl Preparation for &'static str {
        fn is_same(&self, other: &Self) -> bool {
            self == other
        }
    }

    /// Keys with few hashes, so that they collide.
    struct Few(u64);

    impl Lookup for Few {
        type Key = Key;

        fn hash(&self) -> u64 {
            key_hash(&Key(self.0))
        }

        fn is(&self, key: &Key) -> bool {
            key.0 == self.0
        }

        fn to_key(&self) -> Key {
            Key(self.0)
        }
    }

    #[derive(Clone, PartialEq, Eq)]
    struct Key(u64);

    impl Hash for Key {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            (self.0 % 2).hash(state);
        }
    }

    async fn get(
        table: &PlanTable<Key, &'static str>,
        key: u64,
        new: &'static str,
    ) -> &'static str {
        let prepare = async move {
            Ok(Prepared {
                key: Key(key),
                prepared: new,
                until: Some(Instant::now()),
            })
        };
        let plan = table.get(&Few(key), ("t", Side::Value), prepare).await;
        plan.unwrap().prepared
    }

    #[tokio::test]
    async fn every_plan_is_found_with_a_slot_or_without() {
        // More keys of one hash than slots in reach of it, and more than the capacity.
        for capacity in [1, 10, 1000] {
            let table = PlanTable::new(capacity, None);
            for key in 0..200 {
                assert_eq!(get(&table, key, "new").await, "new");
            }
            let in_slots = (0..200).filter(|key| table.find(&Few(*key)).is_some());
            assert_eq!(in_slots.count(), capacity.min(2 * REACH * SEGMENTS));
        }
    }

    #[tokio::test]
    async fn a_plan_that_changes_is_superseded_and_one_that_does_not_keeps_its_slot() {
        for capacity in [0, 1000] {
            let table = PlanTable::new(capacity, None);
            assert_eq!(get(&table, 1, "a").await, "a");
            for _ in 0..100 {
                assert_eq!(get(&table, 1, "a").await, "a");
            }
            let free = table.free.load(Ordering::Relaxed);
            assert_eq!(free, capacity.saturating_sub(1));
            assert_eq!(get(&table, 1, "b").await, "b");
            assert_eq!(get(&table, 1, "c").await, "c");
        }
    }
}
