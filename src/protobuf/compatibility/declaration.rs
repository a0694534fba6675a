//! Facts about messages and fields that the comparison needs.
//!
//! The reference implementation reads them from syntax trees of `.proto` text; this
//! module derives them from unresolved descriptors.

use std::collections::{BTreeMap, HashSet};

use prost_types::field_descriptor_proto::{Label as ProtoLabel, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use crate::protobuf::model::field_messages::{FieldMessages, is_group};
use crate::protobuf::options;

/// A label as the source spells it. Proto3 fields without a keyword have none, and
/// neither have members of a oneof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    Required,
    Optional,
    Repeated,
}

/// A type as a field names it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum WrittenType<'a> {
    Scalar(ScalarGroup),
    /// `map<K, V>`, with the message of its entries.
    Map(&'a DescriptorProto),
    /// A name as written, with or without a leading dot.
    Named(&'a str),
}

/// Scalar types with the same encoding. A change within a group is compatible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScalarGroup {
    /// Varints. Enums are among them.
    GeneralNumber,
    /// Zig-zag varints.
    SignedNumber,
    StringOrBytes,
    Fixed32,
    Fixed64,
    Float,
    Double,
}

/// A field of a message. Groups do not count as fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub name: &'a str,
    pub label: Option<Label>,
    pub field_type: WrittenType<'a>,
    /// Position and name of the oneof that the field is a member of.
    pub oneof: Option<(i32, &'a str)>,
}

/// Returns the fields of a message by number. Of two fields with one number the later
/// one counts. Members of oneofs count as later than ordinary fields.
pub(super) fn fields<'a>(
    file: &FileDescriptorProto,
    message: &'a DescriptorProto,
) -> BTreeMap<i32, Field<'a>> {
    let mut plain = Vec::new();
    let mut members = Vec::new();
    let bodies = FieldMessages::of(&message.field, &message.extension, &message.nested_type);
    for (position, proto) in message.field.iter().enumerate() {
        if is_group(proto) {
            continue;
        }
        let entry = bodies.get(position);
        let entry = entry.and_then(|entry| message.nested_type.get(entry));
        let oneof = oneof_of(message, proto);
        let field = Field {
            name: proto.name(),
            label: label_of(file, proto, oneof.is_some()),
            field_type: entry.map_or_else(|| field_type(proto), WrittenType::Map),
            oneof,
        };
        match oneof {
            None => plain.push((proto.number(), field)),
            Some((index, _)) => members.push((index, proto.number(), field)),
        }
    }
    members.sort_by_key(|(index, ..)| *index);
    let members = members
        .into_iter()
        .map(|(_, number, field)| (number, field));
    plain.into_iter().chain(members).collect()
}

/// Returns the oneofs that the source declares, by name. Of two with one name the later
/// one counts. Synthetic oneofs of proto3 `optional` fields are left out.
pub(super) fn oneofs(message: &DescriptorProto) -> BTreeMap<&str, i32> {
    let synthetic: HashSet<i32> = message
        .field
        .iter()
        .filter(|field| field.proto3_optional())
        .filter_map(|field| field.oneof_index)
        .collect();
    (0..)
        .zip(&message.oneof_decl)
        .filter(|(index, _)| !synthetic.contains(index))
        .map(|(index, oneof)| (oneof.name(), index))
        .collect()
}

fn oneof_of<'a>(
    message: &'a DescriptorProto,
    field: &FieldDescriptorProto,
) -> Option<(i32, &'a str)> {
    if field.proto3_optional() {
        return None;
    }
    let index = field.oneof_index?;
    let oneof = message.oneof_decl.get(usize::try_from(index).ok()?)?;
    Some((index, oneof.name()))
}

fn label_of(
    file: &FileDescriptorProto,
    field: &FieldDescriptorProto,
    in_oneof: bool,
) -> Option<Label> {
    let label = field
        .label
        .and_then(|label| ProtoLabel::try_from(label).ok());
    match label {
        Some(ProtoLabel::Required) => Some(Label::Required),
        Some(ProtoLabel::Repeated) => Some(Label::Repeated),
        // Descriptors give every singular field this label. The source has the keyword
        // in proto2, and where the flag is set.
        Some(ProtoLabel::Optional) if field.proto3_optional() => Some(Label::Optional),
        Some(ProtoLabel::Optional) if !in_oneof && is_proto2(file) => Some(Label::Optional),
        Some(ProtoLabel::Optional) | None => None,
    }
}

fn is_proto2(file: &FileDescriptorProto) -> bool {
    matches!(file.syntax(), "" | "proto2")
}

/// Returns the type that a field names. A descriptor without a type, which no source
/// produces, yields the empty name, which does not resolve.
pub(super) fn field_type(field: &FieldDescriptorProto) -> WrittenType<'_> {
    if let Some(name) = &field.type_name {
        return WrittenType::Named(name);
    }
    let scalar = field
        .r#type
        .and_then(|number| Type::try_from(number).ok())
        .and_then(scalar_group);
    scalar.map_or(WrittenType::Named(""), WrittenType::Scalar)
}

fn scalar_group(scalar: Type) -> Option<ScalarGroup> {
    Some(match scalar {
        Type::Int32 | Type::Int64 | Type::Uint32 | Type::Uint64 | Type::Bool => {
            ScalarGroup::GeneralNumber
        }
        Type::Sint32 | Type::Sint64 => ScalarGroup::SignedNumber,
        Type::String | Type::Bytes => ScalarGroup::StringOrBytes,
        Type::Fixed32 | Type::Sfixed32 => ScalarGroup::Fixed32,
        Type::Fixed64 | Type::Sfixed64 => ScalarGroup::Fixed64,
        Type::Float => ScalarGroup::Float,
        Type::Double => ScalarGroup::Double,
        Type::Enum | Type::Message | Type::Group => return None,
    })
}

/// Whether a message is a map entry, and how the source expresses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MapEntry {
    No,
    /// Stands for a `map<K, V>`.
    Implied,
    /// Spelled out with `option map_entry = true`.
    Written,
}

pub(super) fn map_entry(message: &DescriptorProto) -> MapEntry {
    let Some(options) = &message.options else {
        return MapEntry::No;
    };
    let mut written = options.uninterpreted_option.iter();
    if options.map_entry() {
        MapEntry::Implied
    } else if written.any(|option| options::map_entry(option) == Some(true)) {
        MapEntry::Written
    } else {
        MapEntry::No
    }
}

/// Returns the key and value type of a map entry.
pub(super) fn map_types(entry: &DescriptorProto) -> (WrittenType<'_>, WrittenType<'_>) {
    let part = |name: &str| {
        entry
            .field
            .iter()
            .find(|field| field.name() == name)
            .map_or(WrittenType::Named(""), field_type)
    };
    (part("key"), part("value"))
}
