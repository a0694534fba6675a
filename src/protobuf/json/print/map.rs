//! Maps: bytes → JSON.

use std::cmp::Ordering;
use std::ops::Range;

use super::super::bytes::value as integer;
use super::super::fault::{NO_PLAN, Part, Result};
use super::super::notation::Digits;
use super::super::plan::{Kind, Plan};
use super::super::scratch::{FoundEntry, Key};
use super::printer::Printer;
use super::sink::{Container, Sink};

impl Printer<'_> {
    /// Prints a map in the order of its keys. Of equal keys, the last entry counts.
    pub(super) fn map<S: Sink>(
        &mut self,
        plan: &Plan,
        sink: S,
        entry: u32,
        run: Range<usize>,
        depth: usize,
    ) -> Result<()> {
        let message = plan.message(entry).ok_or(NO_PLAN)?;
        let [key, value] = &message.fields[..] else {
            return Err(NO_PLAN.into());
        };
        let (found, first) = (self.scratch.found.len(), self.scratch.entries.len());
        let depth = depth.saturating_add(1);
        let mut sorted = true;
        for i in run {
            let start = self.fields_of(plan, message, i..i.saturating_add(1), depth)?;
            let end = self.scratch.found.len();
            let fields = self.scratch.found.get(start..).unwrap_or_default();
            let keys = fields.partition_point(|found| found.field == 0);
            let value = start.saturating_add(keys);
            let key = self.key(plan, key.kind, start..value, depth)?;
            let last = self.scratch.entries.get(first..).and_then(<[_]>::last);
            sorted &= last.is_none_or(|last| last.key.compare(key, self.bytes).is_lt());
            self.scratch.entries.push(FoundEntry { key, value, end });
        }
        if !sorted {
            self.sort(plan, value.kind, first, depth)?;
        }
        let end = self.scratch.entries.len();
        let mut object = sink.object(end.saturating_sub(first));
        for i in first..end {
            let Some(entry) = self.scratch.entries.get(i).copied() else {
                break;
            };
            let digits;
            let name = match entry.key {
                Key::Text { at, len } => self.text(at..at.saturating_add(len))?,
                Key::Number(0) if key.kind == Kind::Bool => "false",
                Key::Number(_) if key.kind == Kind::Bool => "true",
                Key::Number(number) => {
                    digits = Digits::new(number);
                    digits.as_str()
                }
            };
            let (place, fields) = (object.entry(name), entry.value..entry.end);
            if let Err(fault) = self.value(plan, place, value.kind, fields, depth) {
                self.path.within(Part::Name(name.to_owned()));
                return Err(fault);
            }
        }
        object.end();
        self.scratch.found.truncate(found);
        self.scratch.entries.truncate(first);
        Ok(())
    }

    /// Returns the last key of an entry, or the default if it has none.
    fn key(&mut self, plan: &Plan, kind: Kind, run: Range<usize>, depth: usize) -> Result<Key> {
        self.check_replaced(plan, kind, &run, depth)?;
        let found = self.last(&run).unwrap_or_default();
        if kind != Kind::String {
            return Ok(Key::Number(integer(kind, found.bits)));
        }
        let range = found.range();
        self.text(range.clone())?;
        Ok(Key::Text {
            at: range.start,
            len: range.len(),
        })
    }

    /// Sorts entries by key and drops all but the last of each key.
    #[cold]
    fn sort(&mut self, plan: &Plan, value: Kind, first: usize, depth: usize) -> Result<()> {
        let bytes = self.bytes;
        let entries = self.scratch.entries.get_mut(first..).unwrap_or_default();
        // Among equal keys, the entry that came later has its fields further back.
        entries.sort_unstable_by(|a, b| {
            let order = a.key.compare(b.key, bytes);
            order.then((a.value, a.end).cmp(&(b.value, b.end)))
        });
        let mut kept = first;
        for i in first..self.scratch.entries.len() {
            let Some(entry) = self.scratch.entries.get(i).copied() else {
                break;
            };
            let next = self.scratch.entries.get(i.saturating_add(1));
            if next.is_some_and(|next| next.key.compare(entry.key, bytes) == Ordering::Equal) {
                self.check(plan, value, entry.value..entry.end, depth)?;
                continue;
            }
            if let Some(slot) = self.scratch.entries.get_mut(kept) {
                *slot = entry;
            }
            kept = kept.saturating_add(1);
        }
        self.scratch.entries.truncate(kept);
        Ok(())
    }
}
