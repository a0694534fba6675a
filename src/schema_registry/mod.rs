//! Asynchronous REST client for Schema Registry, DEK Registry and catalog.
//!
//! ```
//! # #[cfg(feature = "embedded")]
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use cc_protobuf_examples::schema_registry::entities::{PROTOBUF, SchemaRequest};
//! use cc_protobuf_examples::schema_registry::{ClientBuilder, Version, VersionQuery};
//!
//! # use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
//! # let server = EmbeddedRegistry::builder().basic_auth("KEY", "SECRET").start().await?;
//! # let url = server.url();
//! // `url` is that of your registry, such as https://psrc-….confluent.cloud
//! let registry = ClientBuilder::new(url).basic_auth("KEY", "SECRET").build()?;
//! let order = SchemaRequest {
//!     schema: r#"syntax = "proto3"; message Order { string id = 1; }"#.to_owned(),
//!     schema_type: Some(PROTOBUF.to_owned()),
//!     ..SchemaRequest::default()
//! };
//! registry.register("orders-value", &order, false).await?;
//!
//! let newest = registry
//!     .version("orders-value", Version::Latest, VersionQuery::default())
//!     .await?;
//! assert_eq!(newest.version, Some(1));
//!
//! let error = registry.versions("payments-value").await.unwrap_err();
//! assert!(error.is_not_found());
//! assert_eq!(error.error_code(), Some(40401));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "embedded"))]
//! # fn main() {}
//! ```
//!
//! A [`Client`] is a handle: cloning it is cheap, clones share one connection
//! pool and one OAuth token, and any number of tasks may use it at once.
//!
//! # What a call does
//!
//! Subjects, contexts and names travel percent-encoded, so that
//! `google/type/date.proto` is one path segment. A call ends within its total
//! time (60 s unless set), retries included: connect errors, broken
//! connections and the statuses 408, 429, 500, 502, 503 and 504 are tried again
//! up to three times with jittered exponential backoff, and `Retry-After` is
//! obeyed. Creating a KEK or DEK is repeated only when no connection came about,
//! since the first try may have succeeded unseen. With several base URLs, a
//! server that fails is passed over for the next, and the last good one is kept.
//!
//! Nothing is cached here: see [`serdes`](crate::serdes).
//!
//! # Where to look
//!
//! [`ClientBuilder`] has the settings, [`Error`] what can go wrong, [`entities`]
//! the JSON bodies, and [`Client`] the calls.

mod builder;
mod catalog;
mod client;
mod config;
mod dek_registry;
pub mod entities;
mod error;
mod error_text;
mod http;
mod parameters;
mod schemas;
mod secret;
mod server;
mod subjects;

pub use builder::ClientBuilder;
pub use catalog::TagOutcome;
pub use client::Client;
pub use error::{Answer, BoxError, Error, ErrorKind, Exchange, TokenError};
pub use http::auth::TokenProvider;
pub use http::oauth::ClientCredentials;
pub use parameters::{Format, LookupQuery, SchemasQuery, SubjectsQuery, Version, VersionQuery};
pub use secret::Secret;

pub use crate::registry_settings::{CompatibilityLevel, Mode, UnknownWord};
