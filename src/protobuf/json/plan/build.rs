//! Makes a plan from a descriptor.

use std::sync::Arc;

use hashbrown::HashMap;
use prost::encoding::WireType;
use prost_reflect::{
    Cardinality, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, Kind as DescriptorKind,
    MessageDescriptor, OneofDescriptor,
};

use super::enumeration::EnumPlan;
use super::field::{FieldName, FieldPlan, Kind, Shape, Tag};
use super::message::{MessagePlan, OneofPlan, Plan};
use super::special::special;

impl Plan {
    pub(crate) fn new(root: &MessageDescriptor) -> Arc<Self> {
        let mut builder = Builder::default();
        builder.message_position(root);
        // Types refer to each other in circles, so they are not built recursively:
        // each new one waits in `open`.
        while let Some((position, message)) = builder.open.pop() {
            let made = builder.message(&message);
            if let Some(slot) = builder.plan.messages.get_mut(position as usize) {
                *slot = made;
            }
        }
        Arc::new(builder.plan)
    }
}

#[derive(Default)]
struct Builder {
    plan: Plan,
    /// Positions in the plan, by full name.
    messages: HashMap<String, u32>,
    enums: HashMap<String, u32>,
    /// Messages that have a position and no plan yet.
    open: Vec<(u32, MessageDescriptor)>,
}

impl Builder {
    fn message_position(&mut self, message: &MessageDescriptor) -> u32 {
        if let Some(&position) = self.messages.get(message.full_name()) {
            return position;
        }
        let position = self.plan.messages.len() as u32;
        self.plan.messages.push(MessagePlan::default());
        let name = message.full_name().to_owned();
        self.messages.insert(name, position);
        self.open.push((position, message.clone()));
        position
    }

    fn enum_position(&mut self, item: &EnumDescriptor) -> u32 {
        if let Some(&position) = self.enums.get(item.full_name()) {
            return position;
        }
        let position = self.plan.enums.len() as u32;
        self.plan.enums.push(EnumPlan::new(item));
        self.enums.insert(item.full_name().to_owned(), position);
        position
    }

    fn message(&mut self, message: &MessageDescriptor) -> MessagePlan {
        let mut plan = MessagePlan::default();
        // prost writes a oneof where its lowest number belongs.
        let mut order: Vec<(u32, u32)> = Vec::new();
        for field in message.fields() {
            let number = field.number();
            let oneof = field.containing_oneof().filter(|o| o.fields().count() > 1);
            let lowest = |o: &OneofDescriptor| o.fields().map(|member| member.number()).min();
            order.push((oneof.as_ref().and_then(lowest).unwrap_or(number), number));
            if field.cardinality() == Cardinality::Required {
                plan.required.push(plan.fields.len());
            }
            let oneof = oneof.map(|oneof| oneof_position(&mut plan.oneofs, oneof.name()));
            let planned = self.field(&Field::Own(&field), oneof);
            plan.push(planned, field.json_name());
        }
        let mut extensions: Vec<_> = message.extensions().collect();
        extensions.sort_by_key(ExtensionDescriptor::number);
        for extension in extensions {
            order.push((extension.number(), extension.number()));
            let planned = self.field(&Field::Extension(&extension), None);
            plan.push(planned, extension.json_name());
        }
        let mut ranks: Vec<usize> = (0..order.len()).collect();
        ranks.sort_by_key(|position| order.get(*position));
        for (rank, position) in ranks.into_iter().enumerate() {
            if let Some(field) = plan.fields.get_mut(position) {
                field.rank = rank as u32;
            }
        }
        plan.special = special(message.full_name(), &plan.fields);
        plan
    }

    fn field(&mut self, field: &Field<'_>, oneof: Option<usize>) -> FieldPlan {
        let (number, kind, is_group, shape) = match field {
            Field::Own(f) => {
                let shape = shape(
                    f.is_map(),
                    f.is_list(),
                    f.is_packed(),
                    f.supports_presence(),
                );
                (f.number(), f.kind(), f.is_group(), shape)
            }
            Field::Extension(f) => {
                let shape = shape(
                    f.is_map(),
                    f.is_list(),
                    f.is_packed(),
                    f.supports_presence(),
                );
                (f.number(), f.kind(), f.is_group(), shape)
            }
        };
        let (name, json_name, is_extension) = match field {
            Field::Own(field) => (field.name(), field.json_name(), false),
            Field::Extension(field) => (field.json_name(), field.json_name(), true),
        };
        let kind = self.kind(&kind, is_group);
        let wire_type = kind.wire_type();
        let tagged_as = match shape {
            Shape::Packed => WireType::LengthDelimited,
            _ => wire_type,
        };
        FieldPlan {
            name: FieldName::new(name),
            json_name: FieldName::new(json_name),
            tag: Tag::new(number, tagged_as),
            kind,
            shape,
            wire_type,
            is_extension,
            rank: 0,
            oneof,
        }
    }

    fn kind(&mut self, kind: &DescriptorKind, is_group: bool) -> Kind {
        match kind {
            DescriptorKind::Double => Kind::Double,
            DescriptorKind::Float => Kind::Float,
            DescriptorKind::Int32 => Kind::Int32,
            DescriptorKind::Int64 => Kind::Int64,
            DescriptorKind::Uint32 => Kind::Uint32,
            DescriptorKind::Uint64 => Kind::Uint64,
            DescriptorKind::Sint32 => Kind::Sint32,
            DescriptorKind::Sint64 => Kind::Sint64,
            DescriptorKind::Fixed32 => Kind::Fixed32,
            DescriptorKind::Fixed64 => Kind::Fixed64,
            DescriptorKind::Sfixed32 => Kind::Sfixed32,
            DescriptorKind::Sfixed64 => Kind::Sfixed64,
            DescriptorKind::Bool => Kind::Bool,
            DescriptorKind::String => Kind::String,
            DescriptorKind::Bytes => Kind::Bytes,
            DescriptorKind::Enum(item) => Kind::Enum(self.enum_position(item)),
            DescriptorKind::Message(message) if is_group => {
                Kind::Group(self.message_position(message))
            }
            DescriptorKind::Message(message) => Kind::Message(self.message_position(message)),
        }
    }
}

enum Field<'a> {
    Own(&'a FieldDescriptor),
    Extension(&'a ExtensionDescriptor),
}

fn shape(is_map: bool, is_list: bool, is_packed: bool, has_presence: bool) -> Shape {
    match (is_map, is_list, is_packed, has_presence) {
        (true, ..) => Shape::Map,
        (_, true, true, _) => Shape::Packed,
        (_, true, false, _) => Shape::Expanded,
        (_, _, _, true) => Shape::Explicit,
        _ => Shape::Implicit,
    }
}

/// Returns where the oneof of this name is in `oneofs`, which it is added to.
fn oneof_position(oneofs: &mut Vec<OneofPlan>, name: &str) -> usize {
    let known = oneofs.iter().position(|oneof| *oneof.name == *name);
    known.unwrap_or_else(|| {
        oneofs.push(OneofPlan {
            name: name.into(),
            members: Vec::new(),
        });
        oneofs.len().saturating_sub(1)
    })
}
