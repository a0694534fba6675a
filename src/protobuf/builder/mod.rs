//! Builds schemas in code.
//!
//! A builder creates the same model as the parser: an unresolved
//! `FileDescriptorProto`. Registered text and descriptors both derive from it, so they
//! always agree.

mod build;
mod check;
mod emit;
mod enumeration;
mod field;
mod file;
mod file_head;
mod known_types;
mod message;
mod problem;

pub use build::BuiltFile;
pub use enumeration::ProtoEnum;
pub use field::{FieldType, ProtoField};
pub use file::ProtoFile;
pub use file_head::Import;
pub use message::{ProtoMessage, ProtoOneof};
pub use problem::{BuildError, Problem, ProblemKind};
