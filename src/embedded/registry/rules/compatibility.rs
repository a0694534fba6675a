//! Checks a schema against versions of a subject, under the subject's
//! configuration.

use std::collections::BTreeMap;

use crate::protobuf::compatibility::{Candidate, Check};

use super::deadline::Deadline;
use super::lookup;
use super::parsed_schema::{ParseOptions, ParsedSchema};
use super::requested_schema::RequestedSchema;
use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::store::StoredConfig;
use crate::embedded::registry::store::subject::Subject;
use crate::embedded::registry::store::{SchemaVersion, Store};

/// Which versions a schema is tested against.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Against {
    /// All active versions that the level covers.
    Active,
    /// The version with this number; −1 means the newest active one, if any.
    Version(i32),
}

/// Tests a schema without registering it. Returns the messages: none if it is
/// compatible.
pub(crate) fn test(
    store: &Store,
    subject: &Subject,
    request: &RequestedSchema,
    against: Against,
    normalize: bool,
    deadline: Deadline,
) -> Result<Vec<String>, ApiError> {
    if request.is_empty() {
        return Err(ApiError::invalid_schema("Empty schema"));
    }
    let (config, how) = lookup::parse_options(store, subject, normalize);
    let how = ParseOptions {
        with_deleted: config.validate_new_schemas == Some(false),
        ..how
    };
    let parsed = ParsedSchema::read(store, subject, request, how)?;
    let properties = request.metadata.as_ref().map(|m| &m.properties);
    let previous = versions(store, subject, against);
    let new = candidate(&parsed, properties);
    messages(store, subject, &config, &new, &previous, deadline)
}

/// Fails if the version to test against does not exist. `latest` always passes:
/// every schema is compatible with a subject that has no active versions.
pub(crate) fn check_exists(
    store: &Store,
    subject: &Subject,
    against: Against,
) -> Result<(), ApiError> {
    match against {
        Against::Version(number) if number != -1 => {
            if versions(store, subject, against).is_empty() {
                return Err(ApiError::version_not_found(number));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Tests a schema before its registration.
pub(crate) fn with_active(
    store: &Store,
    subject: &Subject,
    config: &StoredConfig,
    parsed: &ParsedSchema,
    properties: Option<&BTreeMap<String, String>>,
    deadline: Deadline,
) -> Result<Vec<String>, ApiError> {
    let previous = versions(store, subject, Against::Active);
    let new = candidate(parsed, properties);
    messages(store, subject, config, &new, &previous, deadline)
}

/// Returns the versions to compare with, newest first.
fn versions(store: &Store, subject: &Subject, against: Against) -> Vec<SchemaVersion> {
    let data = store.read();
    let Some(versions) = data.versions(subject) else {
        return Vec::new();
    };
    match against {
        Against::Active => versions.active().rev().cloned().collect(),
        Against::Version(number) => versions.find(number, false).cloned().into_iter().collect(),
    }
}

fn candidate<'a>(
    parsed: &'a ParsedSchema,
    properties: Option<&'a BTreeMap<String, String>>,
) -> Candidate<'a> {
    Candidate {
        properties,
        ..parsed.candidate()
    }
}

/// Compares with one version at a time. There may be hundreds, and a parsed
/// schema takes several times the memory of its text.
fn messages(
    store: &Store,
    subject: &Subject,
    config: &StoredConfig,
    new: &Candidate<'_>,
    previous: &[SchemaVersion],
    deadline: Deadline,
) -> Result<Vec<String>, ApiError> {
    let rules = config.rules();
    let mut check = Check::new(&rules, new);
    for version in previous {
        if !check.wants_more() {
            break;
        }
        deadline.check()?;
        let old = ParsedSchema::of_stored(store, subject, &version.content)?;
        let properties = version.content.metadata.as_ref().map(|m| &m.properties);
        check.compare(&Candidate {
            version: Some(version.number),
            ..candidate(&old, properties)
        });
    }
    Ok(check.finish().messages)
}
