//! The fields, extensions and messages of a scope, separated for sorting.

use prost_types::{DescriptorProto, FieldDescriptorProto};

use super::field_messages::{FieldMessages, field_rank, is_group};
use super::layout::Layout;

/// A message and the layout of its statements.
pub(in crate::protobuf) type Declared = (DescriptorProto, Layout);

/// A field with the message that belongs to it.
#[derive(Debug)]
pub(in crate::protobuf) struct Member {
    pub field: FieldDescriptorProto,
    pub body: Option<Declared>,
}

/// The fields, extensions and messages of a scope, separated for sorting.
#[derive(Debug, Default)]
pub(in crate::protobuf) struct Scope {
    pub fields: Vec<Member>,
    pub extensions: Vec<Member>,
    /// The messages that belong to no field.
    pub declared: Vec<Declared>,
}

impl Scope {
    /// Moves the contents of a scope out of the descriptor.
    pub(in crate::protobuf) fn take(
        fields: &mut Vec<FieldDescriptorProto>,
        extensions: &mut Vec<FieldDescriptorProto>,
        messages: &mut Vec<DescriptorProto>,
        layout: &mut Layout,
        bodies: &FieldMessages,
    ) -> Self {
        let mut layouts = layout.take_messages().into_iter();
        let mut messages: Vec<Option<Declared>> = std::mem::take(messages)
            .into_iter()
            .map(|message| Some((message, layouts.next().unwrap_or_default())))
            .collect();
        let mut position = 0_usize;
        let mut member = |field| {
            let body = bodies.get(position);
            position = position.saturating_add(1);
            Member {
                field,
                body: body.and_then(|body| messages.get_mut(body)?.take()),
            }
        };
        let fields = std::mem::take(fields).into_iter().map(&mut member);
        let fields = fields.collect();
        let extensions = std::mem::take(extensions).into_iter().map(&mut member);
        let extensions = extensions.collect();
        Self {
            fields,
            extensions,
            declared: messages.into_iter().flatten().collect(),
        }
    }

    /// Returns the contents in the order that parsing the canonical text gives: declared
    /// messages, entries of `map<>` fields, bodies of groups. Message indexes then count
    /// the messages that the text declares as `message`.
    pub(in crate::protobuf) fn put_together(
        mut self,
        fields: &mut Vec<FieldDescriptorProto>,
        extensions: &mut Vec<FieldDescriptorProto>,
        messages: &mut Vec<DescriptorProto>,
        layout: &mut Layout,
    ) {
        self.fields.sort_by_key(|member| field_rank(&member.field));
        let mut all = self.declared;
        let mut groups = Vec::new();
        let mut part = |member: Member| {
            match member.body {
                Some(body) if is_group(&member.field) => groups.push(body),
                entry => all.extend(entry),
            }
            member.field
        };
        *fields = self.fields.into_iter().map(&mut part).collect();
        *extensions = self.extensions.into_iter().map(&mut part).collect();
        all.extend(groups);
        let layouts;
        (*messages, layouts) = all.into_iter().unzip();
        layout.set_messages(layouts);
    }
}
