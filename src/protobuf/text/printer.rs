//! Prints lines and blocks of the canonical text.

use prost_types::{DescriptorProto, FieldDescriptorProto};

use crate::protobuf::model::field_messages::FieldMessages;
use crate::protobuf::model::layout::Layout;

/// A message and its layout.
pub(super) type Laid<'m> = (&'m DescriptorProto, &'m Layout);

/// A field and the message that belongs to it, which is printed with the field: the
/// entry of a map or the body of a group.
pub(super) type Member<'m> = (&'m FieldDescriptorProto, Option<Laid<'m>>);

/// The messages of a scope.
pub(super) struct Messages<'m> {
    messages: &'m [DescriptorProto],
    pub(super) layout: &'m Layout,
    bodies: FieldMessages,
}

impl<'m> Messages<'m> {
    pub(super) fn of(
        fields: &[FieldDescriptorProto],
        extensions: &[FieldDescriptorProto],
        messages: &'m [DescriptorProto],
        layout: &'m Layout,
    ) -> Self {
        Self {
            messages,
            layout,
            bodies: FieldMessages::of(fields, extensions, messages),
        }
    }

    fn get(&self, position: usize) -> Option<Laid<'m>> {
        let message = self.messages.get(position)?;
        Some((message, self.layout.message(position)))
    }

    /// Returns the message that belongs to the field at `position`. Positions of
    /// extensions continue after those of the fields.
    pub(super) fn of_member(&self, position: usize) -> Option<Laid<'m>> {
        self.get(self.bodies.get(position)?)
    }

    pub(super) fn declared(&self) -> impl Iterator<Item = Laid<'m>> {
        let declared = self.bodies.declared(self.messages.len());
        declared.filter_map(|position| self.get(position))
    }
}

pub(super) struct Printer {
    pub(super) out: String,
    /// Number of blocks around the current line.
    depth: usize,
    pub(super) proto3: bool,
}

impl Printer {
    pub(super) fn new(proto3: bool) -> Self {
        Self {
            out: String::new(),
            depth: 0,
            proto3,
        }
    }

    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
    }

    /// Prints `text`, each of its lines indented.
    pub(super) fn line(&mut self, text: &str) {
        for line in text.split('\n') {
            self.indent();
            self.out.push_str(line);
            self.out.push('\n');
        }
    }

    /// Opens a block. Its first group ends the line.
    pub(super) fn open(&mut self, head: &str) {
        self.indent();
        self.out.push_str(head);
        self.out.push_str(" {");
    }

    /// Begins a group of lines inside the innermost block: ends the line of the brace,
    /// or prints an empty line after the previous group.
    pub(super) fn group(&mut self) {
        if self.out.ends_with('\n') {
            self.indent();
        }
        self.out.push('\n');
    }

    pub(super) fn close(&mut self) {
        if self.out.ends_with('\n') {
            self.indent();
        }
        self.out.push_str("}\n");
    }

    /// Runs `body` one block deeper.
    pub(super) fn inside(&mut self, body: impl FnOnce(&mut Self)) {
        self.depth = self.depth.saturating_add(1);
        body(self);
        self.depth = self.depth.saturating_sub(1);
    }
}
