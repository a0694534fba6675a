//! Registers a schema. The steps and their order are Confluent's: clients
//! depend on which error comes first.

use std::sync::Arc;

use super::compatibility;
use super::deadline::Deadline;
use super::lookup::{self, FoundVersion, SoughtSchema, completed};
use super::metadata::{states_version, with_version};
use super::mode;
use super::parsed_schema::{ParseOptions, ParsedSchema};
use super::references;
use super::requested_schema::RequestedSchema;
use super::rule_set;
use crate::csfle::{Clock as _, SystemClock};
use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::store::subject::Subject;
use crate::embedded::registry::store::{Content, Data, SchemaVersion, Store, StoredConfig};
use crate::registry_settings::Mode;

/// How to register.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RegisterOptions {
    /// Whether the text is normalised. The configuration can demand it as well.
    pub(crate) normalize: bool,
    /// Whether the compatibility check is skipped.
    pub(crate) force: bool,
    /// When the client stops waiting.
    pub(crate) deadline: Deadline,
}

/// Registers a schema under a subject, or finds it there. The caller must hold
/// the subject's write lock.
pub(crate) fn register(
    store: &Store,
    subject: &Subject,
    mut request: RequestedSchema,
    options: RegisterOptions,
) -> Result<FoundVersion, ApiError> {
    if let Some(rules) = &request.rule_set {
        rule_set::validate(rules)?;
    }
    if !subject.is_valid_for_schemas() {
        return Err(ApiError::invalid_subject(&subject.to_string()));
    }
    if request.changes_tags {
        return Err(ApiError::invalid_schema(
            "schemaTagsToAdd and schemaTagsToRemove are not supported by the embedded registry",
        ));
    }
    let (config, how) = lookup::parse_options(store, subject, options.normalize);
    let mut parsed = None;
    if !config.completes_schemas() && !request.is_empty() {
        let read = ParsedSchema::read(store, subject, &request, how)?;
        if let Some(found) = already_there(store, subject, &request, &read) {
            return Ok(found);
        }
        parsed = Some(read);
    }

    let mode = mode::check_registrable(&store.read(), subject, request.id.is_some())?;
    let imports = mode.imports();
    let next = next_number(store, subject)?;
    if !imports {
        complete(store, subject, &config, &mut request, next, &mut parsed)?;
    } else if request.is_empty() {
        return Err(ApiError::invalid_schema("Empty schema"));
    }
    // From here on, references must point to active versions.
    let how = ParseOptions {
        with_deleted: imports || config.validate_new_schemas == Some(false),
        ..how
    };
    let parsed = match parsed {
        Some(parsed) => {
            check_references(store, subject, &parsed, how)?;
            parsed
        }
        None => ParsedSchema::read(store, subject, &request, how)?,
    };

    if let Some(found) = known(store, subject, &request, &parsed) {
        return Ok(found);
    }
    if !imports && !options.force {
        let properties = request.metadata.as_ref().map(|m| &m.properties);
        let deadline = options.deadline;
        let messages =
            compatibility::with_active(store, subject, &config, &parsed, properties, deadline)?;
        if !messages.is_empty() {
            return Err(ApiError::incompatible(&subject.to_string(), &messages));
        }
    }
    let number = match request.version {
        given if given > 0 && given != next && !imports => {
            return Err(ApiError::invalid_schema(
                "Version is not one more than previous version",
            ));
        }
        given if given > 0 => given,
        _ => next,
    };
    let content = parsed.into_content(request.metadata, request.rule_set);
    store_version(store, subject, number, request.id, content, mode, how)
}

/// Finds the schema before the mode is checked, so that registering an existing
/// schema always succeeds.
fn already_there(
    store: &Store,
    subject: &Subject,
    request: &RequestedSchema,
    parsed: &ParsedSchema,
) -> Option<FoundVersion> {
    let wanted = SoughtSchema {
        parsed,
        metadata: request.metadata.as_ref(),
        rule_set: request.rule_set.as_ref(),
    };
    let latest_only = request.version == -1;
    let data = store.read();
    let versions = data.versions(subject)?;
    let found = wanted.find(subject, versions, false, latest_only)?;
    let same_id = request.id == Some(found.version.id);
    if request.version == 0 || latest_only {
        return (request.id.is_none() || same_id).then_some(found);
    }
    if !same_id {
        return None;
    }
    if found.version.number == request.version {
        return Some(found);
    }
    // The same schema may have been imported under several versions.
    let other = versions.get(request.version)?;
    let same = !other.deleted
        && other.id == found.version.id
        && other.content.guid == found.version.content.guid;
    same.then(|| FoundVersion {
        version: other.clone(),
        as_stored: true,
        ..found
    })
}

fn next_number(store: &Store, subject: &Subject) -> Result<i32, ApiError> {
    let data = store.read();
    let next = data.versions(subject).map_or(1, |v| v.next_number());
    if data
        .versions(subject)
        .is_some_and(|v| v.get(next).is_some())
    {
        return Err(ApiError::not_permitted(format!(
            "Subject {subject} has used up all version numbers"
        )));
    }
    Ok(next)
}

/// Fills in from the latest version what the request omits, and adds what the
/// configuration demands.
fn complete(
    store: &Store,
    subject: &Subject,
    config: &StoredConfig,
    request: &mut RequestedSchema,
    next: i32,
    parsed: &mut Option<ParsedSchema>,
) -> Result<(), ApiError> {
    let data = store.read();
    let latest = data.versions(subject).and_then(|v| v.latest());
    if request.is_empty() {
        let Some(latest) = latest else {
            return Err(ApiError::invalid_schema("Empty schema"));
        };
        request.schema = latest.content.text.to_string();
        request.schema_type = crate::schema_registry::entities::PROTOBUF.to_owned();
        request.references = Ok(latest.content.references.clone());
        *parsed = None;
    }
    let (metadata, rules) = completed(config, request, latest);
    let states = request.version != 0 || states_version(metadata.as_ref());
    request.rule_set = rules;
    request.metadata = if states {
        Some(with_version(metadata, next))
    } else {
        metadata
    };
    Ok(())
}

fn check_references(
    store: &Store,
    subject: &Subject,
    parsed: &ParsedSchema,
    how: ParseOptions,
) -> Result<(), ApiError> {
    references::resolve(&store.read(), subject, &parsed.references, how.with_deleted)
        .map(drop)
        .map_err(super::parsed_schema::unreadable)
}

/// Finds the schema by its digest, or by the looser comparison, among the
/// active versions of the subject.
fn known(
    store: &Store,
    subject: &Subject,
    request: &RequestedSchema,
    parsed: &ParsedSchema,
) -> Option<FoundVersion> {
    if request.version != 0 {
        return None;
    }
    let wanted = SoughtSchema {
        parsed,
        metadata: request.metadata.as_ref(),
        rule_set: request.rule_set.as_ref(),
    };
    let data = store.read();
    let versions = data.versions(subject)?;
    let guid = parsed.guid(request.metadata.as_ref(), request.rule_set.as_ref());
    let shared = data
        .context(&subject.context)
        .and_then(|context| context.id_of(&guid))
        .filter(|id| request.id.is_none_or(|asked| asked == *id));
    let found = |version: &SchemaVersion| FoundVersion {
        subject: subject.clone(),
        version: version.clone(),
        as_stored: false,
    };
    if let Some(id) = shared
        && let Some(version) = versions.active().rev().find(|version| version.id == id)
    {
        return Some(found(version));
    }
    let id = shared.or(request.id);
    let mut loose = versions
        .active()
        .rev()
        .filter(|version| id.is_none_or(|id| id == version.id));
    loose.find(|version| wanted.is_loosely(version)).map(found)
}

/// Assigns an id and stores the schema.
fn store_version(
    store: &Store,
    subject: &Subject,
    number: i32,
    asked_id: Option<i32>,
    content: Content,
    mode: Mode,
    how: ParseOptions,
) -> Result<FoundVersion, ApiError> {
    let mut data = store.write();
    // References may have been deleted during the comparison.
    references::resolve(&data, subject, &content.references, how.with_deleted)
        .map_err(super::parsed_schema::unreadable)?;
    let id = match asked_id.filter(|_| mode.imports()) {
        Some(id) => id,
        None => shared_or_new_id(&data, subject, &content)?,
    };
    let existing = data.context(&subject.context).and_then(|c| c.content(id));
    let content = match existing {
        Some(existing) if existing.guid == content.guid => Arc::clone(existing),
        Some(_) => {
            let context = subject.context_prefix();
            return Err(ApiError::not_permitted(format!(
                "Overwrite new schema with id {id} in context {context} is not permitted."
            )));
        }
        None => Arc::new(content),
    };
    let version = SchemaVersion {
        number,
        id,
        content,
        ts: SystemClock.now_ms(),
        deleted: false,
    };
    data.insert(subject, version.clone())?;
    drop_predecessors(&mut data, subject, id, number);
    Ok(FoundVersion {
        subject: subject.clone(),
        version,
        as_stored: false,
    })
}

fn shared_or_new_id(data: &Data, subject: &Subject, content: &Content) -> Result<i32, ApiError> {
    let context = data.context(&subject.context);
    if let Some(id) = context.and_then(|context| context.id_of(&content.guid)) {
        return Ok(id);
    }
    let id = data.next_id(&subject.context);
    if context.is_some_and(|context| context.content(id).is_some()) {
        return Err(ApiError::not_permitted(format!(
            "Context {} has used up all schema ids",
            subject.context
        )));
    }
    Ok(id)
}

/// Permanently removes soft-deleted versions that were registered again under a
/// new number, unless another schema references them.
fn drop_predecessors(data: &mut Data, subject: &Subject, id: i32, number: i32) {
    let Some(versions) = data.versions(subject) else {
        return;
    };
    let gone: Vec<i32> = versions
        .all()
        .filter(|version| version.deleted && version.id == id && version.number < number)
        .map(|version| version.number)
        .filter(|number| data.referrers(subject, *number, true).next().is_none())
        .collect();
    for number in gone {
        data.forget(subject, number);
    }
}
