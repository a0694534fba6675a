//! Styles of narration.
//!
//! A styled line contains marks, which the console replaces with ANSI codes or
//! removes. One line thus serves a terminal, a pipe and the log file, and no ANSI
//! codes ever need to be removed from text.

use std::fmt::{self, Write};

use anstyle::{AnsiColor, Color, Effects};
use cc_protobuf_examples::printable::escape;

/// A style: `format!("{TITLE}text{TITLE:#}")`.
///
/// Its mark is a noncharacter, which Unicode reserves for internal use by programs.
/// [`escape`] escapes noncharacters too, so text from elsewhere cannot contain marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style(char);

/// Style of titles.
pub const TITLE: Style = Style('\u{fdd0}');
/// Style of success.
pub const GOOD: Style = Style('\u{fdd1}');
/// Style of failure.
pub const BAD: Style = Style('\u{fdd2}');
/// Style of text that readers can skip.
pub const DIM: Style = Style('\u{fdd3}');
/// Mark that ends a style.
const END: char = '\u{fdd4}';

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char(if f.alternate() { END } else { self.0 })
    }
}

/// Returns the ANSI style of a mark; `None` for any other character.
fn ansi(mark: char) -> Option<anstyle::Style> {
    let style = anstyle::Style::new();
    let colour = |colour: AnsiColor| style.fg_color(Some(Color::Ansi(colour)));
    match Style(mark) {
        TITLE => Some(style.effects(Effects::BOLD)),
        GOOD => Some(colour(AnsiColor::Green)),
        BAD => Some(colour(AnsiColor::Red)),
        DIM => Some(style.effects(Effects::DIMMED)),
        Style(END) => Some(style),
        _ => None,
    }
}

/// Renders a line for printing: marks become ANSI codes if `styled`, and hidden
/// characters are escaped.
pub fn render(line: &str, styled: bool) -> String {
    let mut rendered = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((at, mark)) = rest.char_indices().find(|(_, c)| ansi(*c).is_some()) {
        rendered.push_str(&escape(rest.get(..at).unwrap_or_default()));
        if styled {
            match ansi(mark) {
                Some(style) if !style.is_plain() => rendered.push_str(&style.render().to_string()),
                _ => rendered.push_str(&anstyle::Reset.render().to_string()),
            }
        }
        rest = rest.get(at + mark.len_utf8()..).unwrap_or_default();
    }
    rendered.push_str(&escape(rest));
    rendered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_codes_or_nothing_and_foreign_codes_never_pass() {
        let line = format!("{TITLE}a{TITLE:#} \u{1b}[31mb\u{7f}");
        assert_eq!(render(&line, false), r"a \u{1b}[31mb\u{7f}");
        let styled = render(&line, true);
        assert_eq!(styled, "\u{1b}[1ma\u{1b}[0m \\u{1b}[31mb\\u{7f}");
    }
}
