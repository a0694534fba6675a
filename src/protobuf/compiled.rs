//! Schemas of message types that are known at compile time.

use std::fmt;
use std::marker::PhantomData;

use prost::{Message, Name};
use prost_reflect::MessageDescriptor;

use super::{
    DynamicSchema, Error, JsonCodec, JsonInput, JsonOptions, ProtoSchema, SchemaDigest, SchemaFile,
};
use crate::wire_format::MessageIndexes;

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
    schema: DynamicSchema,
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
            .field("message", &self.schema.full_name())
            .field("file", &self.schema.file_name())
            .finish_non_exhaustive()
    }
}

impl<M: Name> CompiledSchema<M> {
    /// Makes the schema of `M` from `.proto` source. `dependencies` holds all files
    /// imported, directly or not; built-in ones need not be among them. For several
    /// types, and for descriptors, use [`Schemas`](super::Schemas).
    ///
    /// # Errors
    /// [`Error::Parse`], [`Error::Resolve`], or [`Error::NoMessage`] if the
    /// text does not declare `M`.
    pub fn from_text(
        file_name: &str,
        text: &str,
        dependencies: &[SchemaFile],
    ) -> Result<Self, Error> {
        let schema = DynamicSchema::from_text(file_name, text, &M::full_name(), dependencies)?;
        Ok(Self::of(schema))
    }
}

impl<M> CompiledSchema<M> {
    /// Takes the schema of the message that `M` is named after.
    pub(super) fn of(schema: DynamicSchema) -> Self {
        Self {
            schema,
            message: PhantomData,
        }
    }

    /// Returns the same schema without its Rust type.
    pub fn as_dynamic(&self) -> &DynamicSchema {
        &self.schema
    }
}

impl<M> ProtoSchema for CompiledSchema<M>
where
    M: Message + Name + Default,
{
    fn file(&self) -> &SchemaFile {
        self.schema.file()
    }

    fn schema_text(&self) -> &str {
        self.schema.schema_text()
    }

    fn descriptor(&self) -> &MessageDescriptor {
        self.schema.descriptor()
    }

    fn message_indexes(&self) -> &MessageIndexes {
        self.schema.message_indexes()
    }

    fn dependencies(&self) -> &[SchemaFile] {
        self.schema.dependencies()
    }

    fn digest(&self) -> SchemaDigest {
        self.schema.digest()
    }

    fn json(&self) -> &JsonCodec {
        self.schema.json()
    }

    fn serialize_from(
        &self,
        json: JsonInput<'_>,
        options: JsonOptions,
        buffer: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let start = buffer.len();
        self.schema.json().encode(json, options, buffer)?;
        // Through the type, so that what leaves is what the type writes.
        let message = M::decode(buffer.get(start..).unwrap_or_default());
        buffer.truncate(start);
        let message = message.map_err(|source| Error::Decode {
            message: self.schema.full_name().to_owned(),
            source,
        })?;
        message.encode_raw(buffer);
        Ok(())
    }
}
