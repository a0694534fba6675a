use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorProto;

use super::layout::Layout;
use crate::protobuf::Error;
use crate::protobuf::serialized::decode as serialized;
use crate::protobuf::text::{parse as source, print as text};

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
    form: Form,
}

impl SchemaFile {
    /// Parses `.proto` source; failing that, base64 of a descriptor, as
    /// Confluent's registry does. `name` is the path by which other files
    /// import this one. If neither works, the error is that of the form the
    /// schema looks like.
    pub fn parse(name: &str, schema: &str) -> Result<Self, Error> {
        Self::parse_with(name, schema, &[])
    }

    /// [`parse`](Self::parse) where a serialized schema may carry options
    /// defined in `dependencies`. Options that neither the schema, nor these,
    /// nor the built-in files define are dropped, as Confluent's registry does.
    pub fn parse_with(name: &str, schema: &str, dependencies: &[Self]) -> Result<Self, Error> {
        if !looks_like_base64(schema) {
            return Self::from_text(name, schema);
        }
        // A word alone is no schema in source text.
        let parsed = serialized::from_base64(name, schema, dependencies)?;
        Ok(Self::serialized(parsed))
    }

    /// Parses `.proto` source.
    pub fn from_text(name: &str, text: &str) -> Result<Self, Error> {
        let (proto, layout) = source::parse(name, text)?;
        Ok(Self {
            proto,
            layout,
            form: Form::Text,
        })
    }

    /// Decodes base64 (standard alphabet, padded) of a `FileDescriptorProto`.
    pub fn from_base64(name: &str, base64: &str) -> Result<Self, Error> {
        let parsed = serialized::from_base64(name, base64, &[])?;
        Ok(Self::serialized(parsed))
    }

    /// Decodes a serialized `FileDescriptorProto`.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let parsed = serialized::from_bytes(name, bytes, &[])?;
        Ok(Self::serialized(parsed))
    }

    /// [`from_bytes`](Self::from_bytes) with the options that `pool` defines.
    pub(in crate::protobuf) fn from_bytes_in(
        name: &str,
        bytes: &[u8],
        pool: &DescriptorPool,
    ) -> Result<Self, Error> {
        let parsed = serialized::from_bytes_in(name, bytes, pool, &[])?;
        Ok(Self::serialized(parsed))
    }

    fn serialized((proto, layout): (FileDescriptorProto, Layout)) -> Self {
        Self {
            proto,
            layout,
            form: Form::Serialized,
        }
    }

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

    /// The canonical text: what a registry stores and returns. Equal schemas up
    /// to formatting and comments have equal text, and the text parses to this
    /// very model.
    pub fn to_text(&self) -> String {
        text::print(&self.proto, &self.layout)
    }

    /// Base64 of the serialized descriptor, as registries answer it to
    /// `format=serialized`: file name `default`, type names as written. Fields say
    /// whether their type is a message or an enum, and options are encoded, as far
    /// as the schema itself and the built-in files define them;
    /// [`to_base64_with`](Self::to_base64_with) takes more files.
    pub fn to_base64(&self) -> String {
        self.to_base64_with(&[])
    }

    /// [`to_base64`](Self::to_base64) with types and options that `dependencies`
    /// define.
    pub fn to_base64_with(&self, dependencies: &[Self]) -> String {
        serialized::to_base64(self, dependencies)
    }
}

/// Whether the schema, white space at its ends aside, has only characters of
/// base64. No source text does: its shortest statement has a `;` or a space.
fn looks_like_base64(schema: &str) -> bool {
    let schema = schema.trim_ascii();
    !schema.is_empty()
        && schema
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
}
