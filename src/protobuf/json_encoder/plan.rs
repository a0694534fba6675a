//! What to write for each field of each message, found out once per schema.

use std::collections::HashMap;

use prost::encoding::WireType;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

/// The one value of `google.protobuf.NullValue`.
pub(super) const NULL_VALUE: &str = "NULL_VALUE";

/// Plans of a message type and of those in it; the root comes first.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    messages: Vec<MessagePlan>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct MessagePlan {
    /// In the order of writing.
    pub(super) fields: Vec<FieldPlan>,
    /// Names in the file and in JSON, sorted, with positions in `fields`.
    pub(super) names: Vec<(Box<str>, usize)>,
    pub(super) special: Special,
}

/// Types with JSON of their own.
#[derive(Clone, Debug, Default)]
pub(super) enum Special {
    #[default]
    No,
    /// `google.protobuf.Struct`
    Struct,
    /// `google.protobuf.Value`
    Value,
    /// `google.protobuf.ListValue`
    ListValue,
    /// Any other; reflection knows.
    Reflected(MessageDescriptor),
}

#[derive(Clone, Debug)]
pub(super) struct FieldPlan {
    pub(super) name: Box<str>,
    pub(super) number: u32,
    pub(super) kind: KindPlan,
    pub(super) shape: Shape,
    /// Which declared oneof it belongs to.
    pub(super) oneof: Option<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// Left out when it holds the default.
    Implicit,
    Explicit,
    Packed,
    Expanded,
    Map {
        key: KindPlan,
    },
}

#[derive(Clone, Debug)]
pub(super) enum KindPlan {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Bytes,
    Enum(HashMap<Box<str>, i32>),
    /// Position in [`Plan::messages`].
    Message(usize),
}

impl KindPlan {
    pub(super) fn wire_type(&self) -> WireType {
        match self {
            Self::Double | Self::Fixed64 | Self::Sfixed64 => WireType::SixtyFourBit,
            Self::Float | Self::Fixed32 | Self::Sfixed32 => WireType::ThirtyTwoBit,
            Self::String | Self::Bytes | Self::Message(_) => WireType::LengthDelimited,
            _ => WireType::Varint,
        }
    }
}

impl Plan {
    pub(super) fn new(root: &MessageDescriptor) -> Self {
        let mut plan = Self {
            messages: Vec::new(),
        };
        let mut known = HashMap::new();
        plan.plan(root, &mut known);
        plan
    }

    pub(super) fn message(&self, position: usize) -> Option<&MessagePlan> {
        self.messages.get(position)
    }

    /// Position of the message's plan, made now if there is none.
    fn plan(&mut self, message: &MessageDescriptor, known: &mut HashMap<String, usize>) -> usize {
        if let Some(&position) = known.get(message.full_name()) {
            return position;
        }
        let position = self.messages.len();
        known.insert(message.full_name().to_owned(), position);
        self.messages.push(MessagePlan::default());

        let special = match message.full_name() {
            "google.protobuf.Struct" => Special::Struct,
            "google.protobuf.Value" => Special::Value,
            "google.protobuf.ListValue" => Special::ListValue,
            name if name.starts_with("google.protobuf.") => Special::Reflected(message.clone()),
            _ => Special::No,
        };
        if !matches!(special, Special::No) {
            self.put(position, |plan| plan.special = special);
            return position;
        }
        let mut ordered: Vec<_> = message.fields().collect();
        ordered.sort_by_key(|field| match field.containing_oneof() {
            Some(oneof) => {
                let numbers = oneof.fields().map(|member| member.number());
                (numbers.min().unwrap_or_default(), field.number())
            }
            None => (field.number(), field.number()),
        });
        let mut names = Vec::with_capacity(ordered.len());
        let mut fields = Vec::with_capacity(ordered.len());
        for (i, field) in ordered.iter().enumerate() {
            names.push((Box::from(field.name()), i));
            if field.json_name() != field.name() {
                names.push((Box::from(field.json_name()), i));
            }
            fields.push(self.plan_field(field, known));
        }
        names.sort();
        self.put(position, |plan| {
            plan.fields = fields;
            plan.names = names;
        });
        position
    }

    fn put(&mut self, position: usize, edit: impl FnOnce(&mut MessagePlan)) {
        if let Some(plan) = self.messages.get_mut(position) {
            edit(plan);
        }
    }

    fn plan_field(
        &mut self,
        field: &FieldDescriptor,
        known: &mut HashMap<String, usize>,
    ) -> FieldPlan {
        let (kind, shape) = match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let key = self.plan_kind(&entry.map_entry_key_field().kind(), known);
                let value = self.plan_kind(&entry.map_entry_value_field().kind(), known);
                (value, Shape::Map { key })
            }
            kind => {
                let shape = if field.is_list() && field.is_packed() {
                    Shape::Packed
                } else if field.is_list() {
                    Shape::Expanded
                } else if field.supports_presence() {
                    Shape::Explicit
                } else {
                    Shape::Implicit
                };
                (self.plan_kind(&kind, known), shape)
            }
        };
        let oneof = field.containing_oneof();
        let oneof = oneof.filter(|oneof| !oneof.is_synthetic());
        FieldPlan {
            name: field.name().into(),
            number: field.number(),
            kind,
            shape,
            oneof: oneof.and_then(|oneof| {
                let mut all = field.parent_message().oneofs();
                all.position(|other| other == oneof)
            }),
        }
    }

    fn plan_kind(&mut self, kind: &Kind, known: &mut HashMap<String, usize>) -> KindPlan {
        match kind {
            Kind::Double => KindPlan::Double,
            Kind::Float => KindPlan::Float,
            Kind::Int32 => KindPlan::Int32,
            Kind::Int64 => KindPlan::Int64,
            Kind::Uint32 => KindPlan::Uint32,
            Kind::Uint64 => KindPlan::Uint64,
            Kind::Sint32 => KindPlan::Sint32,
            Kind::Sint64 => KindPlan::Sint64,
            Kind::Fixed32 => KindPlan::Fixed32,
            Kind::Fixed64 => KindPlan::Fixed64,
            Kind::Sfixed32 => KindPlan::Sfixed32,
            Kind::Sfixed64 => KindPlan::Sfixed64,
            Kind::Bool => KindPlan::Bool,
            Kind::String => KindPlan::String,
            Kind::Bytes => KindPlan::Bytes,
            Kind::Enum(item) => {
                let values = item.values();
                KindPlan::Enum(values.map(|v| (Box::from(v.name()), v.number())).collect())
            }
            Kind::Message(message) => KindPlan::Message(self.plan(message, known)),
        }
    }
}

impl FieldPlan {
    /// To `google.protobuf.Value` and `NullValue` null is a value.
    pub(super) fn takes_null(&self, plan: &Plan) -> bool {
        if !matches!(self.shape, Shape::Implicit | Shape::Explicit) {
            return false;
        }
        match &self.kind {
            KindPlan::Enum(values) => values.contains_key(NULL_VALUE),
            KindPlan::Message(position) => plan
                .message(*position)
                .is_some_and(|plan| matches!(plan.special, Special::Value)),
            _ => false,
        }
    }
}
