//! The compatibility check, composed from one-way comparisons, and its messages.

use std::collections::BTreeSet;

use super::diff::diff_types;
use super::types::Types;
use super::{Candidate, CompatibilityLevel};

/// Metadata property with the names of fields that must not be used again.
const RESERVED: &str = "confluent:reserved";

/// Maximum number of characters that a message quotes of an older schema.
const MAX_QUOTED: usize = 10 * 1024;

/// The rules of a subject for a new version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Direction and reach of the comparison.
    pub level: CompatibilityLevel,
    /// Whether reserved fields are checked too, whatever the level.
    pub validate_fields: bool,
    /// Metadata property whose value divides versions into groups; only
    /// versions of the new schema's group are compared with it.
    pub compatibility_group: Option<String>,
}

impl From<CompatibilityLevel> for Rules {
    fn from(level: CompatibilityLevel) -> Self {
        Self {
            level,
            ..Self::default()
        }
    }
}

/// The result of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Outcome {
    /// The registry's messages, in its order; empty if compatible.
    pub messages: Vec<String>,
}

impl Outcome {
    /// Returns whether the check found nothing incompatible.
    pub fn is_compatible(&self) -> bool {
        self.messages.is_empty()
    }
}

/// Checks a new schema against the older versions of its subject.
///
/// `previous` holds the versions to compare with, newest first, without deleted ones.
/// Levels that are not transitive compare with the first of them. A transitive level
/// ends with the first incompatible version, and the messages are about that one only.
pub fn check(rules: &Rules, new: &Candidate<'_>, previous: &[Candidate<'_>]) -> Outcome {
    let mut check = Check::new(rules, new);
    for old in previous {
        if !check.wants_more() {
            break;
        }
        check.compare(old);
    }
    check.finish()
}

/// A [`check`] that takes the older versions one by one, newest first, so that the
/// caller need not keep all of them in memory.
#[derive(Debug)]
pub struct Check<'r, 'a> {
    rules: &'r Rules,
    new: &'r Candidate<'a>,
    /// Created for the first comparison.
    types: Option<Types<'a>>,
    messages: Vec<String>,
    /// Whether the reserved fields of the newest version were compared.
    reserved: bool,
    /// Whether the level requires a further version.
    compares: bool,
}

impl<'r, 'a> Check<'r, 'a> {
    /// Starts a check of `new`.
    pub fn new(rules: &'r Rules, new: &'r Candidate<'a>) -> Self {
        Self {
            rules,
            new,
            types: None,
            messages: Vec::new(),
            reserved: !rules.validate_fields,
            compares: rules.level != CompatibilityLevel::None,
        }
    }

    /// Returns whether the check needs the next older version.
    pub fn wants_more(&self) -> bool {
        self.compares || !self.reserved
    }

    /// Compares with the next older version.
    pub fn compare(&mut self, old: &Candidate<'_>) {
        self.check_reserved(Some(old));
        let same_group = match &self.rules.compatibility_group {
            Some(group) => property(old, group) == property(self.new, group),
            None => true,
        };
        if !self.compares || !same_group {
            return;
        }
        let types = self.types.get_or_insert_with(|| Types::new(self.new));
        let messages = against(self.rules.level, types, old);
        self.compares = messages.is_empty() && self.rules.level.is_transitive();
        self.messages.extend(messages);
    }

    /// Ends the check.
    pub fn finish(mut self) -> Outcome {
        self.check_reserved(None);
        if !self.messages.is_empty() {
            self.messages.push(format!(
                "{{validateFields: '{}', compatibility: '{}'}}",
                self.rules.validate_fields, self.rules.level
            ));
        }
        Outcome {
            messages: self.messages,
        }
    }

    fn check_reserved(&mut self, newest: Option<&Candidate<'_>>) {
        if !self.reserved {
            self.reserved = true;
            self.messages.extend(reserved_fields(self.new, newest));
        }
    }
}

/// Returns the messages about one older version: forward ones first, and a quotation of
/// that version after the last direction that the level checks.
fn against(level: CompatibilityLevel, new: &Types<'_>, old: &Candidate<'_>) -> Vec<String> {
    let old_types = Types::new(old);
    let mut messages = Vec::new();
    if level.is_forward() {
        messages = one_way(new, &old_types, "old", "new");
        if !messages.is_empty() && !level.is_backward() {
            messages.extend(quotation(old));
        }
    }
    if level.is_backward() {
        let backward = one_way(&old_types, new, "new", "old");
        if !backward.is_empty() {
            messages.extend(backward);
            messages.extend(quotation(old));
        }
    }
    messages
}

/// Returns why `reader` cannot read data that `writer` wrote.
fn one_way(
    writer: &Types<'_>,
    reader: &Types<'_>,
    reader_name: &str,
    writer_name: &str,
) -> Vec<String> {
    diff_types(writer, reader)
        .into_iter()
        .filter(|difference| !difference.kind.is_compatible())
        .map(|difference| difference.message(reader_name, writer_name))
        .collect()
}

fn quotation(old: &Candidate<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(version) = old.version {
        lines.push(format!("{{oldSchemaVersion: {version}}}"));
    }
    if let Some(text) = old.text {
        lines.push(match truncated(text) {
            Some(start) => format!("{{oldSchema: <truncated> '{start}...'}}"),
            None => format!("{{oldSchema: '{text}'}}"),
        });
    }
    lines
}

/// Returns the part of a long text to quote, or `None` if the text is short enough.
fn truncated(text: &str) -> Option<&str> {
    let (end, _) = text.char_indices().nth(MAX_QUOTED)?;
    text.get(..end)
}

fn property<'a>(candidate: &Candidate<'a>, name: &str) -> Option<&'a str> {
    candidate.properties?.get(name).map(String::as_str)
}

fn reserved<'a>(candidate: &Candidate<'a>) -> BTreeSet<&'a str> {
    property(candidate, RESERVED)
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect()
}

fn reserved_fields(new: &Candidate<'_>, newest: Option<&Candidate<'_>>) -> Vec<String> {
    let now = reserved(new);
    let before = newest.map(reserved).unwrap_or_default();
    let removed = before.difference(&now).map(|name| {
        format!(
            "The new schema has reserved field {name} removed from its metadata which is present in the old schema's metadata."
        )
    });
    let conflicts = now
        .iter()
        .filter(|name| has_top_level_field(new, name))
        .map(|name| {
            format!("The new schema has field that conflicts with the reserved field {name}.")
        });
    removed.chain(conflicts).collect()
}

/// Returns whether a top-level message has an ordinary field of that name.
/// Members of oneofs do not count.
fn has_top_level_field(candidate: &Candidate<'_>, name: &str) -> bool {
    let file = candidate.file.proto();
    file.message_type.iter().any(|message| {
        super::declaration::fields(file, message)
            .values()
            .any(|field| field.oneof.is_none() && field.name == name)
    })
}
