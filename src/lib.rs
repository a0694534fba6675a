//! Protobuf on Kafka with Confluent Schema Registry, from Rust.
//!
//! # Quick start
//!
//! Writes and reads a record with a registry inside the process. To use your own
//! registry, pass its URL and credentials to
//! [`ClientBuilder`](schema_registry::ClientBuilder).
//!
//! ```
//! # #[cfg(feature = "embedded")]
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
//! use cc_protobuf_examples::protobuf::{ProtoField, ProtoMessage};
//! use cc_protobuf_examples::schema_registry::ClientBuilder;
//! use cc_protobuf_examples::serdes::{
//!     Deserializer, DeserializerOptions, ReadContext, Serializer, SerializerOptions, WriteContext,
//! };
//! use serde_json::json;
//!
//! let registry = EmbeddedRegistry::start().await?;
//! let client = ClientBuilder::new(registry.url()).build()?;
//! let serializer = Serializer::new(client.clone(), SerializerOptions::new())?;
//! let deserializer = Deserializer::new(client, DeserializerOptions::new())?;
//!
//! let order = ProtoMessage::new("Order")
//!     .field(ProtoField::string("id", 1))
//!     .field(ProtoField::int64("cents", 2))
//!     .build()?;
//! let value = json!({"id": "o-1", "cents": "1999"});
//! let record = serializer
//!     .serialize_json(WriteContext::value("orders"), &order, &value)
//!     .await?;
//! assert_eq!(record[..6], [0, 0, 0, 0, 1, 0]); // magic byte, schema id 1, message [0]
//!
//! let read = deserializer
//!     .deserialize_json(ReadContext::value("orders"), Some(&record))
//!     .await?;
//! assert_eq!(read, Some(value));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "embedded"))]
//! # fn main() {}
//! ```
//!
//! # Layout
//!
//! Read the modules in this order. A module may only import those in its row,
//! which a test checks.
//!
//! | Module | What it is for | May import |
//! | --- | --- | --- |
//! | [`wire_format`] | the envelope around every record: magic byte, schema id or GUID, message indexes; pure functions over bytes | nothing |
//! | [`printable`] | escapes terminal control and hidden characters in text from elsewhere | nothing |
//! | `subject_context` | splits a subject into its registry context and name, `:.context:name`; private | nothing |
//! | [`protobuf`] | the model of a schema, the [`ProtoSchema`](protobuf::ProtoSchema) trait with its dynamic and precompiled implementations, parser and printer of `.proto` text, compatibility rules; no HTTP | `wire_format`, `printable` |
//! | [`schema_registry`] | the asynchronous REST client for Schema Registry, DEK Registry and catalog; no Protobuf | `wire_format`, `printable`, `subject_context` |
//! | [`csfle`] | client-side field-level encryption | `printable`, `subject_context`, `schema_registry` |
//! | [`serdes`] | serializer and deserializer, built on the modules above | `wire_format`, `printable`, `subject_context`, `protobuf`, `schema_registry`, `csfle` |
//! | `kafka` | topics, produce, consume | nothing |
//! | `embedded` | a Schema Registry inside the process, and with `kafka` a broker cluster | `wire_format`, `subject_context`, `protobuf`, `csfle`, `kafka`, and of `schema_registry` the JSON bodies: a server must not share its client's assumptions |
//!
//! The program under `src/bin` uses only public items of the library.
//!
//! # Features
//!
//! All features are on by default, and all are optional.
//!
//! | Feature | Brings |
//! | --- | --- |
//! | `embedded` | `embedded::registry`, a Schema Registry for tests |
//! | `kafka` | `kafka`, and with `embedded` also `embedded::broker` |
//! | `aws-kms` | `csfle::kms::AwsKms` |
//! | `cli` | the binary; implies `embedded` and `kafka` |
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod csfle;
#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod printable;
pub mod protobuf;
pub mod schema_registry;
pub mod serdes;
mod subject_context;
pub mod wire_format;

/// The README's code, which the documentation tests compile and run with the embedded
/// registry.
#[cfg(all(doctest, feature = "embedded"))]
#[doc = include_str!("../README.md")]
pub struct Readme;
