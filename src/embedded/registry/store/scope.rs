//! What a configuration or mode is set for.

use std::fmt;

use super::budget::OVERHEAD;
use super::subject::Subject;

/// The scope of a setting: everything, a context, or a subject.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// Everything in the default context that has no setting of its own.
    Global,
    /// A subject; with an empty name, a context.
    Subject(Subject),
}

impl Scope {
    /// Parses a path segment. The default context is the global scope.
    pub(crate) fn parse(text: &str) -> Self {
        let subject = Subject::parse(text);
        if subject.is_in_default_context() && subject.is_context() {
            Self::Global
        } else {
            Self::Subject(subject)
        }
    }

    /// Estimates the size in bytes of an entry for it, without the value.
    pub(super) fn weight(&self) -> usize {
        let names = match self {
            Self::Global => 0,
            Self::Subject(subject) => subject.context.len().saturating_add(subject.name.len()),
        };
        OVERHEAD.saturating_add(names)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => Ok(()),
            Self::Subject(subject) => subject.fmt(f),
        }
    }
}
