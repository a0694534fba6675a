//! Protobuf schemas: their model, two ways to define them, and compatibility.
//!
//! [`SchemaFile`] is the model. Resolved descriptors are derived from it.
//! [`ProtoSchema`] is one message type of one file, ready to write and read:
//! [`DynamicSchema`] by reflection, [`CompiledSchema`] with a prost type. [`Schemas`]
//! is the set of files that a program was built with.
//!
//! ```
//! use cc_protobuf_examples::protobuf::{
//!     CompiledSchema, ProtoField, ProtoMessage, ProtoSchema, SchemaFile,
//! };
//! use serde_json::json;
//!
//! // Built in code; the text is derived.
//! let order = ProtoMessage::new("Order")
//!     .package("shop")
//!     .field(ProtoField::string("id", 1))
//!     .build()?;
//! assert_eq!(order.full_name(), "shop.Order");
//! assert!(order.schema_text().contains("string id = 1;"));
//! assert_eq!(order.serialize(&json!({"id": "a"}))?, b"\x0a\x01a");
//! assert_eq!(order.deserialize(b"\x0a\x01b")?, json!({"id": "b"}));
//!
//! // A prost type with its `.proto` text: the same trait.
//! #[derive(Clone, PartialEq, prost::Message)]
//! struct Order {
//!     #[prost(string, tag = "1")]
//!     id: String,
//! }
//! impl prost::Name for Order {
//!     const NAME: &'static str = "Order";
//!     const PACKAGE: &'static str = "shop";
//! }
//! let compiled = CompiledSchema::<Order>::from_text("shop.proto", order.schema_text(), &[])?;
//! assert_eq!(compiled.serialize(&json!({"id": "a"}))?, b"\x0a\x01a");
//!
//! // Parsed, as a registry stores it.
//! let file = SchemaFile::from_text("shop.proto", order.schema_text())?;
//! assert_eq!(file.name(), "shop.proto");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod builder;
pub mod builtin;
pub mod compatibility;
mod compiled;
mod dynamic;
mod error;
mod json;
mod model;
mod options;
mod proto_schema;
pub(crate) mod resolution;
mod schema_digest;
mod schemas;
mod serialized;
mod text;
mod write_files;

pub use builder::{
    BuildError, BuiltFile, FieldType, Import, Problem, ProblemKind, ProtoEnum, ProtoField,
    ProtoFile, ProtoMessage, ProtoOneof,
};
pub use compiled::CompiledSchema;
pub use dynamic::DynamicSchema;
pub use error::{Error, Position};
pub use json::{JsonCodec, JsonInput, JsonOptions, to_json};
pub use model::{Form, SchemaFile};
pub use proto_schema::ProtoSchema;
pub use schema_digest::SchemaDigest;
pub use schemas::Schemas;
