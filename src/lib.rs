//! Protobuf on Kafka with Confluent Schema Registry, from Rust.
//!
//! # Layout
//!
//! Read the rooms in this order; each depends only on those before it.
//!
//! * [`wire_format`]: the envelope around every record: magic byte, schema id
//!   or GUID, message indexes. Pure functions over bytes.
//! * [`protobuf`]: one model of a schema, the [`protobuf::ProtoSchema`] trait
//!   with its dynamic and precompiled implementations, `.proto` text in and
//!   out, compatibility rules. Knows no HTTP.
//! * [`schema_registry`]: the asynchronous REST client for Schema Registry, DEK
//!   Registry and catalog. Knows no Protobuf.
//! * [`csfle`]: client-side field-level encryption.
//! * [`serdes`]: serializer and deserializer, built on the rooms above.
//! * `kafka` (feature `kafka`): topics, produce, consume.
//! * `embedded` (feature `embedded`): the Schema Registry, and with `kafka` the
//!   broker cluster, that stand in for what is not configured.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod csfle;
#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod protobuf;
pub mod schema_registry;
pub mod serdes;
pub mod wire_format;

/// The README's code, compiled and run with the documentation's tests. It needs a
/// registry.
#[cfg(all(doctest, feature = "embedded"))]
#[doc = include_str!("../README.md")]
pub struct Readme;
