//! Splits a subject into its registry context and name: `:.context:name`.

/// Splits a subject into its context, with the leading dot, and its name. A
/// plain name has no context. Without the second colon, as in `:.context`, the
/// name is empty, as in Confluent's registry.
pub(crate) fn split(subject: &str) -> (Option<&str>, &str) {
    match subject.strip_prefix(':') {
        Some(rest) if rest.starts_with('.') => {
            let (context, name) = rest.split_once(':').unwrap_or((rest, ""));
            (Some(context), name)
        }
        _ => (None, subject),
    }
}

/// Returns the context of a subject unless it is the default one.
pub(crate) fn other_than_default(subject: &str) -> Option<&str> {
    split(subject).0.filter(|context| *context != ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_split_as_confluents_registry_splits_them() {
        for (subject, context, name, other) in [
            ("orders", None, "orders", None),
            (":.eu:orders", Some(".eu"), "orders", Some(".eu")),
            (":.eu:a:b", Some(".eu"), "a:b", Some(".eu")),
            (":.eu:", Some(".eu"), "", Some(".eu")),
            (":.eu", Some(".eu"), "", Some(".eu")),
            (":.:orders", Some("."), "orders", None),
            (":orders", None, ":orders", None),
            (":eu:orders", None, ":eu:orders", None),
            ("", None, "", None),
        ] {
            assert_eq!(split(subject), (context, name), "{subject}");
            assert_eq!(other_than_default(subject), other, "{subject}");
        }
    }
}
