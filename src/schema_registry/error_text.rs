//! Other people's text, fit to be printed.

/// How much of a server's own text is kept.
const MAX_TEXT: usize = 2_000;

/// How much of a path is printed.
pub(super) const MAX_PATH: usize = 300;

/// A server's text as one line without control characters, of bounded length,
/// and with the given secrets taken out.
pub(super) fn sanitized(text: &str, secrets: &[&str]) -> String {
    let mut line = text.trim().to_owned();
    // Before the text is cut, which could leave a part of one.
    for secret in secrets {
        // Replacing very short ones would garble the text and hide nothing.
        if secret.len() > 3 {
            line = line.replace(secret, "***");
        }
    }
    bounded(&line, MAX_TEXT).replace(char::is_control, " ")
}

/// The beginning of a text, and a sign if there is more.
pub(super) fn bounded(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_tamed() {
        assert_eq!(sanitized("a\r\n\u{1b}[31mb\n", &[]), "a   [31mb");
        assert_eq!(sanitized("key tops3cret!", &["tops3cret"]), "key ***!");
        let at_the_edge = format!("{}tops3cret", "x".repeat(MAX_TEXT - 4));
        assert!(!sanitized(&at_the_edge, &["tops3cret"]).contains("tops"));
        let long = "ä".repeat(MAX_TEXT + 10);
        assert_eq!(sanitized(&long, &[]).chars().count(), MAX_TEXT + 1);
    }
}
