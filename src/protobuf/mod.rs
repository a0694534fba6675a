//! Protobuf schemas: one model, two ways to make one, and the rules about them.
//!
//! [`SchemaFile`] is the model. Resolved descriptors are derived from it.

pub mod builtin;
pub mod compatibility;
mod error;
mod indexes;
mod layout;
mod options;
mod path;
mod raw;
mod resolve;
mod schema_file;
mod serialized;
mod source;
mod text;

pub use error::{Error, Position};
pub use schema_file::{Form, SchemaFile};
