//! Parses and checks a schema, and produces the text to store.

use std::collections::HashSet;

use prost_types::DescriptorProto;

use crate::protobuf::compatibility::{self, Candidate, Dependency};
use crate::protobuf::{Form, SchemaFile};
use crate::schema_registry::entities::{Metadata, PROTOBUF, Reference, RuleSet};
use crate::wire_format::SchemaGuid;

use super::digest;
use super::references::{self, Referenced};
use super::requested_schema::RequestedSchema;
use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::store::subject::Subject;
use crate::embedded::registry::store::{Content, Store};

/// File name of a schema that no reference names.
pub(crate) const FILE_NAME: &str = "default";
/// Maximum number of characters of a schema that an error message quotes.
const MAX_QUOTED: usize = 10 * 1024;

/// How to parse a schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ParseOptions {
    /// Whether the text is normalised.
    pub(crate) normalize: bool,
    /// Whether it must build into descriptors; otherwise its types must exist.
    pub(crate) strict: bool,
    /// Whether references may point to soft-deleted versions.
    pub(crate) with_deleted: bool,
    /// Whether it is only parsed, neither checked nor normalised.
    pub(crate) as_is: bool,
}

/// A parsed schema. Its identity also depends on metadata and rules.
#[derive(Debug)]
pub(crate) struct ParsedSchema {
    file: SchemaFile,
    /// Referenced files, each after those it imports.
    dependencies: Vec<SchemaFile>,
    /// Direct references with real version numbers.
    pub(crate) references: Vec<Reference>,
    pub(crate) text: String,
    serialized: Option<String>,
}

impl ParsedSchema {
    /// Parses and checks the schema of a request.
    pub(crate) fn read(
        store: &Store,
        subject: &Subject,
        request: &RequestedSchema,
        how: ParseOptions,
    ) -> Result<Self, ApiError> {
        check_type(&request.schema_type)?;
        let references = request.references.clone()?;
        let resolved = references::resolve(&store.read(), subject, &references, how.with_deleted)
            .map_err(unreadable)?;
        let dependencies = parse_all(&resolved.files)?;
        let file = SchemaFile::parse_with(FILE_NAME, &request.schema, &dependencies)
            .map_err(|e| unreadable(reason(&e)))?;
        let mut parsed = Self {
            text: String::new(),
            serialized: None,
            file,
            dependencies,
            references: resolved.references,
        };
        parsed.check_names().map_err(unreadable)?;
        if !how.as_is {
            parsed
                .check(how.strict)
                .map_err(|reason| invalid(subject, request, &reason))?;
            if how.normalize {
                parsed
                    .normalize()
                    .map_err(|reason| invalid(subject, request, &reason))?;
            }
        }
        parsed.text = parsed.file.to_text();
        parsed.serialized = parsed.order_to_keep();
        Ok(parsed)
    }

    /// Parses a stored schema.
    pub(crate) fn of_stored(
        store: &Store,
        subject: &Subject,
        content: &Content,
    ) -> Result<Self, ApiError> {
        let resolved = references::resolve(&store.read(), subject, &content.references, true)
            .map_err(unreadable)?;
        let file =
            SchemaFile::from_text(FILE_NAME, &content.text).map_err(|e| unreadable(reason(&e)))?;
        Ok(Self {
            file,
            dependencies: parse_all(&resolved.files)?,
            references: content.references.clone(),
            text: content.text.to_string(),
            serialized: None,
        })
    }

    /// Converts it into what is stored.
    pub(crate) fn into_content(
        self,
        metadata: Option<Metadata>,
        rule_set: Option<RuleSet>,
    ) -> Content {
        Content {
            guid: self.guid(metadata.as_ref(), rule_set.as_ref()),
            text: self.text.into(),
            serialized: self.serialized.map(Into::into),
            references: self.references,
            metadata,
            rule_set,
        }
    }

    /// Returns its GUID with this metadata and these rules.
    pub(crate) fn guid(
        &self,
        metadata: Option<&Metadata>,
        rule_set: Option<&RuleSet>,
    ) -> SchemaGuid {
        digest::guid_of(&self.text, &self.references, metadata, rule_set)
    }

    /// Returns the input for a compatibility check.
    pub(crate) fn candidate(&self) -> Candidate<'_> {
        let references = self.references.iter();
        let dependencies = self.dependencies.iter();
        Candidate {
            references: references
                .map(|reference| compatibility::DirectReference {
                    name: &reference.name,
                    subject: &reference.subject,
                    version: reference.version,
                })
                .collect(),
            dependencies: dependencies
                .map(|file| Dependency {
                    name: file.name(),
                    file,
                })
                .collect(),
            text: Some(&self.text),
            ..Candidate::new(&self.file)
        }
    }

    /// Refuses two types or two services of one name at the top of the file, as
    /// Confluent's parser does. Deeper ones are left to `validateFields`.
    fn check_names(&self) -> Result<(), String> {
        let services = self.file.proto().service.iter();
        let services: Vec<_> = services.map(|service| service.name()).collect();
        let kinds = [
            ("Type", compatibility::top_level_names(&self.file)),
            ("Service", services),
        ];
        for (kind, names) in kinds {
            let mut seen = HashSet::new();
            if let Some(twice) = names.into_iter().find(|name| !seen.insert(*name)) {
                return Err(format!("{kind} {twice} is defined more than once"));
            }
        }
        Ok(())
    }

    /// Returns what is wrong with it. By default only the named types must
    /// exist.
    fn check(&self, strict: bool) -> Result<(), String> {
        if let Some(missing) = compatibility::missing_types(&self.candidate())
            .into_iter()
            .next()
        {
            return Err(format!("Could not resolve type: {missing}"));
        }
        if strict {
            self.file
                .resolve(&self.dependencies)
                .map_err(|e| reason(&e))?;
        }
        Ok(())
    }

    fn normalize(&mut self) -> Result<(), String> {
        let normalized = self.file.normalize(&self.dependencies);
        self.file = normalized.map_err(|e| reason(&e))?;
        self.references
            .sort_by(|a, b| (&a.subject, a.version).cmp(&(&b.subject, b.version)));
        self.references.dedup();
        Ok(())
    }

    pub(crate) fn file(&self) -> &SchemaFile {
        &self.file
    }

    /// Returns the descriptor in base64.
    pub(crate) fn to_base64(&self) -> String {
        self.file.to_base64_with(&self.dependencies)
    }

    /// Returns the descriptor if the text alone would order nested messages
    /// differently. Message indexes on the wire depend on that order.
    fn order_to_keep(&self) -> Option<String> {
        if self.file.form() != Form::Serialized {
            return None;
        }
        let from_text = SchemaFile::from_text(FILE_NAME, &self.text).ok()?;
        let kept = &self.file.proto().message_type;
        (!same_order(kept, &from_text.proto().message_type)).then(|| self.to_base64())
    }
}

/// Returns whether both lists have the same message names in the same order, at
/// every depth.
fn same_order(a: &[DescriptorProto], b: &[DescriptorProto]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| a.name() == b.name() && same_order(&a.nested_type, &b.nested_type))
}

fn check_type(schema_type: &str) -> Result<(), ApiError> {
    match schema_type {
        PROTOBUF => Ok(()),
        "AVRO" | "JSON" => Err(ApiError::invalid_schema(format!(
            "Invalid schema type {schema_type}: the embedded registry takes PROTOBUF schemas only (an absent schemaType means AVRO)"
        ))),
        _ => Err(ApiError::invalid_schema(format!(
            "Invalid schema type {schema_type}"
        ))),
    }
}

fn parse_all(files: &[Referenced]) -> Result<Vec<SchemaFile>, ApiError> {
    let parse = |referenced: &Referenced| {
        SchemaFile::from_text(&referenced.name, &referenced.content.text)
            .map_err(|e| unreadable(reason(&e)))
    };
    files.iter().map(parse).collect()
}

/// Returns an error with its causes, on one line.
fn reason(error: &dyn std::error::Error) -> String {
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        reason.push_str(": ");
        reason.push_str(&cause.to_string());
        source = cause.source();
    }
    reason
}

/// Builds the error for parse and reference errors. Confluent repeats the
/// prefix.
pub(crate) fn unreadable(reason: String) -> ApiError {
    ApiError::invalid_schema(format!(
        "Invalid schema of type PROTOBUF, details: Invalid schema of type PROTOBUF, details: {reason}"
    ))
}

/// Builds Confluent's error text for other errors, which quotes the request.
fn invalid(subject: &Subject, request: &RequestedSchema, reason: &str) -> ApiError {
    let schema = match request.schema.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{}...", request.schema.get(..end).unwrap_or_default()),
        None => request.schema.clone(),
    };
    ApiError::invalid_schema(format!(
        "Invalid schema {{subject={subject},version={},id={},schemaType={},schema={schema}}}, details: {reason}",
        request.version,
        request.id.unwrap_or(-1),
        request.schema_type,
    ))
}
