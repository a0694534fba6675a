//! Messages, fields and lists: JSON → bytes.

use super::super::bytes::{close, end_group, open};
use super::super::fault::{NO_PLAN, Part, Result};
use super::super::plan::{FieldPlan, Kind, MessagePlan, Plan, Shape, Special};
use super::super::scratch::Segment;
use super::encoder::{Encoder, Place, Written, deeper};
use super::order::two_members;
use super::scalar::wrong;
use super::source::{Json, Scalar, Token};

impl Encoder<'_> {
    /// Writes a message without tag and length.
    pub(super) fn message<'j, J: Json<'j>>(
        &mut self,
        plan: &Plan,
        position: u32,
        json: J,
        place: Place,
        depth: usize,
    ) -> Result<Written> {
        let message = plan.message(position).ok_or(NO_PLAN)?;
        if message.special != Special::No {
            return self.well_known(plan, message, json, place, depth);
        }
        match json.read() {
            Token::Map(map) => {
                self.fields::<J>(plan, message, map, None, depth)?;
                Ok(Written::Value)
            }
            Token::Scalar(Scalar::Null) if place.is_nullable() => Ok(Written::Nothing),
            other => Err(wrong(&other, "a map")),
        }
    }

    /// Writes the fields of a message. The entry named `skipped` is none of them.
    pub(super) fn fields<'j, J: Json<'j>>(
        &mut self,
        plan: &Plan,
        message: &MessagePlan,
        mut map: J::Map,
        skipped: Option<&str>,
        depth: usize,
    ) -> Result<()> {
        let first = self.scratch.segments.len();
        let mut sorted = true;
        let (mut expected, mut next_rank, mut last_oneof) = (0, 0, None);
        while let Some((name, value)) = J::entry(&mut map) {
            let Some((position, field)) = message.named(name, expected) else {
                if Some(name) != skipped {
                    self.unknown(name)?;
                }
                continue;
            };
            expected = position.saturating_add(1);
            let start = self.out.len();
            let written = match self.field(plan, field, value, depth) {
                Ok(written) => written,
                Err(fault) => {
                    self.path.within(Part::Name(field.name.plain.to_string()));
                    return Err(fault);
                }
            };
            let set = written != Written::Nothing;
            self.scratch.segments.push(Segment {
                start,
                end: self.out.len(),
                field: position as u32,
                set,
            });
            sorted &= next_rank <= field.rank;
            next_rank = field.rank.saturating_add(1);
            if let Some(oneof) = field.oneof.filter(|_| set) {
                // Members are neighbours once they are sorted.
                if sorted && last_oneof == Some(oneof) {
                    return Err(two_members(message, oneof));
                }
                last_oneof = Some(oneof);
            }
        }
        if !sorted {
            self.sort_fields(message, first)?;
        }
        if !message.required.is_empty() {
            self.check_required(message, first)?;
        }
        self.scratch.segments.truncate(first);
        Ok(())
    }

    /// Refuses a name that no field has, unless such names are skipped.
    #[cold]
    pub(super) fn unknown(&self, name: &str) -> Result<()> {
        if self.options.skip_unknown_fields {
            return Ok(());
        }
        Err(format!("unrecognized field name '{name}'").into())
    }

    /// Writes a field with its tags.
    #[inline]
    fn field<'j, J: Json<'j>>(
        &mut self,
        plan: &Plan,
        field: &FieldPlan,
        json: J,
        depth: usize,
    ) -> Result<Written> {
        let place = match field.shape {
            Shape::Implicit => Place::Implicit,
            Shape::Explicit => Place::Explicit,
            Shape::Packed | Shape::Expanded | Shape::Map => {
                return match json.read() {
                    Token::Map(map) if field.shape == Shape::Map => {
                        self.map::<J>(plan, field, map, depth)
                    }
                    Token::List(list) if field.shape == Shape::Packed => {
                        self.packed::<J>(plan, field, list)
                    }
                    Token::List(list) if field.shape == Shape::Expanded => {
                        self.list::<J>(plan, field, list, depth)
                    }
                    Token::Scalar(Scalar::Null) => Ok(Written::Nothing),
                    other if field.shape == Shape::Map => Err(wrong(&other, "a map")),
                    other => Err(wrong(&other, "a list")),
                };
            }
        };
        self.tagged(plan, field, json, place, depth)
    }

    /// Writes tag and value, or nothing where the value is left out.
    #[inline]
    pub(super) fn tagged<'j, J: Json<'j>>(
        &mut self,
        plan: &Plan,
        field: &FieldPlan,
        json: J,
        place: Place,
        depth: usize,
    ) -> Result<Written> {
        let start = self.out.len();
        field.tag.write(self.out);
        let written = match field.kind {
            Kind::Message(position) => {
                let at = open(self.out);
                let written = self.message(plan, position, json, place, deeper(depth)?)?;
                close(self.out, at);
                written
            }
            Kind::Group(position) => {
                let written = self.message(plan, position, json, place, deeper(depth)?)?;
                end_group(&field.tag, self.out);
                written
            }
            kind => self.scalar(plan, kind, json, place)?,
        };
        if place.leaves_out(written) {
            self.out.truncate(start);
        }
        Ok(written)
    }

    /// Writes the elements of a list, each with its tag.
    pub(super) fn list<'j, J: Json<'j>>(
        &mut self,
        plan: &Plan,
        field: &FieldPlan,
        mut list: J::List,
        depth: usize,
    ) -> Result<Written> {
        let mut index = 0_usize;
        while let Some(element) = J::element(&mut list) {
            if let Err(fault) = self.tagged(plan, field, element, Place::Element, depth) {
                self.path.within(Part::Index(index));
                return Err(fault);
            }
            index = index.saturating_add(1);
        }
        Ok(Written::Value)
    }

    /// Writes the elements of a list behind one tag.
    fn packed<'j, J: Json<'j>>(
        &mut self,
        plan: &Plan,
        field: &FieldPlan,
        mut list: J::List,
    ) -> Result<Written> {
        let start = self.out.len();
        field.tag.write(self.out);
        let at = open(self.out);
        let first = self.out.len();
        let mut index = 0_usize;
        while let Some(element) = J::element(&mut list) {
            if let Err(fault) = self.scalar(plan, field.kind, element, Place::Element) {
                self.path.within(Part::Index(index));
                return Err(fault);
            }
            index = index.saturating_add(1);
        }
        if self.out.len() == first {
            self.out.truncate(start);
        } else {
            close(self.out, at);
        }
        Ok(Written::Value)
    }
}
