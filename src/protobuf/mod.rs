//! Protobuf schemas: one model, two ways to make one, and the rules about them.
//!
//! [`SchemaFile`] is the model. Resolved descriptors are derived from it.
//! [`ProtoSchema`] is one message type of one file, ready to write and read:
//! [`DynamicSchema`] by reflection, [`CompiledSchema`] with a prost type.

mod builder;
pub mod builtin;
pub mod compatibility;
mod compiled;
mod dynamic;
mod error;
pub mod generated;
mod indexes;
mod json;
mod json_encoder;
mod layout;
mod limits;
mod normalize;
mod options;
mod path;
mod proto_schema;
mod raw;
mod resolve;
mod resolved;
mod save;
mod schema_file;
mod serialized;
mod source;
mod synthetic_oneof;
mod text;
pub mod well_known;

pub use builder::{
    BuildError, BuiltFile, FieldType, Import, Problem, ProblemKind, ProtoEnum, ProtoField,
    ProtoFile, ProtoMessage, ProtoOneof,
};
pub use compiled::{CompiledMessage, CompiledSchema, EmbeddedSchemas};
pub use dynamic::DynamicSchema;
pub use error::{Error, Position};
pub use proto_schema::{JsonOptions, ProtoSchema};
pub use resolved::to_json;
pub use schema_file::{Form, SchemaFile};
