//! Memory that a conversion needs only while it runs. Each thread keeps its own
//! for the next message.

use std::cell::Cell;
use std::cmp::Ordering;
use std::ops::Range;

/// A field that was written as bytes, or was null.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Position among the message's fields.
    pub(super) field: u32,
    /// Whether the field has a value, even a default that is not written.
    pub(super) set: bool,
}

/// A map entry that was written as bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct WrittenEntry {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) key: Key,
}

/// A map key. Keys are ordered as in prost's `BTreeMap`s.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    Number(i128),
    /// Where in the bytes it is.
    Text {
        at: usize,
        len: usize,
    },
}

impl Key {
    /// Compares two keys of one map, whose texts are in `bytes`.
    pub(super) fn compare(self, other: Self, bytes: &[u8]) -> Ordering {
        let text = |at: usize, len| bytes.get(at..at.saturating_add(len)).unwrap_or_default();
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(&b),
            (Self::Text { at, len }, Self::Text { at: b, len: n }) => text(at, len).cmp(text(b, n)),
            (Self::Number(_), Self::Text { .. }) => Ordering::Less,
            (Self::Text { .. }, Self::Number(_)) => Ordering::Greater,
        }
    }
}

/// A field found in bytes: where its value is, or the value itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    /// Where the value begins.
    pub(super) at: usize,
    /// The value of a number, else the length.
    pub(super) bits: u64,
    /// Position among the message's fields.
    pub(super) field: u32,
    /// Whether these are packed values of a repeated field.
    pub(super) packed: bool,
}

impl Found {
    #[inline]
    pub(super) fn range(&self) -> Range<usize> {
        self.at..self.at.saturating_add(self.bits as usize)
    }
}

/// A map entry found in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct FoundEntry {
    pub(super) key: Key,
    /// Where the fields of its value are among the fields found.
    pub(super) value: usize,
    pub(super) end: usize,
}

/// Stacks of what is being converted: that of the innermost message is on top.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) segments: Vec<Segment>,
    pub(super) written: Vec<WrittenEntry>,
    /// A copy of the bytes that are being put into order.
    pub(super) spare: Vec<u8>,
    pub(super) found: Vec<Found>,
    pub(super) entries: Vec<FoundEntry>,
}

/// The largest capacity that a thread keeps.
const KEPT: usize = 4096;

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

impl Scratch {
    /// Takes the thread's scratch memory, or new memory if that is in use.
    pub(super) fn take() -> Box<Self> {
        let kept = SCRATCH.try_with(Cell::take).ok().flatten();
        kept.unwrap_or_default()
    }

    /// Gives the memory back to the thread, unless it grew too large to keep.
    pub(super) fn give_back(mut self: Box<Self>) {
        let largest = (self.segments.capacity())
            .max(self.written.capacity())
            .max(self.spare.capacity())
            .max(self.found.capacity())
            .max(self.entries.capacity());
        if largest <= KEPT {
            self.segments.clear();
            self.written.clear();
            self.found.clear();
            self.entries.clear();
            // A thread that is ending has no use for it.
            let _ = SCRATCH.try_with(|kept| kept.set(Some(self)));
        }
    }
}
