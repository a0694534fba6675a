//! Converts a builder to a descriptor as the parser would return it: names of types as
//! written (full names for other files), uninterpreted options, map entries after the
//! declared messages, synthetic oneofs after the declared ones.

use prost_types::descriptor_proto::ReservedRange;
use prost_types::enum_descriptor_proto::EnumReservedRange;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::uninterpreted_option::NamePart;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, EnumValueDescriptorProto,
    FieldDescriptorProto, FieldOptions, FileDescriptorProto, MessageOptions, OneofDescriptorProto,
    UninterpretedOption,
};

use super::file::ProtoFile;
use super::known_types::{Found, KnownTypes};
use super::message::{Item, ProtoMessage};
use super::{FieldType, ProtoEnum, ProtoField};
use crate::protobuf::model::elements::{edit_fields, edit_messages};
use crate::protobuf::model::names::map_entry_name;
use crate::protobuf::model::synthetic_oneof;

/// Converts a file that has passed all checks, so casts and indexes are in bounds.
pub(super) fn emit(file: &ProtoFile, types: &KnownTypes) -> FileDescriptorProto {
    let public = file.head.imports.iter().enumerate();
    let public = public.filter(|(_, import)| import.public);
    let mut emitted = FileDescriptorProto {
        name: Some(file.head.name.clone()),
        package: (!file.head.package.is_empty()).then(|| file.head.package.clone()),
        dependency: file.head.imports.iter().map(|i| i.path.clone()).collect(),
        public_dependency: public.map(|(i, _)| index(i)).collect(),
        message_type: file.messages.iter().map(message).collect(),
        enum_type: file.enums.iter().map(enumeration).collect(),
        syntax: Some("proto3".to_owned()),
        ..Default::default()
    };
    // Some clients do not look up names that are relative to the package of another
    // file, so types of other files are named in full.
    edit_fields(&mut emitted, &mut |scope, field| {
        // The type of a map's field is set already.
        if let (None, Some(name)) = (field.r#type, &field.type_name)
            && let Found::Type(found) = types.find(scope, name)
            && found.file != file.head.name
        {
            field.type_name = Some(format!(".{}", found.name));
        }
    });
    edit_messages(&mut emitted, &mut |_, message| {
        synthetic_oneof::name(message)
    });
    emitted
}

fn index(i: usize) -> i32 {
    i32::try_from(i).unwrap_or(i32::MAX)
}

/// Converts a field number, which has at most 29 bits.
fn number(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

fn message(message: &ProtoMessage) -> DescriptorProto {
    let oneof = |name: String| OneofDescriptorProto {
        name: Some(name),
        options: None,
    };
    let declared = message.items.iter().filter_map(|item| match item {
        Item::Field(_) => None,
        Item::Oneof(item) => Some(oneof(item.name.clone())),
    });
    let mut oneofs: Vec<_> = declared.collect();

    let mut fields = Vec::new();
    let mut entries = Vec::new();
    let mut declared = 0;
    for item in &message.items {
        match item {
            Item::Field(item) => {
                let mut descriptor = field(item);
                if item.optional {
                    descriptor.proto3_optional = Some(true);
                    descriptor.oneof_index = Some(index(oneofs.len()));
                    oneofs.push(oneof(String::new()));
                }
                if let Some(key) = &item.map_key {
                    entries.push(map_entry(item, key));
                }
                fields.push(descriptor);
            }
            Item::Oneof(oneof) => {
                for member in &oneof.fields {
                    fields.push(FieldDescriptorProto {
                        oneof_index: Some(declared),
                        ..field(member)
                    });
                }
                declared += 1;
            }
        }
    }

    let mut nested: Vec<_> = message.messages.iter().map(self::message).collect();
    nested.extend(entries);
    DescriptorProto {
        name: Some(message.name.clone()),
        field: fields,
        nested_type: nested,
        enum_type: message.enums.iter().map(enumeration).collect(),
        oneof_decl: oneofs,
        options: deprecated(message.deprecated).map(|uninterpreted_option| MessageOptions {
            uninterpreted_option,
            ..Default::default()
        }),
        reserved_range: message
            .reserved
            .iter()
            .map(|range| ReservedRange {
                start: Some(number(*range.start())),
                // The descriptor's end is exclusive.
                end: Some(number(range.end().saturating_add(1))),
            })
            .collect(),
        reserved_name: message.reserved_names.clone(),
        ..Default::default()
    }
}

fn field(field: &ProtoField) -> FieldDescriptorProto {
    let mut options = Vec::new();
    if let Some(packed) = field.packed {
        options.push(boolean("packed", packed));
    }
    if field.deprecated {
        options.push(boolean("deprecated", true));
    }
    options.extend(tags(&field.tags));
    let (ty, type_name) = match &field.map_key {
        Some(_) => (
            Some(Type::Message.into()),
            Some(map_entry_name(&field.name)),
        ),
        None => type_of(&field.ty),
    };
    let label = if field.repeated || field.map_key.is_some() {
        Label::Repeated
    } else {
        Label::Optional
    };
    FieldDescriptorProto {
        name: Some(field.name.clone()),
        number: Some(number(field.number)),
        label: Some(label.into()),
        r#type: ty,
        type_name,
        json_name: field.json_name.clone(),
        options: (!options.is_empty()).then(|| FieldOptions {
            uninterpreted_option: options,
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// Returns type and type name. Resolution sorts named types into messages and enums.
fn type_of(ty: &FieldType) -> (Option<i32>, Option<String>) {
    match ty.type_name() {
        Some(name) => (None, Some(name.to_owned())),
        None => (ty.scalar().map(Into::into), None),
    }
}

fn map_entry(field: &ProtoField, key: &FieldType) -> DescriptorProto {
    let member = |name: &str, number: i32, ty: &FieldType| {
        let (r#type, type_name) = type_of(ty);
        FieldDescriptorProto {
            name: Some(name.to_owned()),
            json_name: Some(name.to_owned()),
            number: Some(number),
            label: Some(Label::Optional.into()),
            r#type,
            type_name,
            ..Default::default()
        }
    };
    DescriptorProto {
        name: Some(map_entry_name(&field.name)),
        field: vec![member("key", 1, key), member("value", 2, &field.ty)],
        options: Some(MessageOptions {
            map_entry: Some(true),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn enumeration(item: &ProtoEnum) -> EnumDescriptorProto {
    let mut options = Vec::new();
    if item.allow_alias {
        options.push(boolean("allow_alias", true));
    }
    options.extend(deprecated(item.deprecated).into_iter().flatten());
    EnumDescriptorProto {
        name: Some(item.name.clone()),
        value: item
            .values
            .iter()
            .map(|(name, number)| EnumValueDescriptorProto {
                name: Some(name.clone()),
                number: Some(*number),
                options: None,
            })
            .collect(),
        options: (!options.is_empty()).then(|| EnumOptions {
            uninterpreted_option: options,
            ..Default::default()
        }),
        reserved_range: item
            .reserved
            .iter()
            .map(|range| EnumReservedRange {
                start: Some(*range.start()),
                end: Some(*range.end()),
            })
            .collect(),
        reserved_name: item.reserved_names.clone(),
    }
}

fn deprecated(yes: bool) -> Option<Vec<UninterpretedOption>> {
    yes.then(|| vec![boolean("deprecated", true)])
}

/// Returns the option `name = value`.
fn boolean(name: &str, value: bool) -> UninterpretedOption {
    UninterpretedOption {
        name: vec![part(name, false)],
        identifier_value: Some(value.to_string()),
        ..Default::default()
    }
}

fn part(name: &str, is_extension: bool) -> NamePart {
    NamePart {
        name_part: name.to_owned(),
        is_extension,
    }
}

/// Returns `(confluent.field_meta).tags = "PII"` for each tag.
fn tags(tags: &[String]) -> impl Iterator<Item = UninterpretedOption> {
    tags.iter().map(|tag| UninterpretedOption {
        name: vec![part("confluent.field_meta", true), part("tags", false)],
        string_value: Some(tag.as_bytes().to_vec()),
        ..Default::default()
    })
}
