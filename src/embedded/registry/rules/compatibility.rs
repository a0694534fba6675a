//! Checking a schema against versions of a subject, under its configuration.

use std::collections::BTreeMap;

use crate::protobuf::compatibility::{Candidate, Check};

use super::deadline::Deadline;
use super::lookup;
use super::parsed_schema::{Draft, Reading};
use super::requested_schema::Request;
use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::store::Config;
use crate::embedded::registry::store::subject::Subject;
use crate::embedded::registry::store::{Store, Version};

/// The versions that a schema is tested against.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Against {
    /// All active ones, as far as the level reaches.
    Active,
    /// This one; the newest active one, if there is any, for −1.
    Version(i32),
}

/// Tests a schema without registering it. Returns the messages, none if it is
/// compatible.
pub(crate) fn test(
    store: &Store,
    subject: &Subject,
    request: &Request,
    against: Against,
    normalize: bool,
    deadline: Deadline,
) -> Result<Vec<String>, ApiError> {
    if request.is_empty() {
        return Err(ApiError::invalid_schema("Empty schema"));
    }
    let (config, how) = lookup::reading(store, subject, normalize);
    let how = Reading {
        with_deleted: config.validate_new_schemas == Some(false),
        ..how
    };
    let draft = Draft::read(store, subject, request, how)?;
    let properties = request.metadata.as_ref().map(|m| &m.properties);
    let previous = versions(store, subject, against);
    let new = candidate(&draft, properties);
    messages(store, subject, &config, &new, &previous, deadline)
}

/// Whether the version to test against exists. `latest` of a subject without
/// active versions counts as existing: everything is compatible with it.
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

/// Tests a schema that is about to be registered.
pub(crate) fn with_active(
    store: &Store,
    subject: &Subject,
    config: &Config,
    draft: &Draft,
    properties: Option<&BTreeMap<String, String>>,
    deadline: Deadline,
) -> Result<Vec<String>, ApiError> {
    let previous = versions(store, subject, Against::Active);
    let new = candidate(draft, properties);
    messages(store, subject, config, &new, &previous, deadline)
}

/// Versions to compare with, newest first.
fn versions(store: &Store, subject: &Subject, against: Against) -> Vec<Version> {
    let data = store.read();
    let Some(versions) = data.versions(subject) else {
        return Vec::new();
    };
    match against {
        Against::Active => versions.active().rev().cloned().collect(),
        Against::Version(-1) => versions.latest().cloned().into_iter().collect(),
        Against::Version(number) => versions
            .get(number)
            .filter(|version| !version.deleted)
            .cloned()
            .into_iter()
            .collect(),
    }
}

fn candidate<'a>(
    draft: &'a Draft,
    properties: Option<&'a BTreeMap<String, String>>,
) -> Candidate<'a> {
    Candidate {
        properties,
        ..draft.candidate()
    }
}

/// Compares with one version at a time: parsed, each takes a multiple of its
/// text, and there may be hundreds.
fn messages(
    store: &Store,
    subject: &Subject,
    config: &Config,
    new: &Candidate<'_>,
    previous: &[Version],
    deadline: Deadline,
) -> Result<Vec<String>, ApiError> {
    let rules = config.rules();
    let mut check = Check::new(&rules, new);
    for version in previous {
        if !check.wants_more() {
            break;
        }
        deadline.check()?;
        let old = Draft::of_stored(store, subject, &version.content)?;
        let properties = version.content.metadata.as_ref().map(|m| &m.properties);
        check.compare(&Candidate {
            version: Some(version.number),
            ..candidate(&old, properties)
        });
    }
    Ok(check.finish().messages)
}
