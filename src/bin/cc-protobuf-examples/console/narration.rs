//! The narration of one example. Each call prints, and keeps the same facts for
//! the JSON document.

use std::sync::{Mutex, MutexGuard, PoisonError};

use prost_reflect::MessageDescriptor;
use serde_json::Value;

use cc_protobuf_examples::wire_format::{self, SchemaRef, VALUE_SCHEMA_ID_HEADER};

use super::report::{CheckReport, RecordReport, RegisteredReport, StepReport};
use super::{BAD, Console, DIM, GOOD, TITLE, Table};
use super::{
    Part, annotate, annotate_header, annotate_payload, hex, parts_to_json, parts_to_lines,
    snake_case, wrap,
};
use crate::failure::Failure;
use crate::terminal::layout::columns;

/// Indentation of the lines below a step's heading.
const INDENT: usize = 5;
/// If fewer columns are left next to a name, its value starts on the next line.
const LEAST_VALUE: usize = 20;
/// Maximum number of hex lines per part of a record.
const HEX_LINES: usize = 2;

/// Narrates one example.
#[derive(Debug)]
pub struct Narration {
    console: Console,
    steps: Mutex<Vec<StepReport>>,
}

impl Narration {
    /// Prints the example's number, name and title.
    pub fn begin(console: Console, number: u8, name: &str, title: &str) -> Self {
        console.line("");
        let width = console.width();
        let lines = wrap(&format!("── {number} · {name}: {title}"), width);
        for (index, line) in lines.iter().enumerate() {
            let left = width.saturating_sub(columns(line) + 1);
            let rule = match index + 1 == lines.len() {
                true => format!(" {}", "─".repeat(left)),
                false => String::new(),
            };
            console.line(&format!("{TITLE}{line}{rule}{TITLE:#}"));
        }
        Self {
            console,
            steps: Mutex::default(),
        }
    }

    /// Prints a paragraph.
    pub fn say(&self, text: &str) {
        let indent = if self.steps().is_empty() { 0 } else { INDENT };
        for line in wrap(text, self.console.width() - indent) {
            self.console.line(&format!("{:indent$}{line}", ""));
        }
    }

    /// Starts a step and prints its heading.
    pub fn step(&self, title: impl Into<String>) {
        let title = title.into();
        let number = {
            let mut steps = self.steps();
            steps.push(StepReport {
                title: title.clone(),
                ..StepReport::default()
            });
            steps.len()
        };
        let lines = wrap(&title, self.console.width() - INDENT);
        for (index, line) in lines.iter().enumerate() {
            let mark = if index == 0 {
                format!("{number:>3}. ")
            } else {
                " ".repeat(INDENT)
            };
            self.console.line(&format!("{TITLE}{mark}{line}{TITLE:#}"));
        }
    }

    /// Prints a claim and whether it holds. Fails if it does not.
    pub fn check(&self, holds: bool, claim: impl Into<String>) -> Result<(), Failure> {
        let claim = claim.into();
        self.state(CheckReport {
            ok: holds,
            claim: claim.clone(),
            expected: None,
            actual: None,
        });
        if holds { Ok(()) } else { Err(unmet(claim)) }
    }

    /// Prints a claim that holds if `actual` equals `expected`. If not, prints both
    /// and continues; [`Self::verdict`] then fails.
    pub fn compare(&self, claim: &str, expected: &str, actual: &str) {
        self.state(CheckReport {
            ok: actual == expected,
            claim: claim.to_owned(),
            expected: Some(expected.to_owned()),
            actual: Some(actual.to_owned()),
        });
        if actual != expected {
            self.named("expected", expected);
            self.named("actual", actual);
        }
    }

    /// Prints a check and keeps it for the JSON document.
    fn state(&self, check: CheckReport) {
        let (style, mark) = if check.ok {
            (GOOD, "✓")
        } else {
            (BAD, "✗ failed:")
        };
        let lines = wrap(
            &format!("{mark} {}", check.claim),
            self.console.width() - INDENT - 2,
        );
        for (index, line) in lines.iter().enumerate() {
            let indent = if index == 0 { INDENT } else { INDENT + 2 };
            self.console
                .line(&format!("{:indent$}{style}{line}{style:#}", ""));
        }
        self.current(|step| step.checks.push(check));
    }

    /// Fails if any check failed that did not end the example.
    pub fn verdict(&self) -> Result<(), Failure> {
        let steps = self.steps();
        let checks = steps.iter().flat_map(|step| &step.checks);
        let claims: Vec<String> = checks
            .filter(|check| !check.ok)
            .map(|check| match (&check.expected, &check.actual) {
                (Some(expected), Some(actual)) => {
                    format!("{} (expected {expected}, found {actual})", check.claim)
                }
                _ => check.claim.clone(),
            })
            .collect();
        match claims.as_slice() {
            [] => Ok(()),
            claims => Err(unmet(claims.join("; "))),
        }
    }

    /// Prints a named value.
    pub fn fact(&self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        let text = match &value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.named(name, &text);
        self.current(|step| {
            step.facts.insert(snake_case(name), value);
        });
    }

    fn named(&self, name: &str, text: &str) {
        let indent = INDENT + 2;
        let available = self.console.width() - indent;
        let name_and_gap = columns(name) + 2;
        let beside = available.saturating_sub(name_and_gap);
        let (hanging, width) = match beside {
            LEAST_VALUE.. => (name_and_gap, beside),
            _ => (2, available - 2),
        };
        let label = format!("{:indent$}{DIM}{name}:{DIM:#}", "");
        let mut lines = wrap(text, width).into_iter();
        match lines.next() {
            Some(first) if hanging == name_and_gap => {
                self.console.line(&format!("{label} {first}"));
            }
            first => {
                self.console.line(&label);
                if let Some(first) = first {
                    self.console
                        .line(&format!("{:indent$}{:hanging$}{first}", "", ""));
                }
            }
        }
        for line in lines {
            self.console
                .line(&format!("{:indent$}{:hanging$}{line}", "", ""));
        }
    }

    /// Prints a remark that readers can skip.
    pub fn note(&self, text: &str) {
        for (index, line) in wrap(text, self.console.width() - INDENT - 2)
            .iter()
            .enumerate()
        {
            let mark = if index == 0 { "·" } else { " " };
            self.console
                .line(&format!("{:INDENT$}{DIM}{mark} {line}{DIM:#}", ""));
        }
    }

    /// Keeps a named value for the JSON document without printing it.
    pub fn record_fact(&self, name: &str, value: impl Into<Value>) {
        self.current(|step| {
            step.facts.insert(snake_case(name), value.into());
        });
    }

    /// Keeps a registered schema for the JSON document without printing it.
    pub fn record_registered(&self, subject: &str, version: i32, id: i32) {
        let subject = subject.to_owned();
        self.current(|step| {
            step.registered.push(RegisteredReport {
                subject,
                version,
                id,
            });
        });
    }

    /// Prints a record as hex; its parts are only in the JSON document.
    pub fn record_hex(
        &self,
        name: &str,
        value: &[u8],
        headers: &[(String, Option<Vec<u8>>)],
        message: Option<&MessageDescriptor>,
    ) -> Result<(), Failure> {
        self.named(name, &hex(value, " "));
        self.keep(value, headers, message)?;
        Ok(())
    }

    /// Prints a record byte by byte: the schema id, in front of the payload or in a
    /// header, the message indexes and the fields. A descriptor adds names.
    pub fn record(
        &self,
        value: &[u8],
        headers: &[(String, Option<Vec<u8>>)],
        message: Option<&MessageDescriptor>,
    ) -> Result<(), Failure> {
        let (header, parts) = self.keep(value, headers, message)?;
        let lines = |parts: &[Part]| {
            for line in parts_to_lines(parts, INDENT + 2, self.console.width(), HEX_LINES) {
                self.console.line(&line);
            }
        };
        if let Some(header) = header {
            self.console
                .line(&format!("{:INDENT$}  header {VALUE_SCHEMA_ID_HEADER}", ""));
            lines(&header);
            self.console.line(&format!("{:INDENT$}  value", ""));
        }
        lines(&parts);
        Ok(())
    }

    /// Keeps a record for the JSON document. Returns the parts of the value, and
    /// before them the parts of the header if it carries the schema id.
    pub fn keep(
        &self,
        value: &[u8],
        headers: &[(String, Option<Vec<u8>>)],
        message: Option<&MessageDescriptor>,
    ) -> Result<(Option<Vec<Part>>, Vec<Part>), Failure> {
        let header = headers
            .iter()
            .find(|(name, _)| name == VALUE_SCHEMA_ID_HEADER);
        let header = header.and_then(|(_, bytes)| bytes.as_deref());
        let envelope = wire_format::decode(header.unwrap_or(value))?;
        let (payload, header_parts, parts) = match header {
            None => (envelope.payload, None, annotate(value, &envelope, message)),
            Some(header) => (
                value,
                Some(annotate_header(header, &envelope, message)),
                annotate_payload(value, 0, message),
            ),
        };
        let (schema_id, schema_guid) = match &envelope.schema {
            SchemaRef::Id(id) => (Some(id.0), None),
            SchemaRef::Guid(guid) => (None, Some(guid.to_string())),
        };
        let report = RecordReport {
            schema_id,
            schema_guid,
            message_indexes: envelope.indexes.as_slice().to_vec(),
            payload_length: payload.len(),
            hex: hex(value, ""),
            header: header.map(|header| hex(header, "")),
            parts: parts_to_json(&parts),
        };
        self.current(|step| step.records.push(report));
        Ok((header_parts, parts))
    }

    /// Prints a table.
    pub fn table(&self, table: &Table) {
        for line in table.lines(INDENT, self.console.width()) {
            self.console.line(&line);
        }
        self.current(|step| step.tables.push(table.to_json()));
    }

    /// Prints source text line by line. Long lines continue further to the right.
    pub fn quote(&self, text: &str) {
        for line in text.trim_end().lines() {
            let source = line.trim_start();
            let indent = line.len() - source.len();
            let width = self.console.width().saturating_sub(INDENT + 4 + indent);
            for (index, part) in wrap(source, width).iter().enumerate() {
                let indent = if index == 0 { indent } else { indent + 2 };
                let quoted = format!(" {:indent$}{part}", "");
                let quoted = quoted.trim_end();
                self.console
                    .line(&format!("{:INDENT$}{DIM}│{DIM:#}{quoted}", ""));
            }
        }
    }

    /// Prints the end: what to notice, the source file, and a change to try.
    pub fn end(&self, notice: &str, source: &str, change: &str) {
        for (label, text) in [("Notice", notice), ("Source", source), ("Try", change)] {
            let lines = wrap(text, self.console.width() - 10);
            for (index, line) in lines.iter().enumerate() {
                let label = if index == 0 {
                    format!("{label}:")
                } else {
                    String::new()
                };
                self.console
                    .line(&format!("  {TITLE}{label:<8}{TITLE:#}{line}"));
            }
        }
    }

    /// Takes the steps out of the narration.
    pub fn take_steps(&self) -> Vec<StepReport> {
        std::mem::take(&mut *self.steps())
    }

    fn steps(&self) -> MutexGuard<'_, Vec<StepReport>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self, change: impl FnOnce(&mut StepReport)) {
        let mut steps = self.steps();
        if steps.is_empty() {
            steps.push(StepReport::default());
        }
        if let Some(step) = steps.last_mut() {
            change(step);
        }
    }
}

fn unmet(claim: String) -> Failure {
    Failure::expectation(format!("expectation not met: {claim}"))
}
