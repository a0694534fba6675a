//! Prints fields: label, type, options, and the bodies of groups.

use prost_types::FieldDescriptorProto;
use prost_types::field_descriptor_proto::{Label, Type};

use super::option;
use super::printer::{Laid, Member, Messages, Printer};
use crate::protobuf::model::field_messages::is_group;
use crate::protobuf::model::names::unqualified;

impl Printer {
    /// Prints extensions; `position` is that of the first among the scope's members.
    pub(super) fn extends(
        &mut self,
        fields: &[FieldDescriptorProto],
        position: usize,
        messages: &Messages<'_>,
    ) {
        let extendees = fields.iter().map(|field| Some(field.extendee()));
        let bodies = (position..).map(|position| messages.of_member(position));
        let members: Vec<Member<'_>> = fields.iter().zip(bodies).collect();
        let mut rest = &members[..];
        for size in messages.layout.extends(extendees) {
            let Some((block, after)) = rest.split_at_checked(size) else {
                break;
            };
            rest = after;
            let Some((first, _)) = block.first() else {
                continue;
            };
            self.open(&format!("extend {}", first.extendee()));
            self.group();
            self.inside(|p| {
                for (field, body) in block {
                    if is_group(field) {
                        p.group_field(field, p.label(field), *body);
                    } else {
                        p.field(field, p.label(field), None);
                    }
                }
            });
            self.close();
        }
    }

    /// Returns the label with a space after it. Singular fields of proto3 have none.
    pub(super) fn label(&self, field: &FieldDescriptorProto) -> &'static str {
        match field.label.map(Label::try_from) {
            Some(Ok(Label::Repeated)) => "repeated ",
            Some(Ok(Label::Required)) => "required ",
            Some(Ok(Label::Optional)) if field.proto3_optional() || !self.proto3 => "optional ",
            _ => "",
        }
    }

    /// Prints a field, as a map if it has an `entry`.
    pub(super) fn field(
        &mut self,
        field: &FieldDescriptorProto,
        label: &str,
        entry: Option<Laid<'_>>,
    ) {
        let head = match entry.map(|(entry, _)| &entry.field[..]) {
            Some([key, value]) => format!("map<{}, {}>", type_of(key), type_of(value)),
            _ => format!("{label}{}", type_of(field)),
        };
        let options = option::of_field(field);
        let list = option::list(&options);
        self.line(&format!(
            "{head} {} = {}{list};",
            field.name(),
            field.number()
        ));
    }

    pub(super) fn group_field(
        &mut self,
        field: &FieldDescriptorProto,
        label: &str,
        body: Option<Laid<'_>>,
    ) {
        let type_name = unqualified(field.type_name());
        let list = option::list(&option::of_field(field));
        let head = format!("{label}group {type_name} = {}{list}", field.number());
        let mut lines = head.split('\n').peekable();
        while let Some(line) = lines.next() {
            if lines.peek().is_some() {
                self.line(line);
            } else {
                self.open(line);
            }
        }
        match body {
            Some((body, layout)) => self.message_body(body, layout),
            None => self.close(),
        }
    }
}

/// Returns the type as written in source.
fn type_of(field: &FieldDescriptorProto) -> &str {
    if let Some(name) = &field.type_name {
        return name;
    }
    match field.r#type() {
        Type::Double => "double",
        Type::Float => "float",
        Type::Int64 => "int64",
        Type::Uint64 => "uint64",
        Type::Int32 => "int32",
        Type::Fixed64 => "fixed64",
        Type::Fixed32 => "fixed32",
        Type::Bool => "bool",
        Type::String => "string",
        Type::Bytes => "bytes",
        Type::Uint32 => "uint32",
        Type::Sfixed32 => "sfixed32",
        Type::Sfixed64 => "sfixed64",
        Type::Sint32 => "sint32",
        Type::Sint64 => "sint64",
        // These always have a type name.
        Type::Group | Type::Message | Type::Enum => "",
    }
}
