//! Decodes serialized descriptors to the model.

use prost::Message;
use prost_reflect::DescriptorPool;
use prost_types::field_descriptor_proto::Label;
use prost_types::{DescriptorProto, FileDescriptorProto};

use super::check::check;
use super::opaque;
use crate::protobuf::model::elements::edit_fields;
use crate::protobuf::model::field_messages::{FieldMessages, field_rank};
use crate::protobuf::model::layout::Layout;
use crate::protobuf::model::limits;
use crate::protobuf::options::decode;
use crate::protobuf::{Error, Form, SchemaFile};

impl SchemaFile {
    /// Decodes a serialized `FileDescriptorProto` with the options that `pool`
    /// defines. Also returns whether it has options that `pool` does not define;
    /// these are dropped.
    pub(in crate::protobuf) fn decode(
        name: &str,
        bytes: &[u8],
        pool: &DescriptorPool,
    ) -> Result<(Self, bool), Error> {
        let invalid = |reason: String| Error::Parse {
            file: name.to_owned(),
            position: None,
            reason,
        };
        limits::check_len(name, bytes.len())?;
        let mut file = opaque::File::decode(bytes)
            .map_err(|e| invalid(format!("not a serialized FileDescriptorProto: {e}")))?;
        if file.edition.is_some() || file.syntax.as_deref() == Some("editions") {
            return Err(Error::Edition {
                file: name.to_owned(),
            });
        }
        match file.syntax.as_deref() {
            None | Some("proto2" | "proto3") => {}
            Some("") => file.syntax = None,
            Some(other) => return Err(invalid(format!("unknown syntax {other:?}"))),
        }
        file.name = Some(name.to_owned());

        let mut has_unknown = false;
        let mut proto = file
            .read(&mut |target, bytes| {
                let decoded = decode::decode(target, bytes, pool)?;
                has_unknown |= decoded.has_unknown;
                Ok(decoded.options)
            })
            .map_err(invalid)?;
        limits::check(name, &proto)?;
        check(&proto).map_err(invalid)?;
        complete(&mut proto);
        let original = Self::from_descriptor(proto, Form::Serialized);
        // Registries store the text, so the model is the one of the text. Only errors
        // against the grammar remain: a group in proto3, a oneof without members, a
        // number out of range.
        let mut read = Self::from_text(name, &original.to_text()).map_err(|e| match e {
            Error::Parse { reason, .. } => invalid(format!("not expressible as source: {reason}")),
            other => other,
        })?;
        read.form = Form::Serialized;
        let original = original.proto;
        keep_order(
            &mut read.proto.message_type,
            &mut read.layout,
            &original.message_type,
            &FieldMessages::of(&[], &original.extension, &original.message_type),
            0..original.extension.len(),
        );
        Ok((read, has_unknown))
    }
}

/// Restores the order of the descriptor in messages that were read from the canonical
/// text. In a descriptor, bodies of groups may precede other messages.
fn keep_order(
    read: &mut Vec<DescriptorProto>,
    layout: &mut Layout,
    original: &[DescriptorProto],
    bodies: &FieldMessages,
    members: impl Iterator<Item = usize>,
) {
    let declared = bodies.declared(original.len());
    let order = declared.chain(members.filter_map(|member| bodies.get(member)));
    let mut layouts = layout.take_messages().into_iter();
    let mut messages: Vec<(usize, (DescriptorProto, Layout))> = (order.zip(read.drain(..)))
        .map(|(position, message)| (position, (message, layouts.next().unwrap_or_default())))
        .collect();
    messages.sort_by_key(|(position, _)| *position);
    for (position, (message, layout)) in &mut messages {
        let Some(original) = original.get(*position) else {
            continue;
        };
        let (fields, extensions) = (&original.field, &original.extension);
        let bodies = FieldMessages::of(fields, extensions, &original.nested_type);
        // The text prints extensions last, and fields by their rank.
        let mut members: Vec<usize> = (0..fields.len()).collect();
        members.sort_by_key(|member| fields.get(*member).map(field_rank));
        let extensions = fields.len()..fields.len().saturating_add(extensions.len());
        keep_order(
            &mut message.nested_type,
            layout,
            &original.nested_type,
            &bodies,
            members.into_iter().chain(extensions),
        );
    }
    let layouts;
    (*read, layouts) = messages.into_iter().map(|(_, message)| message).unzip();
    layout.set_messages(layouts);
}

/// Adds the labels that source must have, and drops default values in proto3
/// descriptors: some compilers write them, but proto3 has none.
fn complete(file: &mut FileDescriptorProto) {
    let proto3 = file.syntax() == "proto3";
    edit_fields(file, &mut |_, field| {
        if proto3 {
            field.default_value = None;
        }
        field.label.get_or_insert(Label::Optional as i32);
    });
}
