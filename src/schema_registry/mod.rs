//! Asynchronous REST client for Schema Registry, DEK Registry and catalog.
//!
//! ```
//! # #[cfg(feature = "embedded")]
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use cc_protobuf_examples::schema_registry::entities::{PROTOBUF, SchemaRequest};
//! use cc_protobuf_examples::schema_registry::{Client, Normalization, Version, VersionQuery};
//!
//! # use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
//! # let server = EmbeddedRegistry::builder().basic_auth("KEY", "SECRET").start().await?;
//! # let url = server.url();
//! // `url` is that of your registry, such as https://psrc-….confluent.cloud
//! let registry = Client::builder(url).basic_auth("KEY", "SECRET").build()?;
//! let order = SchemaRequest {
//!     schema: r#"syntax = "proto3"; message Order { string id = 1; }"#.to_owned(),
//!     schema_type: Some(PROTOBUF.to_owned()),
//!     ..SchemaRequest::default()
//! };
//! registry.register("orders-value", &order, Normalization::AsSent).await?;
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
//! A [`Client`] is cheap to clone. Clones share one connection pool and one OAuth
//! token, and any number of tasks may use them at once.
//!
//! # Retries
//!
//! A call ends within its total time (60 s by default). Failed connections and the
//! statuses 408, 429, 500, 502, 503 and 504 are retried up to three times with
//! exponential backoff and jitter; `Retry-After` is observed. Requests that create a
//! KEK or DEK are retried only if no connection was made, because a sent request may
//! have succeeded. With several base URLs, a call moves on from a server that fails
//! to the next, and later calls start with the last one that worked.
//!
//! Names are percent-encoded: `google/type/date.proto` is one path segment. The
//! client caches nothing; [`serdes`](crate::serdes) does.
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
pub use parameters::{
    Deleted, Deletion, Force, Format, Inheritance, LookupQuery, Normalization, SchemasQuery,
    SubjectsQuery, Version, VersionQuery,
};
pub use secret::Secret;

pub use crate::registry_settings::{CompatibilityLevel, Mode, UnknownWord};
