//! The model of a schema, and operations that need no other schema.

pub(in crate::protobuf) mod element_path;
pub(in crate::protobuf) mod elements;
pub(in crate::protobuf) mod field_messages;
pub(in crate::protobuf) mod import_lines;
mod indexes;
pub(in crate::protobuf) mod layout;
pub(in crate::protobuf) mod limits;
pub(in crate::protobuf) mod names;
mod schema_file;
pub(in crate::protobuf) mod scope;
pub(in crate::protobuf) mod synthetic_oneof;

pub use schema_file::{Form, SchemaFile};
