//! The plan of a message type, with its fields by position, number and name.

use hashbrown::HashMap;

use super::enumeration::EnumPlan;
use super::field::FieldPlan;
use super::special::Special;

/// The plans of a message type and of all types below it. The root comes first.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(super) messages: Vec<MessagePlan>,
    pub(super) enums: Vec<EnumPlan>,
}

#[derive(Debug, Default)]
pub(crate) struct MessagePlan {
    pub(crate) special: Special,
    /// Ordered by number, extensions last: the order of printing.
    pub(crate) fields: Vec<FieldPlan>,
    /// Positions in `fields` by `.proto` name and by JSON name.
    names: HashMap<Box<str>, usize>,
    /// Positions in `fields` plus one, by number, for small numbers.
    small: Vec<u16>,
    /// Positions in `fields` of the other numbers, sorted.
    large: Vec<(u32, usize)>,
    /// Positions of the required fields of proto2.
    pub(crate) required: Vec<usize>,
    /// The oneofs of more than one member.
    pub(crate) oneofs: Vec<OneofPlan>,
}

#[derive(Debug)]
pub(crate) struct OneofPlan {
    pub(crate) name: Box<str>,
    /// Positions in `fields`.
    pub(crate) members: Vec<usize>,
}

/// Numbers below are looked up in a table.
const SMALL: usize = 64;

impl Plan {
    #[inline]
    pub(crate) fn message(&self, position: u32) -> Option<&MessagePlan> {
        self.messages.get(position as usize)
    }

    #[inline]
    pub(crate) fn enumeration(&self, position: u32) -> Option<&EnumPlan> {
        self.enums.get(position as usize)
    }
}

impl MessagePlan {
    /// Returns the field of this number and its position.
    #[inline]
    pub(crate) fn numbered(&self, number: u32) -> Option<(usize, &FieldPlan)> {
        let position = match self.small.get(number as usize) {
            Some(entry) => usize::from(*entry).checked_sub(1)?,
            None => {
                let found = self.large.binary_search_by_key(&number, |(n, _)| *n);
                self.large.get(found.ok()?)?.1
            }
        };
        Some((position, self.fields.get(position)?))
    }

    /// Returns the field of this name and its position. The field at `expected` is
    /// tried first: printed messages have their fields in order.
    #[inline]
    pub(crate) fn named(&self, name: &str, expected: usize) -> Option<(usize, &FieldPlan)> {
        if let Some(field) = self.fields.get(expected)
            && *field.name.plain == *name
        {
            return Some((expected, field));
        }
        let position = *self.names.get(name)?;
        Some((position, self.fields.get(position)?))
    }

    /// Adds a field. Of two that claim one name, the last has it.
    pub(super) fn push(&mut self, field: FieldPlan, json_name: &str) {
        let position = self.fields.len();
        let number = field.tag.number();
        match (number as usize, u16::try_from(position.saturating_add(1))) {
            (index @ 0..SMALL, Ok(entry)) => {
                if self.small.len() <= index {
                    self.small.resize(index.saturating_add(1), 0);
                }
                if let Some(slot) = self.small.get_mut(index) {
                    *slot = entry;
                }
            }
            _ => {
                let at = self.large.partition_point(|(other, _)| *other < number);
                self.large.insert(at, (number, position));
            }
        }
        self.names.insert(json_name.into(), position);
        let name = field.name.plain.clone();
        self.names.entry(name).or_insert(position);
        if let Some(oneof) = field.oneof.and_then(|oneof| self.oneofs.get_mut(oneof)) {
            oneof.members.push(position);
        }
        self.fields.push(field);
    }
}
