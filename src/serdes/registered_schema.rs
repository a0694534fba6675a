//! A schema as the registry holds it.

use std::sync::OnceLock;

use prost_reflect::{FileDescriptor, MessageDescriptor};

use super::error::{Error, MessageScope, SchemaName};
use crate::protobuf::compatibility::{self, Candidate, Dependency};
use crate::protobuf::{ProtoSchema, SchemaFile};
use crate::schema_registry::entities::{Metadata, PROTOBUF, RuleSet, Schema};
use crate::wire_format::{MessageIndexes, SchemaGuid, SchemaId};

/// A schema as the registry holds it, with everything it imports.
///
/// Message indexes are always counted here, never in the program's own types:
/// the two may place map entries differently.
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
    /// `answer` is the registry's; `file` and `dependencies` are what its schema
    /// and references say.
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

    /// Its name with the id, where the name says something else.
    pub(super) fn label(&self) -> String {
        match (&self.name, self.id) {
            (SchemaName::Ref(_), _) | (_, None) => self.name.to_string(),
            (name, Some(id)) => format!("{name} (id {id})"),
        }
    }

    /// Schema id, where the registry told it.
    pub fn id(&self) -> Option<SchemaId> {
        self.id
    }

    /// Schema GUID, where the registry told it.
    pub fn guid(&self) -> Option<SchemaGuid> {
        self.guid
    }

    /// Whether both are known to be one schema. A record may name its schema by
    /// id or by GUID, so one of the two may be missing.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (self.id.is_some() && self.id == other.id)
            || (self.guid.is_some() && self.guid == other.guid)
    }

    /// A subject under which it is registered, where the registry told it.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The version within that subject.
    pub fn version(&self) -> Option<i32> {
        self.version
    }

    /// The schema itself.
    pub fn file(&self) -> &SchemaFile {
        &self.file
    }

    /// Everything it imports, directly or not, built-in files left out.
    pub fn dependencies(&self) -> &[SchemaFile] {
        &self.dependencies
    }

    /// Metadata of the version.
    pub fn metadata(&self) -> Option<&Metadata> {
        self.metadata.as_ref()
    }

    /// Data rules of the version.
    pub fn rule_set(&self) -> Option<&RuleSet> {
        self.rule_set.as_ref()
    }

    /// Its descriptor, built at first use.
    pub fn descriptor(&self) -> Result<&FileDescriptor, Error> {
        let resolved = self.descriptor.get_or_init(|| {
            let resolved = self.file.resolve_leniently(&self.dependencies);
            resolved.map_err(|source| Error::BadSchema {
                schema: self.name.clone(),
                source: source.into(),
            })
        });
        resolved.as_ref().map_err(Error::clone)
    }

    /// The message of that full name.
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

    /// Path to the message of that full name.
    pub(super) fn indexes(&self, full_name: &str) -> Result<MessageIndexes, Error> {
        let mut files = self.files_for_indexes();
        let indexes = files.find_map(|file| file.message_indexes(full_name));
        indexes.ok_or_else(|| self.lacks(full_name))
    }

    /// The message at the end of a path.
    pub(super) fn message_at(&self, indexes: &MessageIndexes) -> Result<MessageDescriptor, Error> {
        let name = self
            .files_for_indexes()
            .find_map(|file| file.message_name(indexes));
        match name {
            Some(name) => self.message(&name),
            None => Err(self.nowhere(indexes)),
        }
    }

    /// Where indexes are counted: in the schema itself, and where that does
    /// nothing but publicly import one file, in that.
    fn files_for_indexes(&self) -> impl Iterator<Item = &SchemaFile> {
        let forwarded = self.file.forwards_to();
        let imported = self
            .dependencies
            .iter()
            .filter(move |file| Some(file.name()) == forwarded);
        std::iter::once(&self.file).chain(imported)
    }

    /// Whether it has rules, and but for rules, metadata and tags says the same as
    /// `schema`.
    pub(super) fn adds_rules_to(&self, schema: &dyn ProtoSchema) -> bool {
        let rules = self.rule_set.as_ref().is_some_and(|rules| {
            !rules.domain_rules.is_empty() || !rules.encoding_rules.is_empty()
        });
        let original = candidate(schema.file(), schema.dependencies());
        let update = candidate(&self.file, &self.dependencies);
        rules && compatibility::diff(&original, &update).is_empty()
    }

    /// What keeps a reader with this schema from reading what is written with
    /// `schema`.
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
        Error::NotInSchema {
            schema: self.name.clone(),
            message: full_name.to_owned(),
        }
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
        Error::NoSuchMessage {
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
        }
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

/// Refuses Avro and JSON; no type means Avro.
pub(super) fn require_protobuf(name: &SchemaName, answer: &Schema) -> Result<(), Error> {
    let schema_type = answer.schema_type.as_deref().unwrap_or("AVRO");
    if schema_type.eq_ignore_ascii_case(PROTOBUF) {
        Ok(())
    } else {
        Err(Error::NotProtobuf {
            schema: name.clone(),
            schema_type: schema_type.to_owned(),
        })
    }
}
