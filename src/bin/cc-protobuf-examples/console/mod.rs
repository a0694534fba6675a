//! What the user sees: narration on stdout, progress and logs on stderr, one
//! JSON document on request, and everything once more in the log file.

mod envelope;
mod logging;
mod progress;
mod report;
mod story;
mod table;

use std::io::{ErrorKind, Write};
use std::sync::Arc;

use tokio::sync::watch;

pub use envelope::{
    Part, annotate, annotate_header, annotate_payload, hex, parts_to_json, parts_to_lines,
};
pub use logging::{FAILURE, LogFile, NARRATION, start_logging};
pub use progress::Spinner;
pub use report::{ErrorReport, ExampleReport, ExampleResult, Report};
pub use story::Story;
pub use table::Table;

use anstyle::{AnsiColor, Style};

/// Columns that narration and tables keep to.
pub const WIDTH: usize = 80;

/// Style of titles.
pub const TITLE: Style = Style::new().bold();
/// Style of what went well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Style of what went wrong.
pub const BAD: Style = AnsiColor::Red.on_default();
/// Style of what can be skipped.
pub const DIM: Style = Style::new().dimmed();

/// What goes to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Text for people.
    Human,
    /// JSON only.
    Json,
}

/// Where lines go. Clones share one destination.
#[derive(Clone, Debug)]
pub struct Console {
    output: Output,
    quiet: bool,
    closed: Arc<watch::Sender<bool>>,
}

impl Console {
    /// A console on this process's stdout.
    pub fn new(output: Output, quiet: bool) -> Self {
        Self {
            output,
            quiet,
            closed: Arc::new(watch::Sender::new(false)),
        }
    }

    /// What goes to stdout.
    pub fn output(&self) -> Output {
        self.output
    }

    /// One line of narration, possibly styled. Left out of stdout with `--quiet`.
    pub fn line(&self, styled: &str) {
        self.log(styled);
        if self.output == Output::Human && !self.quiet {
            self.write(styled);
        }
    }

    /// One line that `--quiet` keeps.
    pub fn result(&self, styled: &str) {
        self.log(styled);
        if self.output == Output::Human {
            self.write(styled);
        }
    }

    /// What the user can do next, on stderr.
    pub fn hint(&self, text: &str) {
        self.aside("hint:", text);
    }

    /// What the user should know about a result, on stderr.
    pub fn note(&self, text: &str) {
        self.aside("note:", text);
    }

    fn aside(&self, what: &str, text: &str) {
        self.log(text);
        let style = AnsiColor::Cyan.on_default().bold();
        // Nobody is left to tell when stderr is closed.
        let _ = writeln!(anstream::stderr().lock(), "{style}{what}{style:#} {text}");
    }

    /// One line of data, whatever the output is.
    pub fn data(&self, text: &str) {
        self.write(text);
    }

    /// Resolves when stdout's reader is gone, as in `… | head`.
    pub async fn closed(&self) {
        let mut receiver = self.closed.subscribe();
        if receiver.wait_for(|closed| *closed).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether stdout's reader is gone.
    pub fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    fn log(&self, styled: &str) {
        let plain = anstream::adapter::strip_str(styled).to_string();
        for line in plain.lines().filter(|line| !line.is_empty()) {
            tracing::info!(target: NARRATION, "{}", line.trim_end());
        }
    }

    fn write(&self, text: &str) {
        if self.is_closed() {
            return;
        }
        let mut stdout = anstream::stdout().lock();
        let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
        if written.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
            self.closed.send_replace(true);
        }
    }
}

/// Breaks text at spaces into lines of at most `width` columns. A word that is
/// longer is broken where it must be.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        let mut used = 0;
        for word in paragraph.split(' ') {
            let mut rest: Vec<char> = word.chars().collect();
            if used > 0 && used + 1 + rest.len() > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            } else if used > 0 {
                line.push(' ');
                used += 1;
            }
            while rest.len() > width {
                let tail = rest.split_off(width);
                lines.push(rest.iter().collect());
                rest = tail;
            }
            used += rest.len();
            line.extend(rest);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn wraps_at_spaces_and_breaks_long_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("a\nb", 5), ["a", "b"]);
        for line in wrap(&"word ".repeat(50), 20) {
            assert!(line.chars().count() <= 20);
        }
    }
}
