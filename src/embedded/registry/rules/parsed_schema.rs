//! A schema on its way in: read, checked, and put into the text that is stored.

use std::collections::HashSet;

use prost_types::DescriptorProto;

use crate::protobuf::compatibility::{self, Candidate, Dependency};
use crate::protobuf::{Form, SchemaFile};
use crate::schema_registry::entities::{Metadata, PROTOBUF, Reference, RuleSet};
use crate::wire_format::SchemaGuid;

use super::digest;
use super::references::{self, Referenced};
use super::requested_schema::Request;
use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::store::subject::Subject;
use crate::embedded::registry::store::{Content, Store};

/// Name of the file that a schema is, where it has none by a reference.
pub(crate) const FILE_NAME: &str = "default";
/// Characters of a schema quoted in an error message.
const MAX_QUOTED: usize = 10 * 1024;

/// How a schema is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// Whether the text is normalised.
    pub(crate) normalize: bool,
    /// Whether it must build into descriptors, not only name types that exist.
    pub(crate) strict: bool,
    /// Whether references may lead to soft-deleted versions.
    pub(crate) with_deleted: bool,
    /// Whether it is taken as it is: parsed, neither checked nor normalised.
    pub(crate) as_is: bool,
}

/// A schema that was read. It has an identity once metadata and rules are known.
#[derive(Debug)]
pub(crate) struct Draft {
    file: SchemaFile,
    /// Files that references lead to, each behind those it needs.
    dependencies: Vec<SchemaFile>,
    /// Direct references with real version numbers.
    pub(crate) references: Vec<Reference>,
    pub(crate) text: String,
    serialized: Option<String>,
}

impl Draft {
    /// Reads and checks the schema of a request.
    pub(crate) fn read(
        store: &Store,
        subject: &Subject,
        request: &Request,
        how: Reading,
    ) -> Result<Self, ApiError> {
        check_type(&request.schema_type)?;
        let references = request.references.clone()?;
        let resolved = references::resolve(&store.read(), subject, &references, how.with_deleted)
            .map_err(unreadable)?;
        let dependencies = parse_all(&resolved.files)?;
        let file = SchemaFile::parse_with(FILE_NAME, &request.schema, &dependencies)
            .map_err(|e| unreadable(reason(&e)))?;
        let mut draft = Self {
            text: String::new(),
            serialized: None,
            file,
            dependencies,
            references: resolved.references,
        };
        draft.check_names().map_err(unreadable)?;
        if !how.as_is {
            draft
                .check(how.strict)
                .map_err(|reason| invalid(subject, request, &reason))?;
            if how.normalize {
                draft
                    .normalize()
                    .map_err(|reason| invalid(subject, request, &reason))?;
            }
        }
        draft.text = draft.file.to_text();
        draft.serialized = draft.order_to_keep();
        Ok(draft)
    }

    /// Reads a stored schema again.
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

    /// What is stored of it.
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

    /// Its identity with this metadata and these rules.
    pub(crate) fn guid(
        &self,
        metadata: Option<&Metadata>,
        rule_set: Option<&RuleSet>,
    ) -> SchemaGuid {
        digest::guid_of(&self.text, &self.references, metadata, rule_set)
    }

    /// What a compatibility check takes.
    pub(crate) fn candidate(&self) -> Candidate<'_> {
        let references = self.references.iter();
        let dependencies = self.dependencies.iter();
        Candidate {
            references: references
                .map(|reference| compatibility::Reference {
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

    /// What is wrong with it. The registry is lenient by default: what it needs
    /// is that the types named exist.
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

    /// Base64 of the descriptor.
    pub(crate) fn to_base64(&self) -> String {
        self.file.to_base64_with(&self.dependencies)
    }

    /// The descriptor, if the text alone would put its nested messages into
    /// another order: message indexes on the wire depend on it.
    fn order_to_keep(&self) -> Option<String> {
        if self.file.form() != Form::Serialized {
            return None;
        }
        let from_text = SchemaFile::from_text(FILE_NAME, &self.text).ok()?;
        let kept = &self.file.proto().message_type;
        (!same_order(kept, &from_text.proto().message_type)).then(|| self.to_base64())
    }
}

/// Whether messages of the same names stand in the same places, at every depth.
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

/// An error with its causes, on one line.
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

/// The text that Confluent gives parse and reference errors, twice over.
pub(crate) fn unreadable(reason: String) -> ApiError {
    ApiError::invalid_schema(format!(
        "Invalid schema of type PROTOBUF, details: Invalid schema of type PROTOBUF, details: {reason}"
    ))
}

/// The text that Confluent gives other errors, with the request quoted.
fn invalid(subject: &Subject, request: &Request, reason: &str) -> ApiError {
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
