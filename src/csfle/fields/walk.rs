//! Replaces the selected values of an encoded message in one walk over its bytes.
//! Everything else is copied unchanged. On write, a field that neither schema
//! defines is refused.
//!
//! Absent and repeated fields have the meaning that a Protobuf parser gives them:
//!
//! * A selected field of implicit presence that is absent has the value "" and is
//!   transformed like any other. The same holds for the message in a map entry.
//! * If a singular field occurs more than once, the last value counts; of a oneof,
//!   the last member counts. Repeated occurrences of a message are merged.

use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};

use super::duplicates::{Present, settle, survey};
use super::failure::{Failure, Obstacle, failure, internal, within};
use super::graph::{Action, Entry, Graph, Node};
use super::problem::ValueProblem;
use crate::csfle::wire::{Field, Fields, MAX_DEPTH, Malformed};

/// Transforms single values.
pub(crate) trait Values {
    /// Appends the length and the bytes of the transformed `value`.
    fn transform(&mut self, text: bool, value: &[u8], out: &mut Vec<u8>) -> Result<(), Obstacle>;
}

/// Appends the transformed message. After an error the appended bytes are
/// incomplete, and the caller drops them.
pub(crate) fn message(
    graph: &Graph,
    input: &[u8],
    values: &mut impl Values,
    out: &mut Vec<u8>,
) -> Result<(), Box<Failure>> {
    walk(graph, 0, input, values, out, 0)
}

/// Appends the message unchanged, if neither it nor a message inside it has an
/// unknown field.
pub(crate) fn unchanged(
    graph: &Graph,
    input: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Box<Failure>> {
    graph.check_all(0, input, 0)?;
    out.extend_from_slice(input);
    Ok(())
}

fn walk(
    graph: &Graph,
    node: usize,
    input: &[u8],
    values: &mut impl Values,
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<(), Box<Failure>> {
    if depth > MAX_DEPTH {
        return Err(Malformed::TooDeep.into());
    }
    let node = graph.node(node).ok_or_else(internal)?;
    let mut walker = Walker {
        graph,
        node,
        values,
        out,
        depth,
    };
    let present = survey(node, input)?;
    if present.repeats {
        let settled = settle(node, input)?;
        walker.fields(&settled, &present)
    } else {
        walker.fields(input, &present)
    }
}

struct Walker<'a, V> {
    graph: &'a Graph,
    node: &'a Node,
    values: &'a mut V,
    out: &'a mut Vec<u8>,
    depth: usize,
}

impl<V: Values> Walker<'_, V> {
    fn fields(&mut self, input: &[u8], present: &Present) -> Result<(), Box<Failure>> {
        let mut absent = 0;
        for field in Fields::new(input) {
            let field = field?;
            if self.node.any_implicit {
                absent = self.fill_in(absent, field.number, present)?;
            }
            let entry = self
                .node
                .position(field.number)
                .and_then(|position| self.node.entries.get(position));
            match entry {
                Some(entry) if entry.action != Action::Keep => self
                    .field(entry, &field)
                    .map_err(|failure| within_entry(failure, entry, input, &field))?,
                _ => {
                    self.graph.check(self.node, &field, input, self.depth)?;
                    self.out.extend_from_slice(field.whole);
                }
            }
        }
        if self.node.any_implicit {
            self.fill_in(absent, u32::MAX, present)?;
        }
        Ok(())
    }

    /// Appends the absent implicit fields from the entry at `from` on whose numbers
    /// are below `below`. Returns the entry at which to continue.
    fn fill_in(
        &mut self,
        from: usize,
        below: u32,
        present: &Present,
    ) -> Result<usize, Box<Failure>> {
        let mut at = from;
        while let Some(entry) = self.node.entries.get(at)
            && entry.number < below
        {
            if entry.implicit && !present.contains(at) {
                let absent = Field {
                    number: entry.number,
                    wire_type: WireType::LengthDelimited,
                    value: &[],
                    whole: &[],
                };
                self.field(entry, &absent)
                    .map_err(|failure| within_entry(failure, entry, &[], &absent))?;
            }
            at = at.saturating_add(1);
        }
        Ok(at)
    }

    fn field(&mut self, entry: &Entry, field: &Field<'_>) -> Result<(), Box<Failure>> {
        match (&entry.action, field.wire_type) {
            (Action::Keep, _) => self.out.extend_from_slice(field.whole),
            (Action::Text | Action::Bytes, WireType::LengthDelimited) => {
                let field_at = self.out.len();
                encode_key(field.number, WireType::LengthDelimited, self.out);
                let length_at = self.out.len();
                self.values
                    .transform(entry.action == Action::Text, field.value, self.out)
                    .map_err(failure)?;
                // An implicit field that decrypts to an empty value is absent again,
                // as encoders write it.
                if entry.implicit && self.out.get(length_at..) == Some(&[0]) {
                    self.out.truncate(field_at);
                }
            }
            (Action::Message(node), WireType::LengthDelimited) => {
                encode_key(field.number, WireType::LengthDelimited, self.out);
                self.nested(*node, field.value)?;
            }
            (Action::Group(node), WireType::StartGroup) => {
                encode_key(field.number, WireType::StartGroup, self.out);
                self.descend(*node, field.value)?;
                encode_key(field.number, WireType::EndGroup, self.out);
            }
            (Action::Refuse { packable, .. }, WireType::LengthDelimited)
                if *packable && entry.repeated && field.value.is_empty() =>
            {
                self.out.extend_from_slice(field.whole);
            }
            (Action::Refuse { type_name, .. }, _) => {
                return Err(failure(Obstacle::Problem(ValueProblem::Type(
                    type_name.clone(),
                ))));
            }
            // A strict parser treats such a field as unknown, and a lenient one as
            // plaintext.
            _ => return Err(failure(Obstacle::Problem(ValueProblem::Encoding))),
        }
        Ok(())
    }

    fn descend(&mut self, node: usize, value: &[u8]) -> Result<(), Box<Failure>> {
        let depth = self.depth.saturating_add(1);
        walk(self.graph, node, value, self.values, self.out, depth)
    }

    /// Appends a message with its length in front. The length is known only
    /// afterwards, so as many bytes as the old length had are reserved for it.
    fn nested(&mut self, node: usize, value: &[u8]) -> Result<(), Box<Failure>> {
        let length_at = self.out.len();
        let reserved = encoded_len_varint(value.len() as u64);
        let body_at = length_at.saturating_add(reserved);
        self.out.resize(body_at, 0);
        self.descend(node, value)?;
        let len = self.out.len().saturating_sub(body_at);
        let needed = encoded_len_varint(len as u64);
        let new_body_at = length_at.saturating_add(needed);
        if new_body_at > body_at {
            self.out.resize(new_body_at.saturating_add(len), 0);
            self.out
                .copy_within(body_at..body_at.saturating_add(len), new_body_at);
        } else if new_body_at < body_at {
            self.out.copy_within(body_at.., new_body_at);
            self.out.truncate(new_body_at.saturating_add(len));
        }
        let mut place = self
            .out
            .get_mut(length_at..new_body_at)
            .ok_or_else(internal)?;
        encode_varint(len as u64, &mut place);
        Ok(())
    }
}

fn within_entry(
    failure: Box<Failure>,
    entry: &Entry,
    input: &[u8],
    field: &Field<'_>,
) -> Box<Failure> {
    within(failure, &entry.name, entry.repeated, input, field)
}
