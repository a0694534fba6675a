//! Computes the graph of a rule and a message type, once per schema.
//!
//! On write a record has two schemas: its own, and the registered one, which readers
//! use and whose rules run. Fields of the two are paired by number along their
//! paths. If a rule protects a field in either schema, the registered one must let
//! the rule encrypt it. Otherwise there is no graph.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use prost::encoding::WireType;
use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor};

use super::coverage::{self, GraphProblem};
use super::graph::{Action, Entry, Graph, KnownField, Node, bit};
use super::tags::{BadTags, Selection};
use crate::csfle::direction::Direction;

/// Message types that rules treat as one value, not as a record with fields.
const LEAVES: [&str; 2] = ["google.protobuf.Timestamp", "confluent.type.Decimal"];

/// A message type in the registered schema and in the record's own. At least one of
/// the two defines it.
#[derive(Clone)]
struct Pair {
    registered: Option<MessageDescriptor>,
    own: Option<MessageDescriptor>,
    /// Path at which the pair occurs first.
    path: String,
}

impl Pair {
    fn key(&self) -> (Option<String>, Option<String>) {
        let name = |message: &Option<MessageDescriptor>| {
            message
                .as_ref()
                .map(|message| message.full_name().to_owned())
        };
        (name(&self.registered), name(&self.own))
    }

    /// Returns the fields of both schemas by number.
    fn fields(&self) -> BTreeMap<u32, (Option<FieldDescriptor>, Option<FieldDescriptor>)> {
        let mut fields: BTreeMap<_, (Option<_>, Option<_>)> = BTreeMap::new();
        for field in self.registered.iter().flat_map(MessageDescriptor::fields) {
            let number = field.number();
            fields.entry(number).or_default().0 = Some(field);
        }
        for field in self.own.iter().flat_map(MessageDescriptor::fields) {
            let number = field.number();
            fields.entry(number).or_default().1 = Some(field);
        }
        fields
    }
}

/// The message types of a graph. Each pair occurs once.
struct Pairs {
    all: Vec<Pair>,
    index: HashMap<(Option<String>, Option<String>), usize>,
}

impl Pairs {
    fn index(&mut self, pair: Pair) -> usize {
        let all = &mut self.all;
        *self.index.entry(pair.key()).or_insert_with(|| {
            all.push(pair);
            all.len().saturating_sub(1)
        })
    }
}

/// Returns what a rule with this selection does to the message type `registered`. On
/// write, `own` is the message type in the record's own schema.
pub(crate) fn graph(
    selection: &Selection<'_>,
    registered: &MessageDescriptor,
    own: Option<&MessageDescriptor>,
    direction: Direction,
) -> Result<Graph, GraphProblem> {
    let writes = direction == Direction::Write;
    let mut pairs = Pairs {
        all: Vec::new(),
        index: HashMap::new(),
    };
    pairs.index(Pair {
        registered: Some(registered.clone()),
        own: writes.then(|| own.unwrap_or(registered).clone()),
        path: String::new(),
    });
    let mut nodes: Vec<Node> = Vec::new();
    let mut selected = Vec::new();
    while let Some(pair) = pairs.all.get(nodes.len()).cloned() {
        let mut entries = Vec::new();
        let mut known = Vec::new();
        for (number, (registered, own)) in pair.fields() {
            let named = own.as_ref().or(registered.as_ref());
            let name = named.map_or("", FieldDescriptor::name);
            let path = match pair.path.as_str() {
                "" => name.to_owned(),
                outer => format!("{outer}.{name}"),
            };
            if let Some(own) = &own {
                coverage::check(selection, registered.as_ref(), own, &path)?;
            }
            let planned = match &registered {
                Some(field) => action(field, selection, direction)?,
                None => Planned::Action(Action::Keep),
            };
            // A value that is encrypted or refused as a whole is not searched for
            // fields.
            let open = matches!(planned, Planned::Descend | Planned::Action(Action::Keep));
            let message = |field: &Option<FieldDescriptor>| {
                let field = field.as_ref().filter(|_| open)?;
                field.kind().as_message().cloned()
            };
            let child = Pair {
                registered: message(&registered),
                own: message(&own),
                path,
            };
            let (action, inner) = match planned {
                Planned::Descend => {
                    let node = pairs.index(child);
                    match registered.as_ref().is_some_and(FieldDescriptor::is_group) {
                        true => (Action::Group(node), Some(node)),
                        false => (Action::Message(node), Some(node)),
                    }
                }
                // On write the fields of a message are checked even if none of them
                // is transformed.
                Planned::Action(action) => {
                    let inner = child.registered.is_some() || child.own.is_some();
                    (action, (writes && inner).then(|| pairs.index(child)))
                }
            };
            if writes {
                let fields = registered.iter().chain(&own);
                known.push(KnownField::new(number, name, fields, inner));
            }
            if let (Some(field), Some(message)) = (&registered, &pair.registered) {
                if matches!(action, Action::Text | Action::Bytes) {
                    selected.push(field.full_name().to_owned());
                }
                entries.push(entry(message, field, action));
            }
        }
        nodes.push(Node {
            entries,
            any_implicit: false,
            known: writes.then_some(known),
        });
    }
    prune(&mut nodes);
    Ok(Graph { nodes, selected })
}

enum Planned {
    Action(Action),
    /// Descend into the field's message type.
    Descend,
}

fn action(
    field: &FieldDescriptor,
    selection: &Selection<'_>,
    direction: Direction,
) -> Result<Planned, BadTags> {
    let selected = selection.selects(field)?;
    // A rule without tags selects the fields of a message instead of the message,
    // and no keys of maps.
    let tagged = selected && !selection.takes_all();
    let kind = field.kind();
    let refuse = |refused: bool, type_name: &str, otherwise: Planned| {
        // On read such a value is kept: no client can have encrypted it.
        if refused && direction == Direction::Write {
            Planned::Action(Action::Refuse {
                type_name: type_name.to_owned(),
                packable: !matches!(kind, Kind::Message(_) | Kind::String | Kind::Bytes),
            })
        } else {
            otherwise
        }
    };
    let keep = Planned::Action(Action::Keep);
    let is_map_key = field.parent_message().is_map_entry() && field.number() == 1;
    Ok(match &kind {
        _ if is_map_key => refuse(tagged, "key of a map", keep),
        Kind::String if selected => Planned::Action(Action::Text),
        Kind::Bytes if selected => Planned::Action(Action::Bytes),
        Kind::String | Kind::Bytes => keep,
        Kind::Message(child) if LEAVES.contains(&child.full_name()) => {
            let mut refused = selected;
            for field in child.fields() {
                refused |= selection.selects(&field)?;
            }
            refuse(refused, child.full_name(), keep)
        }
        Kind::Message(entry) if field.is_map() => match entry.map_entry_value_field().kind() {
            Kind::Message(value) => {
                let is_leaf = selected && LEAVES.contains(&value.full_name());
                let otherwise = if is_leaf { keep } else { Planned::Descend };
                let map = format!("map to {}", value.full_name());
                refuse(tagged || is_leaf, &map, otherwise)
            }
            // Only the value field of a map entry can be encrypted.
            value if selected => refuse(true, &format!("map to {value:?}").to_lowercase(), keep),
            _ => Planned::Descend,
        },
        Kind::Message(child) => refuse(tagged, child.full_name(), Planned::Descend),
        Kind::Enum(_) => refuse(selected, "enum", keep),
        scalar => refuse(selected, &format!("{scalar:?}").to_lowercase(), keep),
    })
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

/// Removes entries that change nothing, and entries that descend into types where
/// nothing changes.
fn prune(nodes: &mut [Node]) {
    // Maps each node to the nodes that descend into it.
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

/// Returns the wire types of a field. A parser treats a field of another wire type
/// as unknown.
fn wire_types(field: &FieldDescriptor) -> u8 {
    let one = match field.kind() {
        _ if field.is_group() => return bit(WireType::StartGroup),
        Kind::String | Kind::Bytes | Kind::Message(_) => return bit(WireType::LengthDelimited),
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => bit(WireType::SixtyFourBit),
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => bit(WireType::ThirtyTwoBit),
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
        // Parsers accept packed and unpacked values, no matter which is declared.
        Cardinality::Repeated => one | bit(WireType::LengthDelimited),
        _ => one,
    }
}

impl KnownField {
    /// Combines a field of one schema or of both.
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
