//! Schemas of message types that are known only at run time.

use prost_reflect::MessageDescriptor;

use super::message_schema::MessageSchema;
use super::{Error, JsonCodec, JsonInput, JsonOptions, ProtoSchema, SchemaFile};
use crate::wire_format::MessageIndexes;

/// A message type known only at run time: built in code, parsed from text or
/// fetched from a registry. It reads and writes messages by reflection.
///
/// Each schema has its own descriptors, so two versions of one message can be used
/// side by side.
#[derive(Clone, Debug)]
pub struct DynamicSchema {
    schema: MessageSchema,
}

impl DynamicSchema {
    /// Creates the schema of message `full_name` of `file`. `dependencies` contains all
    /// imported files, direct or not, in any order. Built-in files may be omitted.
    ///
    /// # Errors
    /// Those of [`SchemaFile::resolve`]; [`Error::NoMessage`] if the file has no
    /// such message.
    pub fn new(
        file: SchemaFile,
        full_name: &str,
        dependencies: &[SchemaFile],
    ) -> Result<Self, Error> {
        let schema = MessageSchema::new(file, full_name, dependencies)?;
        Ok(Self { schema })
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
}

impl ProtoSchema for DynamicSchema {
    fn file(&self) -> &SchemaFile {
        &self.schema.file
    }

    fn schema_text(&self) -> &str {
        &self.schema.text
    }

    fn descriptor(&self) -> &MessageDescriptor {
        &self.schema.descriptor
    }

    fn message_indexes(&self) -> &MessageIndexes {
        &self.schema.indexes
    }

    fn dependencies(&self) -> &[SchemaFile] {
        &self.schema.dependencies
    }

    fn json(&self) -> &JsonCodec {
        &self.schema.json
    }

    fn serialize_from(
        &self,
        json: JsonInput<'_>,
        options: JsonOptions,
        buffer: &mut Vec<u8>,
    ) -> Result<(), Error> {
        self.schema.json.encode(json, options, buffer)
    }
}
