//! A small table of plans that never expire, found with a few comparisons.

use std::sync::OnceLock;

/// Number of slots; a power of two.
const PLACES: usize = 64;
/// Maximum probe length.
const REACH: usize = 8;

/// The first plans of a serializer or deserializer that never expire. A slot is
/// written once and never moved, so a lookup takes no lock, no atomic write, and
/// touches no memory that another thread writes. Plans that do not fit are kept in a
/// [`PlanTable`](super::table::PlanTable).
pub(in crate::serdes) struct PermanentPlans<E> {
    places: Box<[OnceLock<E>]>,
}

impl<E> PermanentPlans<E> {
    pub(in crate::serdes) fn new() -> Self {
        let places = (0..PLACES).map(|_| OnceLock::new()).collect();
        Self { places }
    }

    /// Returns the slots to probe for a hash, in probe order.
    #[inline]
    fn places(&self, hash: usize) -> impl Iterator<Item = &OnceLock<E>> {
        let places = (0..REACH).map(move |step| hash.wrapping_add(step) % PLACES);
        places.filter_map(|place| self.places.get(place))
    }

    #[inline]
    pub(in crate::serdes) fn find(&self, hash: usize, is_it: impl Fn(&E) -> bool) -> Option<&E> {
        for place in self.places(hash) {
            match place.get() {
                Some(entry) if is_it(entry) => return Some(entry),
                Some(_) => {}
                None => return None,
            }
        }
        None
    }

    /// Stores an entry. Returns whether there was a free slot.
    pub(in crate::serdes) fn put(&self, hash: usize, entry: E) -> bool {
        let mut entry = Some(entry);
        for place in self.places(hash) {
            if place.get().is_some() {
                continue;
            }
            if let Some(new) = entry.take() {
                match place.set(new) {
                    Ok(()) => return true,
                    // Another task filled the slot first.
                    Err(new) => entry = Some(new),
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_one_hash_stand_beside_each_other_until_there_is_no_room() {
        let plans = PermanentPlans::new();
        assert_eq!(plans.find(3, |_: &usize| true), None);
        for entry in 0..REACH {
            assert!(plans.put(PLACES - 2, entry));
        }
        assert!(!plans.put(PLACES - 2, REACH));
        for entry in 0..REACH {
            assert_eq!(plans.find(PLACES - 2, |e| *e == entry), Some(&entry));
        }
        assert_eq!(plans.find(PLACES - 2, |e| *e == REACH), None);
    }
}
