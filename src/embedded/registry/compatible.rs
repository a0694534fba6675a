//! Checking a schema against versions of a subject, under its configuration.

use std::collections::BTreeMap;

use crate::protobuf::compatibility::{self, Candidate};

use super::api_error::ApiError;
use super::config::Config;
use super::draft::{Draft, Reading};
use super::lookup;
use super::request::Request;
use super::store::{Store, Version};
use super::subject::Subject;

/// The versions that a schema is tested against.
#[derive(Clone, Copy, Debug)]
pub(super) enum Against {
    /// All active ones, as far as the level reaches.
    Active,
    /// This one; the newest active one, if there is any, for −1.
    Version(i32),
}

/// Tests a schema without registering it. Returns the messages, none if it is
/// compatible.
pub(super) fn test(
    store: &Store,
    subject: &Subject,
    request: &Request,
    against: Against,
    normalize: bool,
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
    let previous = versions(store, subject, against);
    let properties = request.metadata.as_ref().map(|m| &m.properties);
    messages(store, subject, &config, &draft, properties, previous)
}

/// Whether the version to test against exists. `latest` of a subject without
/// active versions counts as existing: everything is compatible with it.
pub(super) fn check_exists(
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
pub(super) fn with_active(
    store: &Store,
    subject: &Subject,
    config: &Config,
    draft: &Draft,
    properties: Option<&BTreeMap<String, String>>,
) -> Result<Vec<String>, ApiError> {
    let previous = versions(store, subject, Against::Active);
    messages(store, subject, config, draft, properties, previous)
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

fn messages(
    store: &Store,
    subject: &Subject,
    config: &Config,
    draft: &Draft,
    properties: Option<&BTreeMap<String, String>>,
    mut previous: Vec<Version>,
) -> Result<Vec<String>, ApiError> {
    let rules = config.rules();
    // Only what will be compared is worth being parsed.
    if rules.compatibility_group.is_none() && !rules.level.is_transitive() {
        previous.truncate(1);
    }
    if rules.level == compatibility::Level::None && !rules.validate_fields {
        return Ok(Vec::new());
    }
    let parsed = previous
        .iter()
        .map(|version| Draft::of_stored(store, subject, &version.content))
        .collect::<Result<Vec<_>, _>>()?;
    let candidates: Vec<Candidate<'_>> = previous
        .iter()
        .zip(&parsed)
        .map(|(version, draft)| Candidate {
            properties: version.content.metadata.as_ref().map(|m| &m.properties),
            version: Some(version.number),
            ..draft.candidate()
        })
        .collect();
    let new = Candidate {
        properties,
        ..draft.candidate()
    };
    Ok(compatibility::check(&rules, &new, &candidates).messages)
}
