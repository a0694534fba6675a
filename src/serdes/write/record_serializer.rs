//! A serializer that returns record headers beside the payload.

use std::sync::Arc;

use prost::{Message, Name};
use prost_reflect::DynamicMessage;

use super::planner::{WritePlanner, Written};
use crate::protobuf::{CompiledSchema, JsonInput, ProtoSchema};
use crate::schema_registry::Client;
use crate::serdes::destination::{Destination, Headers};
use crate::serdes::error::Error;
use crate::serdes::options::SerializerOptions;

/// A key or value of a record, with the headers that belong to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SerializedRecord {
    /// The header that carries the schema id; none if the payload begins with it.
    pub headers: Headers,
    /// The bytes of the key or value.
    pub payload: Vec<u8>,
}

impl SerializedRecord {
    /// Adds the headers to those of a record, which may hold others. Replaces headers
    /// of the same name, since some readers use the first one and others the last.
    pub fn add_headers_to(&self, headers: &mut Headers) {
        headers.retain(|(name, _)| self.headers.iter().all(|(ours, _)| ours != name));
        headers.extend_from_slice(&self.headers);
    }
}

/// Turns values into record headers and bytes, with the schema id where
/// [`SerializerOptions::schema_id_in`] puts it: in a header, or in front of the
/// payload. Its calls are those of [`Serializer`](crate::serdes::Serializer).
/// Clones share plans and caches.
#[derive(Clone)]
pub struct RecordSerializer {
    inner: Arc<WritePlanner>,
}

impl std::fmt::Debug for RecordSerializer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordSerializer")
            .field("options", &self.inner.preparer.options)
            .finish_non_exhaustive()
    }
}

impl RecordSerializer {
    /// Creates a serializer for the schemas of a registry.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Options`](crate::serdes::ErrorKind::Options) if the options contradict each other.
    pub fn new(registry: Client, options: SerializerOptions) -> Result<Self, Error> {
        options.validate()?;
        Ok(Self {
            inner: Arc::new(WritePlanner::new(registry, options)),
        })
    }

    /// Returns the record of a prost message, whose schema is in
    /// [`SerializerOptions::schemas`].
    ///
    /// # Errors
    ///
    /// As [`Serializer::serialize`](crate::serdes::Serializer::serialize).
    pub async fn serialize_record<'a, M>(
        &self,
        to: impl Into<Destination<'a>>,
        message: &M,
    ) -> Result<SerializedRecord, Error>
    where
        M: Message + Name + 'static,
    {
        self.inner.typed(to.into(), None, message).await.map(record)
    }

    /// Returns the record of a prost message with the schema given.
    ///
    /// # Errors
    ///
    /// As [`Serializer::serialize_with`](crate::serdes::Serializer::serialize_with).
    pub async fn serialize_record_with<'a, M>(
        &self,
        schema: &CompiledSchema<M>,
        to: impl Into<Destination<'a>>,
        message: &M,
    ) -> Result<SerializedRecord, Error>
    where
        M: Message + Name + 'static,
    {
        let written = self.inner.typed(to.into(), Some(schema), message).await;
        written.map(record)
    }

    /// Returns the record of a dynamic message.
    ///
    /// # Errors
    ///
    /// As [`Serializer::serialize_dynamic`](crate::serdes::Serializer::serialize_dynamic).
    pub async fn serialize_record_dynamic<'a>(
        &self,
        schema: &dyn ProtoSchema,
        to: impl Into<Destination<'a>>,
        message: &DynamicMessage,
    ) -> Result<SerializedRecord, Error> {
        let written = self.inner.dynamic(to.into(), schema, message).await;
        written.map(record)
    }

    /// Returns the record of a message given as JSON, a value or text.
    ///
    /// # Errors
    ///
    /// As [`Serializer::serialize_json`](crate::serdes::Serializer::serialize_json).
    pub async fn serialize_record_json<'a>(
        &self,
        schema: &dyn ProtoSchema,
        to: impl Into<Destination<'a>>,
        json: impl Into<JsonInput<'_>>,
    ) -> Result<SerializedRecord, Error> {
        let written = self.inner.json(to.into(), schema, json.into()).await;
        written.map(record)
    }

    /// Returns the record of an encoded message. Does not check that `message` is a
    /// message of `schema`.
    ///
    /// # Errors
    ///
    /// As [`Serializer::serialize_encoded`](crate::serdes::Serializer::serialize_encoded).
    pub async fn serialize_record_encoded<'a>(
        &self,
        schema: &dyn ProtoSchema,
        to: impl Into<Destination<'a>>,
        message: &[u8],
    ) -> Result<SerializedRecord, Error> {
        let written = self.inner.encoded(to.into(), schema, message).await;
        written.map(record)
    }
}

fn record((plan, payload): Written) -> SerializedRecord {
    let plan = &plan.prepared;
    let header = plan.header.as_ref();
    let name = plan.side.schema_id_header().to_owned();
    SerializedRecord {
        headers: header
            .map(|value| (name, Some(value.to_vec())))
            .into_iter()
            .collect(),
        payload,
    }
}
