//! Serializer and deserializer: turn values into records and back. They register,
//! look up or fetch the schema as needed.
//!
//! ```
//! # #[cfg(feature = "embedded")]
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use cc_protobuf_examples::protobuf::Schemas;
//! use cc_protobuf_examples::schema_registry::Client;
//! use cc_protobuf_examples::serdes::{
//!     Deserializer, DeserializerOptions, Record, Serializer, SerializerOptions,
//! };
//!
//! # let server = cc_protobuf_examples::embedded::registry::EmbeddedRegistry::start().await?;
//! # let url = server.url();
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
//! let schemas = Schemas::from_texts([("order.proto", text)])?;
//!
//! let registry = Client::builder(url).build()?;
//! let options = SerializerOptions::new().schemas(schemas);
//! let serializer = Serializer::new(registry.clone(), options)?;
//! let deserializer = Deserializer::new(registry, DeserializerOptions::new())?;
//!
//! let order = Order { id: "o-1".to_owned() };
//! let bytes = serializer.serialize("orders", &order).await?;
//! let read: Option<Order> = deserializer.deserialize(Record::value("orders", &bytes)).await?;
//! assert_eq!(read, Some(order));
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
//! no string. [`Serializer::bind`] also saves the lookup of the plan. Reading works
//! in the same way: the first record of a schema fetches the schema with its
//! references and resolves its descriptors.
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

mod destination;
mod error;
mod now_or_later;
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

pub use crate::wire_format::Side;
pub use destination::{Destination, Headers};
pub use error::{EnvelopePlace, Error, ErrorKind, MessageScope, SchemaName};
pub use options::{DeserializerOptions, SchemaIdIn, SerializerOptions};
pub use read::deserializer::Deserializer;
pub use read::inspection::Inspection;
pub use read::record::Record;
pub use reference_subject_name::ReferenceSubjectNameStrategy;
pub use registered_schema::RegisteredSchema;
pub use subject_name::{Association, Fallback, RecordPlace, SubjectName, SubjectNameStrategy};
pub use write::bound::Bound;
pub use write::record_serializer::{RecordSerializer, SerializedRecord};
pub use write::serializer::Serializer;
