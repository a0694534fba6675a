//! Protobuf on Kafka with Confluent Schema Registry, from Rust.
//!
//! # Quick start
//!
//! A typed record is written and read, on a registry inside the process. For a
//! registry of your own, give [`Client::builder`](schema_registry::Client::builder) its
//! URL and credentials.
//!
//! ```
//! # #[cfg(feature = "embedded")]
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
//! use cc_protobuf_examples::protobuf::Schemas;
//! use cc_protobuf_examples::schema_registry::Client;
//! use cc_protobuf_examples::serdes::{
//!     Deserializer, DeserializerOptions, Record, Serializer, SerializerOptions,
//! };
//!
//! #[derive(Clone, PartialEq, prost::Message)]
//! struct Order {
//!     #[prost(string, tag = "1")]
//!     id: String,
//!     #[prost(int64, tag = "2")]
//!     cents: i64,
//! }
//! impl prost::Name for Order {
//!     const PACKAGE: &'static str = "shop";
//!     const NAME: &'static str = "Order";
//! }
//! const ORDER: &str = r#"
//!     syntax = "proto3";
//!     package shop;
//!     message Order { string id = 1; int64 cents = 2; }
//! "#;
//!
//! let registry = EmbeddedRegistry::start().await?;
//! let client = Client::builder(registry.url()).build()?;
//! let schemas = Schemas::from_texts([("shop/order.proto", ORDER)])?;
//! let serializer = Serializer::new(client.clone(), SerializerOptions::new().schemas(schemas))?;
//! let deserializer = Deserializer::new(client, DeserializerOptions::new())?;
//!
//! let order = Order { id: "o-1".to_owned(), cents: 1999 };
//! let bytes = serializer.serialize("orders", &order).await?;
//! assert_eq!(bytes[..6], [0, 0, 0, 0, 1, 0]); // magic byte, schema id 1, message [0]
//!
//! let read: Option<Order> = deserializer.deserialize(Record::value("orders", &bytes)).await?;
//! assert_eq!(read, Some(order));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "embedded"))]
//! # fn main() {}
//! ```
//!
//! Dynamic messages and JSON bring their schema:
//! [`serialize_dynamic`](serdes::Serializer::serialize_dynamic),
//! [`serialize_json`](serdes::Serializer::serialize_json).
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
//! | `registry_settings` | compatibility levels and modes, which several modules re-export; private | nothing |
//! | [`protobuf`] | the model of a schema, the [`ProtoSchema`](protobuf::ProtoSchema) trait with its dynamic and precompiled implementations, parser and printer of `.proto` text, compatibility rules; no HTTP | `wire_format`, `printable`, `registry_settings` |
//! | [`schema_registry`] | the asynchronous REST client for Schema Registry, DEK Registry and catalog; no Protobuf | `wire_format`, `printable`, `subject_context`, `registry_settings` |
//! | [`csfle`] | client-side field-level encryption | `printable`, `subject_context`, `schema_registry` |
//! | [`serdes`] | serializer and deserializer, built on the modules above | `wire_format`, `printable`, `subject_context`, `protobuf`, `schema_registry`, `csfle` |
//! | `kafka` | topics, produce, consume | nothing |
//! | `embedded` | a Schema Registry inside the process, and with `kafka` a broker cluster | `wire_format`, `subject_context`, `registry_settings`, `protobuf`, `csfle`, `kafka`, and of `schema_registry` the JSON bodies: a server must not share its client's assumptions |
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
mod registry_settings;
pub mod schema_registry;
pub mod serdes;
mod subject_context;
pub mod wire_format;
