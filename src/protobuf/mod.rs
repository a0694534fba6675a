//! Protobuf schemas: one model, two ways to make one, and the rules about them.
//!
//! [`SchemaFile`] is the model. Resolved descriptors are derived from it.

mod builtin;
mod error;
mod schema_file;

pub use error::Error;
pub use schema_file::{Form, SchemaFile};
