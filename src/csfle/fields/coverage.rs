//! Finds fields that a rule protects in the record's own schema but cannot encrypt,
//! because the registered schema lacks the field or its tag.

use std::fmt;
use std::mem::discriminant;

use prost_reflect::{FieldDescriptor, Kind};

use super::tags::{BadTags, Selection};

/// Why there is no graph.
#[derive(Debug)]
pub(crate) enum GraphProblem {
    Uncovered(Uncovered),
    Tags(BadTags),
}

impl From<BadTags> for GraphProblem {
    fn from(tags: BadTags) -> Self {
        Self::Tags(tags)
    }
}

/// A field that would be written as plaintext.
#[derive(Debug)]
pub(crate) struct Uncovered {
    /// Path of the field within the record.
    pub(crate) path: String,
    /// Full name of the field.
    pub(crate) full_name: String,
    /// The tag of the rule that the field has; `None` if the rule selects every
    /// field.
    pub(crate) tag: Option<String>,
    pub(crate) lack: Lack,
}

/// What the registered schema lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lack {
    /// The field.
    Field,
    /// The tag on the field.
    Tag,
    /// The type: the field has another type in the registered schema.
    Type,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Field => "has no such field",
            Self::Tag => "does not tag it",
            Self::Type => "has another type for it",
        })
    }
}

/// Refuses a field that the rule selects in the record's own schema but not in the
/// registered one. `registered` is the field of the same number.
pub(crate) fn check(
    selection: &Selection<'_>,
    registered: Option<&FieldDescriptor>,
    own: &FieldDescriptor,
    path: &str,
) -> Result<(), GraphProblem> {
    if !selection.selects(own)? {
        return Ok(());
    }
    let lack = match registered {
        None => Lack::Field,
        Some(field) if !same_type(&field.kind(), &own.kind()) => Lack::Type,
        Some(field) if !selection.selects(field)? => Lack::Tag,
        Some(_) => return Ok(()),
    };
    Err(GraphProblem::Uncovered(Uncovered {
        path: path.to_owned(),
        full_name: own.full_name().to_owned(),
        tag: selection.tag(own)?,
        lack,
    }))
}

/// Returns whether values of both types are encrypted in the same way.
fn same_type(a: &Kind, b: &Kind) -> bool {
    let text = |kind: &Kind| matches!(kind, Kind::String | Kind::Bytes);
    discriminant(a) == discriminant(b) || text(a) && text(b)
}
