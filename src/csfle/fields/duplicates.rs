//! Resolves singular fields that occur more than once, in the way of a Protobuf
//! parser.

use prost::encoding::{WireType, encode_key, encode_varint};

use super::graph::{Action, Node};
use crate::csfle::wire::{Field, Fields, Malformed};

/// The entries of a node that occur in a message.
#[derive(Default)]
pub(crate) struct Present {
    /// A bit for each of the first 64 entries.
    few: u64,
    many: Vec<usize>,
    /// A singular field occurs twice, or a oneof has two members.
    pub(crate) repeats: bool,
}

impl Present {
    /// Adds an entry. Returns false if it was present already.
    fn insert(&mut self, position: usize) -> bool {
        if position < 64 {
            let bit = 1u64 << position;
            let new = self.few & bit == 0;
            self.few |= bit;
            new
        } else {
            match self.many.binary_search(&position) {
                Ok(_) => false,
                Err(at) => {
                    self.many.insert(at, position);
                    true
                }
            }
        }
    }

    pub(crate) fn contains(&self, position: usize) -> bool {
        if position < 64 {
            self.few & (1u64 << position) != 0
        } else {
            self.many.binary_search(&position).is_ok()
        }
    }
}

/// Returns the entries that occur in the message.
pub(crate) fn survey(node: &Node, input: &[u8]) -> Result<Present, Malformed> {
    let mut present = Present::default();
    let mut oneofs: Vec<usize> = Vec::new();
    for field in Fields::new(input) {
        let field = field?;
        let Some(position) = node.position(field.number) else {
            continue;
        };
        let Some(entry) = node.entries.get(position) else {
            continue;
        };
        let is_new = present.insert(position);
        if entry.repeated {
            continue;
        }
        if !is_new {
            present.repeats = true;
        } else if let Some(oneof) = entry.oneof {
            if oneofs.contains(&oneof) {
                present.repeats = true;
            }
            oneofs.push(oneof);
        }
    }
    Ok(present)
}

/// Returns the message with each singular field of the node once and one member of
/// each oneof, as a parser would understand it.
pub(crate) fn settle(node: &Node, input: &[u8]) -> Result<Vec<u8>, Malformed> {
    /// The occurrences of a singular field or a oneof so far.
    struct Slot<'a> {
        id: (bool, usize),
        number: u32,
        merged: Vec<Field<'a>>,
    }
    let mut slots: Vec<Slot<'_>> = Vec::new();
    let slot_of = |number: u32| {
        let position = node.position(number)?;
        let entry = node.entries.get(position)?;
        (!entry.repeated).then_some(match entry.oneof {
            Some(oneof) => (entry, (true, oneof)),
            None => (entry, (false, position)),
        })
    };
    for field in Fields::new(input) {
        let field = field?;
        let Some((entry, id)) = slot_of(field.number) else {
            continue;
        };
        // Members of a oneof without a transformation are kept in full. If they are
        // messages, a parser merges them; for other types it takes the last one.
        let merges = matches!(
            entry.action,
            Action::Message(_) | Action::Group(_) | Action::Keep
        );
        match slots.iter_mut().find(|slot| slot.id == id) {
            None => slots.push(Slot {
                id,
                number: field.number,
                merged: vec![field],
            }),
            Some(slot) => {
                if !merges || slot.number != field.number {
                    slot.merged.clear();
                }
                slot.number = field.number;
                slot.merged.push(field);
            }
        }
    }

    let mut out = Vec::with_capacity(input.len());
    for field in Fields::new(input) {
        let field = field?;
        let Some((entry, id)) = slot_of(field.number) else {
            out.extend_from_slice(field.whole);
            continue;
        };
        let Some(slot) = slots.iter().find(|slot| slot.id == id) else {
            continue;
        };
        // The merged field takes the position of its last occurrence.
        let is_last = slot
            .merged
            .last()
            .is_some_and(|last| std::ptr::eq(last.whole, field.whole));
        if !is_last {
            continue;
        }
        let all = slot.merged.as_slice();
        let all_are = |wire_type| all.iter().all(|part| part.wire_type == wire_type);
        match (&entry.action, all) {
            (Action::Message(_), [_, _, ..]) if all_are(WireType::LengthDelimited) => {
                encode_key(field.number, WireType::LengthDelimited, &mut out);
                let len: usize = all.iter().map(|part| part.value.len()).sum();
                encode_varint(len as u64, &mut out);
                for part in all {
                    out.extend_from_slice(part.value);
                }
            }
            (Action::Group(_), [_, _, ..]) if all_are(WireType::StartGroup) => {
                encode_key(field.number, WireType::StartGroup, &mut out);
                for part in all {
                    out.extend_from_slice(part.value);
                }
                encode_key(field.number, WireType::EndGroup, &mut out);
            }
            // A single occurrence; or several of a type without a transformation; or
            // a wrong encoding, which is refused later.
            _ => {
                for part in all {
                    out.extend_from_slice(part.whole);
                }
            }
        }
    }
    Ok(out)
}
