//! `google.protobuf.Any`: bytes → JSON.

use std::ops::Range;

use super::super::fault::{NO_PLAN, Part, Result};
use super::super::plan::{Kind, Plan, Special};
use super::super::scratch::Found;
use super::printer::Printer;
use super::sink::{Container, Sink};

impl Printer<'_> {
    /// Prints the message in an `Any` with its type.
    pub(super) fn any<S: Sink>(
        &mut self,
        plan: &Plan,
        sink: S,
        run: Range<usize>,
        depth: usize,
    ) -> Result<()> {
        let found = self.scratch.found.get(run.clone()).unwrap_or_default();
        let urls = found.partition_point(|found| found.field == 0);
        let split = run.start.saturating_add(urls);
        self.check(plan, Kind::String, run.start..split, depth)?;
        let url = self.last(&(run.start..split)).unwrap_or_default();
        let url = self.text(url.range())?;
        let payload = self.last(&(split..run.end)).unwrap_or_default();
        if url.is_empty() && payload.bits == 0 {
            // An `Any` that is not set.
            sink.object(0).end();
            return Ok(());
        }
        if S::CHECKS_ONLY {
            // Only a printer looks into the payload.
            sink.null();
            return Ok(());
        }
        let plan = self.any.plan(url)?;
        self.payload(&plan, sink, url, payload, depth.saturating_add(1))
    }

    fn payload<S: Sink>(
        &mut self,
        plan: &Plan,
        sink: S,
        url: &str,
        payload: Found,
        depth: usize,
    ) -> Result<()> {
        let message = plan.message(0).ok_or(NO_PLAN)?;
        let at = self.scratch.found.len();
        let piece = at..at.saturating_add(1);
        self.scratch.found.push(payload);
        let mut object = sink.object(2);
        object.entry("@type").string(url);
        if message.special == Special::No {
            let start = self.fields_of(plan, message, piece, depth)?;
            let run = start..self.scratch.found.len();
            self.fields(plan, &mut object, message, run, depth)?;
        } else if let Err(fault) = self.message(plan, object.entry("value"), 0, piece, depth) {
            self.path.within(Part::Name("value".to_owned()));
            return Err(fault);
        }
        self.scratch.found.truncate(at);
        object.end();
        Ok(())
    }
}
