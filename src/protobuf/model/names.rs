//! Builds, checks and looks up names of `.proto` files.

/// Maximum number of enclosing scopes that a look-up tries, and maximum length of a
/// scope in bytes, far above real packages. Without limits, a hostile package would
/// make every look-up expensive.
const MAX_SCOPES: usize = 128;
const MAX_SCOPE_LEN: usize = 2048;

/// Returns `scope.name`, or `name` in the empty scope.
pub(in crate::protobuf) fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() {
        name.to_owned()
    } else {
        format!("{scope}.{name}")
    }
}

/// Returns the last part of a dotted name.
pub(in crate::protobuf) fn unqualified(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, last)| last)
}

/// Whether the name is a letter or an underscore, then letters, digits and
/// underscores.
pub(in crate::protobuf) fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Looks up `name` as written in `scope`, from the innermost scope outwards.
///
/// `find` gets one full name after the other, without a leading dot, until it
/// returns a value. A name with a leading dot is a full name already.
pub(in crate::protobuf) fn look_up<T>(
    scope: String,
    name: &str,
    mut find: impl FnMut(&str) -> Option<T>,
) -> Option<T> {
    if let Some(full) = name.strip_prefix('.') {
        return find(full);
    }
    let mut candidate = scope;
    let mut scope_len = candidate.len();
    if scope_len <= MAX_SCOPE_LEN {
        for _ in 0..MAX_SCOPES {
            if scope_len == 0 {
                break;
            }
            candidate.truncate(scope_len);
            candidate.push('.');
            candidate.push_str(name);
            if let Some(found) = find(&candidate) {
                return Some(found);
            }
            let scope = candidate.get(..scope_len);
            scope_len = scope.and_then(|scope| scope.rfind('.')).unwrap_or(0);
        }
    }
    find(name)
}

/// Returns the default JSON name of a field.
pub(in crate::protobuf) fn json_name(field: &str) -> String {
    capitalize_after_underscores(field, false)
}

/// Returns the name of the message that protoc makes for the entries of a map
/// field.
pub(in crate::protobuf) fn map_entry_name(field: &str) -> String {
    capitalize_after_underscores(field, true) + "Entry"
}

fn capitalize_after_underscores(name: &str, first: bool) -> String {
    let mut result = String::with_capacity(name.len());
    let mut upper = first;
    for c in name.chars() {
        if c == '_' {
            upper = true;
        } else if std::mem::take(&mut upper) {
            result.push(c.to_ascii_uppercase());
        } else {
            result.push(c);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_looked_up_from_the_inside_outwards() {
        let tried = |scope: &str, name: &str| {
            let mut tried = Vec::new();
            let found: Option<()> = look_up(scope.to_owned(), name, |full| {
                tried.push(full.to_owned());
                None
            });
            assert_eq!(found, None);
            tried
        };
        assert_eq!(tried("a.b.M", "N"), ["a.b.M.N", "a.b.N", "a.N", "N"]);
        assert_eq!(tried("a", "b.N"), ["a.b.N", "b.N"]);
        assert_eq!(tried("", "N"), ["N"]);
        assert_eq!(tried("a.b", ".a.N"), ["a.N"]);
        assert_eq!(tried(&"a.".repeat(1000), "N").len(), MAX_SCOPES + 1);
        assert_eq!(tried(&"a".repeat(MAX_SCOPE_LEN + 1), "N"), ["N"]);
        let found = look_up("a.b".to_owned(), "N", |full| {
            (full == "a.N").then_some("innermost")
        });
        assert_eq!(found, Some("innermost"));
    }
}
