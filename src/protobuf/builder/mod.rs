//! Schemas built in code.
//!
//! A builder makes the same model that parsing makes, an unresolved
//! `FileDescriptorProto`. The text that gets registered is printed from it and
//! the descriptors are resolved from it, so the two cannot disagree.

mod check;
mod emit;
mod enumeration;
mod field;
mod file;
mod message;
mod problem;
mod types;

pub use enumeration::ProtoEnum;
pub use field::{FieldType, ProtoField};
pub use file::{BuiltFile, Import, ProtoFile};
pub use message::{ProtoMessage, ProtoOneof};
pub use problem::{BuildError, Problem, ProblemKind};

/// `name` in `scope`, which may be empty.
fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() {
        name.to_owned()
    } else {
        format!("{scope}.{name}")
    }
}

/// The name that a field has in JSON unless it is given another.
pub(super) fn json_name(field: &str) -> String {
    capitalize_after_underscores(field, false)
}

/// Name of the message that stands for the entries of map field `field`, as
/// protoc makes it.
fn map_entry_name(field: &str) -> String {
    capitalize_after_underscores(field, true) + "Entry"
}

fn capitalize_after_underscores(name: &str, first: bool) -> String {
    let mut result = String::with_capacity(name.len());
    let mut upper = first;
    for c in name.chars() {
        if c == '_' {
            upper = true;
        } else if upper {
            result.push(c.to_ascii_uppercase());
            upper = false;
        } else {
            result.push(c);
        }
    }
    result
}
