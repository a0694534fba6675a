//! Other people's text, fit to be printed.

/// How much of a server's own text is kept.
const MAX_TEXT: usize = 2_000;

/// How much of a path is printed.
pub(super) const MAX_PATH: usize = 300;

/// A server's text as one line without control characters, of bounded length,
/// and with the given secrets taken out.
pub(super) fn sanitized(text: &str, secrets: &[&str]) -> String {
    let mut line: String = text
        .trim()
        .chars()
        // One more than is kept, so that cutting is noticed below.
        .take(MAX_TEXT + 1)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    for secret in secrets {
        // Replacing very short ones would garble the text and hide nothing.
        if secret.len() > 3 {
            line = line.replace(secret, "***");
        }
    }
    bounded(&line, MAX_TEXT)
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
        let long = "ä".repeat(MAX_TEXT + 10);
        assert_eq!(sanitized(&long, &[]).chars().count(), MAX_TEXT + 1);
    }
}
