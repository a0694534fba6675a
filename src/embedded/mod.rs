//! Backends inside the process, for tests and for programs without a configured
//! one: a Schema Registry over real HTTP ([`registry`]), and with the feature
//! `kafka` a cluster of three brokers (`broker`). Both listen on loopback, keep
//! their data in memory, and stop when they are dropped.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
//! use cc_protobuf_examples::schema_registry::Client;
//!
//! let registry = EmbeddedRegistry::builder().record_requests().start().await?;
//! let client = Client::builder(registry.url()).build()?;
//! assert!(client.subjects().await?.is_empty());
//! assert!(registry.requests().is_some());
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "kafka")]
pub mod broker;
pub mod registry;
