//! Schemas of message types that are known at compile time.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use prost::{Message, Name};
use prost_reflect::{DescriptorPool, MessageDescriptor};

use super::message_schema::MessageSchema;
use super::resolution::imports;
use super::serialized::descriptor_set;
use super::{Error, JsonCodec, JsonInput, JsonOptions, ProtoSchema, SchemaFile};
use crate::wire_format::MessageIndexes;

/// A prost type that knows its schema.
/// [`compiled_message!`](crate::compiled_message) implements it.
pub trait CompiledMessage: Message + Name + Default {
    /// Returns the type's schema, which is made on first use and then shared.
    ///
    /// # Errors
    /// Those of [`CompiledSchema::from_embedded`].
    fn schema() -> Result<Arc<CompiledSchema<Self>>, Error>;
}

/// Implements [`CompiledMessage`](crate::protobuf::CompiledMessage) for a prost type.
///
/// ```ignore
/// static SCHEMAS: EmbeddedSchemas = EmbeddedSchemas::new(
///     include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin")),
///     &[("shop/order.proto", include_str!("../schemas/shop/order.proto"))],
/// );
/// compiled_message!(shop::Order, SCHEMAS, "shop/order.proto");
/// ```
#[macro_export]
macro_rules! compiled_message {
    ($message:ty, $schemas:expr, $file:expr) => {
        impl $crate::protobuf::CompiledMessage for $message {
            fn schema() -> ::std::result::Result<
                ::std::sync::Arc<$crate::protobuf::CompiledSchema<Self>>,
                $crate::protobuf::Error,
            > {
                static SCHEMA: ::std::sync::OnceLock<
                    ::std::sync::Arc<$crate::protobuf::CompiledSchema<$message>>,
                > = ::std::sync::OnceLock::new();
                if let Some(schema) = SCHEMA.get() {
                    return Ok(schema.clone());
                }
                let schema = $crate::protobuf::CompiledSchema::from_embedded(&$schemas, $file)?;
                Ok(SCHEMA.get_or_init(|| ::std::sync::Arc::new(schema)).clone())
            }
        }
    };
}

/// Descriptors and sources of `.proto` files, embedded at build time.
pub struct EmbeddedSchemas {
    descriptor_set: &'static [u8],
    sources: &'static [(&'static str, &'static str)],
    /// Made on first use, shared by all schemas of the set.
    pool: OnceLock<DescriptorPool>,
}

impl EmbeddedSchemas {
    /// Takes descriptors and sources of the same files.
    ///
    /// `descriptor_set` is a serialized `google.protobuf.FileDescriptorSet` with
    /// all imports but the built-in files, as `protoc --include_imports -o` or protox's
    /// `Compiler::encode_file_descriptor_set` writes it. (Re-encoding it through
    /// `prost-types` would drop the options, field tags among them.)
    /// `sources` has the import path and `.proto` source of each file.
    pub const fn new(
        descriptor_set: &'static [u8],
        sources: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self {
            descriptor_set,
            sources,
            pool: OnceLock::new(),
        }
    }

    fn pool(&self, file: &str) -> Result<&DescriptorPool, Error> {
        if let Some(pool) = self.pool.get() {
            return Ok(pool);
        }
        let pool = descriptor_set::pool(file, self.descriptor_set)?;
        Ok(self.pool.get_or_init(|| pool))
    }

    /// Returns a file after all those it imports, as far as their sources are here.
    fn files(&self, file_name: &str) -> Result<Vec<SchemaFile>, Error> {
        let parse = |name: &str| -> Result<Option<SchemaFile>, Error> {
            let source = self.sources.iter().find(|(path, _)| *path == name);
            let file = source.map(|(path, text)| SchemaFile::from_text(path, text));
            file.transpose()
        };
        let main = parse(file_name)?.ok_or_else(|| Error::Resolve {
            file: file_name.to_owned(),
            reason: "not among the embedded files".to_owned(),
        })?;
        Ok(imports::in_order(main, |_, import| parse(import))?.files)
    }
}

impl fmt::Debug for EmbeddedSchemas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.sources.iter().map(|(name, _)| name))
            .finish()
    }
}

/// A message type known at compile time, as prost type `M`.
///
/// Typed messages need no reflection. JSON goes through `M`, which needs no
/// serde implementation for it.
///
/// ```
/// use cc_protobuf_examples::protobuf::{CompiledSchema, ProtoSchema};
/// use serde_json::json;
///
/// #[derive(Clone, PartialEq, prost::Message)]
/// struct Order {
///     #[prost(string, tag = "1")]
///     id: String,
/// }
///
/// impl prost::Name for Order {
///     const NAME: &'static str = "Order";
///     const PACKAGE: &'static str = "shop";
/// }
///
/// let schema = CompiledSchema::<Order>::from_text(
///     "shop/order.proto",
///     r#"syntax = "proto3"; package shop; message Order { string id = 1; }"#,
///     &[],
/// )?;
/// assert_eq!(schema.serialize(&json!({"id": "a"}))?, b"\x0a\x01a");
/// # Ok::<(), cc_protobuf_examples::protobuf::Error>(())
/// ```
pub struct CompiledSchema<M> {
    schema: MessageSchema,
    message: PhantomData<fn() -> M>,
}

impl<M> Clone for CompiledSchema<M> {
    fn clone(&self) -> Self {
        Self {
            schema: self.schema.clone(),
            message: PhantomData,
        }
    }
}

impl<M> fmt::Debug for CompiledSchema<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledSchema")
            .field("message", &self.schema.descriptor.full_name())
            .field("file", &self.schema.file.name())
            .finish_non_exhaustive()
    }
}

impl<M: Name> CompiledSchema<M> {
    /// Makes the schema of `M` from file `file_name` of embedded schemas: the
    /// descriptors from the set, the text to register from the source.
    ///
    /// # Errors
    /// [`Error::Resolve`] if the set is damaged or a source is missing,
    /// [`Error::NoMessage`] if the file does not declare `M`.
    pub fn from_embedded(schemas: &EmbeddedSchemas, file_name: &str) -> Result<Self, Error> {
        let files = schemas.files(file_name)?;
        let pool = schemas.pool(file_name)?;
        Self::from_files(&files, pool)
    }

    /// Makes the schema of `M` from a serialized
    /// `google.protobuf.FileDescriptorSet`, as protoc, protox and buf write it.
    /// The set must hold all imports but the built-in files.
    ///
    /// # Errors
    /// [`Error::Resolve`] if the set is damaged, lacks an import, or lost its
    /// custom options, as `prost-types` drops them; [`Error::NoMessage`] if it does
    /// not declare `M`.
    pub fn from_descriptor_set(set: &[u8]) -> Result<Self, Error> {
        let full_name = M::full_name();
        let pool = descriptor_set::pool(&full_name, set)?;
        let Some(message) = pool.get_message_by_name(&full_name) else {
            return Err(no_message(full_name));
        };
        let main = message.parent_file();
        Self::from_files(&descriptor_set::files(&main)?, &pool)
    }

    /// Makes the schema of `M` from `.proto` source. `dependencies` holds all files
    /// imported, directly or not; built-in ones need not be among them.
    ///
    /// # Errors
    /// [`Error::Parse`], [`Error::Resolve`], or [`Error::NoMessage`] if the
    /// text does not declare `M`.
    pub fn from_text(
        file_name: &str,
        text: &str,
        dependencies: &[SchemaFile],
    ) -> Result<Self, Error> {
        let file = SchemaFile::from_text(file_name, text)?;
        Ok(Self {
            schema: MessageSchema::new(file, &M::full_name(), dependencies)?,
            message: PhantomData,
        })
    }

    /// `files` ends with the file that declares `M`.
    fn from_files(files: &[SchemaFile], pool: &DescriptorPool) -> Result<Self, Error> {
        let full_name = M::full_name();
        let descriptor = pool.get_message_by_name(&full_name);
        let Some((file, dependencies)) = files.split_last() else {
            return Err(no_message(full_name));
        };
        let file = file.clone();
        let schema = MessageSchema::with_descriptor(file, &full_name, dependencies, descriptor)?;
        Ok(Self {
            schema,
            message: PhantomData,
        })
    }
}

fn no_message(message: String) -> Error {
    Error::NoMessage {
        file: "the descriptor set".to_owned(),
        message,
    }
}

impl<M> ProtoSchema for CompiledSchema<M>
where
    M: Message + Name + Default,
{
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
        let start = buffer.len();
        self.schema.json.encode(json, options, buffer)?;
        // Through the type, so that what leaves is what the type writes.
        let message = M::decode(buffer.get(start..).unwrap_or_default());
        buffer.truncate(start);
        let message = message.map_err(|source| Error::Decode {
            message: self.schema.descriptor.full_name().to_owned(),
            source,
        })?;
        message.encode_raw(buffer);
        Ok(())
    }
}
