//! Maps: bytes → JSON.

use std::cmp::Ordering;
use std::ops::Range;

use super::path::Part;
use super::plan::Kind;
use super::print::{NO_PLAN, Printer, Result};
use super::print_number::unzigzag;
use super::scratch::Entry;
use super::sink::Sink;
use super::text::Digits;
use super::wire::Found;

impl Printer<'_, '_> {
    /// A map in the order of its keys; of equal keys the last.
    pub(super) fn map<S: Sink>(
        &mut self,
        sink: &mut S,
        entry: usize,
        run: Range<usize>,
        depth: usize,
    ) -> Result<S::Value> {
        let (found, entries) = (self.scratch.found.len(), self.scratch.entries.len());
        let printed = self.map_entries(sink, entry, run, depth);
        self.scratch.found.truncate(found);
        self.scratch.entries.truncate(entries);
        printed
    }

    fn map_entries<S: Sink>(
        &mut self,
        sink: &mut S,
        entry: usize,
        run: Range<usize>,
        depth: usize,
    ) -> Result<S::Value> {
        let plan = self.plan.message(entry).ok_or(NO_PLAN)?;
        let [key, value] = &plan.fields[..] else {
            return Err(NO_PLAN.into());
        };
        let first = self.scratch.entries.len();
        let depth = depth.saturating_add(1);
        let mut sorted = true;
        for i in run {
            let start = self.fields_of(plan, i..i.saturating_add(1), depth)?;
            let end = self.scratch.found.len();
            let found = self.scratch.found.get(start..).unwrap_or_default();
            let keys = found.partition_point(|found| found.field == 0);
            let value = start.saturating_add(keys);
            let new = Entry {
                key: self.key(key.kind, start..value, depth)?,
                start,
                value,
                end,
            };
            if let Some(last) = self.scratch.entries.last().filter(|_| sorted)
                && self.scratch.entries.len() > first
            {
                sorted = self.compare(key.kind, last, &new) == Ordering::Less;
            }
            self.scratch.entries.push(new);
        }
        if !sorted {
            self.sort(key.kind, value.kind, first, depth)?;
        }
        let end = self.scratch.entries.len();
        let mut object = sink.object(end.saturating_sub(first));
        for i in first..end {
            let Some(entry) = self.scratch.entries.get(i).copied() else {
                break;
            };
            let (digits, text);
            let name = match key.kind {
                Kind::String => {
                    text = self.text(&entry.key)?;
                    text
                }
                Kind::Bool if entry.key.bits == 0 => "false",
                Kind::Bool => "true",
                kind if is_signed(kind) => {
                    digits = Digits::signed(signed(kind, entry.key.bits));
                    digits.as_str()
                }
                kind => {
                    digits = Digits::unsigned(unsigned(kind, entry.key.bits));
                    digits.as_str()
                }
            };
            let printed = sink.entry(&mut object, name, |sink| {
                self.value(sink, value.kind, entry.value..entry.end, depth)
            });
            if let Err(fault) = printed {
                self.path.within(Part::Key(name.to_owned()));
                return Err(fault);
            }
        }
        Ok(sink.end_object(object))
    }

    /// The last key of an entry; the default if it has none.
    fn key(&mut self, kind: Kind, run: Range<usize>, depth: usize) -> Result<Found> {
        if kind == Kind::String {
            self.check(kind, run.clone(), depth)?;
        }
        Ok(self.last(&run).unwrap_or(Found {
            field: 0,
            at: 0,
            bits: 0,
            packed: false,
        }))
    }

    fn compare(&self, kind: Kind, a: &Entry, b: &Entry) -> Ordering {
        match kind {
            Kind::String => self.slice(&a.key).cmp(self.slice(&b.key)),
            Kind::Bool => (a.key.bits != 0).cmp(&(b.key.bits != 0)),
            kind if is_signed(kind) => signed(kind, a.key.bits).cmp(&signed(kind, b.key.bits)),
            kind => unsigned(kind, a.key.bits).cmp(&unsigned(kind, b.key.bits)),
        }
    }

    /// Sorts entries by key and drops all but the last of each key.
    fn sort(&mut self, key: Kind, value: Kind, first: usize, depth: usize) -> Result<()> {
        let mut entries = std::mem::take(&mut self.scratch.entries);
        if let Some(these) = entries.get_mut(first..) {
            // Where an entry was found tells which of two came later.
            these.sort_unstable_by(|a, b| {
                let order = self.compare(key, a, b);
                order
                    .then(a.start.cmp(&b.start))
                    .then(a.key.at.cmp(&b.key.at))
            });
        }
        self.scratch.entries = entries;
        let mut kept = first;
        for i in first..self.scratch.entries.len() {
            let Some(entry) = self.scratch.entries.get(i).copied() else {
                break;
            };
            let next = self.scratch.entries.get(i.saturating_add(1));
            if next.is_some_and(|next| self.compare(key, &entry, next) == Ordering::Equal) {
                self.check(value, entry.value..entry.end, depth)?;
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

fn is_signed(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Int32 | Kind::Int64 | Kind::Sint32 | Kind::Sint64 | Kind::Sfixed32 | Kind::Sfixed64
    )
}

fn signed(kind: Kind, bits: u64) -> i64 {
    match kind {
        Kind::Sint32 => unzigzag((bits as u32).into()),
        Kind::Sint64 => unzigzag(bits),
        Kind::Int64 | Kind::Sfixed64 => bits.cast_signed(),
        _ => (bits as u32).cast_signed().into(),
    }
}

fn unsigned(kind: Kind, bits: u64) -> u64 {
    match kind {
        Kind::Uint32 | Kind::Fixed32 => (bits as u32).into(),
        _ => bits,
    }
}
