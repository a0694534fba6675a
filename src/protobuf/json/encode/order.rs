//! Puts the fields of a message into the order of writing.

use std::ops::Range;

use super::super::fault::{Fault, Result};
use super::super::plan::MessagePlan;
use super::super::scratch::Segment;
use super::encoder::Encoder;

impl Encoder<'_> {
    /// Sorts the fields whose segments begin at `first`. Of a field that is given
    /// twice, the last value counts.
    #[cold]
    pub(super) fn sort_fields(&mut self, plan: &MessagePlan, first: usize) -> Result<()> {
        let segments = self.scratch.segments.get_mut(first..).unwrap_or_default();
        let start = segments.first().map_or(self.out.len(), |s| s.start);
        let rank = |segment: &Segment| plan.fields.get(segment.field as usize).map(|f| f.rank);
        segments.sort_unstable_by_key(|s| (rank(s), s.start, s.end));
        let kept = keep_last(segments, |a, b| a.field == b.field);
        self.scratch.segments.truncate(first.saturating_add(kept));
        let segments = self.scratch.segments.get(first..).unwrap_or_default();
        let mut last = None;
        for segment in segments.iter().filter(|segment| segment.set) {
            let field = plan.fields.get(segment.field as usize);
            let oneof = field.and_then(|field| field.oneof);
            if let Some(oneof) = oneof.filter(|_| oneof == last) {
                return Err(two_members(plan, oneof));
            }
            last = oneof.or(last);
        }
        let ranges = segments.iter().map(|segment| segment.start..segment.end);
        rearrange(self.out, &mut self.scratch.spare, start, ranges);
        Ok(())
    }

    #[cold]
    pub(super) fn check_required(&self, plan: &MessagePlan, first: usize) -> Result<()> {
        let segments = self.scratch.segments.get(first..).unwrap_or_default();
        let given = |field| segments.iter().any(|s| s.set && s.field as usize == field);
        let missing = plan.required.iter().find(|field| !given(**field));
        match missing.and_then(|field| plan.fields.get(*field)) {
            Some(field) => Err(format!("missing required field '{}'", field.name.plain).into()),
            None => Ok(()),
        }
    }
}

#[cold]
pub(super) fn two_members(plan: &MessagePlan, oneof: usize) -> Box<Fault> {
    let name = plan.oneofs.get(oneof).map(|oneof| &*oneof.name);
    let name = name.unwrap_or_default();
    format!("multiple fields provided for oneof '{name}'").into()
}

/// Moves the last of each run of equal items to the front. Returns how many there
/// are.
pub(super) fn keep_last<T: Copy>(items: &mut [T], equal: impl Fn(&T, &T) -> bool) -> usize {
    let mut kept = 0_usize;
    for i in 0..items.len() {
        let Some(item) = items.get(i).copied() else {
            break;
        };
        let next = items.get(i.saturating_add(1));
        if next.is_some_and(|next| equal(&item, next)) {
            continue;
        }
        if let Some(slot) = items.get_mut(kept) {
            *slot = item;
        }
        kept = kept.saturating_add(1);
    }
    kept
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
