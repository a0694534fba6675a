//! Which fields a record may hold where fields are encrypted: those that the
//! registered schema or the record's own knows. Any other might be one to encrypt,
//! of a version that neither schema has heard of. Messages in which nothing is
//! encrypted are looked through as well.

use prost_reflect::{Cardinality, FieldDescriptor, Kind};

use super::graph::{Graph, Node};
use super::walk::{Failure, Obstacle, failure, internal, within};
use crate::csfle::error::ValueProblem;
use crate::csfle::wire::{Field, Fields, MAX_DEPTH, Malformed, WireType};

/// A field that a message may have.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    number: u32,
    name: String,
    repeated: bool,
    /// One bit for each wire type that its type may be encoded with.
    wire_types: u8,
    /// The node of its message type.
    inner: Option<usize>,
}

const fn bit(wire_type: WireType) -> u8 {
    1 << wire_type as u8
}

/// The wire types of a field. A parser takes others for an unknown field.
fn wire_types(field: &FieldDescriptor) -> u8 {
    let one = match field.kind() {
        _ if field.is_group() => return bit(WireType::Group),
        Kind::String | Kind::Bytes | Kind::Message(_) => return bit(WireType::Len),
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => bit(WireType::Fixed64),
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => bit(WireType::Fixed32),
        Kind::Int32
        | Kind::Int64
        | Kind::Uint32
        | Kind::Uint64
        | Kind::Sint32
        | Kind::Sint64
        | Kind::Bool
        | Kind::Enum(_) => bit(WireType::Varint),
    };
    match field.cardinality() {
        // Parsers read packed and unpacked, whichever is declared.
        Cardinality::Repeated => one | bit(WireType::Len),
        _ => one,
    }
}

impl Known {
    /// A field as one schema has it, or both.
    pub(crate) fn new<'a>(
        number: u32,
        name: &str,
        fields: impl Iterator<Item = &'a FieldDescriptor>,
        inner: Option<usize>,
    ) -> Self {
        let mut known = Self {
            number,
            name: name.to_owned(),
            repeated: false,
            wire_types: 0,
            inner,
        };
        for field in fields {
            known.wire_types |= wire_types(field);
            known.repeated |= field.cardinality() == Cardinality::Repeated;
        }
        known
    }
}

impl Graph {
    /// Checks a field of a message that is copied as it is. `input` is the
    /// message, for the path of an error.
    pub(crate) fn check(
        &self,
        node: &Node,
        field: &Field<'_>,
        input: &[u8],
        depth: usize,
    ) -> Result<(), Box<Failure>> {
        // On read everything may be there.
        let Some(all) = &node.known else {
            return Ok(());
        };
        let number = field.number;
        let Ok(at) = all.binary_search_by_key(&number, |known| known.number) else {
            return Err(refused(ValueProblem::UnknownField { number }));
        };
        let known = all.get(at).ok_or_else(internal)?;
        let checked = if known.wire_types & bit(field.wire_type) == 0 {
            Err(refused(ValueProblem::Encoding))
        } else {
            match known.inner {
                Some(inner) if matches!(field.wire_type, WireType::Len | WireType::Group) => {
                    self.check_all(inner, field.value, depth.saturating_add(1))
                }
                _ => Ok(()),
            }
        };
        checked.map_err(|failure| within(failure, &known.name, known.repeated, input, field))
    }

    /// Checks all fields of a message.
    pub(crate) fn check_all(
        &self,
        node: usize,
        input: &[u8],
        depth: usize,
    ) -> Result<(), Box<Failure>> {
        if depth > MAX_DEPTH {
            return Err(Malformed::TooDeep.into());
        }
        let node = self.node(node).ok_or_else(internal)?;
        for field in Fields::new(input) {
            self.check(node, &field?, input, depth)?;
        }
        Ok(())
    }
}

fn refused(problem: ValueProblem) -> Box<Failure> {
    failure(Obstacle::Problem(problem))
}
