//! The model of one schema.

use prost_types::FileDescriptorProto;

use super::layout::Layout;

/// How a schema came in. Both forms have the same model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// `.proto` source.
    Text,
    /// Base64 of a serialized `FileDescriptorProto`.
    Serialized,
}

/// One schema: an unresolved `FileDescriptorProto`, names as written.
///
/// * All options are `uninterpreted_option`s, as the parser of source gives
///   them; only `map_entry`, which says what a message is, is interpreted too.
/// * Nested map entries stand where they count for message indexes: behind the
///   declared messages when a `map<>` field of source text implies them, in the
///   descriptor's own order when the schema came serialized. Those written out
///   carry `map_entry` among their uninterpreted options as well.
/// * Fields stand in the order of the canonical text: plain ones, members of
///   oneofs, groups. A proto3 `optional` field has its synthetic oneof.
#[derive(Clone, Debug, PartialEq)]
pub struct SchemaFile {
    pub(in crate::protobuf) proto: FileDescriptorProto,
    pub(in crate::protobuf) layout: Layout,
    pub(in crate::protobuf) form: Form,
}

impl SchemaFile {
    /// Takes a descriptor as it is. Its options must be uninterpreted.
    pub fn from_descriptor(proto: FileDescriptorProto, form: Form) -> Self {
        Self {
            proto,
            layout: Layout::default(),
            form,
        }
    }

    /// Path by which other files import this one.
    pub fn name(&self) -> &str {
        self.proto.name()
    }

    /// The same schema under another path.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        self.proto.name = Some(name.to_owned());
        self
    }

    /// The package, empty if none is stated.
    pub fn package(&self) -> &str {
        self.proto.package()
    }

    /// The unresolved descriptor.
    pub fn proto(&self) -> &FileDescriptorProto {
        &self.proto
    }

    /// How the schema came in.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Import paths: plain imports in source order, then public ones.
    pub fn imports(&self) -> impl Iterator<Item = &str> {
        self.proto.dependency.iter().map(String::as_str)
    }
}
