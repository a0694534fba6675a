//! Schemas of message types that are known only at run time.

use prost_reflect::MessageDescriptor;

use super::resolution::descriptors::imported_files;
use super::{Error, JsonCodec, JsonInput, JsonOptions, ProtoSchema, SchemaDigest, SchemaFile};
use crate::wire_format::MessageIndexes;

/// A message type known only at run time: built in code, parsed from text or
/// fetched from a registry. It reads and writes messages by reflection.
///
/// Each schema has its own descriptors, so two versions of one message can be used
/// side by side.
#[derive(Clone, Debug)]
pub struct DynamicSchema {
    file: SchemaFile,
    text: String,
    dependencies: Vec<SchemaFile>,
    descriptor: MessageDescriptor,
    indexes: MessageIndexes,
    json: JsonCodec,
    digest: SchemaDigest,
}

impl DynamicSchema {
    /// Makes the schema of message `full_name` of `file`. `dependencies` holds all
    /// imported files, direct or not, in any order. Built-in files may be left out,
    /// and files that are not imported are ignored.
    ///
    /// # Errors
    /// Those of [`SchemaFile::resolve`]; [`Error::NoMessage`] if the file has no
    /// such message.
    pub fn new(
        file: SchemaFile,
        full_name: &str,
        dependencies: &[SchemaFile],
    ) -> Result<Self, Error> {
        let descriptor = file
            .resolve(dependencies)?
            .parent_pool()
            .get_message_by_name(full_name);
        Self::with_descriptor(file, full_name, dependencies, descriptor)
    }

    /// Creates the schema of message `full_name` of the `.proto` source `text`, which
    /// other files import as `file_name`.
    ///
    /// # Errors
    /// Those of [`SchemaFile::from_text`] and [`new`](Self::new).
    pub fn from_text(
        file_name: &str,
        text: &str,
        full_name: &str,
        dependencies: &[SchemaFile],
    ) -> Result<Self, Error> {
        let file = SchemaFile::from_text(file_name, text)?;
        Self::new(file, full_name, dependencies)
    }

    /// Makes the schema of a message whose file has been resolved before.
    pub(super) fn with_descriptor(
        file: SchemaFile,
        full_name: &str,
        available: &[SchemaFile],
        descriptor: Option<MessageDescriptor>,
    ) -> Result<Self, Error> {
        let (Some(descriptor), Some(indexes)) = (descriptor, file.message_indexes(full_name))
        else {
            return Err(Error::NoMessage {
                file: file.name().to_owned(),
                message: full_name.to_owned(),
            });
        };
        let text = file.to_text();
        let dependencies = imported_files(&file, available);
        let imported: Vec<_> = dependencies
            .iter()
            .map(|file| (file.name(), file.to_text()))
            .collect();
        let files = imported.iter().map(|(name, text)| (*name, text.as_str()));
        let files = files.chain([(file.name(), text.as_str())]);
        Ok(Self {
            digest: SchemaDigest::new(full_name, files),
            json: JsonCodec::new(&descriptor),
            text,
            dependencies,
            file,
            descriptor,
            indexes,
        })
    }
}

impl ProtoSchema for DynamicSchema {
    fn file(&self) -> &SchemaFile {
        &self.file
    }

    fn schema_text(&self) -> &str {
        &self.text
    }

    fn descriptor(&self) -> &MessageDescriptor {
        &self.descriptor
    }

    fn message_indexes(&self) -> &MessageIndexes {
        &self.indexes
    }

    fn dependencies(&self) -> &[SchemaFile] {
        &self.dependencies
    }

    fn digest(&self) -> SchemaDigest {
        self.digest
    }

    fn json(&self) -> &JsonCodec {
        &self.json
    }

    fn serialize_from(
        &self,
        json: JsonInput<'_>,
        options: JsonOptions,
        buffer: &mut Vec<u8>,
    ) -> Result<(), Error> {
        self.json.encode(json, options, buffer)
    }
}
