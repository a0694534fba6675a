//! Well-known types: bytes → JSON.

use std::ops::Range;

use super::super::fault::{NO_PLAN, Result};
use super::super::notation::{field_mask, time};
use super::super::plan::{Kind, MessagePlan, Plan, Special};
use super::printer::Printer;
use super::sink::{Container, Sink};

impl Printer<'_> {
    /// Prints a message that has a JSON form of its own, whose sorted fields are in
    /// `run`.
    pub(super) fn well_known<S: Sink>(
        &mut self,
        plan: &Plan,
        sink: S,
        message: &MessagePlan,
        run: Range<usize>,
        depth: usize,
    ) -> Result<()> {
        let first = message.fields.first().map(|field| field.kind);
        match (message.special, first) {
            (Special::Timestamp, _) => {
                let (seconds, nanos) = self.time(&run);
                match time::format_timestamp(seconds, nanos) {
                    Ok(text) => sink.plain(text.as_str()),
                    Err(reason) => return no_json(sink, reason.to_owned()),
                }
            }
            (Special::Duration, _) => {
                let (seconds, nanos) = self.time(&run);
                match time::format_duration(seconds, nanos) {
                    Ok(text) => sink.plain(text.as_str()),
                    Err(reason) => return no_json(sink, reason.to_owned()),
                }
            }
            (Special::Wrapper, Some(kind)) => {
                self.check_replaced(plan, kind, &run, depth)?;
                self.value(plan, sink, kind, run, depth)?;
            }
            (Special::Struct, Some(Kind::Message(entry))) => {
                self.map(plan, sink, entry, run, depth)?;
            }
            (Special::ListValue, Some(kind)) => self.list(plan, sink, kind, run, depth)?,
            (Special::Value, _) => self.any_value(plan, sink, message, run, depth)?,
            (Special::FieldMask, _) => {
                let mut text = String::new();
                for i in run {
                    let found = self.scratch.found.get(i).copied().unwrap_or_default();
                    if let Err(reason) = field_mask::append(self.text(found.range())?, &mut text)
                        && !S::CHECKS_ONLY
                    {
                        return Err(reason.into());
                    }
                }
                sink.string(&text);
            }
            (Special::Any, _) => self.any(plan, sink, run, depth)?,
            _ => sink.object(0).end(),
        }
        Ok(())
    }

    /// Returns the seconds and nanoseconds of a timestamp or duration.
    fn time(&self, run: &Range<usize>) -> (i64, i32) {
        let found = self.scratch.found.get(run.clone()).unwrap_or_default();
        let last = |field| found.iter().rev().find(|found| found.field == field);
        let bits = |field| last(field).map_or(0, |found| found.bits);
        (bits(0).cast_signed(), (bits(1) as u32).cast_signed())
    }

    /// Prints the member of a `google.protobuf.Value`, or null without one.
    fn any_value<S: Sink>(
        &mut self,
        plan: &Plan,
        sink: S,
        message: &MessagePlan,
        run: Range<usize>,
        depth: usize,
    ) -> Result<()> {
        let Some(last) = self.last(&run) else {
            sink.null();
            return Ok(());
        };
        let kind = message.fields.get(last.field as usize).ok_or(NO_PLAN)?.kind;
        if kind == Kind::Double && !f64::from_bits(last.bits).is_finite() {
            let reason = "google.protobuf.Value holds a number that is not finite";
            return no_json(sink, reason.to_owned());
        }
        self.check_replaced(plan, kind, &run, depth)?;
        self.value(plan, sink, kind, run, depth)
    }
}

/// Refuses a value without a JSON form, unless bytes are only checked.
fn no_json<S: Sink>(sink: S, reason: String) -> Result<()> {
    if S::CHECKS_ONLY {
        sink.null();
        return Ok(());
    }
    Err(reason.into())
}
