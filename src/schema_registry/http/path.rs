//! Encodes names as path segments of a URL.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::schema_registry::error::Error;

/// Everything except RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Percent-encodes a path segment, query value or form value.
pub(in crate::schema_registry) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// Encodes a subject as one path segment.
///
/// URL parsers treat the segments `.` and `..` as steps in the path, even when
/// encoded. These subjects are therefore sent in their qualified form, which names
/// the default context: `:.:..` is the subject `..`.
pub(in crate::schema_registry) fn subject(name: &str) -> Result<String, Error> {
    match name {
        // `/config/` would be the global configuration.
        "" => Err(Error::input("subject", name, "it is empty")),
        "." | ".." => Ok(encode(&format!(":.:{name}"))),
        _ => Ok(encode(name)),
    }
}

/// Encodes any other name as one path segment; `what` is the kind of name.
pub(in crate::schema_registry) fn name(what: &'static str, name: &str) -> Result<String, Error> {
    match name {
        "" => Err(Error::input(what, name, "it is empty")),
        "." | ".." => Err(Error::input(
            what,
            name,
            "a URL treats it as a step in the path",
        )),
        _ => Ok(encode(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_survive_url_parsing() {
        for (subject_name, segment) in [
            ("orders-value", "orders-value"),
            ("google/type/date.proto", "google%2Ftype%2Fdate.proto"),
            (":.ctx:a b", "%3A.ctx%3Aa%20b"),
            ("50%", "50%25"),
            ("a?b#c", "a%3Fb%23c"),
            ("a~b_c.d", "a~b_c.d"),
            ("größe", "gr%C3%B6%C3%9Fe"),
            ("../up", "..%2Fup"),
            ("...", "..."),
            (".", "%3A.%3A."),
            ("..", "%3A.%3A.."),
            ("%2e%2e", "%252e%252e"),
            ("line\nbreak\0", "line%0Abreak%00"),
        ] {
            let encoded = subject(subject_name).unwrap();
            assert_eq!(encoded, segment, "{subject_name}");
            let url = format!("http://localhost/subjects/{encoded}/versions");
            let parsed = reqwest::Url::parse(&url).unwrap();
            assert_eq!(parsed.as_str(), url);
        }
    }

    #[test]
    fn names_that_no_url_can_hold_are_refused() {
        assert!(subject("").is_err());
        for bad in ["", ".", ".."] {
            assert!(name("tag", bad).is_err(), "{bad}");
        }
    }
}
