//! What a rule does to each field of a message type, as a graph over the message
//! types, since types may contain themselves.

use prost::encoding::WireType;

/// A field that a message may have.
#[derive(Clone, Debug)]
pub(crate) struct KnownField {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) repeated: bool,
    /// One bit for each wire type that its type may be encoded with.
    pub(crate) wire_types: u8,
    /// The node of its message type.
    pub(crate) inner: Option<usize>,
}

/// The bit of a wire type in [`KnownField::wire_types`].
pub(crate) const fn bit(wire_type: WireType) -> u8 {
    1 << wire_type as u8
}

/// The transformation of a message type. Node 0 is the type itself.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) selected: Vec<String>,
}

/// What to do with one message type.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// By ascending number.
    pub(crate) entries: Vec<Entry>,
    /// Whether the entries hold an implicit one.
    pub(crate) any_implicit: bool,
    /// On write: every field that the message may have, by ascending number.
    pub(crate) known: Option<Vec<KnownField>>,
}

/// What to do with one field.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) action: Action,
    pub(crate) repeated: bool,
    /// There without being on the wire: a singular field of implicit presence,
    /// or the value in an entry of a map.
    pub(crate) implicit: bool,
    /// The oneof that it is a member of.
    pub(crate) oneof: Option<usize>,
}

/// What to do with the values of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Nothing; the field is listed because it shares a oneof.
    Keep,
    /// Transform a string.
    Text,
    /// Transform bytes.
    Bytes,
    /// Selected, but of this type, which cannot be encrypted.
    Refuse { type_name: String, packable: bool },
    /// Descend to the node.
    Message(usize),
    /// Descend to the node; the message is encoded as a group.
    Group(usize),
}

impl Graph {
    /// Whether it selects any field.
    pub(crate) fn works(&self) -> bool {
        self.nodes
            .first()
            .is_some_and(|root| !root.entries.is_empty())
    }

    pub(crate) fn node(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }

    /// Full names of the fields that are encrypted, wherever they occur.
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
