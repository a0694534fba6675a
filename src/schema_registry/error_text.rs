//! Makes text from servers safe to print.

use crate::printable::escape;

/// Maximum number of characters kept of a server's text.
const MAX_TEXT: usize = 2_000;

/// Maximum number of characters printed of a path.
pub(super) const MAX_PATH: usize = 300;

/// Returns a server's text as one line of limited length, with hidden characters
/// escaped and the given secrets replaced.
pub(super) fn sanitized(text: &str, secrets: &[&str]) -> String {
    let mut line = text.trim().to_owned();
    // Replace before truncating, which could leave a part of a secret.
    for secret in secrets {
        // Replacing very short ones would garble the text and hide nothing.
        if secret.len() > 3 {
            line = line.replace(secret, "***");
        }
    }
    // Escape after truncating, which could split an escape.
    escape(&bounded(&line, MAX_TEXT)).into_owned()
}

/// Returns the beginning of a text, marked if it is truncated.
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
        let hostile = "a\r\n\u{1b}[31mb\u{7f}\u{9b}\u{202e}\n";
        let shown = r"a\r\n\u{1b}[31mb\u{7f}\u{9b}\u{202e}";
        assert_eq!(sanitized(hostile, &[]), shown);
        assert_eq!(sanitized("key tops3cret!", &["tops3cret"]), "key ***!");
        let at_the_edge = format!("{}tops3cret", "x".repeat(MAX_TEXT - 4));
        assert!(!sanitized(&at_the_edge, &["tops3cret"]).contains("tops"));
        let long = "ä".repeat(MAX_TEXT + 10);
        assert_eq!(sanitized(&long, &[]).chars().count(), MAX_TEXT + 1);
    }
}
