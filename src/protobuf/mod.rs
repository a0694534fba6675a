//! Protobuf schemas: one model, two ways to make one, and the rules about them.
//!
//! [`SchemaFile`] is the model. Resolved descriptors are derived from it.
//! [`ProtoSchema`] is one message type of one file, ready to write and read:
//! [`DynamicSchema`] by reflection, [`CompiledSchema`] with a prost type.

mod builtin;
pub mod compatibility;
mod compiled;
mod dynamic;
mod error;
pub mod generated;
mod json;
mod proto_schema;
mod resolved;
mod schema_file;
pub mod well_known;

pub use compiled::{CompiledMessage, CompiledSchema, EmbeddedSchemas};
pub use dynamic::DynamicSchema;
pub use error::Error;
pub use proto_schema::{JsonOptions, ProtoSchema};
pub use schema_file::{Form, SchemaFile};
