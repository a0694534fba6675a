//! Output for the user: narration on stdout, progress and logs on stderr, a JSON
//! document if requested, and all of it in the log file.

mod envelope;
mod logging;
mod narration;
mod progress;
mod report;
mod style;
mod table;

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Mutex, PoisonError};

use anstream::{AutoStream, ColorChoice};
use cc_protobuf_examples::printable::escape_json;
use serde::Serialize;
use tokio::sync::watch;

pub use envelope::{
    Part, annotate, annotate_header, annotate_payload, hex, parts_to_json, parts_to_lines,
};
pub use logging::{LogFile, NARRATION, start_logging};
pub use narration::Narration;
pub use progress::Spinner;
pub use report::{Document, ErrorReport, ExampleReport, ExampleResult, Report};
pub use style::{BAD, DIM, GOOD, TITLE};
pub use table::Table;

use crate::failure::Failure;
pub use crate::terminal::layout::{counted, wrap};
use crate::terminal::{layout, stderr};
use style::render;

/// The format of stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Text for people.
    Human,
    /// JSON only.
    Json,
}

/// The only writer to stdout. Clones share one destination.
///
/// Whether lines are styled is decided at the start, so no output needs to be
/// filtered. Write errors are kept for [`Console::finish`].
#[derive(Clone, Debug)]
pub struct Console {
    output: Output,
    quiet: bool,
    styled: bool,
    width: usize,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    closed: watch::Sender<bool>,
    written: Mutex<Written>,
}

/// The state of the writes so far.
#[derive(Debug, Default)]
struct Written {
    anything: bool,
    failure: Option<io::Error>,
}

impl Console {
    /// Creates a console on this process's stdout.
    pub fn new(output: Output, quiet: bool) -> Self {
        Self {
            output,
            quiet,
            styled: AutoStream::choice(&io::stdout()) != ColorChoice::Never,
            width: layout::stdout_width(),
            shared: Arc::default(),
        }
    }

    /// Returns the format of stdout.
    pub fn output(&self) -> Output {
        self.output
    }

    /// Returns whether stdout is styled.
    pub fn styled(&self) -> bool {
        self.styled
    }

    /// Returns the maximum number of columns of narration and tables.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Prints a line of narration, possibly styled, unless `--quiet` is given.
    pub fn line(&self, styled: &str) {
        self.log(styled);
        if self.output == Output::Human && !self.quiet {
            self.show(styled);
        }
    }

    /// Prints a line even with `--quiet`.
    pub fn result(&self, styled: &str) {
        self.log(styled);
        if self.output == Output::Human {
            self.show(styled);
        }
    }

    /// Prints a wrapped paragraph of narration, with the indentation of its start.
    pub fn say(&self, text: &str) {
        let words = text.trim_start();
        let indent = text.len() - words.len();
        for line in wrap(words, self.width.saturating_sub(indent)) {
            self.line(&format!("{:indent$}{line}", ""));
        }
    }

    /// Prints on stderr what the user can do next.
    pub fn hint(&self, text: &str) {
        self.log(text);
        stderr::message(stderr::HINT, text);
    }

    /// Prints on stderr what the user should know about a result.
    pub fn note(&self, text: &str) {
        self.log(text);
        stderr::message(stderr::NOTE, text);
    }

    /// Prints a JSON document of this kind.
    pub fn document(&self, kind: &'static str, body: &impl Serialize) -> Result<(), Failure> {
        self.json(&serde_json::to_string_pretty(&Document::new(kind, body))?);
        Ok(())
    }

    /// Prints a JSON document of this kind on one line.
    pub fn document_line(&self, kind: &'static str, body: &impl Serialize) -> Result<(), Failure> {
        self.json(&serde_json::to_string(&Document::new(kind, body))?);
        Ok(())
    }

    fn json(&self, text: &str) {
        self.write(format!("{}\n", escape_json(text)).as_bytes());
    }

    /// Writes bytes unchanged, in any output format.
    pub fn data(&self, bytes: &[u8]) {
        self.write(bytes);
    }

    /// Resolves when stdout cannot be written to any more: its reader is gone, as
    /// in `… | head`, or its disk is full.
    pub async fn closed(&self) {
        let mut receiver = self.shared.closed.subscribe();
        if receiver.wait_for(|closed| *closed).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Returns whether stdout cannot be written to any more.
    pub fn is_closed(&self) -> bool {
        *self.shared.closed.borrow()
    }

    /// Prints a failure that ends the process. With JSON output, also prints it as
    /// a document unless there already is one.
    pub fn fail(&self, failure: &Failure) {
        failure.print();
        let anything = self.written().anything;
        if self.output == Output::Json && !anything {
            let report = ErrorReport::from(failure);
            let body = serde_json::json!({"error": report, "exit_code": failure.exit.code()});
            if let Err(failure) = self.document("error", &body) {
                failure.print();
            }
        }
    }

    /// Flushes stdout. Fails if output was lost, except if the reader closed the
    /// pipe.
    pub fn finish(&self) -> Result<(), Failure> {
        let flushed = io::stdout().lock().flush();
        self.noted(flushed);
        match self.written().failure.take() {
            None => Ok(()),
            Some(error) => {
                let failure = Failure::from(error).context("cannot write to stdout");
                Err(failure.hint("the output is incomplete; check the disk, then run it again"))
            }
        }
    }

    fn log(&self, styled: &str) {
        for line in styled.lines().map(|line| render(line, false)) {
            if !line.is_empty() {
                tracing::info!(target: NARRATION, "{}", line.trim_end());
            }
        }
    }

    /// Writes one or more lines, but no blank line at the very start.
    fn show(&self, styled: &str) {
        if styled.is_empty() && !self.written().anything {
            return;
        }
        for line in styled.split('\n') {
            self.write(format!("{}\n", render(line, self.styled)).as_bytes());
        }
    }

    fn write(&self, bytes: &[u8]) {
        if self.is_closed() {
            return;
        }
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
        drop(stdout);
        self.written().anything = true;
        self.noted(written);
    }

    fn noted(&self, done: io::Result<()>) {
        if let Err(error) = done {
            self.shared.closed.send_replace(true);
            if error.kind() != ErrorKind::BrokenPipe {
                self.written().failure.get_or_insert(error);
            }
        }
    }

    fn written(&self) -> std::sync::MutexGuard<'_, Written> {
        let written = self.shared.written.lock();
        written.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Converts a name to a member of a JSON document: `Rust type` to `rust_type`.
pub fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut after_lower = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() {
            if !snake.is_empty() && !snake.ends_with('_') {
                snake.push('_');
            }
        } else {
            if c.is_ascii_uppercase() && after_lower {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
        }
        after_lower = c.is_ascii_lowercase();
    }
    snake.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn names_of_members_are_in_snake_case() {
        for (name, member) in [
            ("schema id", "schema_id"),
            ("isActive", "is_active"),
            ("FULL_T", "full_t"),
            ("case customer", "case_customer"),
            ("ssn, without the key", "ssn_without_the_key"),
        ] {
            assert_eq!(snake_case(name), member);
        }
    }
}
