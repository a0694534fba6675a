//! Schemas of the test cases.

use std::collections::BTreeMap;

use cc_protobuf_examples::protobuf::SchemaFile;
use cc_protobuf_examples::protobuf::compatibility::{
    Candidate, CompatibilityLevel as Level, Dependency, Difference, DirectReference, Outcome,
    Rules, check, diff,
};

/// A schema with its references.
#[derive(Clone, Debug)]
pub struct Schema {
    pub file: SchemaFile,
    pub text: String,
    pub references: Vec<(String, String, i32)>,
    pub dependencies: Vec<(String, SchemaFile)>,
    pub properties: BTreeMap<String, String>,
    pub version: Option<i32>,
}

impl Schema {
    /// Source text; without a syntax line it is proto3.
    pub fn new(source: &str) -> Self {
        let text = if source.trim_start().starts_with("syntax") {
            source.to_owned()
        } else {
            format!("syntax = \"proto3\";\n{source}")
        };
        let file = SchemaFile::from_text("schema.proto", &text)
            .unwrap_or_else(|error| panic!("{error}\n{text}"));
        Self {
            file,
            text,
            references: Vec::new(),
            dependencies: Vec::new(),
            properties: BTreeMap::new(),
            version: None,
        }
    }

    pub fn from_file(file: SchemaFile) -> Self {
        Self {
            file,
            text: String::new(),
            references: Vec::new(),
            dependencies: Vec::new(),
            properties: BTreeMap::new(),
            version: None,
        }
    }

    /// Adds a file that the schema references directly.
    pub fn refers_to(mut self, name: &str, subject: &str, version: i32, source: &str) -> Self {
        self.references
            .push((name.to_owned(), subject.to_owned(), version));
        self.depends_on(name, source)
    }

    /// Adds a file that another file references.
    pub fn depends_on(mut self, name: &str, source: &str) -> Self {
        self.dependencies
            .push((name.to_owned(), Schema::new(source).file));
        self
    }

    pub fn property(mut self, name: &str, value: &str) -> Self {
        self.properties.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn version(mut self, version: i32) -> Self {
        self.version = Some(version);
        self
    }

    pub fn candidate(&self) -> Candidate<'_> {
        Candidate {
            references: self
                .references
                .iter()
                .map(|(name, subject, version)| DirectReference {
                    name,
                    subject,
                    version: *version,
                })
                .collect(),
            dependencies: self
                .dependencies
                .iter()
                .map(|(name, file)| Dependency { name, file })
                .collect(),
            properties: Some(&self.properties),
            version: self.version,
            text: Some(&self.text),
            ..Candidate::new(&self.file)
        }
    }
}

pub fn differences(original: &Schema, update: &Schema) -> Vec<Difference> {
    diff(&original.candidate(), &update.candidate())
}

/// Returns the differences as `TYPE #/path`, sorted.
pub fn difference_lines(original: &Schema, update: &Schema) -> Vec<String> {
    let mut lines: Vec<String> = differences(original, update)
        .iter()
        .map(ToString::to_string)
        .collect();
    lines.sort();
    lines
}

pub fn check_level(level: Level, new: &Schema, previous_newest_first: &[&Schema]) -> Outcome {
    check_rules(&level.into(), new, previous_newest_first)
}

pub fn check_rules(rules: &Rules, new: &Schema, previous_newest_first: &[&Schema]) -> Outcome {
    let previous: Vec<_> = previous_newest_first
        .iter()
        .map(|schema| schema.candidate())
        .collect();
    check(rules, &new.candidate(), &previous)
}
