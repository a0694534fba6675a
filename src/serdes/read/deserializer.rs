//! The deserializer.

use std::sync::Arc;

use prost::{Message, Name};
use prost_reflect::DynamicMessage;
use serde_json::Value;

use super::inspection::Inspection;
use super::plan::{Parts, PreparedRead};
use super::planner::{ReadPlanner, Wanted};
use super::record::Record;
use crate::protobuf::JsonOptions;
use crate::schema_registry::Client;
use crate::serdes::error::Error;
use crate::serdes::now_or_later::now_or_later;
use crate::serdes::options::DeserializerOptions;

/// Length of magic byte, schema id, and the index of a file's first message.
const PLAIN_PREFIX: usize = 6;

/// Turns records of every Confluent serializer into values.
///
/// It needs only the registry and the record: it fetches schemas and their imports by
/// the id in the record. It looks for the id in the record headers and then in front
/// of the payload. A null key or value (a tombstone) is read as `None`. Clones share
/// plans and caches.
///
/// A [`Record`] is made from a topic and bytes, or from a message of rdkafka.
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
    /// [`ErrorKind::Options`](crate::serdes::ErrorKind::Options) if the options contradict each other.
    pub fn new(registry: Client, options: DeserializerOptions) -> Result<Self, Error> {
        options.validate()?;
        Ok(Self {
            inner: Arc::new(ReadPlanner::new(registry, options)),
        })
    }

    /// Returns a record as a prost message. If it was written with another version
    /// of the schema, Protobuf's rules apply: unknown fields are skipped, missing
    /// ones get their default.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongType`](crate::serdes::ErrorKind::WrongType) if the record is not a message of type `M`;
    /// [`ErrorKind::NotFramed`](crate::serdes::ErrorKind::NotFramed), [`ErrorKind::Truncated`](crate::serdes::ErrorKind::Truncated), [`ErrorKind::BadIndexes`](crate::serdes::ErrorKind::BadIndexes) or
    /// [`ErrorKind::NoSuchMessage`](crate::serdes::ErrorKind::NoSuchMessage) if its envelope is invalid; [`ErrorKind::Decode`](crate::serdes::ErrorKind::Decode) if its
    /// payload is not the message; any error of the registry at first use.
    #[inline]
    pub fn deserialize<'a, M>(
        &'a self,
        record: impl Into<Record<'a>>,
    ) -> impl Future<Output = Result<Option<M>, Error>> + Send
    where
        M: Message + Name + Default + 'static,
    {
        self.read(record.into(), Wanted::of::<M>(), PreparedRead::typed)
    }

    /// Returns a record as a dynamic message.
    ///
    /// # Errors
    ///
    /// As [`Deserializer::deserialize`].
    pub fn deserialize_dynamic<'a>(
        &'a self,
        record: impl Into<Record<'a>>,
    ) -> impl Future<Output = Result<Option<DynamicMessage>, Error>> + Send {
        self.read(record.into(), Wanted::ANY, PreparedRead::dynamic)
    }

    /// Returns a record as JSON in Protobuf's canonical mapping, with the field
    /// names of the schema.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Json`](crate::serdes::ErrorKind::Json) if the message has no JSON form; else as
    /// [`Deserializer::deserialize`].
    pub fn deserialize_json<'a>(
        &'a self,
        record: impl Into<Record<'a>>,
    ) -> impl Future<Output = Result<Option<Value>, Error>> + Send {
        self.deserialize_json_with(record, JsonOptions::default())
    }

    /// Returns a record as JSON, printed as the options say.
    ///
    /// # Errors
    ///
    /// As [`Deserializer::deserialize_json`].
    pub fn deserialize_json_with<'a>(
        &'a self,
        record: impl Into<Record<'a>>,
        options: JsonOptions,
    ) -> impl Future<Output = Result<Option<Value>, Error>> + Send {
        let decode = move |plan: &PreparedRead, offset: usize, payload: &[u8]| {
            plan.json(offset, payload, options)
        };
        self.read(record.into(), Wanted::ANY, decode)
    }

    /// Returns a record as JSON text, printed as the options say. No [`Value`] is
    /// made on the way.
    ///
    /// # Errors
    ///
    /// As [`Deserializer::deserialize_json`].
    pub fn deserialize_json_text<'a>(
        &'a self,
        record: impl Into<Record<'a>>,
        options: JsonOptions,
    ) -> impl Future<Output = Result<Option<String>, Error>> + Send {
        let decode = move |plan: &PreparedRead, offset: usize, payload: &[u8]| {
            plan.json_text(offset, payload, options)
        };
        self.read(record.into(), Wanted::ANY, decode)
    }

    #[inline]
    fn read<'a, T: Send + 'a>(
        &'a self,
        record: Record<'a>,
        wanted: Wanted,
        decode: impl Fn(&PreparedRead, usize, &[u8]) -> Result<T, Error> + Copy + Send + 'a,
    ) -> impl Future<Output = Result<Option<T>, Error>> + Send {
        let planner = &*self.inner;
        now_or_later(
            move || match planner.plain(&record, wanted) {
                Some((plan, payload)) => Some(decode(plan, PLAIN_PREFIX, payload).map(Some)),
                None => planner.now(&record, wanted, decode),
            },
            move || planner.ask(record, wanted, decode),
        )
    }

    /// Returns the parts of a record: where the schema id was, which schema and
    /// message it names, and where the payload begins. A null key or value is read as
    /// an empty one, which has no envelope.
    ///
    /// # Errors
    ///
    /// As [`Deserializer::deserialize`]. Errors of the payload alone are in
    /// [`Inspection::message`] instead.
    pub async fn inspect<'a>(&self, record: impl Into<Record<'a>>) -> Result<Inspection, Error> {
        let record = record.into();
        let bytes = record.payload.unwrap_or_default();
        let parts = Parts::of(&record, bytes)?;
        let plan = self.inner.plan(&record, &parts, Wanted::ANY).await?;
        let plan = &plan.prepared;
        let payload = plan.payload(&record, &parts).await;
        let message = payload.and_then(|payload| plan.dynamic(parts.offset, &payload));
        Ok(Inspection {
            place: parts.place,
            schema: parts.envelope.schema,
            indexes: parts.envelope.indexes,
            payload: parts.offset..bytes.len(),
            writer: Arc::clone(&plan.writer),
            descriptor: plan.message.clone(),
            message,
        })
    }
}
