//! The errors of serializers and deserializers.

use std::fmt;
use std::sync::Arc;

use super::destination::Side;
use crate::printable::escape;
use crate::wire_format::{self, MessageIndexes, SchemaId, SchemaRef};
use crate::{csfle, protobuf, schema_registry};

/// The part of a record that an envelope was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvelopePlace {
    /// From the start of the record's key or value.
    Record,
    /// From a record header.
    Header(Side),
}

impl fmt::Display for EnvelopePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record => f.write_str("record"),
            Self::Header(side) => write!(f, "record header {:?}", side.schema_id_header()),
        }
    }
}

/// The name of a schema in errors: how it was requested.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaName {
    /// By id or GUID.
    Ref(SchemaRef),
    /// By subject, if the version is not known.
    Subject(String),
    /// By subject and version.
    Version(String, i32),
    /// By file name: the schema that was passed to the serializer.
    File(String),
}

impl fmt::Display for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ref(schema) => write!(f, "schema with {schema}"),
            Self::Subject(subject) => write!(f, "schema of subject {subject:?}"),
            Self::Version(subject, version) => {
                write!(f, "schema of subject {subject:?}, version {version}")
            }
            Self::File(name) => write!(f, "schema {name:?}"),
        }
    }
}

impl From<SchemaRef> for SchemaName {
    fn from(schema: SchemaRef) -> Self {
        Self::Ref(schema)
    }
}

impl From<SchemaId> for SchemaName {
    fn from(id: SchemaId) -> Self {
        Self::Ref(SchemaRef::Id(id))
    }
}

/// Why a value cannot become a record, or a record a value.
///
/// [`kind`](Self::kind) returns what went wrong, and the other methods what callers
/// most often decide by. When tasks share a first use, each of them receives its
/// error.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
// Boxed, since every record that is written moves a `Result`.
pub struct Error(Box<ErrorKind>);

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

/// What went wrong in a serializer or deserializer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The settings contradict each other.
    #[error("contradictory settings: {0}")]
    Options(&'static str),

    /// The first byte is not a magic byte, so no Schema Registry serializer wrote
    /// the record.
    #[error("cannot read the {place}")]
    NotFramed {
        /// Where the envelope was looked for.
        place: EnvelopePlace,
        /// What was found instead.
        source: wire_format::Error,
    },
    /// The bytes end inside the envelope.
    #[error("cannot read the {place}")]
    Truncated {
        /// Where the envelope was looked for.
        place: EnvelopePlace,
        /// Which part is cut short, at which offset.
        source: wire_format::Error,
    },
    /// The message indexes are malformed.
    #[error("cannot read the {place}")]
    BadIndexes {
        /// Where the envelope was looked for.
        place: EnvelopePlace,
        /// What is wrong, at which offset.
        source: wire_format::Error,
    },
    /// The message indexes are well-formed, but the schema has no such message.
    #[error(
        "message indexes {indexes} lead nowhere: the {schema} has {available} message type{} {scope}",
        if *.available == 1 { "" } else { "s" }
    )]
    NoSuchMessage {
        /// The path.
        indexes: MessageIndexes,
        /// The schema.
        schema: SchemaName,
        /// Number of messages at the level where the path ends.
        available: usize,
        /// The level at which the path ends.
        scope: MessageScope,
    },

    /// The registry does not know the id, GUID, subject or version (404).
    #[error("the registry does not know the {schema}")]
    UnknownSchema {
        /// The schema that was requested.
        schema: SchemaName,
        /// The registry's answer.
        source: Arc<schema_registry::Error>,
    },
    /// The registry failed, refused the request, or could not be reached.
    #[error("cannot {action}")]
    Registry {
        /// What was attempted, on what.
        action: String,
        /// Why it failed.
        source: Arc<schema_registry::Error>,
    },
    /// The registry's answer lacks a required member.
    #[error("cannot {action}: the registry's answer has no {missing}")]
    Incomplete {
        /// What was attempted, on what.
        action: String,
        /// The member that is missing.
        missing: &'static str,
    },
    /// The schema is of another type, such as Avro or JSON.
    #[error("the {schema} is of type {}, not PROTOBUF", escape(.schema_type))]
    NotProtobuf {
        /// The schema.
        schema: SchemaName,
        /// Its type.
        schema_type: String,
    },
    /// The schema does not parse or its names do not resolve.
    #[error("cannot use the {schema}")]
    BadSchema {
        /// The schema.
        schema: SchemaName,
        /// Why.
        source: Arc<protobuf::Error>,
    },
    /// The references of a schema cannot be followed.
    #[error("cannot follow the references of the {schema}: {}", escape(.reason))]
    BadReference {
        /// The schema that has the reference.
        schema: SchemaName,
        /// Which reference, and what is wrong with it.
        reason: String,
    },

    /// The subject name strategy returned no subject.
    #[error("no subject for the {side} of topic {topic:?}: the subject name strategy gives none")]
    NoSubject {
        /// The topic.
        topic: String,
        /// Key or value.
        side: Side,
    },
    /// The registry associates several subjects with one topic.
    #[error(
        "topic {topic:?} has {count} subjects associated with its {side}; there can be only one"
    )]
    AmbiguousSubject {
        /// The topic.
        topic: String,
        /// Key or value.
        side: Side,
        /// Number of associated subjects.
        count: usize,
    },
    /// The schema does not define the message.
    #[error("the {schema} has no message {message:?}")]
    NotInSchema {
        /// The schema.
        schema: SchemaName,
        /// Full name of the message.
        message: String,
    },
    /// The schema to write with is not backward compatible with the record's.
    #[error(
        "the {schema} is not backward compatible with the record's schema ({}); {hint}",
        escape(&.messages.join("; "))
    )]
    Incompatible {
        /// The schema to write with.
        schema: SchemaName,
        /// What differs.
        messages: Vec<String>,
        /// The setting that allows it.
        hint: &'static str,
    },
    /// The value is of another message type.
    #[error("message is of type {found:?}, not {expected:?}{}", of(.schema))]
    WrongType {
        /// Full name of the type wanted.
        expected: String,
        /// Full name of the type met.
        found: String,
        /// The schema of the record, on read.
        schema: Option<SchemaName>,
    },
    /// A JSON value does not fit the message, or a message has no JSON form.
    #[error("cannot convert between JSON and message {message:?}")]
    Json {
        /// Full name of the message.
        message: String,
        /// Why.
        source: Arc<protobuf::Error>,
    },
    /// The payload is not an encoding of the message.
    #[error("the payload at offset {offset} is not a message {message:?} of the {schema}")]
    Decode {
        /// Full name of the message.
        message: String,
        /// The schema.
        schema: SchemaName,
        /// Where the payload begins in the record.
        offset: usize,
        /// What the decoder reported.
        source: prost::DecodeError,
    },

    /// A call names no schema, and the serializer has no set to look in.
    #[error(
        "no schema for message {message:?}: set SerializerOptions::schemas, or call serialize_with and pass the schema"
    )]
    NoSchemas {
        /// Full name of the message.
        message: String,
    },
    /// The serializer's set of schemas does not define the message.
    #[error(
        "no schema for message {message:?} in the serializer's set; add its file to SerializerOptions::schemas"
    )]
    NotInSchemas {
        /// Full name of the message.
        message: String,
        /// What the set says.
        source: Arc<protobuf::Error>,
    },
    /// A call without a schema got a type of package `google.protobuf`. Prost gives
    /// such names to Rust's own types, so that an encoded message, a `Vec<u8>`, would
    /// be written as a `BytesValue`.
    #[error(
        "{message} is a well-known type, which serialize refuses because encoded bytes, strings and numbers have its name in prost; pass bytes to serialize_encoded, or the schema to serialize_with"
    )]
    WellKnownType {
        /// Full name of the message.
        message: String,
    },

    /// A rule of the schema failed or cannot be carried out.
    #[error("cannot carry out the rules of the {schema}")]
    Rule {
        /// The schema.
        schema: SchemaName,
        /// Which rule, which field, and why.
        source: Arc<csfle::Error>,
    },
    /// A rule of the schema must run, but this client cannot run it.
    #[error("rule {rule:?} of the {schema} cannot be carried out: {}", escape(.reason))]
    UnsupportedRule {
        /// Name of the rule.
        rule: String,
        /// The schema.
        schema: SchemaName,
        /// What is missing.
        reason: String,
    },
}

fn of(schema: &Option<SchemaName>) -> String {
    schema
        .as_ref()
        .map(|schema| format!(" (by the {schema})"))
        .unwrap_or_default()
}

/// The level of a schema at which a path of message indexes leads to no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageScope {
    /// The top level of the file.
    TopLevel,
    /// The message of this full name.
    Nested(String),
}

impl fmt::Display for MessageScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TopLevel => f.write_str("at its top level"),
            Self::Nested(message) => write!(f, "within {message:?}"),
        }
    }
}

impl Error {
    /// Returns what went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    pub(super) fn envelope(place: EnvelopePlace, source: wire_format::Error) -> Self {
        match source {
            wire_format::Error::NotFramed { .. } => ErrorKind::NotFramed { place, source }.into(),
            wire_format::Error::Truncated { .. } => ErrorKind::Truncated { place, source }.into(),
            _ => ErrorKind::BadIndexes { place, source }.into(),
        }
    }

    /// Converts the error of a registry call: to `UnknownSchema` if the registry
    /// does not know `schema`, else to `Registry`.
    pub(super) fn registry(
        action: String,
        schema: SchemaName,
        source: schema_registry::Error,
    ) -> Self {
        let source = Arc::new(source);
        if source.is_not_found() {
            ErrorKind::UnknownSchema { schema, source }.into()
        } else {
            ErrorKind::Registry { action, source }.into()
        }
    }

    /// The error for a value whose message type is not the one of the schema.
    pub(super) fn wrong_type(expected: &str, found: String) -> Self {
        Self::from(ErrorKind::WrongType {
            expected: expected.to_owned(),
            found,
            schema: None,
        })
    }

    /// Returns the registry's error, if it is the cause.
    pub fn registry_error(&self) -> Option<&schema_registry::Error> {
        match self.kind() {
            ErrorKind::UnknownSchema { source, .. } | ErrorKind::Registry { source, .. } => {
                Some(source)
            }
            ErrorKind::Rule { source, .. } => source.registry(),
            _ => None,
        }
    }

    /// Returns whether a retry may succeed: the registry could not be reached, or
    /// its failure is temporary.
    pub fn is_retryable(&self) -> bool {
        self.registry_error()
            .is_some_and(schema_registry::Error::is_retryable)
    }
}
