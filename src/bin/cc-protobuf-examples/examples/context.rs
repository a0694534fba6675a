//! What an example uses: registry, names, SerDes, Kafka and narration.

use cc_protobuf_examples::schema_registry::Normalization;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use prost_reflect::MessageDescriptor;
use serde_json::json;

use cc_protobuf_examples::kafka::{Headers, ProducerRecord};
use cc_protobuf_examples::protobuf::{self, ProtoMessage, ProtoSchema, Schemas};
use cc_protobuf_examples::schema_registry::entities::{
    PROTOBUF, Reference, Schema as Registered, SchemaRequest,
};
use cc_protobuf_examples::schema_registry::{Client, Error};
use cc_protobuf_examples::serdes::{
    Deserializer, DeserializerOptions, Record, RecordSerializer, SchemaIdIn, SerializedRecord,
    SerializerOptions, Side,
};

use cc_protobuf_examples::wire_format::{self, Envelope, VALUE_SCHEMA_ID_HEADER};

use crate::backends::{Backends, Broker, KmsKey};
use crate::cli::{self, RunArgs};
use crate::console::{Narration, Spinner};
use crate::failure::Failure;
use crate::generated;
use crate::naming::Names;

/// A schema of an example, dynamic or precompiled.
pub type SharedSchema = Arc<dyn ProtoSchema>;

/// The files that `--save-schemas` has written so far.
pub type Saved = Mutex<BTreeSet<PathBuf>>;

/// A record's value and headers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordValue {
    /// The value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// ProducerRecord headers.
    pub headers: Headers,
}

impl RecordValue {
    /// Decodes the envelope, from the header if it carries the schema id.
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
    pub fn record<'a>(&'a self, topic: &'a str) -> Record<'a> {
        Record::from_parts(topic, Side::Value, self.value.as_deref()).headers(&self.headers)
    }

    /// Returns the value's bytes; empty for a tombstone.
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

/// What an example needs to run.
pub struct Context<'a> {
    /// Client of the Schema Registry.
    pub registry: &'a Client,
    /// Names of this run.
    pub names: &'a Names,
    /// Prints the narration.
    pub narration: Narration,
    /// The key that encrypts data encryption keys.
    pub kms: &'a KmsKey,
    embedded_registry: bool,
    broker: Option<&'a Broker>,
    changes: &'a BTreeMap<String, String>,
    arguments: &'a RunArgs,
    saved: &'a Saved,
    // Whether the note that nothing is sent to Kafka was printed.
    announced: AtomicBool,
}

impl<'a> Context<'a> {
    /// Creates the context of one example.
    pub fn new(
        narration: Narration,
        changes: &'a BTreeMap<String, String>,
        arguments: &'a RunArgs,
        backends: &'a Backends,
        names: &'a Names,
        saved: &'a Saved,
    ) -> Self {
        Self {
            registry: &backends.registry.client,
            names,
            narration,
            kms: &backends.kms,
            embedded_registry: backends.registry.is_embedded(),
            broker: backends.broker.as_ref(),
            changes,
            arguments,
            saved,
            announced: AtomicBool::new(false),
        }
    }

    /// Returns whether `--save-schemas` was given.
    pub fn saves(&self) -> bool {
        self.arguments.save_schemas.is_some()
    }

    /// Returns whether the registry is embedded.
    pub fn embedded_registry(&self) -> bool {
        self.embedded_registry
    }

    /// Returns whether schemas are precompiled.
    pub fn precompiled(&self) -> bool {
        self.arguments.use_protoc
    }

    /// Returns the value that `--set KEY=…` gives to `key`, or else `default`.
    pub fn value<'s>(&'s self, key: &str, default: &'s str) -> &'s str {
        self.changes.get(key).map_or(default, String::as_str)
    }

    /// Returns [`Self::value`] as a `T`.
    pub fn parsed<T>(&self, key: &str, default: &str) -> Result<T, Failure>
    where
        T: FromStr<Err: Display>,
    {
        let value = self.value(key, default);
        value
            .parse()
            .map_err(|error| Failure::usage(format!("--set {key}: {value:?}: {error}")))
    }

    /// Returns the schema of `M`: the precompiled one, or else the one that `dynamic`
    /// builds at run time. With `--save-schemas` also writes it to a file.
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

    /// Writes the schema's files if `--save-schemas` was given.
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

    /// Returns the request that registers or looks up `schema`.
    pub fn request(&self, schema: &dyn ProtoSchema, references: Vec<Reference>) -> SchemaRequest {
        SchemaRequest {
            schema: schema.schema_text().to_owned(),
            schema_type: Some(PROTOBUF.to_owned()),
            references,
            ..SchemaRequest::default()
        }
    }

    /// Registers a schema, and prints its id and version.
    pub async fn register(
        &self,
        subject: &str,
        schema: &dyn ProtoSchema,
        references: Vec<Reference>,
    ) -> Result<Registered, Failure> {
        let request = self.request(schema, references);
        let registered = self
            .registry
            .register_with_version(subject, &request, Normalization::AsSent)
            .await
            .map_err(|error| self.not_registered(schema.file_name(), subject, error))?;
        let id = registered.id.unwrap_or_default();
        let version = registered.version.unwrap_or_default();
        self.narration.check(
            id > 0 && version > 0,
            format!("{subject}: version {version}, schema id {id}"),
        )?;
        self.narration.record_registered(subject, version, id);
        Ok(registered)
    }

    /// Returns the failure to register a file, with a hint if the subject is in use.
    pub fn not_registered(&self, file: &str, subject: &str, error: Error) -> Failure {
        let incompatible = error.is_incompatible();
        let failure =
            Failure::from(error).context(format!("cannot register {file} under {subject}"));
        if !incompatible {
            return failure;
        }
        failure.hint(format!(
            "the subject may contain another schema of an earlier run: use another --run-id, or \
             clean --run-id {}",
            self.names.id().as_str()
        ))
    }

    /// Creates a serializer that writes the schema id where `--schema-id-in` says.
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

    /// Creates a deserializer that only has access to the registry.
    pub fn deserializer(&self) -> Result<Deserializer, Failure> {
        Ok(Deserializer::new(
            self.registry.clone(),
            DeserializerOptions::new(),
        )?)
    }

    /// Prints a record byte by byte; a descriptor adds the fields' names.
    pub fn show(
        &self,
        message: &RecordValue,
        descriptor: Option<&MessageDescriptor>,
    ) -> Result<(), Failure> {
        self.narration
            .record(message.bytes(), &message.headers, descriptor)
    }

    /// Prints a record as hex.
    pub fn show_hex(
        &self,
        name: &str,
        message: &RecordValue,
        descriptor: Option<&MessageDescriptor>,
    ) -> Result<(), Failure> {
        self.narration
            .record_hex(name, message.bytes(), &message.headers, descriptor)
    }

    /// Sends messages to a topic and returns those that a consumer received. In full
    /// mode they go through Kafka, in schema-only mode they are returned directly.
    /// Messages with the same key keep their order.
    pub async fn deliver(
        &self,
        topic: &str,
        key: &str,
        messages: Vec<RecordValue>,
    ) -> Result<Vec<RecordValue>, Failure> {
        let Some(broker) = self.broker else {
            if !self.announced.swap(true, Ordering::Relaxed) {
                self.narration.note("schema-only mode: not sent to Kafka");
            }
            return Ok(messages);
        };
        let expected = messages.len();
        let records: Vec<ProducerRecord> = messages
            .into_iter()
            .map(|message| ProducerRecord {
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
        self.narration.check(
            received.len() == expected,
            format!(
                "produced to {topic} and consumed from it (partition/offset {})",
                places.join(", ")
            ),
        )?;
        self.narration.record_fact("delivered", json!(places));
        broker.commit(&received).await?;
        let messages = received.into_iter().map(|record| RecordValue {
            value: record.value,
            headers: record.headers,
        });
        Ok(messages.collect())
    }
}
