//! What the user sees: narration on stdout, progress and logs on stderr, one
//! JSON document on request, and everything once more in the log file.

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

/// What goes to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Text for people.
    Human,
    /// JSON only.
    Json,
}

/// The only way to stdout. Clones share one destination.
///
/// Nothing is filtered on its way: whether lines are styled is decided at the
/// start, and data goes out as it is. What cannot be written is kept for
/// [`Console::finish`].
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

/// What became of the writes so far.
#[derive(Debug, Default)]
struct Written {
    anything: bool,
    failure: Option<io::Error>,
}

impl Console {
    /// A console on this process's stdout.
    pub fn new(output: Output, quiet: bool) -> Self {
        Self {
            output,
            quiet,
            styled: AutoStream::choice(&io::stdout()) != ColorChoice::Never,
            width: layout::stdout_width(),
            shared: Arc::default(),
        }
    }

    /// What goes to stdout.
    pub fn output(&self) -> Output {
        self.output
    }

    /// Returns whether lines are styled.
    pub fn styled(&self) -> bool {
        self.styled
    }

    /// Columns that narration and tables keep to.
    pub fn width(&self) -> usize {
        self.width
    }

    /// One line of narration, possibly styled. Left out of stdout with `--quiet`.
    pub fn line(&self, styled: &str) {
        self.log(styled);
        if self.output == Output::Human && !self.quiet {
            self.show(styled);
        }
    }

    /// One line that `--quiet` keeps.
    pub fn result(&self, styled: &str) {
        self.log(styled);
        if self.output == Output::Human {
            self.show(styled);
        }
    }

    /// A paragraph of narration, wrapped; all of it is indented as its beginning.
    pub fn say(&self, text: &str) {
        let words = text.trim_start();
        let indent = text.len() - words.len();
        for line in wrap(words, self.width.saturating_sub(indent)) {
            self.line(&format!("{:indent$}{line}", ""));
        }
    }

    /// What the user can do next, on stderr.
    pub fn hint(&self, text: &str) {
        self.log(text);
        stderr::message(stderr::HINT, text);
    }

    /// What the user should know about a result, on stderr.
    pub fn note(&self, text: &str) {
        self.log(text);
        stderr::message(stderr::NOTE, text);
    }

    /// A JSON document of this kind.
    pub fn document(&self, kind: &'static str, body: &impl Serialize) -> Result<(), Failure> {
        self.json(&serde_json::to_string_pretty(&Document::new(kind, body))?);
        Ok(())
    }

    /// A JSON document of this kind on one line.
    pub fn document_line(&self, kind: &'static str, body: &impl Serialize) -> Result<(), Failure> {
        self.json(&serde_json::to_string(&Document::new(kind, body))?);
        Ok(())
    }

    fn json(&self, text: &str) {
        self.write(format!("{}\n", escape_json(text)).as_bytes());
    }

    /// Data as it is, whatever the output is.
    pub fn data(&self, bytes: &[u8]) {
        self.write(bytes);
    }

    /// Resolves when stdout takes nothing more: its reader is gone, as in
    /// `… | head`, or its disk is full.
    pub async fn closed(&self) {
        let mut receiver = self.shared.closed.subscribe();
        if receiver.wait_for(|closed| *closed).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Returns whether stdout takes nothing more.
    pub fn is_closed(&self) -> bool {
        *self.shared.closed.borrow()
    }

    /// Prints a failure that ends the process; as a JSON document, too, if there
    /// is to be one and none was printed.
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

    /// Flushes stdout. What could not be written is a failure, unless there was
    /// nobody to read it.
    pub fn finish(&self) -> Result<(), Failure> {
        let flushed = io::stdout().lock().flush();
        self.noted(flushed);
        match self.written().failure.take() {
            None => Ok(()),
            Some(error) => {
                let failure = Failure::from(error).context("cannot write to stdout");
                Err(failure
                    .hint("what was printed is incomplete; check the disk, and run it again"))
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

    /// Writes a line, or several; blank ones only below others.
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

/// A name as a member of a JSON document has it: `Rust type` is `rust_type`.
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
