//! Escapes text from elsewhere so that it is safe to print.
//!
//! A registry's message, a value or a file name may contain characters that move a
//! terminal's cursor, change colours, or reorder or hide other text. This module
//! replaces them with visible escapes.

use std::borrow::Cow;

/// Returns `text` with every character that a terminal obeys or hides written as
/// an escape: `\n`, `\t`, `\u{1b}`, `\u{202e}`.
///
/// Covers control characters (C0, DEL, C1), line and paragraph separators,
/// bidirectional and other invisible format characters, and noncharacters.
/// Printable characters, including backslashes, are unchanged.
///
/// ```
/// use cc_protobuf_examples::printable::escape;
///
/// assert_eq!(escape("a\u{1b}[31mb\u{202e}"), r"a\u{1b}[31mb\u{202e}");
/// assert_eq!(escape("größer, 漢字"), "größer, 漢字");
/// ```
pub fn escape(text: &str) -> Cow<'_, str> {
    replace(text, is_hidden, |c, escaped| {
        escaped.extend(c.escape_default())
    })
}

/// Returns JSON text with the same characters as `\u` escapes inside its strings.
///
/// The text must be valid JSON. Line breaks outside of strings are kept, and the
/// value of the JSON does not change.
///
/// ```
/// use cc_protobuf_examples::printable::escape_json;
///
/// let text = "{\n  \"a\": \"\u{7f}\u{202e}\"\n}";
/// assert_eq!(escape_json(text), "{\n  \"a\": \"\\u007f\\u202e\"\n}");
/// ```
pub fn escape_json(text: &str) -> Cow<'_, str> {
    // JSON strings already escape the characters below U+0020.
    let hidden = |c| c > ' ' && is_hidden(c);
    replace(text, hidden, |c, escaped| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            escaped.push_str(&format!("\\u{unit:04x}"));
        }
    })
}

fn replace(
    text: &str,
    hidden: impl Fn(char) -> bool,
    write: impl Fn(char, &mut String),
) -> Cow<'_, str> {
    if !text.contains(&hidden) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match hidden(c) {
            true => write(c, &mut escaped),
            false => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

/// Returns whether a terminal obeys the character, or shows nothing for it.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fdd0}'..='\u{fdef}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{fffe}'..='\u{ffff}'
                | '\u{13430}'..='\u{1345f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_terminals_obey_or_hide_is_shown() {
        for hidden in [
            '\0',
            '\n',
            '\t',
            '\u{1b}',
            '\u{7f}',
            '\u{80}',
            '\u{9b}',
            '\u{ad}',
            '\u{61c}',
            '\u{200b}',
            '\u{200e}',
            '\u{2028}',
            '\u{202a}',
            '\u{202e}',
            '\u{2066}',
            '\u{2069}',
            '\u{fdd0}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            let text = format!("a{hidden}b");
            assert!(!escape(&text).contains(hidden), "{hidden:?}");
            let json = serde_json::to_string(&text).unwrap();
            let escaped = escape_json(&json);
            assert!(!escaped.contains(hidden), "{hidden:?}");
            assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
        }
    }

    #[test]
    fn what_is_readable_stays() {
        for text in [
            "",
            "C:\\new",
            "\"quoted\"",
            "e\u{301}",
            "नमस्ते",
            "漢字",
            "🙂",
            "a\u{a0}b",
        ] {
            assert_eq!(escape(text), text);
            assert_eq!(escape(&escape(text)), text);
        }
        assert_eq!(escape_json("\"\\\\\u{7f}\""), "\"\\\\\\u007f\"");
    }
}
