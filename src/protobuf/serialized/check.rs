//! Checks that source text can express a descriptor.

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use crate::protobuf::model::elements::{Element, elements};
use crate::protobuf::model::field_messages::{FieldMessages, is_group};
use crate::protobuf::model::names::is_identifier;

/// Refuses a descriptor that source cannot express exactly.
pub(super) fn check(file: &FileDescriptorProto) -> Result<(), String> {
    let name = |what: &str, name: &str| match is_identifier(name) {
        true => Ok(()),
        false => Err(format!("{what} name {name:?} is not an identifier")),
    };
    let type_name = |name: &str| {
        let relative = name.strip_prefix('.').unwrap_or(name);
        match relative.split('.').all(is_identifier) {
            true => Ok(()),
            false => Err(format!("type name {name:?} is malformed")),
        }
    };
    let proto3 = file.syntax() == "proto3";
    let groups = |fields: &[FieldDescriptorProto],
                  extensions: &[FieldDescriptorProto],
                  messages: &[DescriptorProto]| {
        let bodies = FieldMessages::of(fields, extensions, messages);
        let members = fields.iter().chain(extensions).enumerate();
        let mut groups = members.filter(|(_, field)| is_group(field));
        match groups.find(|(member, _)| bodies.get(*member).is_none()) {
            Some((_, group)) => Err(format!(
                "group {:?} has no message of its own beside it",
                group.name()
            )),
            None => Ok(()),
        }
    };
    let field = |field: &FieldDescriptorProto| {
        name("field", field.name())?;
        if proto3 && field.label == Some(Label::Required as i32) {
            let name = field.name();
            return Err(format!(
                "field {name:?} is required, which proto3 does not have"
            ));
        }
        if let Some(extendee) = &field.extendee {
            type_name(extendee)?;
        }
        if let Some(number) = field.r#type
            && Type::try_from(number).is_err()
        {
            return Err(format!(
                "field {:?} is of unknown type {number}",
                field.name()
            ));
        }
        match &field.type_name {
            Some(named) => type_name(named),
            None if field.r#type.is_none() => Err(format!("field {:?} has no type", field.name())),
            None => Ok(()),
        }
    };
    let message = |item: &DescriptorProto| {
        name("message", item.name())?;
        let oneofs = i32::try_from(item.oneof_decl.len()).unwrap_or(i32::MAX);
        let mut fields = item.field.iter();
        let stray = fields.find(|f| f.oneof_index.is_some_and(|i| i < 0 || i >= oneofs));
        if let Some(stray) = stray {
            return Err(format!(
                "field {:?} is in a oneof that does not exist",
                stray.name()
            ));
        }
        groups(&item.field, &item.extension, &item.nested_type)
    };
    elements(file).try_for_each(|(_, element)| match element {
        Element::File(file) => {
            let mut parts = file.package.iter().flat_map(|package| package.split('.'));
            if !file.package().is_empty() {
                parts.try_for_each(|part| name("package", part))?;
            }
            groups(&[], &file.extension, &file.message_type)
        }
        Element::Message(item) => message(item),
        Element::ExtensionRange(_) => Ok(()),
        Element::Field(item) => field(item),
        Element::Oneof(oneof) => name("oneof", oneof.name()),
        Element::Enum(item) => name("enum", item.name()),
        Element::EnumValue(value) => name("enum value", value.name()),
        Element::Service(service) => name("service", service.name()),
        Element::Method(method) => {
            name("method", method.name())?;
            type_name(method.input_type())?;
            type_name(method.output_type())
        }
    })
}
