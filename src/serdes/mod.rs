//! Serializer and deserializer: turn values into records and back. They register,
//! look up or fetch the schema as needed.
//!
//! ```
//! # #[cfg(feature = "embedded")]
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use cc_protobuf_examples::protobuf::CompiledSchema;
//! use cc_protobuf_examples::schema_registry::ClientBuilder;
//! use cc_protobuf_examples::serdes::{
//!     Deserializer, DeserializerOptions, ReadContext, Serializer, SerializerOptions, WriteContext,
//! };
//!
//! # let server = cc_protobuf_examples::embedded::registry::EmbeddedRegistry::start().await?;
//! # let url = server.url();
//! let registry = ClientBuilder::new(url).build()?;
//! let serializer = Serializer::new(registry.clone(), SerializerOptions::new())?;
//! let deserializer = Deserializer::new(registry, DeserializerOptions::new())?;
//!
//! #[derive(Clone, PartialEq, prost::Message)]
//! struct Order {
//!     #[prost(string, tag = "1")]
//!     id: String,
//! }
//! impl prost::Name for Order {
//!     const PACKAGE: &'static str = "shop";
//!     const NAME: &'static str = "Order";
//! }
//! let text = r#"syntax = "proto3"; package shop; message Order { string id = 1; }"#;
//! let schema = CompiledSchema::<Order>::from_text("order.proto", text, &[])?;
//!
//! let message = Order { id: "o-1".to_owned() };
//! let record = serializer
//!     .serialize(WriteContext::value("orders"), &schema, &message)
//!     .await?;
//! let read: Option<Order> = deserializer
//!     .deserialize(ReadContext::value("orders"), Some(&record))
//!     .await?;
//! assert_eq!(read, Some(message));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "embedded"))]
//! # fn main() {}
//! ```
//!
//! # First use, and every use after it
//!
//! For the first value of a topic, side and schema, the serializer asks the registry
//! and keeps the result as an immutable plan. Every later message costs one
//! allocation of the exact size, the prefix, and the encoding: no request, no lock,
//! no string. Reading works in the same way: the first record of a schema fetches
//! the schema with its references and resolves its descriptors.
//!
//! Serializers and deserializers are handles: clones share plans and caches, and any
//! number of tasks may use one at once. Tasks that need the same schema at the same
//! time share one request. Caches are bounded. Schemas that were registered or
//! fetched by id are cached permanently. Latest versions are refreshed when their
//! time to live ends. With field-level encryption, registrations are refreshed too,
//! since rules may have been added to the schema.
//!
//! The failure of a first use is not cached. If the registry cannot be reached for a
//! refresh, the old answer stays in use. Any other failure of a refresh is returned
//! to every caller until the next attempt; the time between attempts grows.
//!
//! # Where to look
//!
//! [`SerializerOptions`] and [`DeserializerOptions`] hold the settings, named as in
//! Confluent's clients. [`SubjectNameStrategy`] and [`ReferenceSubjectNameStrategy`]
//! decide under which subjects schemas are registered. [`Error`] lists the failures.

mod context;
mod error;
mod options;
mod plans;
mod read;
mod reference_subject_name;
mod registered_schema;
mod schema_fetcher;
mod single_flight;
mod subject_name;
mod subject_resolver;
mod unsupported_rules;
mod write;

pub use context::{Headers, ReadContext, Side, WriteContext};
pub use error::{EnvelopePlace, Error, MessageScope, SchemaName};
pub use options::{DeserializerOptions, SchemaIdIn, SerializerOptions};
pub use read::deserializer::Deserializer;
pub use read::inspection::Inspection;
pub use reference_subject_name::ReferenceSubjectNameStrategy;
pub use registered_schema::RegisteredSchema;
pub use subject_name::{Association, Fallback, RecordPlace, SubjectName, SubjectNameStrategy};
pub use write::serializer::Serializer;
