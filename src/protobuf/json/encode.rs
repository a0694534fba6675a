//! JSON → bytes, in one pass over the JSON.
//!
//! Fields are written as they come and put into order afterwards, if need be.
//! Lengths are written once what they measure is.

use std::ops::Range;

use prost::encoding::encode_varint;
use serde::de;

use super::any_plans::AnyPlans;
use super::options::JsonOptions;
use super::path::Path;
use super::plan::{MessagePlan, Plan};

/// What became of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It was null, or is to be passed over: there is no value.
    Nothing,
    /// It is written, and it is its type's default.
    Default,
    /// It is written, and prost takes it for the default of a field.
    NegativeZero,
    Value,
}

impl Written {
    pub(super) fn float(value: f64) -> Self {
        if value == 0.0 && value.is_sign_negative() {
            return Self::NegativeZero;
        }
        Self::unless_default(value == 0.0)
    }

    #[inline]
    pub(super) fn unless_default(is_default: bool) -> Self {
        if is_default {
            Self::Default
        } else {
            Self::Value
        }
    }
}

/// A field that is written, or was null.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) rank: usize,
    /// Position in [`MessagePlan::fields`].
    pub(super) field: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether the field has a value, even if the default goes without saying.
    pub(super) set: bool,
}

/// An entry that is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) key: Key,
}

/// Ordered as a key of prost's `BTreeMap`s is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    Signed(i64),
    Unsigned(u64),
    /// Where it is written.
    Text {
        at: usize,
        len: usize,
    },
}

pub(super) struct Encoder<'p, 'o> {
    pub(super) plan: &'p Plan,
    pub(super) any: &'p AnyPlans,
    pub(super) out: &'o mut Vec<u8>,
    pub(super) options: JsonOptions,
    /// Fields of the messages that are being written, those of the innermost last.
    pub(super) segments: Vec<Segment>,
    /// The same for maps.
    pub(super) entries: Vec<Entry>,
    /// What is being put into order.
    pub(super) spare: Vec<u8>,
    pub(super) path: Path,
}

impl<'p> Encoder<'p, '_> {
    pub(super) fn message(&self, position: usize) -> Option<&'p MessagePlan> {
        self.plan.message(position)
    }

    /// Sets a byte aside for a length.
    #[inline]
    pub(super) fn open(&mut self) -> usize {
        let at = self.out.len();
        self.out.push(0);
        at
    }

    /// As the function of this name.
    #[inline]
    pub(super) fn close(&mut self, at: usize) -> usize {
        close(self.out, at)
    }

    /// Bytes behind their length.
    #[inline]
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        encode_varint(bytes.len() as u64, self.out);
        self.out.extend_from_slice(bytes);
    }

    /// Puts the fields of a message, whose segments begin at `first`, into the
    /// order of writing; of a field given twice the last value counts.
    pub(super) fn settle<E: de::Error>(
        &mut self,
        plan: &MessagePlan,
        first: usize,
        sorted: bool,
    ) -> Result<(), E> {
        if !sorted {
            self.sort(plan, first)?;
        }
        if !plan.required.is_empty() {
            self.check_required(plan, first)?;
        }
        self.segments.truncate(first);
        Ok(())
    }

    #[cold]
    fn sort<E: de::Error>(&mut self, plan: &MessagePlan, first: usize) -> Result<(), E> {
        let segments = self.segments.get_mut(first..).unwrap_or_default();
        let start = segments.iter().map(|segment| segment.start).min();
        segments.sort_unstable_by_key(|s| (s.rank, s.start, s.end));
        let mut kept: Option<Segment> = None;
        let mut count = first;
        for i in first..self.segments.len() {
            let Some(segment) = self.segments.get(i).copied() else {
                break;
            };
            let next = self.segments.get(i.saturating_add(1));
            if next.is_some_and(|next| next.rank == segment.rank) {
                continue;
            }
            let oneof = plan.fields.get(segment.field).and_then(|f| f.oneof);
            if let Some(oneof) = oneof.filter(|_| segment.set) {
                let before = kept.and_then(|kept| plan.fields.get(kept.field)?.oneof);
                if before == Some(oneof) {
                    return Err(two_members(plan, oneof));
                }
                kept = Some(segment);
            }
            if let Some(slot) = self.segments.get_mut(count) {
                *slot = segment;
            }
            count = count.saturating_add(1);
        }
        self.segments.truncate(count);
        let start = start.unwrap_or(self.out.len());
        let segments = self.segments.get(first..).unwrap_or_default();
        let ranges = segments.iter().map(|segment| segment.start..segment.end);
        rearrange(self.out, &mut self.spare, start, ranges);
        Ok(())
    }

    #[cold]
    fn check_required<E: de::Error>(&self, plan: &MessagePlan, first: usize) -> Result<(), E> {
        let segments = self.segments.get(first..).unwrap_or_default();
        let given = |field| segments.iter().any(|s| s.set && s.field == field);
        let missing = plan.required.iter().find(|field| !given(**field));
        match missing.and_then(|field| plan.fields.get(*field)) {
            Some(field) => Err(E::custom(format_args!(
                "missing required field '{}'",
                field.name.plain
            ))),
            None => Ok(()),
        }
    }
}

/// Writes the length of what was written since its byte was set aside. Returns
/// by how many bytes this had to move: lengths above 127 take more than one.
#[inline]
pub(super) fn close(out: &mut Vec<u8>, at: usize) -> usize {
    let len = out.len().saturating_sub(at).saturating_sub(1);
    match (u8::try_from(len), out.get_mut(at)) {
        (Ok(short @ 0..0x80), Some(byte)) => {
            *byte = short;
            0
        }
        _ => close_long(out, at, len as u64),
    }
}

fn close_long(out: &mut Vec<u8>, at: usize, len: u64) -> usize {
    let mut prefix = [0; 10];
    let mut rest = &mut prefix[..];
    encode_varint(len, &mut rest);
    let unused = rest.len();
    let used = prefix.len().saturating_sub(unused);
    out.splice(at..=at, prefix.into_iter().take(used));
    used.saturating_sub(1)
}

#[cold]
pub(super) fn two_members<E: de::Error>(plan: &MessagePlan, oneof: usize) -> E {
    let name = plan.oneofs.get(oneof).map(|oneof| &*oneof.name);
    E::custom(format_args!(
        "multiple fields provided for oneof '{}'",
        name.unwrap_or_default()
    ))
}

/// Replaces what is in `out` behind `start` by these parts of it, in this order.
pub(super) fn rearrange(
    out: &mut Vec<u8>,
    spare: &mut Vec<u8>,
    start: usize,
    ranges: impl Iterator<Item = Range<usize>>,
) {
    spare.clear();
    spare.extend_from_slice(out.get(start..).unwrap_or_default());
    out.truncate(start);
    for range in ranges {
        let range = range.start.saturating_sub(start)..range.end.saturating_sub(start);
        out.extend_from_slice(spare.get(range).unwrap_or_default());
    }
}
