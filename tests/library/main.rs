//! Tests of the library's public interface.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "embedded")]
mod allocations;
mod client;
mod compatibility;
mod compiled_schema;
mod csfle;
mod json;
#[cfg(all(feature = "kafka", feature = "embedded"))]
mod kafka;
#[cfg(feature = "cli")]
mod proto_schema;
mod schema_builder;
mod schema_fuzz;
mod schema_model;
mod schema_properties;
mod serdes;
mod structure;
mod wire_format;
