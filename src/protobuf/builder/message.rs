//! The builders of messages and oneofs.

use std::ops::RangeInclusive;

use super::file_head::{FileHead, Import};
use super::{ProtoEnum, ProtoField};

/// A oneof built in code: a choice between fields, at most one of which is set.
///
/// ```
/// use cc_protobuf_examples::protobuf::{ProtoField, ProtoOneof};
///
/// ProtoOneof::new("payload")
///     .field(ProtoField::string("text", 1))
///     .field(ProtoField::bytes("binary", 2));
/// ```
#[derive(Clone, Debug)]
pub struct ProtoOneof {
    pub(super) name: String,
    pub(super) fields: Vec<ProtoField>,
}

impl ProtoOneof {
    /// Starts a oneof without members.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            fields: Vec::new(),
        }
    }

    /// Adds a member. Its number and name must be unique in the enclosing message.
    #[must_use]
    pub fn field(mut self, field: ProtoField) -> Self {
        self.fields.push(field);
        self
    }
}

/// A message, built in code.
///
/// [`build`](Self::build) creates the schema of a file with only this message. For a
/// file with several messages, add them to a [`ProtoFile`](super::ProtoFile).
///
/// ```
/// use cc_protobuf_examples::protobuf::{ProtoField, ProtoMessage, ProtoSchema};
/// use serde_json::json;
///
/// let other = ProtoMessage::new("OtherRecord")
///     .package("com.acme")
///     .file_name("other.proto")
///     .field(ProtoField::int32("other_id", 1))
///     .build()?;
/// let record = ProtoMessage::new("MyRecord")
///     .package("com.acme")
///     .import(&other)
///     .field(ProtoField::string("f1", 1))
///     .field(ProtoField::message("f2", "OtherRecord", 2))
///     .build()?;
///
/// let bytes = record.serialize(&json!({"f1": "a", "f2": {"other_id": 7}}))?;
/// assert_eq!(bytes, [0x0a, 1, b'a', 0x12, 2, 0x08, 7]);
/// # Ok::<(), cc_protobuf_examples::protobuf::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ProtoMessage {
    pub(super) name: String,
    pub(super) items: Vec<Item>,
    pub(super) messages: Vec<ProtoMessage>,
    pub(super) enums: Vec<ProtoEnum>,
    pub(super) reserved: Vec<RangeInclusive<u32>>,
    pub(super) reserved_names: Vec<String>,
    pub(super) deprecated: bool,
    /// Settings of the message's own file, if it gets one.
    pub(super) file: Option<FileHead>,
}

/// Fields and oneofs, in the order in which they were added.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Field(ProtoField),
    Oneof(ProtoOneof),
}

impl ProtoMessage {
    /// Starts a message without fields.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            items: Vec::new(),
            messages: Vec::new(),
            enums: Vec::new(),
            reserved: Vec::new(),
            reserved_names: Vec::new(),
            deprecated: false,
            file: None,
        }
    }

    /// Adds a field.
    #[must_use]
    pub fn field(mut self, field: ProtoField) -> Self {
        self.items.push(Item::Field(field));
        self
    }

    /// Adds a oneof with its fields.
    #[must_use]
    pub fn oneof(mut self, oneof: ProtoOneof) -> Self {
        self.items.push(Item::Oneof(oneof));
        self
    }

    /// Nests a message in this one.
    #[must_use]
    pub fn message(mut self, message: ProtoMessage) -> Self {
        self.messages.push(message);
        self
    }

    /// Nests an enum in this message.
    #[must_use]
    pub fn enumeration(mut self, enumeration: ProtoEnum) -> Self {
        self.enums.push(enumeration);
        self
    }

    /// Reserves field numbers, such as the numbers of deleted fields.
    #[must_use]
    pub fn reserved(mut self, numbers: RangeInclusive<u32>) -> Self {
        self.reserved.push(numbers);
        self
    }

    /// Reserves a field name.
    #[must_use]
    pub fn reserved_name(mut self, name: impl Into<String>) -> Self {
        self.reserved_names.push(name.into());
        self
    }

    /// Marks the message `deprecated`.
    #[must_use]
    pub fn deprecated(mut self) -> Self {
        self.deprecated = true;
        self
    }

    /// Sets the package of the message's own file.
    #[must_use]
    pub fn package(self, package: impl Into<String>) -> Self {
        self.edit_file(|file| file.package = package.into())
    }

    /// Sets the path of the message's own file. The default is the message's name with
    /// `.proto`.
    #[must_use]
    pub fn file_name(self, name: impl Into<String>) -> Self {
        self.edit_file(|file| file.name = name.into())
    }

    /// Imports another schema into the message's own file, together with the files that
    /// it needs. Built-in files need no import.
    #[must_use]
    pub fn import(self, schema: &(impl Import + ?Sized)) -> Self {
        self.edit_file(|file| file.import(schema, false))
    }

    fn edit_file(mut self, edit: impl FnOnce(&mut FileHead)) -> Self {
        edit(self.file.get_or_insert_with(|| own_file(&self.name)));
        self
    }
}

/// Returns the default settings of a message's own file.
pub(super) fn own_file(message: &str) -> FileHead {
    FileHead::new(format!("{message}.proto"))
}
