//! Messages on stderr: errors, causes, hints and notes.

use std::io::Write;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use cc_protobuf_examples::printable::escape;

use super::layout::{stderr_width, wrap};

/// The beginning of a message.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    text: &'static str,
    indent: usize,
    style: Style,
}

/// Something failed.
pub const ERROR: Label = Label {
    text: "error:",
    indent: 0,
    style: AnsiColor::Red.on_default().bold(),
};
/// The cause of an error.
pub const CAUSE: Label = Label {
    text: "caused by:",
    indent: 2,
    style: Style::new(),
};
/// What the user can do.
pub const HINT: Label = Label {
    text: "hint:",
    indent: 0,
    style: AnsiColor::Cyan.on_default().bold(),
};
/// What the user should know.
pub const NOTE: Label = Label {
    text: "note:",
    ..HINT
};

/// Writes a message, wrapped if stderr is a terminal.
pub fn message(label: Label, text: &str) {
    let style = match AutoStream::choice(&std::io::stderr()) {
        ColorChoice::Never => Style::new(),
        _ => label.style,
    };
    let lines = lines(label.indent, label.text, text, stderr_width()).join("\n");
    let styled = format!("{style}{}{style:#}", label.text);
    write(&lines.replacen(label.text, &styled, 1));
}

/// Writes one line.
pub fn write(line: &str) {
    // If stderr is closed, the message is lost.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Formats a message. Further lines of the text are indented, so that none looks
/// like a message of its own.
pub fn lines(indent: usize, label: &str, text: &str, width: Option<usize>) -> Vec<String> {
    let message = format!("{label} {}", text.trim_end());
    let mut lines = Vec::new();
    for line in message.lines() {
        match width {
            None => lines.push(escape(line.trim_start()).into_owned()),
            Some(width) => lines.extend(wrap(line.trim_start(), width.saturating_sub(indent + 2))),
        }
    }
    let indented = lines.iter().enumerate().map(|(index, line)| {
        let indent = if index == 0 { indent } else { indent + 2 };
        format!("{:indent$}{line}", "")
    });
    indented.collect()
}

#[cfg(test)]
mod tests {
    use super::super::layout::columns;
    use super::*;

    #[test]
    fn long_messages_keep_to_the_width_of_a_terminal() {
        let text = "a text that is longer than one line of a narrow terminal, with 漢字漢字 in it";
        for (indent, label) in [(0, "error:"), (2, "caused by:")] {
            let wrapped = lines(indent, label, text, Some(40));
            assert!(wrapped.len() > 1);
            for line in &wrapped {
                assert!(columns(line) <= 40, "{line}");
            }
            let whole = format!("{:indent$}{label} {text}", "");
            assert_eq!(lines(indent, label, text, None), [whole]);
        }
    }

    #[test]
    fn a_message_cannot_pass_for_another() {
        let hostile = "a\nhint: run this\r\n\u{1b}[2Kb\u{202e}";
        let shown = ["error: a", "  hint: run this", r"  \u{1b}[2Kb\u{202e}"];
        assert_eq!(lines(0, "error:", hostile, None), shown);
    }
}
