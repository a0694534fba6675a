//! The model of one schema.

use prost_types::FileDescriptorProto;

use super::layout::Layout;

/// The form in which a schema came. Both forms have the same model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// `.proto` source.
    Text,
    /// Base64 of a serialized `FileDescriptorProto`.
    Serialized,
}

/// One schema: an unresolved `FileDescriptorProto`, names as written.
///
/// * All options are `uninterpreted_option`s, as the parser of source returns them.
///   Only `map_entry`, which decides what a message is, is interpreted too.
/// * Map entries have the position that message indexes count: after the declared
///   messages if a `map<>` field of source text implies them, in the order of the
///   descriptor if the schema came serialized. Entries that are written out have
///   `map_entry` among their uninterpreted options too.
/// * Fields are in the order of the canonical text: plain fields, members of oneofs,
///   groups. A proto3 `optional` field has its synthetic oneof.
#[derive(Clone, Debug, PartialEq)]
pub struct SchemaFile {
    pub(in crate::protobuf) proto: FileDescriptorProto,
    pub(in crate::protobuf) layout: Layout,
    pub(in crate::protobuf) form: Form,
}

impl SchemaFile {
    /// Makes a schema of a descriptor as it is. Its options must be uninterpreted.
    pub fn from_descriptor(proto: FileDescriptorProto, form: Form) -> Self {
        Self {
            proto,
            layout: Layout::default(),
            form,
        }
    }

    /// Returns the path by which other files import this one.
    pub fn name(&self) -> &str {
        self.proto.name()
    }

    /// Returns the package, empty if the file states none.
    pub fn package(&self) -> &str {
        self.proto.package()
    }

    /// Returns the unresolved descriptor.
    pub fn proto(&self) -> &FileDescriptorProto {
        &self.proto
    }

    /// Returns the form in which the schema came.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Returns the import paths: plain imports, then weak, then public ones, each in
    /// the order of the source.
    pub fn imports(&self) -> impl Iterator<Item = &str> {
        self.proto.dependency.iter().map(String::as_str)
    }
}
