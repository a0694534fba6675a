//! Bytes → JSON: each message's fields are found first, then printed in order.
//!
//! Fields that come in pieces (elements apart from each other, messages to be
//! merged, a scalar written twice) are next to each other once they are sorted.

use std::ops::Range;

use super::any_plans::AnyPlans;
use super::options::JsonOptions;
use super::path::{Part, Path};
use super::plan::{FieldName, FieldPlan, Kind, MessagePlan, Plan, Shape, Special};
use super::scratch::Scratch;
use super::sink::{Nowhere, Sink};
use super::wire::{Found, MAX_DEPTH, Malformed, Order, Reader, is_default};

/// Why bytes have no JSON.
#[derive(Debug)]
pub(super) enum Fault {
    /// They are no message.
    Malformed(Malformed),
    /// A value has no JSON form.
    NoJson(String),
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

pub(super) type Result<T> = std::result::Result<T, Fault>;

/// What a position in a plan that is out of bounds would be. It never is.
pub(super) const NO_PLAN: Malformed = "no plan for this type";

pub(super) struct Printer<'p, 'b> {
    pub(super) plan: &'p Plan,
    pub(super) any: &'p AnyPlans,
    pub(super) bytes: &'b [u8],
    pub(super) options: JsonOptions,
    pub(super) scratch: Scratch,
    pub(super) path: Path,
}

impl<'p, 'b> Printer<'p, 'b> {
    /// The message that all bytes are.
    pub(super) fn root<S: Sink>(&mut self, sink: &mut S) -> Result<S::Value> {
        let whole = Found {
            field: 0,
            at: 0,
            bits: self.bytes.len() as u64,
            packed: false,
        };
        self.scratch.found.push(whole);
        self.message(sink, 0, 0..1, 0)
    }

    /// The message whose pieces are those found in `run`.
    pub(super) fn message<S: Sink>(
        &mut self,
        sink: &mut S,
        position: usize,
        run: Range<usize>,
        depth: usize,
    ) -> Result<S::Value> {
        let plan = self.plan.message(position).ok_or(NO_PLAN)?;
        let start = self.fields_of(plan, run, depth)?;
        let printed = match plan.special {
            Special::No => self.object(sink, plan, start, depth),
            special => self.well_known(sink, special, plan, start, depth),
        };
        self.scratch.found.truncate(start);
        printed
    }

    /// Finds the fields of a message in its pieces. They are behind `start` then,
    /// sorted, one member of each oneof among them.
    pub(super) fn fields_of(
        &mut self,
        plan: &MessagePlan,
        run: Range<usize>,
        depth: usize,
    ) -> Result<usize> {
        if depth > MAX_DEPTH {
            return Err("recursion limit reached".into());
        }
        let start = self.scratch.found.len();
        let mut order = Order::default();
        for i in run {
            let Some(piece) = self.scratch.found.get(i) else {
                break;
            };
            let reader = Reader::new(self.bytes, piece.range());
            reader.scan(plan, &mut self.scratch.found, &mut order, depth)?;
        }
        if order.unsorted {
            let found = self.scratch.found.get_mut(start..).unwrap_or_default();
            found.sort_unstable_by_key(|found| (found.field, found.at));
        }
        if order.contested {
            self.contest(plan, start, depth)?;
        }
        Ok(start)
    }

    /// Leaves of each oneof the member that came last. If that is a message, what
    /// came before another member is lost, too.
    #[cold]
    fn contest(&mut self, plan: &MessagePlan, start: usize, depth: usize) -> Result<()> {
        for oneof in &plan.oneofs {
            let mut last: Option<(usize, usize)> = None;
            let mut before = None;
            for &member in &oneof.members {
                let run = self.run_of(member, start);
                let Some(found) = run.end.checked_sub(1).filter(|_| !run.is_empty()) else {
                    continue;
                };
                let Some(found) = self.scratch.found.get(found) else {
                    continue;
                };
                let here = Some((found.at, member));
                before = before.max(last.min(here));
                last = last.max(here);
            }
            let (Some((_, winner)), Some((cut, _))) = (last, before) else {
                continue;
            };
            for &member in &oneof.members {
                let run = self.run_of(member, start);
                let lost = match self.scratch.found.get(run.clone()) {
                    Some(found) if member == winner => found.partition_point(|f| f.at < cut),
                    _ => run.len(),
                };
                let lost = run.start..run.start.saturating_add(lost);
                if let Some(field) = plan.fields.get(member) {
                    self.check(field.kind, lost.clone(), depth)?;
                }
                self.scratch.found.drain(lost);
            }
        }
        Ok(())
    }

    /// Where among the sorted fields behind `start` one of them is.
    fn run_of(&self, field: usize, start: usize) -> Range<usize> {
        let found = self.scratch.found.get(start..).unwrap_or_default();
        let from = found.partition_point(|found| found.field < field);
        let to = found.partition_point(|found| found.field <= field);
        start.saturating_add(from)..start.saturating_add(to)
    }

    /// Values that others replace have to be valid all the same.
    pub(super) fn check(&mut self, kind: Kind, run: Range<usize>, depth: usize) -> Result<()> {
        for i in run {
            match self.value(&mut Nowhere, kind, i..i.saturating_add(1), depth) {
                Ok(()) | Err(Fault::NoJson(_)) => {}
                Err(malformed) => return Err(malformed),
            }
        }
        Ok(())
    }

    fn object<S: Sink>(
        &mut self,
        sink: &mut S,
        plan: &'p MessagePlan,
        start: usize,
        depth: usize,
    ) -> Result<S::Value> {
        let found = self.scratch.found.len().saturating_sub(start);
        let mut object = sink.object(found.min(plan.fields.len()));
        self.entries(sink, &mut object, plan, start, depth)?;
        Ok(sink.end_object(object))
    }

    /// The fields found behind `start` as entries of an object.
    pub(super) fn entries<S: Sink>(
        &mut self,
        sink: &mut S,
        object: &mut S::Object,
        plan: &'p MessagePlan,
        start: usize,
        depth: usize,
    ) -> Result<()> {
        let end = self.scratch.found.len();
        let mut at = start;
        if self.options.print_defaults {
            for (position, field) in plan.fields.iter().enumerate() {
                let from = at;
                while self.is_of(at, end, position) {
                    at = at.saturating_add(1);
                }
                if from < at || field.shape != Shape::Explicit && !field.is_extension() {
                    self.entry(sink, object, field, from..at, depth)?;
                }
            }
            return Ok(());
        }
        while let Some(found) = self.scratch.found.get(at).filter(|_| at < end) {
            let (from, position) = (at, found.field);
            while self.is_of(at, end, position) {
                at = at.saturating_add(1);
            }
            let field = plan.fields.get(position).ok_or(NO_PLAN)?;
            self.entry(sink, object, field, from..at, depth)?;
        }
        Ok(())
    }

    #[inline]
    fn is_of(&self, at: usize, end: usize, position: usize) -> bool {
        let found = self.scratch.found.get(at);
        at < end && found.is_some_and(|found| found.field == position)
    }

    fn entry<S: Sink>(
        &mut self,
        sink: &mut S,
        object: &mut S::Object,
        field: &'p FieldPlan,
        run: Range<usize>,
        depth: usize,
    ) -> Result<()> {
        let all = self.options.print_defaults && !field.is_extension();
        if !all && self.goes_without_saying(field, &run) {
            return self.check_replaced(field, &run, depth);
        }
        let name = self.name_of(field);
        let printed = sink.field(object, name, |sink| self.field(sink, field, run, depth));
        if printed.is_err() {
            self.path.within(Part::Field(name.plain.to_string()));
        }
        printed
    }

    pub(super) fn name_of(&self, field: &'p FieldPlan) -> &'p FieldName {
        if self.options.json_names {
            &field.json_name
        } else {
            &field.name
        }
    }

    /// Whether a field is left out: a default without presence, no elements.
    fn goes_without_saying(&self, field: &FieldPlan, run: &Range<usize>) -> bool {
        match field.shape {
            Shape::Implicit => self
                .last(run)
                .is_none_or(|last| is_default(field.kind, last.bits)),
            Shape::Packed | Shape::Expanded => {
                let found = self.scratch.found.get(run.clone()).unwrap_or_default();
                found.iter().all(|found| found.packed && found.bits == 0)
            }
            Shape::Explicit | Shape::Map => false,
        }
    }

    pub(super) fn last(&self, run: &Range<usize>) -> Option<Found> {
        let last = run.end.checked_sub(1).filter(|last| *last >= run.start)?;
        self.scratch.found.get(last).copied()
    }

    fn check_replaced(
        &mut self,
        field: &FieldPlan,
        run: &Range<usize>,
        depth: usize,
    ) -> Result<()> {
        if run.len() > 1 && matches!(field.kind, Kind::String) {
            let replaced = run.start..run.end.saturating_sub(1);
            return self.check(field.kind, replaced, depth);
        }
        Ok(())
    }

    fn field<S: Sink>(
        &mut self,
        sink: &mut S,
        field: &FieldPlan,
        run: Range<usize>,
        depth: usize,
    ) -> Result<S::Value> {
        match field.shape {
            Shape::Implicit | Shape::Explicit => self.value(sink, field.kind, run, depth),
            Shape::Packed | Shape::Expanded => self.list(sink, field.kind, run, depth),
            Shape::Map => match field.kind {
                Kind::Message(entry) => self.map(sink, entry, run, depth),
                _ => Err(NO_PLAN.into()),
            },
        }
    }

    pub(super) fn list<S: Sink>(
        &mut self,
        sink: &mut S,
        kind: Kind,
        run: Range<usize>,
        depth: usize,
    ) -> Result<S::Value> {
        let mut array = sink.array(run.len());
        let mut index = 0_usize;
        for i in run {
            let Some(found) = self.scratch.found.get(i).copied() else {
                break;
            };
            if !found.packed {
                let one = i..i.saturating_add(1);
                let printed = sink.element(&mut array, |sink| self.value(sink, kind, one, depth));
                if let Err(fault) = printed {
                    self.path.within(Part::Index(index));
                    return Err(fault);
                }
                index = index.saturating_add(1);
                continue;
            }
            let mut reader = Reader::new(self.bytes, found.range());
            let wire_type = kind.wire_type();
            while !reader.is_empty() {
                let bits = reader.number(wire_type)?;
                sink.element(&mut array, |sink| self.number(sink, kind, bits))?;
            }
        }
        Ok(sink.end_array(array))
    }

    /// The last value of a run, or all pieces of a message; the default if
    /// there is none.
    pub(super) fn value<S: Sink>(
        &mut self,
        sink: &mut S,
        kind: Kind,
        run: Range<usize>,
        depth: usize,
    ) -> Result<S::Value> {
        match kind {
            Kind::Message(position) | Kind::Group(position) => {
                self.message(sink, position, run, depth.saturating_add(1))
            }
            Kind::String => {
                // Texts that a later one replaces have to be valid all the same.
                let found = self.scratch.found.get(run).unwrap_or_default();
                let text = found.iter().try_fold("", |_, found| self.text(found))?;
                Ok(sink.string(text))
            }
            Kind::Bytes => {
                let found = self.last(&run);
                let bytes = found.map_or(&[][..], |found| self.slice(&found));
                Ok(sink.bytes(bytes))
            }
            number => match self.last(&run) {
                Some(found) => self.number(sink, number, found.bits),
                None => self.default_number(sink, number),
            },
        }
    }

    pub(super) fn slice(&self, found: &Found) -> &'b [u8] {
        self.bytes.get(found.range()).unwrap_or_default()
    }

    #[inline]
    pub(super) fn text(&self, found: &Found) -> Result<&'b str> {
        std::str::from_utf8(self.slice(found))
            .map_err(|_| "invalid string value: data is not UTF-8 encoded".into())
    }
}
