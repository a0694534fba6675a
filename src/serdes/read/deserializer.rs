//! The deserializer.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use prost::{Message, Name};
use prost_reflect::DynamicMessage;
use serde_json::Value;

use super::inspection::Inspection;
use super::plan::Parts;
use super::planner::ReadPlanner;
use crate::protobuf::JsonOptions;
use crate::schema_registry::Client;
use crate::serdes::context::ReadContext;
use crate::serdes::error::Error;
use crate::serdes::options::DeserializerOptions;

/// Turns records of every Confluent serializer into values.
///
/// It needs only the registry and the bytes: it fetches schemas and their imports by
/// the id in the record. It looks for the id in the record headers of the context
/// and then in front of the payload. A null key or value (a tombstone) is read as
/// `None`. Clones share plans and caches.
#[derive(Clone)]
pub struct Deserializer {
    inner: Arc<ReadPlanner>,
}

impl std::fmt::Debug for Deserializer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deserializer")
            .field("options", &self.inner.options)
            .finish_non_exhaustive()
    }
}

impl Deserializer {
    /// Creates a deserializer for the schemas of a registry.
    ///
    /// # Errors
    ///
    /// [`Error::Options`] if the options contradict each other.
    pub fn new(registry: Client, options: DeserializerOptions) -> Result<Self, Error> {
        options.validate()?;
        Ok(Self {
            inner: Arc::new(ReadPlanner::new(registry, options)),
        })
    }

    /// Returns a record as a prost message. For another version of the schema
    /// Protobuf's rules apply: unknown fields are skipped, missing ones get their
    /// default.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the record is not a message of type `M`;
    /// [`Error::NotFramed`], [`Error::Truncated`], [`Error::BadIndexes`] or
    /// [`Error::NoSuchMessage`] if its envelope is invalid; [`Error::Decode`] if its
    /// payload is not the message; any error of the registry at first use.
    pub async fn deserialize<M>(
        &self,
        context: ReadContext<'_>,
        record: Option<&[u8]>,
    ) -> Result<Option<M>, Error>
    where
        M: Message + Name + Default + 'static,
    {
        let Some(record) = record else {
            return Ok(None);
        };
        // The code below reports a payload that does not decode.
        if let Some((plan, payload)) = self.inner.plain(&context, record)
            && plan.types.knows::<M>()
            && let Ok(message) = M::decode(payload)
        {
            return Ok(Some(message));
        }
        let parts = Parts::of(&context, record)?;
        let warm = self.inner.find(&parts, &context, |plan| {
            let at_once = plan.types.knows::<M>() && !plan.expiry.is_due();
            let payload = at_once.then(|| plan.payload_now(&context, &parts))??;
            Some(payload.and_then(|payload| plan.typed(&parts, &payload)))
        });
        if let Some(Some(read)) = warm {
            return read.map(Some);
        }
        self.deserialize_cold(context, parts).await
    }

    /// Handles a call without a usable plan. It is a separate function with a boxed
    /// future, so that a call with a plan does not pay for its size.
    #[cold]
    #[inline(never)]
    fn deserialize_cold<'a, M>(
        &'a self,
        context: ReadContext<'a>,
        parts: Parts<'a>,
    ) -> BoxFuture<'a, Result<Option<M>, Error>>
    where
        M: Message + Name + Default + 'static,
    {
        Box::pin(async move {
            let plan = self.inner.plan(&parts, &context).await?;
            let expected = plan.prepared.message.full_name();
            let checked = plan.types.check::<M>(expected);
            checked.map_err(|wanted| Error::WrongType {
                expected: wanted,
                found: expected.to_owned(),
                schema: Some(plan.prepared.reader.clone()),
            })?;
            let payload = plan.payload(&context, &parts).await?;
            plan.typed(&parts, &payload).map(Some)
        })
    }

    /// Returns a record as a dynamic message.
    ///
    /// # Errors
    ///
    /// As [`Deserializer::deserialize`].
    pub async fn deserialize_dynamic(
        &self,
        context: ReadContext<'_>,
        record: Option<&[u8]>,
    ) -> Result<Option<DynamicMessage>, Error> {
        let Some(record) = record else {
            return Ok(None);
        };
        if let Some((plan, payload)) = self.inner.plain(&context, record)
            && let message = plan.prepared.message.clone()
            && let Ok(message) = DynamicMessage::decode(message, payload)
        {
            return Ok(Some(message));
        }
        let parts = Parts::of(&context, record)?;
        let warm = self.inner.find(&parts, &context, |plan| {
            let at_once = !plan.expiry.is_due();
            let payload = at_once.then(|| plan.payload_now(&context, &parts))??;
            Some(payload.and_then(|payload| plan.dynamic(&parts, &payload)))
        });
        if let Some(Some(read)) = warm {
            return read.map(Some);
        }
        self.deserialize_dynamic_cold(context, parts).await
    }

    #[cold]
    #[inline(never)]
    fn deserialize_dynamic_cold<'a>(
        &'a self,
        context: ReadContext<'a>,
        parts: Parts<'a>,
    ) -> BoxFuture<'a, Result<Option<DynamicMessage>, Error>> {
        Box::pin(async move {
            let plan = self.inner.plan(&parts, &context).await?;
            let payload = plan.payload(&context, &parts).await?;
            plan.dynamic(&parts, &payload).map(Some)
        })
    }

    /// Returns a record as JSON in Protobuf's canonical mapping, with the field
    /// names of the schema.
    ///
    /// # Errors
    ///
    /// [`Error::Json`] if the message has no JSON form; else as
    /// [`Deserializer::deserialize`].
    pub async fn deserialize_json(
        &self,
        context: ReadContext<'_>,
        record: Option<&[u8]>,
    ) -> Result<Option<Value>, Error> {
        let options = JsonOptions::default();
        self.deserialize_json_with(context, record, options).await
    }

    /// Returns a record as JSON, printed as the options say.
    ///
    /// # Errors
    ///
    /// As [`Deserializer::deserialize_json`].
    pub async fn deserialize_json_with(
        &self,
        context: ReadContext<'_>,
        record: Option<&[u8]>,
        options: JsonOptions,
    ) -> Result<Option<Value>, Error> {
        let Some(record) = record else {
            return Ok(None);
        };
        if let Some((plan, payload)) = self.inner.plain(&context, record)
            && let Ok(json) = plan.codec().print(payload, options)
        {
            return Ok(Some(json));
        }
        let parts = Parts::of(&context, record)?;
        let warm = self.inner.find(&parts, &context, |plan| {
            let at_once = !plan.expiry.is_due();
            let payload = at_once.then(|| plan.payload_now(&context, &parts))??;
            Some(payload.and_then(|payload| plan.json(&parts, &payload, options)))
        });
        if let Some(Some(read)) = warm {
            return read.map(Some);
        }
        let plan = self.inner.plan(&parts, &context).await?;
        let payload = plan.payload(&context, &parts).await?;
        plan.json(&parts, &payload, options).map(Some)
    }

    /// Returns the parts of a record: where the schema id was, which schema and
    /// message it names, and where the payload begins.
    ///
    /// # Errors
    ///
    /// As [`Deserializer::deserialize`]. Errors of the payload alone are in
    /// [`Inspection::message`] instead.
    pub async fn inspect(
        &self,
        context: ReadContext<'_>,
        record: &[u8],
    ) -> Result<Inspection, Error> {
        let parts = Parts::of(&context, record)?;
        let plan = self.inner.plan(&parts, &context).await?;
        let payload = plan.payload(&context, &parts).await;
        let message = payload.and_then(|payload| plan.dynamic(&parts, &payload));
        Ok(Inspection {
            place: parts.place,
            schema: parts.envelope.schema,
            indexes: parts.envelope.indexes,
            payload: parts.offset..record.len(),
            writer: Arc::clone(&plan.prepared.writer),
            descriptor: plan.prepared.message.clone(),
            message,
        })
    }
}
