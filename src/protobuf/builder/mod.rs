//! Schemas built in code.
//!
//! A builder makes the same model that parsing makes, an unresolved
//! `FileDescriptorProto`. The text that gets registered is printed from it and
//! the descriptors are resolved from it, so the two cannot disagree.

mod build;
mod check;
mod emit;
mod enumeration;
mod field;
mod file;
mod file_head;
mod message;
mod problem;
mod types;

pub use build::BuiltFile;
pub use enumeration::ProtoEnum;
pub use field::{FieldType, ProtoField};
pub use file::ProtoFile;
pub use file_head::Import;
pub use message::{ProtoMessage, ProtoOneof};
pub use problem::{BuildError, Problem, ProblemKind};
