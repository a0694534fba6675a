//! What the engine knows of each message type, found out once per schema.

use std::sync::Arc;

use hashbrown::HashMap;
use prost::encoding::WireType;
use prost_reflect::{
    Cardinality, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, Kind as DescriptorKind,
    MessageDescriptor, OneofDescriptor,
};

pub(super) use super::field::{EnumPlan, FieldName, FieldPlan, Kind, Shape, Tag};

/// Plans of a message type and of all types below it; the root comes first.
#[derive(Debug, Default)]
pub(super) struct Plan {
    messages: Vec<MessagePlan>,
    enums: Vec<EnumPlan>,
}

#[derive(Debug, Default)]
pub(super) struct MessagePlan {
    pub(super) special: Special,
    /// By number, extensions behind: the order of printing.
    pub(super) fields: Vec<FieldPlan>,
    /// Positions in `fields` by `.proto` name and by JSON name.
    names: HashMap<Box<str>, usize>,
    /// Position in `fields` plus one, by number, for small numbers.
    small: Box<[u16]>,
    /// Position in `fields` of the other numbers, sorted.
    large: Vec<(u32, usize)>,
    /// Positions of the required fields of proto2.
    pub(super) required: Vec<usize>,
    /// Positions of the members of each oneof of more than one member.
    pub(super) oneofs: Vec<OneofPlan>,
}

#[derive(Debug)]
pub(super) struct OneofPlan {
    pub(super) name: Box<str>,
    pub(super) members: Vec<usize>,
}

/// Types with a JSON form of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Special {
    #[default]
    No,
    Any,
    Timestamp,
    Duration,
    FieldMask,
    Struct,
    Value,
    ListValue,
    Wrapper,
    Empty,
}

/// Numbers below are looked up in a table.
const SMALL: usize = 64;

impl MessagePlan {
    /// Position of the field of this number.
    #[inline]
    pub(super) fn position(&self, number: u32) -> Option<usize> {
        let number_as_index = number as usize;
        if number_as_index < SMALL {
            let entry = self.small.get(number_as_index)?;
            return usize::from(*entry).checked_sub(1);
        }
        let found = self.large.binary_search_by_key(&number, |(n, _)| *n);
        self.large.get(found.ok()?).map(|(_, position)| *position)
    }

    /// Position of the field of this name. `expected` is tried first: printed
    /// messages have their fields in order.
    #[inline]
    pub(super) fn find(&self, name: &str, expected: usize) -> Option<usize> {
        if let Some(field) = self.fields.get(expected)
            && (*field.name.plain == *name)
        {
            return Some(expected);
        }
        self.names.get(name).copied()
    }
}

impl Plan {
    pub(super) fn new(root: &MessageDescriptor) -> Arc<Self> {
        let mut plan = Self::default();
        let mut known = Known::default();
        plan.add_message(root, &mut known);
        // Types refer to each other in circles, hence no recursion: each one
        // found waits here.
        while let Some((position, message)) = known.open.pop() {
            let made = plan.message_plan(&message, &mut known);
            if let Some(slot) = plan.messages.get_mut(position) {
                *slot = made;
            }
        }
        Arc::new(plan)
    }

    #[inline]
    pub(super) fn message(&self, position: usize) -> Option<&MessagePlan> {
        self.messages.get(position)
    }

    #[inline]
    pub(super) fn enumeration(&self, position: usize) -> Option<&EnumPlan> {
        self.enums.get(position)
    }

    fn add_message(&mut self, message: &MessageDescriptor, known: &mut Known) -> usize {
        if let Some(&position) = known.messages.get(message.full_name()) {
            return position;
        }
        let position = self.messages.len();
        self.messages.push(MessagePlan::default());
        let name = message.full_name().to_owned();
        known.messages.insert(name, position);
        known.open.push((position, message.clone()));
        position
    }

    fn add_enum(&mut self, item: &EnumDescriptor, known: &mut Known) -> usize {
        if let Some(&position) = known.enums.get(item.full_name()) {
            return position;
        }
        let position = self.enums.len();
        self.enums.push(EnumPlan::new(item));
        known.enums.insert(item.full_name().to_owned(), position);
        position
    }

    fn message_plan(&mut self, message: &MessageDescriptor, known: &mut Known) -> MessagePlan {
        let mut plan = MessagePlan {
            small: vec![0; SMALL].into(),
            ..MessagePlan::default()
        };
        // Where a field is written: number of its oneof's first, its own number.
        let mut order: Vec<(u32, u32)> = Vec::new();
        for field in message.fields() {
            let oneof = field.containing_oneof().filter(|o| o.fields().count() > 1);
            let lowest = oneof.as_ref().and_then(lowest_number);
            order.push((lowest.unwrap_or(field.number()), field.number()));
            if field.cardinality() == Cardinality::Required {
                plan.required.push(plan.fields.len());
            }
            let oneof = oneof.map(|oneof| plan.oneof(&oneof));
            let planned = self.field_plan(&Field::Own(&field), known);
            plan.push(FieldPlan { oneof, ..planned }, field.json_name());
        }
        let mut extensions: Vec<_> = message.extensions().collect();
        extensions.sort_by_key(ExtensionDescriptor::number);
        for extension in extensions {
            order.push((extension.number(), extension.number()));
            let planned = self.field_plan(&Field::Extension(&extension), known);
            plan.push(planned, extension.json_name());
        }
        let mut ranks: Vec<usize> = (0..order.len()).collect();
        ranks.sort_by_key(|position| order.get(*position));
        for (rank, position) in ranks.into_iter().enumerate() {
            if let Some(field) = plan.fields.get_mut(position) {
                field.rank = rank;
            }
        }
        plan.large.sort_unstable();
        plan.special = special(message.full_name(), &plan);
        plan
    }

    fn field_plan(&mut self, field: &Field<'_>, known: &mut Known) -> FieldPlan {
        let (number, kind) = match field {
            Field::Own(field) => (field.number(), field.kind()),
            Field::Extension(field) => (field.number(), field.kind()),
        };
        let kind = self.kind(&kind, field.is_group(), known);
        let shape = field.shape();
        let wire_type = match shape {
            Shape::Packed => WireType::LengthDelimited,
            _ => kind.wire_type(),
        };
        let (name, json_name) = match field {
            Field::Own(field) => (field.name(), field.json_name()),
            Field::Extension(field) => (field.json_name(), field.json_name()),
        };
        FieldPlan {
            name: FieldName::new(name),
            json_name: FieldName::new(json_name),
            tag: Tag::new(number, wire_type),
            kind,
            shape,
            rank: 0,
            oneof: None,
        }
    }

    fn kind(&mut self, kind: &DescriptorKind, group: bool, known: &mut Known) -> Kind {
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
            DescriptorKind::Enum(item) => Kind::Enum(self.add_enum(item, known)),
            DescriptorKind::Message(message) if group => {
                Kind::Group(self.add_message(message, known))
            }
            DescriptorKind::Message(message) => Kind::Message(self.add_message(message, known)),
        }
    }
}

/// Types that have a position in the plan already.
#[derive(Default)]
struct Known {
    messages: HashMap<String, usize>,
    enums: HashMap<String, usize>,
    /// Messages whose plan is still to be made.
    open: Vec<(usize, MessageDescriptor)>,
}

enum Field<'a> {
    Own(&'a FieldDescriptor),
    Extension(&'a ExtensionDescriptor),
}

impl Field<'_> {
    fn is_group(&self) -> bool {
        match self {
            Self::Own(field) => field.is_group(),
            Self::Extension(field) => field.is_group(),
        }
    }

    fn shape(&self) -> Shape {
        let (map, list, packed, presence) = match self {
            Self::Own(f) => (
                f.is_map(),
                f.is_list(),
                f.is_packed(),
                f.supports_presence(),
            ),
            Self::Extension(f) => (
                f.is_map(),
                f.is_list(),
                f.is_packed(),
                f.supports_presence(),
            ),
        };
        match (map, list, packed, presence) {
            (true, ..) => Shape::Map,
            (_, true, true, _) => Shape::Packed,
            (_, true, false, _) => Shape::Expanded,
            (_, _, _, true) => Shape::Explicit,
            _ => Shape::Implicit,
        }
    }
}

fn lowest_number(oneof: &OneofDescriptor) -> Option<u32> {
    oneof.fields().map(|member| member.number()).min()
}

impl MessagePlan {
    /// Adds a field; the last of two that claim one name has it.
    fn push(&mut self, field: FieldPlan, json_name: &str) {
        let position = self.fields.len();
        let number = field.tag.number();
        let entry = usize::try_from(number).ok();
        let entry = entry.and_then(|number| self.small.get_mut(number));
        match (entry, u16::try_from(position.saturating_add(1))) {
            (Some(entry), Ok(position)) => *entry = position,
            _ => self.large.push((number, position)),
        }
        self.names.entry(json_name.into()).insert(position);
        let name = field.name.plain.clone();
        self.names.entry(name).or_insert(position);
        if let Some(oneof) = field.oneof.and_then(|oneof| self.oneofs.get_mut(oneof)) {
            oneof.members.push(position);
        }
        self.fields.push(field);
    }

    fn oneof(&mut self, oneof: &OneofDescriptor) -> usize {
        let known = self.oneofs.iter().position(|o| *o.name == *oneof.name());
        known.unwrap_or_else(|| {
            self.oneofs.push(OneofPlan {
                name: oneof.name().into(),
                members: Vec::new(),
            });
            self.oneofs.len().saturating_sub(1)
        })
    }
}

/// Whether a type has a JSON form of its own: by its name, and only if it is
/// built as the well-known type of this name is.
fn special(full_name: &str, plan: &MessagePlan) -> Special {
    let Some(name) = full_name.strip_prefix("google.protobuf.") else {
        return Special::No;
    };
    let fields: Vec<_> = plan
        .fields
        .iter()
        .map(|field| (field.tag.number(), field.kind, field.shape))
        .collect();
    use Kind::{Bool, Bytes, Double, Float, Int32, Int64, Message, String, Uint32, Uint64};
    use Shape::{Expanded, Explicit, Implicit, Map};
    match (name, &fields[..]) {
        ("Any", [(1, String, Implicit), (2, Bytes, Implicit)]) => Special::Any,
        ("Timestamp", [(1, Int64, Implicit), (2, Int32, Implicit)]) => Special::Timestamp,
        ("Duration", [(1, Int64, Implicit), (2, Int32, Implicit)]) => Special::Duration,
        ("FieldMask", [(1, String, Expanded)]) => Special::FieldMask,
        ("Struct", [(1, Message(_), Map)]) => Special::Struct,
        ("ListValue", [(1, Message(_), Expanded)]) => Special::ListValue,
        (
            "Value",
            [
                (1, Kind::Enum(_), Explicit),
                (2, Double, Explicit),
                (3, String, Explicit),
                (4, Bool, Explicit),
                (5, Message(_), Explicit),
                (6, Message(_), Explicit),
            ],
        ) => Special::Value,
        ("DoubleValue", [(1, Double, Implicit)])
        | ("FloatValue", [(1, Float, Implicit)])
        | ("Int64Value", [(1, Int64, Implicit)])
        | ("UInt64Value", [(1, Uint64, Implicit)])
        | ("Int32Value", [(1, Int32, Implicit)])
        | ("UInt32Value", [(1, Uint32, Implicit)])
        | ("BoolValue", [(1, Bool, Implicit)])
        | ("StringValue", [(1, String, Implicit)])
        | ("BytesValue", [(1, Bytes, Implicit)]) => Special::Wrapper,
        ("Empty", []) => Special::Empty,
        _ => Special::No,
    }
}
