//! The JSON bodies of the Schema Registry, DEK Registry and catalog APIs, for both
//! client and server.
//!
//! In an answer every optional member may be missing or `null`, and unknown members
//! are ignored, because registries of different vendors and versions differ.

#[macro_use]
mod json_body;
mod keys;
mod schemas;
mod server;
mod settings;

pub use keys::{Dek, DekRequest, Kek, KekRequest, KekUpdate};
pub use schemas::{
    Compatibility, Metadata, Reference, Rule, RuleSet, Schema, SchemaLocation, SchemaRequest,
    SubjectVersion,
};
pub use server::{Association, ServerId, ServerScope, ServerVersion, TagDefinition};
pub use settings::{Config, ConfigUpdate, ModeBody};

/// `schemaType` of Protobuf schemas. An absent type means `AVRO`.
pub const PROTOBUF: &str = "PROTOBUF";
