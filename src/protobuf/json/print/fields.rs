//! Finds the fields of a message in its pieces.

use std::ops::Range;

use super::super::bytes::MAX_DEPTH;
use super::super::fault::Result;
use super::super::plan::{MessagePlan, Plan};
use super::printer::Printer;
use super::wire::{Order, Reader};

impl Printer<'_> {
    /// Finds the fields of the message whose pieces are in `run`. They are behind the
    /// position returned, sorted, with at most one member of each oneof.
    #[inline]
    pub(super) fn fields_of(
        &mut self,
        plan: &Plan,
        message: &MessagePlan,
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
            reader.scan(message, &mut self.scratch.found, &mut order, depth)?;
        }
        if order.unsorted {
            let found = self.scratch.found.get_mut(start..).unwrap_or_default();
            found.sort_unstable_by_key(|found| (found.field, found.at));
        }
        if order.contested {
            self.contest(plan, message, start, depth)?;
        }
        Ok(start)
    }

    /// Leaves of each oneof the member that came last. If that is a message, its
    /// pieces from before another member are lost, too.
    #[cold]
    fn contest(
        &mut self,
        plan: &Plan,
        message: &MessagePlan,
        start: usize,
        depth: usize,
    ) -> Result<()> {
        for oneof in &message.oneofs {
            let mut last: Option<(usize, usize)> = None;
            let mut before = None;
            for &member in &oneof.members {
                if let Some(found) = self.last(&self.run_of(member, start)) {
                    let here = Some((found.at, member));
                    before = before.max(last.min(here));
                    last = last.max(here);
                }
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
                if let Some(field) = message.fields.get(member) {
                    self.check(plan, field.kind, lost.clone(), depth)?;
                }
                self.scratch.found.drain(lost);
            }
        }
        Ok(())
    }

    /// Returns where among the sorted fields behind `start` one of them is.
    fn run_of(&self, field: usize, start: usize) -> Range<usize> {
        let found = self.scratch.found.get(start..).unwrap_or_default();
        let from = found.partition_point(|found| (found.field as usize) < field);
        let to = found.partition_point(|found| found.field as usize <= field);
        start.saturating_add(from)..start.saturating_add(to)
    }
}
