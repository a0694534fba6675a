//! Serializer and deserializer: values to records and back, with the schema
//! registered, found or fetched on the way.
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
//! The first value of a (topic, side, schema) asks the registry; what it learns,
//! and everything that follows from it, becomes an immutable plan. After that a
//! message costs one allocation of the exact size, the prefix, and the encoding:
//! no request, no lock, no string. Reading is alike: the first record of a
//! schema fetches it with its references and resolves its descriptors once.
//!
//! Serializers and deserializers are handles: clones share plans and caches, and
//! any number of tasks may use one at once. Tasks that need the same schema at
//! the same time make one request between them. Caches are bounded. What was
//! registered or fetched by id is kept, but with field-level encryption set up a
//! registration is asked for again after a while, since rules may have been added.
//! So are latest versions. The failure of a first use is not remembered; that of
//! such a refresh is everyone's until the next attempt, with growing waits between
//! attempts, unless the registry is merely away: then the old answer serves.
//!
//! # Where to look
//!
//! [`SerializerOptions`] and [`DeserializerOptions`] have the settings, named as
//! in Confluent's clients; [`SubjectNameStrategy`] and
//! [`ReferenceSubjectNameStrategy`] decide under which names schemas are
//! registered; [`Error`] says what can go wrong.

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
