//! What a rule does to each field of a message type, as a graph over the message
//! types, since types may contain themselves.

use prost::encoding::WireType;

/// A field that a message may have.
#[derive(Clone, Debug)]
pub(crate) struct KnownField {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) repeated: bool,
    /// One bit for each wire type in which the field may be encoded.
    pub(crate) wire_types: u8,
    /// Index of the node of the field's message type.
    pub(crate) inner: Option<usize>,
}

/// The bit of a wire type in [`KnownField::wire_types`].
pub(crate) const fn bit(wire_type: WireType) -> u8 {
    1 << wire_type as u8
}

/// What a rule does to a message type. Node 0 is the type itself.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) selected: Vec<String>,
}

/// What to do with one message type.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// In ascending order of their numbers.
    pub(crate) entries: Vec<Entry>,
    /// Whether one of the entries is implicit.
    pub(crate) any_implicit: bool,
    /// On write: every field that the message may have, in ascending order of their
    /// numbers.
    pub(crate) known: Option<Vec<KnownField>>,
}

/// What to do with one field.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) action: Action,
    pub(crate) repeated: bool,
    /// The field has a value even if it is absent from the wire: a singular field of
    /// implicit presence, or the value of a map entry.
    pub(crate) implicit: bool,
    /// Index of the oneof that the field belongs to.
    pub(crate) oneof: Option<usize>,
}

/// What to do with the values of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Keep the value. The field is listed because it is in the same oneof as a
    /// selected field.
    Keep,
    /// Transform a string.
    Text,
    /// Transform bytes.
    Bytes,
    /// Refuse the message: the rule selects the field, but its type cannot be
    /// encrypted.
    Refuse { type_name: String, packable: bool },
    /// Descend to the node.
    Message(usize),
    /// Descend to the node; the message is encoded as a group.
    Group(usize),
}

impl Graph {
    /// Returns whether the rule selects any field.
    pub(crate) fn works(&self) -> bool {
        self.nodes
            .first()
            .is_some_and(|root| !root.entries.is_empty())
    }

    pub(crate) fn node(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }

    /// Returns the full names of the selected fields.
    pub(crate) fn selected(&self) -> &[String] {
        &self.selected
    }
}

impl Node {
    #[inline]
    pub(crate) fn position(&self, number: u32) -> Option<usize> {
        self.entries
            .binary_search_by_key(&number, |entry| entry.number)
            .ok()
    }
}
