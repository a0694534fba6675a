//! An in-memory Schema Registry that any Confluent client can be pointed at.
//!
//! It implements the REST API of Confluent Schema Registry for Protobuf over
//! real HTTP, with the same ids, versions, errors, deletion rules and
//! compatibility verdicts.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
//! use cc_protobuf_examples::schema_registry::{Client, Normalization};
//! use cc_protobuf_examples::schema_registry::entities::{PROTOBUF, SchemaRequest};
//!
//! let registry = EmbeddedRegistry::start().await?;
//! println!("point a client at {}", registry.url());
//!
//! let client = Client::builder(registry.url()).build()?;
//! let schema = SchemaRequest {
//!     schema: r#"syntax = "proto3"; message Order { string id = 1; }"#.to_owned(),
//!     schema_type: Some(PROTOBUF.to_owned()),
//!     ..SchemaRequest::default()
//! };
//! client.register("orders-value", &schema, Normalization::AsSent).await?;
//! assert_eq!(client.subjects().await?, ["orders-value"]);
//! registry.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//!
//! Each row uses only the rows below it.
//!
//! | Module | Contents |
//! | --- | --- |
//! | `builder`, `running` | configure, start and stop a registry |
//! | `http` | server, middleware, and one file per group of endpoints |
//! | `rules` | one file per operation or setting: functions over the store |
//! | `keys` | KEKs and DEKs, apart from schemas: store and operations |
//! | `store` | subjects, schemas, settings and tag definitions, and the budget for all |
//! | `api_error` | error answers |
//!
//! # Differences from Confluent
//!
//! * Everything is in memory on one node. It is lost when the process ends, and
//!   the errors of a cluster (50001 to 50004) do not occur.
//! * Only Protobuf schemas are accepted. Avro and JSON schemas, and Protobuf
//!   editions, are refused with 42201. `/schemas/types` still lists all three
//!   types, because clients read it as what the API knows.
//! * With `normalize`, and with `validateFields`, a schema must build into
//!   descriptors. Otherwise all types must exist, as with Confluent.
//! * Rule sets are stored, as Confluent Enterprise and Confluent Cloud do; the
//!   open-source server drops them. Registries never run rules, and neither
//!   does this one.
//! * Inline tags are left alone: `schemaTagsToAdd` and `schemaTagsToRemove` are
//!   refused with 42201, `findTags` and `propagateSchemaTags` do nothing, and
//!   `POST …/versions/{version}/tags` does not exist.
//! * `compatibilityPolicy` and `validateRules` are stored and have no effect.
//! * There are no associations. Their paths answer 404, as on other registries
//!   without them.
//! * Members of a body must have the right type: `"version": "1"` is answered
//!   400, while Confluent reads the number.
//! * A body needs one of the API's JSON types or `application/octet-stream` as
//!   its content type; otherwise it is answered 415.
//! * Web pages are refused unless their origin is allowed. Over loopback, so
//!   are host names other than `localhost` ([`Builder::allow_origin`]).
//! * `encryptedKeyMaterial` that the KMS of a shared KEK cannot unwrap is refused
//!   with 42271, not with a 500.
//! * The store is bounded ([`Builder::max_stored_bytes`], 507 with 50701), and so
//!   are the references behind one schema (42201).
//! * The default limit of a body is 1 MiB ([`Builder::max_body_bytes`]), about
//!   what Kafka's default leaves for a schema.

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
