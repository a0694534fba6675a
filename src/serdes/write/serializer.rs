//! The serializer.

use std::sync::Arc;

use prost::{Message, Name};
use prost_reflect::{DynamicMessage, ReflectMessage};
use serde_json::Value;

use super::planner::WritePlanner;
use super::serialize_future::SerializeFuture;
use crate::protobuf::ProtoSchema;
use crate::schema_registry::Client;
use crate::serdes::context::WriteContext;
use crate::serdes::error::Error;
use crate::serdes::options::SerializerOptions;

/// Turns values into records that every Confluent deserializer can read.
///
/// A value is a prost type, a [`DynamicMessage`], JSON, or an encoded message. A
/// [`ProtoSchema`] names its schema; schemas with the same message descriptor share
/// a plan. Clones share plans and caches.
#[derive(Clone)]
pub struct Serializer {
    inner: Arc<WritePlanner>,
}

impl std::fmt::Debug for Serializer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Serializer")
            .field("options", &self.inner.preparer.options)
            .finish_non_exhaustive()
    }
}

impl Serializer {
    /// Creates a serializer for the schemas of a registry.
    ///
    /// # Errors
    ///
    /// [`Error::Options`] if the options contradict each other.
    pub fn new(registry: Client, options: SerializerOptions) -> Result<Self, Error> {
        options.validate()?;
        Ok(Self {
            inner: Arc::new(WritePlanner::new(registry, options)),
        })
    }

    /// Returns the record of a prost message.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if `M` is not the message of `schema`;
    /// [`Error::MissingHeaders`] if the schema id goes into a header and the context
    /// has no headers; any error of the registry at first use.
    pub fn serialize<'a, M>(
        &'a self,
        context: WriteContext<'a>,
        schema: &'a dyn ProtoSchema,
        message: &'a M,
    ) -> impl Future<Output = Result<Vec<u8>, Error>> + Send + 'a
    where
        M: Message + Name + 'static,
    {
        SerializeFuture::new(&self.inner, context, schema, message)
    }

    /// Returns the record of a prost message, or `None` for `None`: a tombstone, for
    /// which no schema is needed.
    ///
    /// # Errors
    ///
    /// As [`Serializer::serialize`].
    pub async fn serialize_option<M>(
        &self,
        context: WriteContext<'_>,
        schema: &dyn ProtoSchema,
        message: Option<&M>,
    ) -> Result<Option<Vec<u8>>, Error>
    where
        M: Message + Name + 'static,
    {
        match message {
            Some(message) => self.serialize(context, schema, message).await.map(Some),
            None => Ok(None),
        }
    }

    /// Returns the record of a dynamic message.
    ///
    /// # Errors
    ///
    /// As [`Serializer::serialize`].
    pub async fn serialize_dynamic(
        &self,
        context: WriteContext<'_>,
        schema: &dyn ProtoSchema,
        message: &DynamicMessage,
    ) -> Result<Vec<u8>, Error> {
        let found = message.descriptor();
        let is_own = found == *schema.descriptor();
        if !is_own && found.full_name() != schema.full_name() {
            return Err(Error::wrong_type(
                schema.full_name(),
                found.full_name().to_owned(),
            ));
        }
        let mut context = context;
        let plan = self.inner.plan(&context, schema).await?;
        if !is_own {
            self.inner.preparer.check_value(&plan, &found)?;
        }
        let encrypted = plan.prepared.encryption.is_some();
        if encrypted && let Some(record) = plan.record_now(context.headers.as_deref_mut(), message)
        {
            return record;
        }
        let write = |payload: &mut Vec<u8>| {
            // Enough for most messages, so that it seldom has to grow.
            payload.reserve(128);
            schema.json().encode_dynamic(message, payload);
            Ok(())
        };
        plan.record(context.headers, write).await
    }

    /// Returns the record of a message given as JSON in Protobuf's canonical
    /// mapping. Fields may have their `.proto` names or camel-case names.
    ///
    /// # Errors
    ///
    /// [`Error::Json`] if the value does not fit the message; else as
    /// [`Serializer::serialize`].
    pub async fn serialize_json(
        &self,
        context: WriteContext<'_>,
        schema: &dyn ProtoSchema,
        value: &Value,
    ) -> Result<Vec<u8>, Error> {
        let plan = self.inner.plan(&context, schema).await?;
        let write = |payload: &mut Vec<u8>| {
            let written = schema.serialize_into(value, payload);
            written.map_err(|source| Error::Json {
                message: schema.full_name().to_owned(),
                source: source.into(),
            })
        };
        plan.record(context.headers, write).await
    }

    /// Returns the record of an encoded message. Does not check that `payload` is a
    /// message of `schema`.
    ///
    /// # Errors
    ///
    /// As [`Serializer::serialize`].
    pub async fn serialize_encoded(
        &self,
        context: WriteContext<'_>,
        schema: &dyn ProtoSchema,
        payload: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let plan = self.inner.plan(&context, schema).await?;
        let write = |out: &mut Vec<u8>| {
            out.extend_from_slice(payload);
            Ok(())
        };
        plan.record(context.headers, write).await
    }
}
