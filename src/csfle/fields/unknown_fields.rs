//! Refuses unknown fields where a rule encrypts fields. A field that neither the
//! registered schema nor the record's own defines may come from a version that tags
//! it. Messages in which nothing is encrypted are checked as well.

use prost::encoding::WireType;

use super::failure::{Failure, Obstacle, failure, internal, within};
use super::graph::{Graph, Node, bit};
use super::problem::ValueProblem;
use crate::csfle::wire::{Field, Fields, MAX_DEPTH, Malformed};

impl Graph {
    /// Checks a field of a message that is copied unchanged. `input` is the message,
    /// for the path in an error.
    pub(crate) fn check(
        &self,
        node: &Node,
        field: &Field<'_>,
        input: &[u8],
        depth: usize,
    ) -> Result<(), Box<Failure>> {
        // On read, unknown fields are allowed.
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
                Some(inner)
                    if matches!(
                        field.wire_type,
                        WireType::LengthDelimited | WireType::StartGroup
                    ) =>
                {
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
