//! Memory that printing needs for as long as it takes.

use std::cell::Cell;

use super::wire::Found;

/// An entry of a map.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) key: Found,
    /// Where among what was found its key begins, its value begins, it ends.
    pub(super) start: usize,
    pub(super) value: usize,
    pub(super) end: usize,
}

/// Stacks of what was found and is not printed yet.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) found: Vec<Found>,
    pub(super) entries: Vec<Entry>,
}

/// What a thread keeps for its next message: enough for most, but not what the
/// largest once took.
const KEPT: usize = 4096;

thread_local! {
    static SCRATCH: Cell<Option<Scratch>> = const { Cell::new(None) };
}

impl Scratch {
    /// The thread's own, if it is free.
    pub(super) fn take() -> Self {
        let kept = SCRATCH.try_with(Cell::take).ok().flatten();
        kept.unwrap_or_default()
    }

    pub(super) fn give_back(mut self) {
        if self.found.capacity() <= KEPT && self.entries.capacity() <= KEPT {
            self.found.clear();
            self.entries.clear();
            // A thread that ends has no more use for it.
            let _ = SCRATCH.try_with(|kept| kept.set(Some(self)));
        }
    }
}
