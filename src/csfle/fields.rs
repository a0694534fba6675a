//! Which fields of a message type a rule transforms: computed once per schema,
//! as a graph over the message types, since types may contain themselves.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor};

use super::rules::Direction;
use super::tags;
use crate::schema_registry::entities::Metadata;

/// Messages that are one value each to rules, not records with fields.
const LEAVES: [&str; 2] = ["google.protobuf.Timestamp", "confluent.type.Decimal"];

/// The transformation of a message type. Node 0 is the type itself.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    selected: Vec<String>,
}

/// What to do with one message type.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// By ascending number.
    pub(super) entries: Vec<Entry>,
    /// Whether the entries hold an implicit one.
    pub(super) any_implicit: bool,
}

/// What to do with one field.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) number: u32,
    pub(super) name: String,
    pub(super) action: Action,
    pub(super) repeated: bool,
    /// There without being on the wire: a singular field of implicit presence,
    /// or the value in an entry of a map.
    pub(super) implicit: bool,
    /// The oneof that it is a member of.
    pub(super) oneof: Option<usize>,
}

/// What to do with the values of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
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
    /// The transformation of `message` by a rule with these tags; no tags select
    /// every field. `None` if no field is selected.
    pub(super) fn new(
        message: &MessageDescriptor,
        rule_tags: &[String],
        metadata: Option<&Metadata>,
        direction: Direction,
    ) -> Option<Self> {
        let rule_tags: BTreeSet<&str> = rule_tags.iter().map(String::as_str).collect();
        let is_selected = |field: &FieldDescriptor| {
            rule_tags.is_empty()
                || tags::of_field(field, metadata)
                    .iter()
                    .any(|tag| rule_tags.contains(tag.as_str()))
        };

        let mut types = vec![message.clone()];
        let mut index = HashMap::from([(message.full_name().to_owned(), 0)]);
        let mut nodes: Vec<Node> = Vec::new();
        let mut selected = Vec::new();
        while let Some(message) = types.get(nodes.len()).cloned() {
            let mut entries = Vec::new();
            for field in message.fields() {
                let action = match action(&field, is_selected(&field), direction) {
                    Planned::Action(action) => {
                        if matches!(action, Action::Text | Action::Bytes) {
                            selected.push(field.full_name().to_owned());
                        }
                        action
                    }
                    Planned::Descend(child) => {
                        let node =
                            *index
                                .entry(child.full_name().to_owned())
                                .or_insert_with(|| {
                                    types.push(child);
                                    types.len().saturating_sub(1)
                                });
                        if field.is_group() {
                            Action::Group(node)
                        } else {
                            Action::Message(node)
                        }
                    }
                };
                entries.push(entry(&message, &field, action));
            }
            entries.sort_by_key(|entry| entry.number);
            nodes.push(Node {
                entries,
                any_implicit: false,
            });
        }
        prune(&mut nodes);
        let works = nodes.first().is_some_and(|root| !root.entries.is_empty());
        works.then_some(Self { nodes, selected })
    }

    pub(super) fn node(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }

    /// Full names of the fields that are encrypted, wherever they occur.
    pub(super) fn selected(&self) -> &[String] {
        &self.selected
    }
}

impl Node {
    #[inline]
    pub(super) fn position(&self, number: u32) -> Option<usize> {
        self.entries
            .binary_search_by_key(&number, |entry| entry.number)
            .ok()
    }
}

enum Planned {
    Action(Action),
    Descend(MessageDescriptor),
}

fn action(field: &FieldDescriptor, selected: bool, direction: Direction) -> Planned {
    let kind = field.kind();
    let refuse = |type_name: String| {
        // On read such a value is left alone: nobody can have encrypted it.
        if selected && direction == Direction::Write {
            let packable = !matches!(kind, Kind::Message(_) | Kind::String | Kind::Bytes);
            Planned::Action(Action::Refuse {
                type_name,
                packable,
            })
        } else {
            Planned::Action(Action::Keep)
        }
    };
    let is_map_key = field.parent_message().is_map_entry() && field.number() == 1;
    match &kind {
        _ if is_map_key => Planned::Action(Action::Keep),
        Kind::String if selected => Planned::Action(Action::Text),
        Kind::Bytes if selected => Planned::Action(Action::Bytes),
        Kind::String | Kind::Bytes => Planned::Action(Action::Keep),
        Kind::Message(child) if LEAVES.contains(&child.full_name()) => {
            refuse(child.full_name().to_owned())
        }
        Kind::Message(entry) if field.is_map() => match entry.map_entry_value_field().kind() {
            Kind::Message(value) if LEAVES.contains(&value.full_name()) && selected => {
                refuse(format!("map to {}", value.full_name()))
            }
            Kind::Message(_) => Planned::Descend(entry.clone()),
            // Such a map can only be encrypted through its entry's value field.
            value if selected => refuse(format!("map to {value:?}").to_lowercase()),
            _ => Planned::Descend(entry.clone()),
        },
        Kind::Message(child) => Planned::Descend(child.clone()),
        Kind::Enum(_) => refuse("enum".to_owned()),
        scalar => refuse(format!("{scalar:?}").to_lowercase()),
    }
}

fn entry(message: &MessageDescriptor, field: &FieldDescriptor, action: Action) -> Entry {
    let repeated = field.cardinality() == Cardinality::Repeated;
    let oneof = field
        .containing_oneof()
        .filter(|oneof| !oneof.is_synthetic())
        .and_then(|oneof| message.oneofs().position(|other| other == oneof));
    Entry {
        number: field.number(),
        name: field.name().to_owned(),
        action,
        repeated,
        implicit: !repeated && (message.is_map_entry() || !field.supports_presence()),
        oneof,
    }
}

/// Drops what leads nowhere: entries that change nothing, and those that descend
/// into types where nothing is changed.
fn prune(nodes: &mut [Node]) {
    // Which node is reached from which, backwards.
    let mut parents: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut working: BTreeSet<usize> = BTreeSet::new();
    for (index, node) in nodes.iter().enumerate() {
        for entry in &node.entries {
            match entry.action {
                Action::Keep => {}
                Action::Text | Action::Bytes | Action::Refuse { .. } => {
                    working.insert(index);
                }
                Action::Message(child) | Action::Group(child) => {
                    parents.entry(child).or_default().push(index);
                }
            }
        }
    }
    let mut pending: Vec<usize> = working.iter().copied().collect();
    while let Some(index) = pending.pop() {
        for &parent in parents.get(&index).into_iter().flatten() {
            if working.insert(parent) {
                pending.push(parent);
            }
        }
    }

    for node in nodes {
        for entry in &mut node.entries {
            if let Action::Message(child) | Action::Group(child) = entry.action
                && !working.contains(&child)
            {
                entry.action = Action::Keep;
            }
        }
        let oneofs: BTreeSet<usize> = node
            .entries
            .iter()
            .filter(|entry| entry.action != Action::Keep)
            .filter_map(|entry| entry.oneof)
            .collect();
        node.entries.retain(|entry| {
            entry.action != Action::Keep || entry.oneof.is_some_and(|o| oneofs.contains(&o))
        });
        node.any_implicit = node.entries.iter().any(|entry| entry.implicit);
    }
}
