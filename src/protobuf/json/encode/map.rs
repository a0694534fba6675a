//! Maps: JSON → bytes.

use super::scalar::OUT_OF_RANGE;
use std::cmp::Ordering;

use super::super::bytes::{close, delimited, integer, number, open};
use super::super::fault::{NO_PLAN, Part, Result};
use super::super::notation::number as notation;
use super::super::plan::{FieldPlan, Kind, Plan};
use super::super::scratch::{Key, WrittenEntry};
use super::encoder::{Encoder, Place, Written, deeper};
use super::order::{keep_last, rearrange};
use super::source::Json;

impl Encoder<'_> {
    /// Writes the entries of a map in the order of their keys.
    pub(super) fn map<'j, J: Json<'j>>(
        &mut self,
        plan: &Plan,
        field: &FieldPlan,
        mut map: J::Map,
        depth: usize,
    ) -> Result<Written> {
        let Kind::Message(entry) = field.kind else {
            return Err(NO_PLAN.into());
        };
        let entry = plan.message(entry).ok_or(NO_PLAN)?;
        let [key_field, value_field] = &entry.fields[..] else {
            return Err(NO_PLAN.into());
        };
        let depth = deeper(depth)?;
        // A reader takes a missing value for the type's default, which for an enum
        // is not always zero.
        let place = match value_field.kind {
            Kind::Enum(item) if plan.enumeration(item).is_some_and(|e| e.default != 0) => {
                Place::Element
            }
            _ => Place::Inner,
        };
        let (first, begin) = (self.scratch.written.len(), self.out.len());
        let mut sorted = true;
        while let Some((name, value)) = J::entry(&mut map) {
            let start = self.out.len();
            field.tag.write(self.out);
            let at = open(self.out);
            let mut key = write_key(key_field, name, self.out)?;
            let value_at = self.out.len();
            match self.tagged(plan, value_field, value, place, depth) {
                Ok(Written::Nothing) => {
                    self.out.truncate(start);
                    continue;
                }
                Ok(_) => {}
                Err(fault) => {
                    self.path.within(Part::Name(name.to_owned()));
                    return Err(fault);
                }
            }
            // prost leaves out an empty message.
            if matches!(value_field.kind, Kind::Message(_))
                && self.out.get(value_at..) == Some(&[0x12, 0])
            {
                self.out.truncate(value_at);
            }
            let moved = close(self.out, at);
            if let Key::Text { at, .. } = &mut key {
                *at = at.saturating_add(moved);
            }
            let written = WrittenEntry {
                start,
                end: self.out.len(),
                key,
            };
            if let Some(last) = self.scratch.written.get(first..).and_then(<[_]>::last) {
                sorted &= last.key.compare(key, self.out) == Ordering::Less;
            }
            self.scratch.written.push(written);
        }
        if !sorted {
            self.sort_entries(first, begin);
        }
        self.scratch.written.truncate(first);
        Ok(Written::Value)
    }

    /// Sorts the entries that were written behind `begin`. Of equal keys, the last
    /// entry counts.
    #[cold]
    fn sort_entries(&mut self, first: usize, begin: usize) {
        let out = &*self.out;
        let entries = self.scratch.written.get_mut(first..).unwrap_or_default();
        entries.sort_unstable_by(|a, b| a.key.compare(b.key, out).then(a.start.cmp(&b.start)));
        let kept = keep_last(entries, |a, b| a.key.compare(b.key, out) == Ordering::Equal);
        let ranges = entries
            .iter()
            .take(kept)
            .map(|entry| entry.start..entry.end);
        rearrange(self.out, &mut self.scratch.spare, begin, ranges);
    }
}

/// Writes a key, unless it is the default.
fn write_key(field: &FieldPlan, name: &str, out: &mut Vec<u8>) -> Result<Key> {
    let value = match field.kind {
        Kind::String => {
            if !name.is_empty() {
                field.tag.write(out);
                delimited(name.as_bytes(), out);
            }
            return Ok(Key::Text {
                at: out.len().saturating_sub(name.len()),
                len: name.len(),
            });
        }
        Kind::Bool => match name.parse::<bool>() {
            Ok(value) => value.into(),
            Err(error) => return Err(error.to_string().into()),
        },
        _ => notation::integer(name)?,
    };
    let bits = integer(field.kind, value).ok_or(OUT_OF_RANGE)?;
    if bits != 0 {
        field.tag.write(out);
        number(field.kind, bits, out);
    }
    Ok(Key::Number(value))
}
