//! A schema as the registry holds it.

use std::sync::OnceLock;

use prost_reflect::{FileDescriptor, MessageDescriptor};

use super::error::{Error, ErrorKind, MessageScope, SchemaName};
use crate::protobuf::compatibility::{self, Candidate, Dependency};
use crate::protobuf::{ProtoSchema, SchemaFile};
use crate::schema_registry::entities::{Metadata, PROTOBUF, RuleSet, Schema};
use crate::wire_format::{MessageIndexes, SchemaGuid, SchemaId};

/// A schema as the registry holds it, with everything it imports.
///
/// Message indexes always refer to this schema and never to the types of the
/// program: the two may order map entries differently.
#[derive(Debug)]
pub struct RegisteredSchema {
    pub(super) name: SchemaName,
    pub(super) id: Option<SchemaId>,
    pub(super) guid: Option<SchemaGuid>,
    pub(super) subject: Option<String>,
    pub(super) version: Option<i32>,
    pub(super) file: SchemaFile,
    pub(super) dependencies: Vec<SchemaFile>,
    pub(super) metadata: Option<Metadata>,
    pub(super) rule_set: Option<RuleSet>,
    descriptor: OnceLock<Result<FileDescriptor, Error>>,
}

impl RegisteredSchema {
    /// Combines the registry's answer with its parsed schema, `file`, and the parsed
    /// references, `dependencies`.
    pub(super) fn new(
        name: SchemaName,
        answer: Schema,
        file: SchemaFile,
        dependencies: Vec<SchemaFile>,
    ) -> Self {
        let id = answer.id.and_then(|id| u32::try_from(id).ok());
        Self {
            name,
            id: id.map(SchemaId),
            guid: answer.guid.and_then(|guid| guid.parse().ok()),
            subject: answer.subject,
            version: answer.version,
            file,
            dependencies,
            metadata: answer.metadata,
            rule_set: answer.rule_set,
            descriptor: OnceLock::new(),
        }
    }

    /// Returns its name, with the id added unless the name contains it.
    pub(super) fn label(&self) -> String {
        match (&self.name, self.id) {
            (SchemaName::Ref(_), _) | (_, None) => self.name.to_string(),
            (name, Some(id)) => format!("{name} (id {id})"),
        }
    }

    /// Returns the schema id, if the registry returned it.
    pub fn id(&self) -> Option<SchemaId> {
        self.id
    }

    /// Returns the schema GUID, if the registry returned it.
    pub fn guid(&self) -> Option<SchemaGuid> {
        self.guid
    }

    /// Returns whether both are known to be the same schema. Compares id and GUID,
    /// since a record names only one of the two and the other may be missing.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (self.id.is_some() && self.id == other.id)
            || (self.guid.is_some() && self.guid == other.guid)
    }

    /// Returns a subject under which the schema is registered, if the registry
    /// returned one.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// Returns the version within that subject.
    pub fn version(&self) -> Option<i32> {
        self.version
    }

    /// Returns the schema itself.
    pub fn file(&self) -> &SchemaFile {
        &self.file
    }

    /// Returns all direct and indirect imports except built-in files.
    pub fn dependencies(&self) -> &[SchemaFile] {
        &self.dependencies
    }

    /// Returns the metadata of the version.
    pub fn metadata(&self) -> Option<&Metadata> {
        self.metadata.as_ref()
    }

    /// Returns the data rules of the version.
    pub fn rule_set(&self) -> Option<&RuleSet> {
        self.rule_set.as_ref()
    }

    /// Returns the descriptor, which is built at first use.
    pub fn descriptor(&self) -> Result<&FileDescriptor, Error> {
        let resolved = self.descriptor.get_or_init(|| {
            let resolved = self.file.resolve_leniently(&self.dependencies);
            resolved.map_err(|source| {
                Error::from(ErrorKind::BadSchema {
                    schema: self.name.clone(),
                    source: source.into(),
                })
            })
        });
        resolved.as_ref().map_err(Error::clone)
    }

    /// Returns the message of that full name.
    pub(super) fn message(&self, full_name: &str) -> Result<MessageDescriptor, Error> {
        let file = self.descriptor()?;
        let message = file.parent_pool().get_message_by_name(full_name);
        let own = |message: &MessageDescriptor| {
            let declared_in = message.parent_file();
            let declared_in = declared_in.name();
            declared_in == file.name() || self.file.forwards_to() == Some(declared_in)
        };
        message.filter(own).ok_or_else(|| self.lacks(full_name))
    }

    /// Returns the path to the message of that full name.
    pub(super) fn indexes(&self, full_name: &str) -> Result<MessageIndexes, Error> {
        let mut files = self.files_for_indexes();
        let indexes = files.find_map(|file| file.message_indexes(full_name));
        indexes.ok_or_else(|| self.lacks(full_name))
    }

    /// Returns the message at the end of a path.
    pub(super) fn message_at(&self, indexes: &MessageIndexes) -> Result<MessageDescriptor, Error> {
        let name = self
            .files_for_indexes()
            .find_map(|file| file.message_name(indexes));
        match name {
            Some(name) => self.message(&name),
            None => Err(self.nowhere(indexes)),
        }
    }

    /// Returns the files in which indexes are counted: the schema itself, and the
    /// imported file if the schema only imports one file publicly.
    fn files_for_indexes(&self) -> impl Iterator<Item = &SchemaFile> {
        let forwarded = self.file.forwards_to();
        let imported = self
            .dependencies
            .iter()
            .filter(move |file| Some(file.name()) == forwarded);
        std::iter::once(&self.file).chain(imported)
    }

    /// Returns whether this schema has rules and otherwise differs from `schema`
    /// only in metadata and tags.
    pub(super) fn adds_rules_to(&self, schema: &dyn ProtoSchema) -> bool {
        let rules = self.rule_set.as_ref().is_some_and(|rules| {
            !rules.domain_rules.is_empty() || !rules.encoding_rules.is_empty()
        });
        let original = candidate(schema.file(), schema.dependencies());
        let update = candidate(&self.file, &self.dependencies);
        rules && compatibility::diff(&original, &update).is_empty()
    }

    /// Returns the differences that keep a reader with this schema from reading
    /// records of `schema`.
    pub(super) fn incompatibilities(&self, schema: &dyn ProtoSchema) -> Vec<String> {
        let original = candidate(schema.file(), schema.dependencies());
        let update = candidate(&self.file, &self.dependencies);
        compatibility::diff(&original, &update)
            .into_iter()
            .filter(|difference| !difference.kind.is_compatible())
            .map(|difference| difference.message("registered", "record's"))
            .collect()
    }

    fn lacks(&self, full_name: &str) -> Error {
        Error::from(ErrorKind::NotInSchema {
            schema: self.name.clone(),
            message: full_name.to_owned(),
        })
    }

    fn nowhere(&self, indexes: &MessageIndexes) -> Error {
        let proto = self.file.proto();
        let mut messages = &proto.message_type;
        let mut names = vec![proto.package()];
        for index in indexes.as_slice() {
            match usize::try_from(*index)
                .ok()
                .and_then(|index| messages.get(index))
            {
                Some(message) => {
                    names.push(message.name());
                    messages = &message.nested_type;
                }
                None => break,
            }
        }
        Error::from(ErrorKind::NoSuchMessage {
            indexes: indexes.clone(),
            schema: self.name.clone(),
            available: messages.len(),
            scope: match names.len() {
                1 => MessageScope::TopLevel,
                _ => {
                    names.retain(|name| !name.is_empty());
                    MessageScope::Nested(names.join("."))
                }
            },
        })
    }
}

fn candidate<'a>(file: &'a SchemaFile, dependencies: &'a [SchemaFile]) -> Candidate<'a> {
    let mut candidate = Candidate::new(file);
    let files = dependencies.iter();
    candidate.dependencies = files
        .map(|file| Dependency {
            name: file.name(),
            file,
        })
        .collect();
    candidate
}

/// Refuses Avro and JSON schemas. An answer without a type is Avro.
pub(super) fn require_protobuf(name: &SchemaName, answer: &Schema) -> Result<(), Error> {
    let schema_type = answer.schema_type.as_deref().unwrap_or("AVRO");
    if schema_type.eq_ignore_ascii_case(PROTOBUF) {
        Ok(())
    } else {
        Err(Error::from(ErrorKind::NotProtobuf {
            schema: name.clone(),
            schema_type: schema_type.to_owned(),
        }))
    }
}
