//! A resolved message type of a schema, which all implementations of
//! [`ProtoSchema`](super::ProtoSchema) share.

use prost_reflect::MessageDescriptor;

use super::json::JsonCodec;
use super::resolution::descriptors::imported_files;
use super::{Error, SchemaFile};
use crate::wire_format::MessageIndexes;

/// A message type of a file, looked up once.
#[derive(Clone, Debug)]
pub(super) struct MessageSchema {
    pub(super) file: SchemaFile,
    pub(super) text: String,
    pub(super) dependencies: Vec<SchemaFile>,
    pub(super) descriptor: MessageDescriptor,
    pub(super) indexes: MessageIndexes,
    pub(super) json: JsonCodec,
}

impl MessageSchema {
    /// Resolves message `full_name` of `file`. `dependencies` may contain more files
    /// than are imported, in any order; only imported ones are kept.
    pub(super) fn new(
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
        Ok(Self {
            text: file.to_text(),
            dependencies: imported_files(&file, available),
            json: JsonCodec::new(&descriptor),
            file,
            descriptor,
            indexes,
        })
    }
}
