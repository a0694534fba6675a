//! An in-memory Schema Registry that any Confluent client can be pointed at.
//!
//! It speaks the REST API of Confluent Schema Registry for Protobuf over real
//! HTTP: the same ids, versions, errors, deletion rules and compatibility
//! verdicts, so that what is learnt on it holds on the real one.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
//! use cc_protobuf_examples::schema_registry::ClientBuilder;
//! use cc_protobuf_examples::schema_registry::entities::{PROTOBUF, SchemaRequest};
//!
//! let registry = EmbeddedRegistry::start().await?;
//! println!("point a client at {}", registry.url());
//!
//! let client = ClientBuilder::new(registry.url()).build()?;
//! let schema = SchemaRequest {
//!     schema: r#"syntax = "proto3"; message Order { string id = 1; }"#.to_owned(),
//!     schema_type: Some(PROTOBUF.to_owned()),
//!     ..SchemaRequest::default()
//! };
//! client.register("orders-value", &schema, false).await?;
//! assert_eq!(client.subjects().await?, ["orders-value"]);
//! registry.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//!
//! A request passes through `routes` (middleware, then one file per group of
//! endpoints under `routes/`), which read it (`json`, `query`) and call the
//! rules: one file per operation (`register`, `lookup`, `delete`, …), pure
//! functions over the `store`.
//!
//! # Differences from Confluent
//!
//! * Everything is in memory, on one node: it goes when the process goes, and
//!   the errors of a cluster (50001 to 50004) do not occur.
//! * Only Protobuf schemas are taken. Avro and JSON schemas, and Protobuf
//!   editions, are refused with 42201. `/schemas/types` lists all three types
//!   nevertheless, because clients take it for what the API knows.
//! * With `normalize`, and with `validateFields`, a schema must build into
//!   descriptors. Otherwise all types must exist, as with Confluent.
//! * Rule sets are stored, as Confluent Enterprise and Confluent Cloud do; the
//!   open-source server drops them. No rule is run here, nor by any registry.
//! * Inline tags are left alone: `schemaTagsToAdd` and `schemaTagsToRemove` are
//!   refused with 42201, `findTags` and `propagateSchemaTags` do nothing, and
//!   `POST …/versions/{version}/tags` does not exist.
//! * `compatibilityPolicy` and `validateRules` are stored and have no effect.
//! * There are no associations; their paths answer 404, as those of registries
//!   without them do.
//! * Members of a body must have their type: `"version": "1"` is 400, where
//!   Confluent would read the number.
//! * A body needs one of the API's JSON types or `application/octet-stream` as
//!   its content type; without any it is answered 415.
//! * Web pages are refused unless their origin is allowed, and so is a host name
//!   over loopback other than `localhost` ([`Builder::allow_origin`]).
//! * `encryptedKeyMaterial` that the KMS of a shared KEK cannot unwrap is refused
//!   with 42271, not with a 500.
//! * The store is bounded ([`Builder::max_stored_bytes`], 507 with 50701), and so
//!   are the references behind one schema (42201).
//! * A body may have 1 MiB unless configured otherwise ([`Builder`]), about what
//!   Kafka's default leaves for a schema.

mod api_error;
mod builder;
mod error;
mod http;
mod keys;
mod rules;
mod running;
mod store;

pub use builder::Builder;
pub use error::Error;
pub use http::origin::{InvalidOrigin, Origin};
pub use http::request_log::RequestLog;
pub use running::EmbeddedRegistry;
