//! Builds the JSON of answers from stored schemas.

use serde::Serialize;

use crate::schema_registry::entities::{PROTOBUF, Reference, Schema};

use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::rules::format::SchemaFormat;
use crate::embedded::registry::rules::lookup::FoundVersion;
use crate::embedded::registry::rules::{metadata, rule_set};
use crate::embedded::registry::store::subject::Subject;
use crate::embedded::registry::store::{Content, SchemaVersion, Store};

/// Builds an answer with everything except subject, version and id.
fn without_place(
    store: &Store,
    subject: &Subject,
    content: &Content,
    format: SchemaFormat,
) -> Result<Schema, ApiError> {
    Ok(Schema {
        guid: Some(content.guid.to_string()),
        schema_type: Some(PROTOBUF.to_owned()),
        references: content.references.clone(),
        metadata: metadata::shown(content.metadata.as_ref()),
        rule_set: rule_set::shown(content.rule_set.as_ref()),
        schema: Some(format.of(store, subject, content)?),
        ..Schema::default()
    })
}

/// Returns a version as GET shows it.
pub(crate) fn of_version(
    store: &Store,
    subject: &Subject,
    version: &SchemaVersion,
    format: SchemaFormat,
) -> Result<Schema, ApiError> {
    Ok(Schema {
        subject: Some(subject.to_string()),
        version: Some(version.number),
        id: Some(version.id),
        ts: Some(version.ts),
        deleted: Some(version.deleted),
        ..without_place(store, subject, &version.content, format)?
    })
}

/// Returns the answer to a lookup.
pub(crate) fn of_lookup(
    store: &Store,
    found: &FoundVersion,
    format: SchemaFormat,
) -> Result<Schema, ApiError> {
    let mut schema = of_version(store, &found.subject, &found.version, format)?;
    if !found.as_stored {
        schema.ts = None;
        schema.deleted = None;
    }
    Ok(schema)
}

/// Returns the answer to a registration. The subject is left out because the
/// client named it.
pub(crate) fn of_registration(
    store: &Store,
    registered: &FoundVersion,
    format: SchemaFormat,
) -> Result<Schema, ApiError> {
    let mut schema = of_lookup(store, registered, format)?;
    schema.subject = None;
    Ok(schema)
}

/// Returns a schema that the client asked for by id. The id is left out, and so
/// are subject and version unless the client named a subject.
pub(crate) fn by_id(
    store: &Store,
    subject: &Subject,
    version: &SchemaVersion,
    format: SchemaFormat,
    with_place: bool,
) -> Result<Schema, ApiError> {
    let mut schema = of_version(store, subject, version, format)?;
    schema.id = None;
    if !with_place {
        schema.subject = None;
        schema.version = None;
    }
    Ok(schema)
}

/// Adds the context to the references of a schema outside the default context.
pub(crate) fn qualify(subject: &Subject, references: &mut [Reference]) {
    if subject.is_in_default_context() {
        return;
    }
    for reference in references {
        reference.subject = subject.sibling(&reference.subject).to_string();
    }
}

/// A schema by id, with the highest id of its context on request.
#[derive(Serialize)]
pub(crate) struct WithMaxId {
    #[serde(flatten)]
    pub(crate) schema: Schema,
    #[serde(rename = "maxId", skip_serializing_if = "Option::is_none")]
    pub(crate) max_id: Option<i32>,
}

/// A schema in a list, with the aliases of its subject on request.
#[derive(Serialize)]
pub(crate) struct WithAliases {
    #[serde(flatten)]
    pub(crate) schema: Schema,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) aliases: Vec<String>,
}
