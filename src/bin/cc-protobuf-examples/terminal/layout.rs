//! The width of the terminal, and text wrapped to it.

use cc_protobuf_examples::printable::escape;
use terminal_size::{Width, terminal_size_of};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns if neither a terminal nor `COLUMNS` defines them.
const DEFAULT_WIDTH: usize = 80;
/// Minimum width; narrower terminals are treated as this wide.
const NARROWEST: usize = 40;
/// Maximum width; longer lines are hard to read.
const WIDEST: usize = 120;

/// Returns the columns of stdout: the terminal's width, else `COLUMNS`, else 80.
pub fn stdout_width() -> usize {
    let terminal = terminal_size_of(std::io::stdout()).map(|(Width(columns), _)| columns);
    let set = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal
        .or_else(set)
        .map_or(DEFAULT_WIDTH, |columns| bounded(columns.into()))
}

/// Returns the columns of stderr if it is a terminal. Elsewhere lines are not
/// wrapped, so that they can be searched.
pub fn stderr_width() -> Option<usize> {
    let (Width(columns), _) = terminal_size_of(std::io::stderr())?;
    Some(bounded(columns.into()))
}

fn bounded(columns: usize) -> usize {
    columns.clamp(NARROWEST, WIDEST)
}

/// Returns the columns of a text; most East Asian characters take two.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// Pads a text with spaces to `width` columns.
pub fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(columns(text));
    format!("{text}{:missing$}", "")
}

/// Wraps text to lines of at most `width` columns and escapes hidden characters.
/// Breaks at spaces; a word longer than a line after punctuation; anything still
/// longer anywhere.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        let mut used = 0;
        for word in escape(paragraph).split(' ') {
            let length = columns(word);
            if used > 0 && used + 1 + length > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            } else if used > 0 {
                line.push(' ');
                used += 1;
            }
            for mut piece in pieces(word, width) {
                if used + columns(piece) > width && used > 0 {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                while columns(piece) > width {
                    let (head, tail) = piece.split_at(fitting(piece, width));
                    if tail.is_empty() {
                        break;
                    }
                    lines.push(head.to_owned());
                    piece = tail;
                }
                line.push_str(piece);
                used += columns(piece);
            }
        }
        lines.push(line);
    }
    lines
}

/// Where to break a word that is longer than a line: after the first set of
/// characters, or after the second if a part is still too long.
const BREAKS: [&[char]; 2] = [&[',', ';'], &['/', '&', '=', '-', '.']];

/// Splits a word into parts that are not broken; one part if it fits the width.
fn pieces(word: &str, width: usize) -> Vec<&str> {
    BREAKS.iter().fold(vec![word], |parts, breaks| {
        let fits = |part: &str| columns(part) <= width;
        let split = parts.into_iter().flat_map(|part| match fits(part) {
            true => vec![part],
            false => part.split_inclusive(*breaks).collect(),
        });
        split.collect()
    })
}

/// Returns the length in bytes of the longest prefix that fits; at least one
/// character.
fn fitting(text: &str, width: usize) -> usize {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > width && at > 0 {
            return at;
        }
    }
    text.len()
}

/// Returns the columns of the longest part that [`wrap`] does not break in lines
/// of `most` columns.
pub fn longest_piece(text: &str, most: usize) -> usize {
    let words = text.split(['\n', ' ']);
    words
        .flat_map(|word| pieces(word, most))
        .map(|piece| columns(piece).min(most))
        .max()
        .unwrap_or(0)
}

/// Formats a number with its noun: `1 byte`, `2 bytes`.
pub fn counted(number: usize, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        _ => format!("{number} {thing}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_at_spaces_and_breaks_long_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("a\nb", 5), ["a", "b"]);
        for line in wrap(&"word ".repeat(50), 20) {
            assert!(columns(&line) <= 20);
        }
    }

    #[test]
    fn json_is_broken_between_its_tokens() {
        let json = r#"{"email":"a-b@example.com","id":"t-1","amount":12.25,"phone":"1-2-3"}"#;
        let lines = wrap(json, 30);
        assert_eq!(lines.concat(), json);
        for line in &lines[..lines.len() - 1] {
            assert!(line.ends_with(','), "{lines:?}");
        }
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(wrap("漢字漢字", 4), ["漢字", "漢字"]);
        assert_eq!(wrap("漢字漢字", 3), ["漢", "字", "漢", "字"]);
        assert_eq!(wrap("漢", 1), ["漢"]);
        assert_eq!(columns(&padded("漢字", 7)), 7);
        // Combining marks take no columns.
        assert_eq!(wrap("e\u{301}e\u{301}e\u{301}", 3).len(), 1);
    }

    #[test]
    fn what_is_hidden_is_measured_as_it_is_shown() {
        for line in wrap(&"\u{202e}\u{1b}".repeat(9), 10) {
            assert!(line.is_ascii() && line.len() <= 10, "{line:?}");
        }
    }

    #[test]
    fn one_thing_is_not_plural() {
        assert_eq!(counted(1, "byte"), "1 byte");
        assert_eq!(counted(0, "byte"), "0 bytes");
    }
}
