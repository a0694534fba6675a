//! Messages: bytes → JSON.

use std::ops::Range;

use super::super::bytes::is_default;
use super::super::fault::{NO_PLAN, Part, Path, Result};
use super::super::options::JsonOptions;
use super::super::plan::{AnyPlans, FieldName, FieldPlan, Kind, MessagePlan, Plan, Shape, Special};
use super::super::scratch::{Found, Scratch};
use super::sink::{Container, Nowhere, Sink};
use super::wire::Reader;

/// Prints the bytes of a message as JSON.
///
/// Its functions take what they print as a run: a range of the fields found.
pub(crate) struct Printer<'a> {
    pub(crate) any: &'a AnyPlans,
    pub(crate) bytes: &'a [u8],
    pub(crate) options: JsonOptions,
    pub(crate) scratch: Box<Scratch>,
    pub(crate) path: Path,
}

impl<'a> Printer<'a> {
    /// Prints the message that all the bytes are, to a [`Value`](serde_json::Value).
    pub(crate) fn value_of(&mut self, plan: &Plan, value: &mut serde_json::Value) -> Result<()> {
        self.root(plan, Some(value))
    }

    /// Prints the message that all the bytes are, as text.
    pub(crate) fn text_of(&mut self, plan: &Plan, text: &mut String) -> Result<()> {
        self.root(plan, text)
    }

    fn root<S: Sink>(&mut self, plan: &Plan, sink: S) -> Result<()> {
        self.scratch.found.push(Found {
            bits: self.bytes.len() as u64,
            ..Found::default()
        });
        self.message(plan, sink, 0, 0..1, 0)
    }

    /// Prints the message whose pieces are in `run`.
    pub(super) fn message<S: Sink>(
        &mut self,
        plan: &Plan,
        sink: S,
        position: u32,
        run: Range<usize>,
        depth: usize,
    ) -> Result<()> {
        let message = plan.message(position).ok_or(NO_PLAN)?;
        let start = self.fields_of(plan, message, run, depth)?;
        let fields = start..self.scratch.found.len();
        if message.special == Special::No {
            let mut object = sink.object(fields.len().min(message.fields.len()));
            self.fields(plan, &mut object, message, fields, depth)?;
            object.end();
        } else {
            self.well_known(plan, sink, message, fields, depth)?;
        }
        self.scratch.found.truncate(start);
        Ok(())
    }

    /// Prints the sorted fields in `run` as entries of an object.
    pub(super) fn fields<C: Container>(
        &mut self,
        plan: &Plan,
        object: &mut C,
        message: &MessagePlan,
        run: Range<usize>,
        depth: usize,
    ) -> Result<()> {
        let mut at = run.start;
        if self.options.print_defaults {
            for (position, field) in message.fields.iter().enumerate() {
                let from = at;
                at = self.end_of(position as u32, from, run.end);
                if from < at || field.shape != Shape::Explicit && !field.is_extension {
                    self.field(plan, object, field, from..at, depth)?;
                }
            }
            return Ok(());
        }
        while let Some(found) = self.scratch.found.get(at).filter(|_| at < run.end) {
            let (from, position) = (at, found.field);
            at = self.end_of(position, from, run.end);
            let field = message.fields.get(position as usize).ok_or(NO_PLAN)?;
            self.field(plan, object, field, from..at, depth)?;
        }
        Ok(())
    }

    /// Returns where the pieces of a field end that begin at `from`.
    #[inline]
    fn end_of(&self, position: u32, from: usize, end: usize) -> usize {
        let found = self.scratch.found.get(from..end).unwrap_or_default();
        let others = found.iter().position(|found| found.field != position);
        others.map_or(end, |len| from.saturating_add(len))
    }

    #[inline(always)]
    fn field<C: Container>(
        &mut self,
        plan: &Plan,
        object: &mut C,
        field: &FieldPlan,
        run: Range<usize>,
        depth: usize,
    ) -> Result<()> {
        let all = self.options.print_defaults && !field.is_extension;
        if !all && self.is_left_out(field, &run) {
            return self.check_replaced(plan, field.kind, &run, depth);
        }
        let place = object.field(self.name_of(field));
        let printed = match (field.shape, field.kind) {
            (Shape::Implicit | Shape::Explicit, kind) => self.value(plan, place, kind, run, depth),
            (Shape::Map, Kind::Message(entry)) => self.map(plan, place, entry, run, depth),
            (_, kind) => self.list(plan, place, kind, run, depth),
        };
        if printed.is_err() {
            let name = &self.name_of(field).plain;
            self.path.within(Part::Name(name.to_string()));
        }
        printed
    }

    #[inline]
    fn name_of<'f>(&self, field: &'f FieldPlan) -> &'f FieldName {
        if self.options.json_names {
            &field.json_name
        } else {
            &field.name
        }
    }

    /// Whether a field is left out: a default without presence, or no elements.
    #[inline]
    fn is_left_out(&self, field: &FieldPlan, run: &Range<usize>) -> bool {
        match field.shape {
            Shape::Implicit => {
                let last = self.last(run);
                last.is_none_or(|last| is_default(field.kind, last.bits))
            }
            Shape::Packed | Shape::Expanded => {
                let found = self.scratch.found.get(run.clone()).unwrap_or_default();
                found.iter().all(|found| found.packed && found.bits == 0)
            }
            Shape::Explicit | Shape::Map => false,
        }
    }

    #[inline]
    pub(super) fn last(&self, run: &Range<usize>) -> Option<Found> {
        let found = self.scratch.found.get(run.clone())?;
        found.last().copied()
    }

    /// Prints a list whose elements are in `run`, one by one or packed.
    pub(super) fn list<S: Sink>(
        &mut self,
        plan: &Plan,
        sink: S,
        kind: Kind,
        run: Range<usize>,
        depth: usize,
    ) -> Result<()> {
        let mut array = sink.array(run.len());
        let mut index = 0_usize;
        for i in run {
            let Some(found) = self.scratch.found.get(i).copied() else {
                break;
            };
            if !found.packed {
                let one = i..i.saturating_add(1);
                if let Err(fault) = self.value(plan, array.element(), kind, one, depth) {
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
                self.number(plan, array.element(), kind, bits)?;
            }
        }
        array.end();
        Ok(())
    }

    /// Prints the last value of a run, or all pieces of a message, or the default
    /// if the run is empty.
    #[inline(always)]
    pub(super) fn value<S: Sink>(
        &mut self,
        plan: &Plan,
        sink: S,
        kind: Kind,
        run: Range<usize>,
        depth: usize,
    ) -> Result<()> {
        match kind {
            Kind::Message(position) | Kind::Group(position) => {
                return self.message(plan, sink, position, run, depth.saturating_add(1));
            }
            Kind::String => {
                // Strings that a later one replaces have to be valid all the same.
                let found = self.scratch.found.get(run).unwrap_or_default();
                let mut text = "";
                for found in found {
                    text = self.text(found.range())?;
                }
                sink.string(text);
            }
            Kind::Bytes => {
                let found = self.last(&run);
                sink.bytes(found.map_or(&[], |found| self.slice(found.range())));
            }
            number => match self.last(&run) {
                Some(found) => self.number(plan, sink, number, found.bits)?,
                None => self.default_number(plan, sink, number)?,
            },
        }
        Ok(())
    }

    /// Checks values that a later one replaces. They have to be valid all the same, and
    /// may be without a JSON form.
    pub(super) fn check(
        &mut self,
        plan: &Plan,
        kind: Kind,
        run: Range<usize>,
        depth: usize,
    ) -> Result<()> {
        for i in run {
            self.value(plan, Nowhere, kind, i..i.saturating_add(1), depth)?;
        }
        Ok(())
    }

    /// Checks the strings of a run except the last.
    #[inline]
    pub(super) fn check_replaced(
        &mut self,
        plan: &Plan,
        kind: Kind,
        run: &Range<usize>,
        depth: usize,
    ) -> Result<()> {
        if run.len() > 1 && kind == Kind::String {
            return self.check(plan, kind, run.start..run.end.saturating_sub(1), depth);
        }
        Ok(())
    }

    #[inline]
    pub(super) fn slice(&self, range: Range<usize>) -> &'a [u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    #[inline]
    pub(super) fn text(&self, range: Range<usize>) -> Result<&'a str> {
        match std::str::from_utf8(self.slice(range)) {
            Ok(text) => Ok(text),
            Err(_) => Err("invalid string value: data is not UTF-8 encoded".into()),
        }
    }
}
