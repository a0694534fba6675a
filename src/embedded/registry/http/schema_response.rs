//! Stored schemas as answers show them.

use serde::Serialize;

use crate::schema_registry::entities::{PROTOBUF, Reference, Schema};

use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::rules::format::Format;
use crate::embedded::registry::rules::lookup::Found;
use crate::embedded::registry::rules::{metadata, rule_set};
use crate::embedded::registry::store::subject::Subject;
use crate::embedded::registry::store::{Content, Store, Version};

/// A schema with everything but its place.
fn without_place(
    store: &Store,
    subject: &Subject,
    content: &Content,
    format: Format,
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

/// A version as GET shows it.
pub(crate) fn stored(
    store: &Store,
    subject: &Subject,
    version: &Version,
    format: Format,
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

/// What a look-up found.
pub(crate) fn found(store: &Store, found: &Found, format: Format) -> Result<Schema, ApiError> {
    let mut schema = stored(store, &found.subject, &found.version, format)?;
    if !found.as_stored {
        schema.ts = None;
        schema.deleted = None;
    }
    Ok(schema)
}

/// What a registration made or found: the subject is known to who asked.
pub(crate) fn registered(
    store: &Store,
    registered: &Found,
    format: Format,
) -> Result<Schema, ApiError> {
    let mut schema = found(store, registered, format)?;
    schema.subject = None;
    Ok(schema)
}

/// A schema asked for by its id: without the id, which is known, and with its
/// place only if a subject was named.
pub(crate) fn by_id(
    store: &Store,
    subject: &Subject,
    version: &Version,
    format: Format,
    with_place: bool,
) -> Result<Schema, ApiError> {
    let mut schema = stored(store, subject, version, format)?;
    schema.id = None;
    if !with_place {
        schema.subject = None;
        schema.version = None;
    }
    Ok(schema)
}

/// References of a schema in another than the default context, with their
/// context spelled out.
pub(crate) fn qualify(subject: &Subject, references: &mut [Reference]) {
    if subject.is_in_default_context() {
        return;
    }
    for reference in references {
        reference.subject = subject.sibling(&reference.subject).to_string();
    }
}

/// A schema asked for by id, with the highest id of its context if wanted.
#[derive(Serialize)]
pub(crate) struct WithMaxId {
    #[serde(flatten)]
    pub(crate) schema: Schema,
    #[serde(rename = "maxId", skip_serializing_if = "Option::is_none")]
    pub(crate) max_id: Option<i32>,
}

/// A schema in a list, with the other names of its subject if wanted.
#[derive(Serialize)]
pub(crate) struct WithAliases {
    #[serde(flatten)]
    pub(crate) schema: Schema,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) aliases: Vec<String>,
}
