//! Why a message was not changed, and at which field.

use super::problem::ValueProblem;
use crate::csfle::wire::{Field, Fields, Malformed};

/// Why a value was not changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The value cannot be changed.
    Problem(ValueProblem),
    /// The key of this DEK version has to be fetched first.
    MissingKey(i32),
}

/// Why a message was not changed, and at which field. The path starts with the
/// innermost name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    path: Vec<String>,
    pub(crate) obstacle: Obstacle,
}

impl Failure {
    /// Returns the path of the field, as `outer.inner[2]`. It is empty for the
    /// message itself.
    pub(crate) fn path(&self) -> String {
        let mut path = self.path.clone();
        path.reverse();
        path.join(".")
    }
}

impl From<Malformed> for Box<Failure> {
    fn from(malformed: Malformed) -> Self {
        failure(Obstacle::Problem(ValueProblem::Malformed(
            malformed.to_string(),
        )))
    }
}

pub(crate) fn failure(obstacle: Obstacle) -> Box<Failure> {
    Box::new(Failure {
        path: Vec::new(),
        obstacle,
    })
}

/// Returns the failure for a broken invariant; nothing is written then.
pub(crate) fn internal() -> Box<Failure> {
    failure(Obstacle::Problem(ValueProblem::Internal))
}

/// Adds the name of the field to the path of a failure inside it. `input` is the
/// message that contains the field.
pub(crate) fn within(
    mut failure: Box<Failure>,
    name: &str,
    repeated: bool,
    input: &[u8],
    field: &Field<'_>,
) -> Box<Failure> {
    let name = if repeated {
        let index = Fields::new(input)
            .map_while(Result::ok)
            .take_while(|other| !std::ptr::eq(other.whole, field.whole))
            .filter(|other| other.number == field.number)
            .count();
        format!("{name}[{index}]")
    } else {
        name.to_owned()
    };
    failure.path.push(name);
    failure
}
