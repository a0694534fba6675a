//! What a configuration or mode is set for.

use std::fmt;

use super::budget::OVERHEAD;
use super::subject::Subject;

/// What a configuration or mode is set for: everything, a context, a subject.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// Whatever in the default context has nothing of its own.
    Global,
    /// A subject, or a context when the name is empty.
    Subject(Subject),
}

impl Scope {
    /// What a path segment names. The default context is the global scope.
    pub(crate) fn parse(text: &str) -> Self {
        let subject = Subject::parse(text);
        if subject.is_in_default_context() && subject.is_context() {
            Self::Global
        } else {
            Self::Subject(subject)
        }
    }

    /// About how many bytes an entry for it takes, the value aside.
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
