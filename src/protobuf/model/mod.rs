//! The model of a schema, and the rules and names that depend on nothing else.

pub(in crate::protobuf) mod element;
pub(in crate::protobuf) mod field_messages;
mod indexes;
pub(in crate::protobuf) mod layout;
pub(in crate::protobuf) mod limits;
mod schema_file;
pub(in crate::protobuf) mod synthetic_oneof;

pub use schema_file::{Form, SchemaFile};
