//! Links fields to the messages that they declare.
//!
//! A `map<>` field and a group each declare a message: the map entry, the group's
//! body. A descriptor lists this message among the messages of the scope, and the
//! field refers to it by name only. Registries accept schemas in which two messages
//! of one scope have one name, so the position decides.

use std::collections::{HashMap, VecDeque};

use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FieldDescriptorProto};

use super::names::unqualified;
use crate::protobuf::options::is_implied_map_entry;

pub(in crate::protobuf) fn is_group(field: &FieldDescriptorProto) -> bool {
    field.r#type == Some(Type::Group as i32)
}

/// Returns whether the field may be a `map<>`. Other fields with a named type
/// have no type yet: resolution finds out whether it is a message or an enum.
fn may_be_map(field: &FieldDescriptorProto) -> bool {
    field.r#type == Some(Type::Message as i32)
}

/// Orders fields as the canonical text prints them: plain fields, members of
/// each oneof, groups.
pub(in crate::protobuf) fn field_rank(field: &FieldDescriptorProto) -> (u8, i32, bool) {
    let group = is_group(field);
    match field.oneof_index {
        Some(index) if !field.proto3_optional() => (1, index, group),
        _ if group => (2, 0, true),
        _ => (0, 0, false),
    }
}

/// Positions of the messages that belong to fields, by the position of the field.
/// Positions of extensions continue after those of the fields.
#[derive(Debug, Default)]
pub(in crate::protobuf) struct FieldMessages(HashMap<usize, usize>);

impl FieldMessages {
    /// Links the fields and extensions of a scope to its messages. Of several messages
    /// with the name of a group, the last ones are the bodies, in the order of the
    /// groups. Map entries are in the order of the maps.
    pub(in crate::protobuf) fn of(
        fields: &[FieldDescriptorProto],
        extensions: &[FieldDescriptorProto],
        messages: &[DescriptorProto],
    ) -> Self {
        let members = || fields.iter().chain(extensions);
        let mut groups: HashMap<&str, usize> = HashMap::new();
        for field in members().filter(|field| is_group(field)) {
            let count = groups.entry(unqualified(field.type_name())).or_default();
            *count = count.saturating_add(1);
        }
        if groups.is_empty() && !members().any(may_be_map) {
            return Self::default();
        }
        let mut bodies: HashMap<&str, VecDeque<usize>> = HashMap::new();
        let mut entries: HashMap<&str, VecDeque<usize>> = HashMap::new();
        for (position, message) in messages.iter().enumerate() {
            let name = message.name();
            if is_implied_map_entry(message) {
                entries.entry(name).or_default().push_back(position);
            } else if let Some(count) = groups.get(name) {
                let bodies = bodies.entry(name).or_default();
                bodies.push_back(position);
                if bodies.len() > *count {
                    bodies.pop_front();
                }
            }
        }
        let mut next = |field: &FieldDescriptorProto| {
            let candidates = if is_group(field) {
                &mut bodies
            } else if may_be_map(field) {
                &mut entries
            } else {
                return None;
            };
            let named = candidates.get_mut(unqualified(field.type_name()));
            named.and_then(VecDeque::pop_front)
        };
        let links = members().enumerate();
        Self(links.filter_map(|(i, f)| Some((i, next(f)?))).collect())
    }

    /// Replaces the bodies of groups with those in `positions`: member, message.
    pub(in crate::protobuf) fn with_groups(
        mut self,
        positions: impl IntoIterator<Item = (usize, usize)>,
    ) -> Self {
        self.0.extend(positions);
        self
    }

    /// Returns the position of the message that belongs to the member at `position`.
    pub(in crate::protobuf) fn get(&self, position: usize) -> Option<usize> {
        self.0.get(&position).copied()
    }

    /// Returns the positions of the messages that belong to no field.
    pub(in crate::protobuf) fn declared(
        &self,
        messages: usize,
    ) -> impl Iterator<Item = usize> + use<> {
        let mut owned = vec![false; messages];
        for position in self.0.values() {
            if let Some(owned) = owned.get_mut(*position) {
                *owned = true;
            }
        }
        (0..messages)
            .zip(owned)
            .filter_map(|(position, owned)| (!owned).then_some(position))
    }
}
