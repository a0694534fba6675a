use prost::Message;
use prost_reflect::MessageDescriptor;
use serde_json::Value;

use super::resolved::Resolved;
use super::{Error, JsonOptions, ProtoSchema, SchemaFile};
use crate::wire_format::MessageIndexes;

/// A message type known only at run time: built in code, parsed from text or
/// fetched from a registry. Messages go through reflection.
///
/// Each schema has descriptors of its own, so that two versions of one name
/// live side by side.
#[derive(Clone, Debug)]
pub struct DynamicSchema {
    resolved: Resolved,
}

impl DynamicSchema {
    /// Message `full_name` of the `.proto` source `text`, which other files
    /// import as `file_name`.
    ///
    /// # Errors
    /// [`Error::Parse`] if the text is no `.proto` source, [`Error::Resolve`] if
    /// an import is missing or a type unknown, [`Error::NoMessage`] if the file
    /// has no such message.
    pub fn from_text(
        file_name: &str,
        text: &str,
        full_name: &str,
        dependencies: &[SchemaFile],
    ) -> Result<Self, Error> {
        let file = SchemaFile::from_text(file_name, text)?;
        let resolved = Resolved::new(file, text.to_owned(), full_name, dependencies)?;
        Ok(Self { resolved })
    }
}

impl ProtoSchema for DynamicSchema {
    fn file(&self) -> &SchemaFile {
        &self.resolved.file
    }

    fn schema_text(&self) -> &str {
        &self.resolved.text
    }

    fn descriptor(&self) -> &MessageDescriptor {
        &self.resolved.descriptor
    }

    fn message_indexes(&self) -> &MessageIndexes {
        &self.resolved.indexes
    }

    fn dependencies(&self) -> &[SchemaFile] {
        &self.resolved.dependencies
    }

    fn serialize_into(&self, json: &Value, buffer: &mut Vec<u8>) -> Result<(), Error> {
        let message = self.resolved.read_json(json)?;
        message.encode_raw(buffer);
        Ok(())
    }

    fn deserialize_with(&self, bytes: &[u8], options: JsonOptions) -> Result<Value, Error> {
        self.resolved.print_json(bytes, options)
    }
}
