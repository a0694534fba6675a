//! Well-known types: bytes → JSON.

use std::ops::Range;
use std::sync::Arc;

use super::field_mask;
use super::path::Part;
use super::plan::{Kind, MessagePlan, Special};
use super::print::{Fault, NO_PLAN, Printer, Result};
use super::sink::Sink;
use super::time::{format_duration, format_timestamp};
use super::wire::Found;

impl<'p, 'b> Printer<'p, 'b> {
    /// A message with a JSON form of its own, whose fields were found behind
    /// `start`.
    pub(super) fn well_known<S: Sink>(
        &mut self,
        sink: &mut S,
        special: Special,
        plan: &'p MessagePlan,
        start: usize,
        depth: usize,
    ) -> Result<S::Value> {
        let all = start..self.scratch.found.len();
        let first = plan.fields.first().map(|field| field.kind);
        match special {
            Special::Timestamp | Special::Duration => {
                let seconds = self.bits(0, &all).cast_signed();
                let nanos = (self.bits(1, &all) as u32).cast_signed();
                let text = if special == Special::Timestamp {
                    format_timestamp(seconds, nanos)
                } else {
                    format_duration(seconds, nanos)
                };
                match text {
                    Ok(text) => Ok(sink.plain(text.as_str())),
                    Err(reason) => no_json(sink, reason.to_owned()),
                }
            }
            Special::Wrapper => {
                let kind = first.ok_or(NO_PLAN)?;
                self.check(kind, all.start..all.end.saturating_sub(1), depth)?;
                self.value(sink, kind, all, depth)
            }
            Special::Struct => match first {
                Some(Kind::Message(entry)) => self.map(sink, entry, all, depth),
                _ => Err(NO_PLAN.into()),
            },
            Special::ListValue => self.list(sink, first.ok_or(NO_PLAN)?, all, depth),
            Special::Value => self.any_value(sink, plan, all, depth),
            Special::FieldMask => {
                let mut text = String::new();
                for i in all {
                    let Some(found) = self.scratch.found.get(i).copied() else {
                        break;
                    };
                    let path = self.text(&found)?;
                    if let Err(reason) = field_mask::append(path, &mut text)
                        && !S::CHECKS_ONLY
                    {
                        return Err(Fault::NoJson(reason));
                    }
                }
                Ok(sink.string(&text))
            }
            Special::Any => self.any(sink, all, depth),
            Special::Empty | Special::No => {
                let object = sink.object(0);
                Ok(sink.end_object(object))
            }
        }
    }

    /// The number in a field that may be missing.
    fn bits(&self, field: usize, all: &Range<usize>) -> u64 {
        let found = self.scratch.found.get(all.clone()).unwrap_or_default();
        let of_field = found.iter().rev().find(|found| found.field == field);
        of_field.map_or(0, |found| found.bits)
    }

    /// `google.protobuf.Value`: what its member is, null without one.
    fn any_value<S: Sink>(
        &mut self,
        sink: &mut S,
        plan: &'p MessagePlan,
        all: Range<usize>,
        depth: usize,
    ) -> Result<S::Value> {
        let Some(last) = self.last(&all) else {
            return Ok(sink.null());
        };
        let kind = plan.fields.get(last.field).ok_or(NO_PLAN)?.kind;
        match kind {
            Kind::Double if !f64::from_bits(last.bits).is_finite() => no_json(
                sink,
                "google.protobuf.Value holds a number that is not finite".to_owned(),
            ),
            Kind::String => {
                self.check(kind, all.start..all.end.saturating_sub(1), depth)?;
                self.value(sink, kind, all, depth)
            }
            kind => self.value(sink, kind, all, depth),
        }
    }

    /// `google.protobuf.Any`: the message it holds, with its type.
    fn any<S: Sink>(&mut self, sink: &mut S, all: Range<usize>, depth: usize) -> Result<S::Value> {
        let found = self.scratch.found.get(all.clone()).unwrap_or_default();
        let split = all.start + found.partition_point(|found| found.field == 0);
        let urls = all.start..split;
        self.check(Kind::String, urls.clone(), depth)?;
        let url = match self.last(&urls) {
            Some(found) => self.text(&found)?,
            None => "",
        };
        let nothing = Found {
            field: 0,
            at: 0,
            bits: 0,
            packed: false,
        };
        let payload = self.last(&(split..all.end)).unwrap_or(nothing);
        if url.is_empty() && payload.bits == 0 {
            // What an `Any` is before it is set.
            let object = sink.object(0);
            return Ok(sink.end_object(object));
        }
        if S::CHECKS_ONLY {
            // What it holds is bytes to everyone who does not print it.
            return Ok(sink.null());
        }
        let plan: Arc<_> = self.any.plan(url).map_err(Fault::NoJson)?;
        let mut inner = Printer {
            plan: &plan,
            any: self.any,
            bytes: self.bytes,
            options: self.options,
            scratch: std::mem::take(&mut self.scratch),
            path: std::mem::take(&mut self.path),
        };
        let printed = inner.payload(sink, url, payload, depth.saturating_add(1));
        (self.scratch, self.path) = (inner.scratch, inner.path);
        printed
    }

    fn payload<S: Sink>(
        &mut self,
        sink: &mut S,
        url: &str,
        payload: Found,
        depth: usize,
    ) -> Result<S::Value> {
        let plan = self.plan.message(0).ok_or(NO_PLAN)?;
        let at = self.scratch.found.len();
        let piece = at..at.saturating_add(1);
        self.scratch.found.push(payload);
        let mut object = sink.object(piece.len());
        sink.entry(&mut object, "@type", |sink| {
            Ok::<_, Fault>(sink.string(url))
        })?;
        if plan.special == Special::No {
            let start = self.fields_of(plan, piece, depth)?;
            self.entries(sink, &mut object, plan, start, depth)?;
        } else {
            let printed = sink.entry(&mut object, "value", |sink| {
                self.message(sink, 0, piece, depth)
            });
            if let Err(fault) = printed {
                self.path.within(Part::Field("value".to_owned()));
                return Err(fault);
            }
        }
        self.scratch.found.truncate(at);
        Ok(sink.end_object(object))
    }
}

fn no_json<S: Sink>(sink: &mut S, reason: String) -> Result<S::Value> {
    if S::CHECKS_ONLY {
        return Ok(sink.null());
    }
    Err(Fault::NoJson(reason))
}
