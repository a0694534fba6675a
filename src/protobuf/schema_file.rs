use prost_reflect::{DescriptorPool, FileDescriptor};
use prost_types::FileDescriptorProto;

use super::Error;

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
/// Nested map entries stand where they count for message indexes: behind the
/// declared messages when the schema came as text, in the descriptor's own
/// order when it came serialized.
#[derive(Clone, Debug, PartialEq)]
pub struct SchemaFile {
    proto: FileDescriptorProto,
    form: Form,
}

impl SchemaFile {
    /// Parses `.proto` source; failing that, base64 of a descriptor. `name` is
    /// the path by which other files import this one.
    pub fn parse(name: &str, schema: &str) -> Result<Self, Error> {
        Self::from_text(name, schema)
    }

    /// Parses `.proto` source.
    pub fn from_text(name: &str, text: &str) -> Result<Self, Error> {
        let mut proto = protox_parse::parse(name, text).map_err(|e| Error::Parse {
            file: name.to_owned(),
            reason: e.to_string(),
        })?;
        proto.source_code_info = None;
        Ok(Self {
            proto,
            form: Form::Text,
        })
    }

    /// Takes a descriptor as it is.
    pub fn from_descriptor(proto: FileDescriptorProto, form: Form) -> Self {
        Self { proto, form }
    }

    /// Path by which other files import this one.
    pub fn name(&self) -> &str {
        self.proto.name()
    }

    /// The unresolved descriptor.
    pub fn proto(&self) -> &FileDescriptorProto {
        &self.proto
    }

    /// How the schema came in.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Import paths in source order.
    pub fn imports(&self) -> impl Iterator<Item = &str> {
        self.proto.dependency.iter().map(String::as_str)
    }

    /// Builds descriptors. `dependencies` holds the files imported, directly or
    /// not, in any order; built-in files need not be among them.
    pub fn resolve(&self, dependencies: &[SchemaFile]) -> Result<FileDescriptor, Error> {
        let reason = |e: &dyn std::fmt::Display| Error::Resolve {
            file: self.name().to_owned(),
            reason: e.to_string(),
        };
        let mut pool = DescriptorPool::global();
        let files = dependencies
            .iter()
            .chain([self])
            .map(|file| file.proto.clone());
        pool.add_file_descriptor_protos(files)
            .map_err(|e| reason(&e))?;
        pool.get_file_by_name(self.name())
            .ok_or_else(|| reason(&"file missing"))
    }
}
