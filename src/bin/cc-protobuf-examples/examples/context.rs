//! What an example has at hand: registry, names, SerDes, Kafka, its story.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use prost_reflect::MessageDescriptor;
use serde_json::json;

use cc_protobuf_examples::kafka::{Headers, Record};
use cc_protobuf_examples::protobuf::{self, ProtoMessage, ProtoSchema, Schemas};
use cc_protobuf_examples::schema_registry::entities::{
    PROTOBUF, Reference, Schema as Registered, SchemaRequest,
};
use cc_protobuf_examples::schema_registry::{Client, Error};
use cc_protobuf_examples::serdes::{
    Deserializer, DeserializerOptions, Record as Consumed, RecordSerializer, SchemaIdIn,
    SerializedRecord, SerializerOptions, Side,
};

use cc_protobuf_examples::wire_format::{self, Envelope, VALUE_SCHEMA_ID_HEADER};

use crate::backends::{Backends, Broker, KmsKey};
use crate::cli::{self, RunArgs};
use crate::console::{Spinner, Story};
use crate::failure::Failure;
use crate::generated;
use crate::naming::Names;

/// A schema of an example, on either Protobuf path.
pub type SharedSchema = Arc<dyn ProtoSchema>;

/// The files that `--save-schemas` has asked for so far.
pub type Saved = Mutex<BTreeSet<PathBuf>>;

/// A record value with the headers that go along.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordValue {
    /// The value; none is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Record headers.
    pub headers: Headers,
}

impl RecordValue {
    /// The envelope: in the header, if the schema id travels there.
    pub fn envelope(&self) -> Result<Envelope<'_>, Failure> {
        let header = self
            .headers
            .iter()
            .find(|(name, _)| name == VALUE_SCHEMA_ID_HEADER);
        match header.and_then(|(_, bytes)| bytes.as_deref()) {
            None => Ok(wire_format::decode(self.bytes())?),
            Some(header) => Ok(Envelope {
                payload: self.bytes(),
                ..wire_format::decode(header)?
            }),
        }
    }

    /// The record for a deserializer.
    pub fn record<'a>(&'a self, topic: &'a str) -> Consumed<'a> {
        Consumed::from_parts(topic, Side::Value, self.value.as_deref()).headers(&self.headers)
    }

    /// The value's bytes; empty for a tombstone.
    pub fn bytes(&self) -> &[u8] {
        self.value.as_deref().unwrap_or_default()
    }
}

impl From<SerializedRecord> for RecordValue {
    fn from(record: SerializedRecord) -> Self {
        Self {
            value: Some(record.payload),
            headers: record.headers,
        }
    }
}

/// Everything that an example works with.
pub struct Context<'a> {
    /// Client of the Schema Registry.
    pub registry: &'a Client,
    /// Names of this run.
    pub names: &'a Names,
    /// Tells the story.
    pub story: Story,
    /// Which key encrypts keys.
    pub kms: &'a KmsKey,
    embedded_registry: bool,
    broker: Option<&'a Broker>,
    changes: &'a BTreeMap<String, String>,
    arguments: &'a RunArgs,
    saved: &'a Saved,
    // That nothing goes to Kafka is said once.
    told: AtomicBool,
}

impl<'a> Context<'a> {
    /// The context of one example.
    pub fn new(
        story: Story,
        changes: &'a BTreeMap<String, String>,
        arguments: &'a RunArgs,
        backends: &'a Backends,
        names: &'a Names,
        saved: &'a Saved,
    ) -> Self {
        Self {
            registry: &backends.registry.client,
            names,
            story,
            kms: &backends.kms,
            embedded_registry: backends.registry.is_embedded(),
            broker: backends.broker.as_ref(),
            changes,
            arguments,
            saved,
            told: AtomicBool::new(false),
        }
    }

    /// Whether `--save-schemas` was given.
    pub fn saves(&self) -> bool {
        self.arguments.save_schemas.is_some()
    }

    /// Whether the registry is the embedded one.
    pub fn embedded_registry(&self) -> bool {
        self.embedded_registry
    }

    /// Whether schemas are the precompiled ones.
    pub fn precompiled(&self) -> bool {
        self.arguments.use_protoc
    }

    /// The value that `--set KEY=…` gave to `key`, else `default`.
    pub fn value<'s>(&'s self, key: &str, default: &'s str) -> &'s str {
        self.changes.get(key).map_or(default, String::as_str)
    }

    /// [`Self::value`] as a `T`.
    pub fn parsed<T>(&self, key: &str, default: &str) -> Result<T, Failure>
    where
        T: FromStr<Err: Display>,
    {
        let value = self.value(key, default);
        value
            .parse()
            .map_err(|error| Failure::usage(format!("--set {key}: {value:?}: {error}")))
    }

    /// The schema of `M`: compiled with this program on the precompiled path,
    /// else what `dynamic` builds at run time. With `--save-schemas` it is
    /// written as a file, too.
    pub fn schema<M>(&self, dynamic: impl FnOnce() -> ProtoMessage) -> Result<SharedSchema, Failure>
    where
        M: prost::Message + prost::Name + Default + 'static,
    {
        self.schema_in::<M>(generated::schemas, dynamic)
    }

    /// [`Self::schema`] of a type that is in another set of schemas.
    pub fn schema_in<M>(
        &self,
        set: impl FnOnce() -> Result<Schemas, protobuf::Error>,
        dynamic: impl FnOnce() -> ProtoMessage,
    ) -> Result<SharedSchema, Failure>
    where
        M: prost::Message + prost::Name + Default + 'static,
    {
        let schema: SharedSchema = match self.precompiled() {
            true => Arc::new(set()?.compiled::<M>()?),
            false => Arc::new(dynamic().build()?),
        };
        self.save(&*schema)?;
        Ok(schema)
    }

    /// Writes the schema's files if `--save-schemas` asks for it.
    pub fn save(&self, schema: &dyn ProtoSchema) -> Result<(), Failure> {
        if let Some(directory) = &self.arguments.save_schemas {
            for path in schema.save_schema(directory)? {
                tracing::info!("wrote {}", path.display());
                let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
                saved.insert(path);
            }
        }
        Ok(())
    }

    /// What registers or looks up `schema`.
    pub fn request(&self, schema: &dyn ProtoSchema, references: Vec<Reference>) -> SchemaRequest {
        SchemaRequest {
            schema: schema.schema_text().to_owned(),
            schema_type: Some(PROTOBUF.to_owned()),
            references,
            ..SchemaRequest::default()
        }
    }

    /// Registers a schema by hand and says under which id and version.
    pub async fn register(
        &self,
        subject: &str,
        schema: &dyn ProtoSchema,
        references: Vec<Reference>,
    ) -> Result<Registered, Failure> {
        let request = self.request(schema, references);
        let registered = self
            .registry
            .register_with_version(subject, &request, false)
            .await
            .map_err(|error| self.not_registered(schema.file_name(), subject, error))?;
        let id = registered.id.unwrap_or_default();
        let version = registered.version.unwrap_or_default();
        self.story.check(
            id > 0 && version > 0,
            format!("{subject}: version {version}, schema id {id}"),
        )?;
        self.story.record_registered(subject, version, id);
        Ok(registered)
    }

    /// The failure to register a file, with what to do about a taken subject.
    pub fn not_registered(&self, file: &str, subject: &str, error: Error) -> Failure {
        let incompatible = error.is_incompatible();
        let failure =
            Failure::from(error).context(format!("cannot register {file} under {subject}"));
        if !incompatible {
            return failure;
        }
        failure.hint(format!(
            "the subject may hold something else of an earlier run: use another --run-id, or \
             clean --run-id {}",
            self.names.id().as_str()
        ))
    }

    /// A serializer that puts the schema id where `--schema-id-in` says.
    pub fn serializer(&self, options: SerializerOptions) -> Result<RecordSerializer, Failure> {
        let place = match self.arguments.schema_id_in {
            cli::SchemaIdArgument::Prefix => SchemaIdIn::Prefix,
            cli::SchemaIdArgument::Header => SchemaIdIn::Header,
        };
        Ok(RecordSerializer::new(
            self.registry.clone(),
            options.schema_id_in(place),
        )?)
    }

    /// A deserializer that knows the registry and nothing else.
    pub fn deserializer(&self) -> Result<Deserializer, Failure> {
        Ok(Deserializer::new(
            self.registry.clone(),
            DeserializerOptions::new(),
        )?)
    }

    /// Shows a record byte by byte; a descriptor adds the fields' names.
    pub fn show(
        &self,
        message: &RecordValue,
        descriptor: Option<&MessageDescriptor>,
    ) -> Result<(), Failure> {
        self.story
            .record(message.bytes(), &message.headers, descriptor)
    }

    /// Shows a record as hex only.
    pub fn show_hex(
        &self,
        name: &str,
        message: &RecordValue,
        descriptor: Option<&MessageDescriptor>,
    ) -> Result<(), Failure> {
        self.story
            .record_hex(name, message.bytes(), &message.headers, descriptor)
    }

    /// Sends messages to a topic and returns what a consumer got: in full mode
    /// through Kafka, in schema-only mode without a detour. Messages of one key
    /// arrive in order.
    pub async fn deliver(
        &self,
        topic: &str,
        key: &str,
        messages: Vec<RecordValue>,
    ) -> Result<Vec<RecordValue>, Failure> {
        let Some(broker) = self.broker else {
            if !self.told.swap(true, Ordering::Relaxed) {
                self.story.note("schema-only mode: not sent to Kafka");
            }
            return Ok(messages);
        };
        let expected = messages.len();
        let records: Vec<Record> = messages
            .into_iter()
            .map(|message| Record {
                topic: topic.to_owned(),
                key: Some(key.as_bytes().to_vec()),
                value: message.value,
                headers: message.headers,
            })
            .collect();
        let spinner = Spinner::start(format!("waiting for {topic}"));
        let deliveries = broker.produce(&records).await?;
        let received = broker.receive(&deliveries).await?;
        drop(spinner);
        let places: Vec<String> = deliveries
            .iter()
            .map(|delivery| format!("{}/{}", delivery.partition, delivery.offset))
            .collect();
        self.story.check(
            received.len() == expected,
            format!(
                "produced to {topic} and consumed from it (partition/offset {})",
                places.join(", ")
            ),
        )?;
        self.story.record_fact("delivered", json!(places));
        broker.commit(&received).await?;
        let messages = received.into_iter().map(|record| RecordValue {
            value: record.value,
            headers: record.headers,
        });
        Ok(messages.collect())
    }
}
