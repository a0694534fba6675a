//! Subject names and their contexts.

use std::fmt;

use serde::Deserialize;

use crate::subject_context;

/// The context of plain names.
pub(crate) const DEFAULT_CONTEXT: &str = ".";
/// The context whose configuration and mode are the fallback for all others.
pub(crate) const GLOBAL_CONTEXT: &str = ".__GLOBAL";
/// Matches every context in a subject prefix.
pub(crate) const ANY_CONTEXT: &str = ":*:";

const CONTEXT_PREFIX: &str = ":.";

/// A subject: a name within a context. It is written `name` in the default
/// context and `:.context:name` in any other; `:.context:` without a name
/// stands for the context itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Subject {
    /// Context with its leading dot, `.` being the default.
    pub(crate) context: String,
    /// Name within the context.
    pub(crate) name: String,
}

impl From<String> for Subject {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

impl Subject {
    /// Parses a subject.
    pub(crate) fn parse(text: &str) -> Self {
        let (context, name) = subject_context::split(text);
        Self::new(context.unwrap_or(DEFAULT_CONTEXT), name)
    }

    pub(crate) fn new(context: &str, name: &str) -> Self {
        Self {
            context: context.to_owned(),
            name: name.to_owned(),
        }
    }

    /// Resolves a subject that a schema of `self` names: a plain name is in the
    /// same context.
    pub(crate) fn sibling(&self, text: &str) -> Self {
        let other = Self::parse(text);
        if other.is_in_default_context() && !self.is_in_default_context() {
            Self::new(&self.context, text)
        } else {
            other
        }
    }

    pub(crate) fn is_in_default_context(&self) -> bool {
        self.context == DEFAULT_CONTEXT
    }

    /// Returns whether it names a context instead of a subject in it.
    pub(crate) fn is_context(&self) -> bool {
        self.name.is_empty()
    }

    /// Returns the context as a prefix of names and in error messages; empty
    /// for the default one.
    pub(crate) fn context_prefix(&self) -> String {
        context_prefix(&self.context)
    }

    /// Returns whether schemas can be registered under the name.
    pub(crate) fn is_valid_for_schemas(&self) -> bool {
        self.is_valid_for_settings() && self.context != GLOBAL_CONTEXT
    }

    /// Returns whether configuration and mode can be set for the name.
    pub(crate) fn is_valid_for_settings(&self) -> bool {
        !self.name.chars().any(char::is_control)
            && !self.context.chars().any(char::is_control)
            && self.name != "__GLOBAL"
            && self.name != "__EMPTY"
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_in_default_context() {
            f.write_str(&self.name)
        } else {
            write!(f, ":{}:{}", self.context, self.name)
        }
    }
}

/// Returns `:.context:`, or nothing for the default context.
pub(crate) fn context_prefix(context: &str) -> String {
    if context == DEFAULT_CONTEXT {
        String::new()
    } else {
        format!(":{context}:")
    }
}

/// Returns whether a name includes its context.
pub(crate) fn is_qualified(name: &str) -> bool {
    name.starts_with(CONTEXT_PREFIX) || name.starts_with(ANY_CONTEXT)
}

/// Parses the context in a path segment: `staging`, `.staging` and `:.staging:`
/// are equal. `None` if there is a colon elsewhere.
pub(crate) fn context_named(text: &str) -> Option<String> {
    let text = text.strip_prefix(':').unwrap_or(text);
    let text = text.strip_suffix(':').unwrap_or(text);
    if text.contains(':') {
        None
    } else if text.starts_with('.') {
        Some(text.to_owned())
    } else {
        Some(format!(".{text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_subjects() {
        for (text, context, name, shown) in [
            ("orders-value", ".", "orders-value", "orders-value"),
            (":.staging:orders", ".staging", "orders", ":.staging:orders"),
            (":.staging:a:b", ".staging", "a:b", ":.staging:a:b"),
            (":.staging:", ".staging", "", ":.staging:"),
            (":.staging", ".staging", "", ":.staging:"),
            (":.:orders", ".", "orders", "orders"),
            (":orders", ".", ":orders", ":orders"),
            ("a/b c", ".", "a/b c", "a/b c"),
        ] {
            let subject = Subject::parse(text);
            assert_eq!(subject, Subject::new(context, name), "{text}");
            assert_eq!(subject.to_string(), shown, "{text}");
        }
    }

    #[test]
    fn plain_references_stay_in_the_context() {
        let parent = Subject::parse(":.staging:orders");
        for (text, expected) in [
            ("common", ":.staging:common"),
            (":.prod:common", ":.prod:common"),
        ] {
            assert_eq!(parent.sibling(text).to_string(), expected);
        }
        assert_eq!(Subject::parse("a").sibling("b").to_string(), "b");
    }

    #[test]
    fn refuses_reserved_and_unprintable_names() {
        for (text, schemas, settings) in [
            ("orders", true, true),
            ("", true, true),
            ("*", true, true),
            ("a b~ü:c", true, true),
            ("__GLOBAL", false, false),
            (":.x:__EMPTY", false, false),
            ("tab\there", false, false),
            (":.__GLOBAL:", false, true),
        ] {
            let subject = Subject::parse(text);
            assert_eq!(subject.is_valid_for_schemas(), schemas, "{text}");
            assert_eq!(subject.is_valid_for_settings(), settings, "{text}");
        }
    }

    #[test]
    fn contexts_can_be_named_in_three_ways() {
        for (text, expected) in [
            ("staging", Some(".staging")),
            (".staging", Some(".staging")),
            (":.staging:", Some(".staging")),
            (".", Some(".")),
            ("a:b", None),
        ] {
            assert_eq!(context_named(text).as_deref(), expected, "{text}");
        }
    }
}
