//! Schemas built in code.
//!
//! A builder makes the same model as parsing: an unresolved `FileDescriptorProto`.
//! Both the registered text and the descriptors derive from it, so they cannot
//! disagree.

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
