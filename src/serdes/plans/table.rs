//! A table of plans, in which each message finds its plan without a lock and without
//! writing to memory that other threads read.

use std::sync::{Mutex, PoisonError};

use arc_swap::ArcSwap;
use hashbrown::HashTable;

/// A bounded map that is read for every message and rarely written. Readers see an
/// immutable table; a writer replaces it.
///
/// Keys are looked up by hash and a closure, so that a borrowed topic need not
/// become a string. When the table is full, the oldest entry is evicted.
pub(in crate::serdes) struct PlanTable<E> {
    table: ArcSwap<Table<E>>,
    capacity: usize,
    writing: Mutex<()>,
}

#[derive(Clone)]
struct Table<E> {
    slots: HashTable<Slot<E>>,
    /// Age of the next entry.
    next: u64,
}

#[derive(Clone)]
struct Slot<E> {
    hash: u64,
    age: u64,
    entry: E,
}

impl<E: Clone> PlanTable<E> {
    pub(in crate::serdes) fn new(capacity: usize) -> Self {
        let slots = HashTable::new();
        Self {
            table: ArcSwap::from_pointee(Table { slots, next: 0 }),
            capacity: capacity.max(1),
            writing: Mutex::new(()),
        }
    }

    /// Calls `use_it` with the entry. It must be quick, since it keeps an old table
    /// alive.
    #[inline]
    pub(in crate::serdes) fn find<R>(
        &self,
        hash: u64,
        is_it: impl Fn(&E) -> bool,
        use_it: impl FnOnce(&E) -> R,
    ) -> Option<R> {
        let table = self.table.load();
        let slot = table.slots.find(hash, |slot| is_it(&slot.entry))?;
        Some(use_it(&slot.entry))
    }

    /// Inserts an entry. It replaces the entry for which `is_it` returns true.
    pub(in crate::serdes) fn put(&self, hash: u64, is_it: impl Fn(&E) -> bool, entry: E) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut table = Table::clone(&self.table.load());
        if let Ok(old) = table.slots.find_entry(hash, |slot| is_it(&slot.entry)) {
            old.remove();
        }
        while table.slots.len() >= self.capacity {
            let Some((hash, age)) = table
                .slots
                .iter()
                .map(|slot| (slot.hash, slot.age))
                .min_by_key(|(_, age)| *age)
            else {
                break;
            };
            match table.slots.find_entry(hash, |slot| slot.age == age) {
                Ok(oldest) => drop(oldest.remove()),
                Err(_) => break,
            }
        }
        let age = table.next;
        table.next = age.wrapping_add(1);
        let slot = Slot { hash, age, entry };
        table.slots.insert_unique(hash, slot, |slot| slot.hash);
        self.table.store(table.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(table: &PlanTable<(u64, &'static str)>, key: u64) -> Option<&'static str> {
        table.find(key % 4, |(k, _)| *k == key, |(_, v)| *v)
    }

    fn put(table: &PlanTable<(u64, &'static str)>, key: u64, value: &'static str) {
        table.put(key % 4, |(k, _)| *k == key, (key, value));
    }

    #[test]
    fn entries_are_found_replaced_and_bounded() {
        let table = PlanTable::new(3);
        assert_eq!(get(&table, 1), None);
        put(&table, 1, "one");
        put(&table, 5, "five, of the same hash");
        put(&table, 2, "two");
        assert_eq!(get(&table, 1), Some("one"));
        assert_eq!(get(&table, 5), Some("five, of the same hash"));
        put(&table, 1, "one again");
        assert_eq!(get(&table, 1), Some("one again"));
        put(&table, 3, "three");
        assert_eq!(get(&table, 5), None, "the oldest made room");
        for (key, value) in [(1, "one again"), (2, "two"), (3, "three")] {
            assert_eq!(get(&table, key), Some(value));
        }
    }
}
