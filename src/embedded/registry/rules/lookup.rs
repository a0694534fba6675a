//! Finds a schema under a subject by its content.

use crate::schema_registry::entities::{Metadata, RuleSet};

use super::config;
use super::deadline::Deadline;
use super::metadata::{self, merge, stated_version, without_version};
use super::mode;
use super::parsed_schema::{ParseOptions, ParsedSchema};
use super::requested_schema::RequestedSchema;
use super::rule_set;
use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::store::StoredConfig;
use crate::embedded::registry::store::subject::Subject;
use crate::embedded::registry::store::{SchemaVersion, Scope, Store, Versions};

/// A version that a lookup found.
#[derive(Clone, Debug)]
pub(crate) struct FoundVersion {
    pub(crate) subject: Subject,
    pub(crate) version: SchemaVersion,
    /// Whether the answer shows time and deletion: not if the version was found
    /// by its digest or just created.
    pub(crate) as_stored: bool,
}

/// A schema to look for.
pub(crate) struct SoughtSchema<'a> {
    pub(crate) parsed: &'a ParsedSchema,
    pub(crate) metadata: Option<&'a Metadata>,
    pub(crate) rule_set: Option<&'a RuleSet>,
}

impl SoughtSchema<'_> {
    /// Returns the newest version with exactly this content, preferably an
    /// active one.
    fn by_digest<'v>(
        &self,
        versions: &'v Versions,
        with_deleted: bool,
    ) -> Option<&'v SchemaVersion> {
        let guid = self.parsed.guid(self.metadata, self.rule_set);
        let same = |version: &&SchemaVersion| version.content.guid == guid;
        let mut deleted = versions.all().rev().filter(same);
        let active = versions.active().rev().find(same);
        active.or_else(|| deleted.next().filter(|_| with_deleted))
    }

    /// Returns whether a version is the sought schema except for details: a
    /// version stated on one side only, or references that the request leaves
    /// Returns whether a version is the same schema except for details: a
    pub(crate) fn is_loosely(&self, version: &SchemaVersion) -> bool {
        let stored = &version.content;
        let references = &self.parsed.references;
        (*references == stored.references || references.is_empty())
            && *self.parsed.text == *stored.text
            && self.rule_set == stored.rule_set.as_ref()
            && self.has_metadata_of(version)
    }

    fn has_metadata_of(&self, version: &SchemaVersion) -> bool {
        let stored = version.content.metadata.as_ref();
        match (stated_version(self.metadata), stated_version(stored)) {
            (None, Some(_)) => {
                self.metadata.cloned().unwrap_or_default() == without_version(stored)
            }
            (Some(stated), None) => {
                stated == version.number
                    && without_version(self.metadata) == stored.cloned().unwrap_or_default()
            }
            _ => self.metadata == stored,
        }
    }

    /// Searches the versions of a subject.
    pub(crate) fn find(
        &self,
        subject: &Subject,
        versions: &Versions,
        with_deleted: bool,
        latest_only: bool,
    ) -> Option<FoundVersion> {
        let found = |version: &SchemaVersion, as_stored| FoundVersion {
            subject: subject.clone(),
            version: version.clone(),
            as_stored,
        };
        if latest_only {
            let latest = versions.latest().filter(|latest| self.is_loosely(latest));
            return latest.map(|version| found(version, true));
        }
        if let Some(version) = self.by_digest(versions, with_deleted) {
            return Some(found(version, false));
        }
        let mut candidates = versions.all().rev().filter(|v| with_deleted || !v.deleted);
        let version = candidates.find(|version| self.is_loosely(version));
        version.map(|version| found(version, true))
    }
}

/// Looks up a schema under a subject. A subject of the default context is then
/// also searched under the same name in the other contexts.
pub(crate) fn look_up(
    store: &Store,
    subject: &Subject,
    request: &RequestedSchema,
    normalize: bool,
    with_deleted: bool,
    deadline: Deadline,
) -> Result<FoundVersion, ApiError> {
    if let Some(found) = in_subject(store, subject, request, normalize, with_deleted)? {
        return Ok(found);
    }
    if subject.is_in_default_context() {
        for other in elsewhere(store, subject) {
            deadline.check()?;
            // The schema may not parse there, because references are missing.
            if let Ok(Some(found)) = in_subject(store, &other, request, normalize, with_deleted) {
                return Ok(found);
            }
        }
    }
    if store.read().has_versions(subject, with_deleted) {
        Err(ApiError::schema_not_found())
    } else {
        Err(ApiError::subject_not_found(&subject.to_string()))
    }
}

/// Returns the same name in every other context that has it.
pub(crate) fn elsewhere(store: &Store, subject: &Subject) -> Vec<Subject> {
    let data = store.read();
    data.contexts()
        .map(|(context, _)| Subject::new(context, &subject.name))
        .filter(|other| other != subject && data.versions(other).is_some())
        .collect()
}

fn in_subject(
    store: &Store,
    subject: &Subject,
    request: &RequestedSchema,
    normalize: bool,
    with_deleted: bool,
) -> Result<Option<FoundVersion>, ApiError> {
    if request.is_empty() {
        return Ok(None);
    }
    let (config, how) = parse_options(store, subject, normalize);
    let parsed = ParsedSchema::read(store, subject, request, how)?;
    let data = store.read();
    let Some(versions) = data.versions(subject) else {
        return Ok(None);
    };
    let wanted = SoughtSchema {
        parsed: &parsed,
        metadata: request.metadata.as_ref(),
        rule_set: request.rule_set.as_ref(),
    };
    if let Some(found) = wanted.find(subject, versions, with_deleted, false) {
        return Ok(Some(found));
    }
    // Retries with the defaults that registration would fill in.
    let Some(latest) = versions.latest() else {
        return Ok(None);
    };
    let (metadata, rule_set) = completed(&config, request, Some(latest));
    if metadata == request.metadata && rule_set == request.rule_set {
        return Ok(None);
    }
    let wanted = SoughtSchema {
        parsed: &parsed,
        metadata: metadata.as_ref(),
        rule_set: rule_set.as_ref(),
    };
    Ok(wanted.find(subject, versions, with_deleted, false))
}

/// Returns how a lookup parses a schema: soft-deleted references resolve, and
/// import mode skips the checks.
pub(crate) fn parse_options(
    store: &Store,
    subject: &Subject,
    normalize: bool,
) -> (StoredConfig, ParseOptions) {
    let data = store.read();
    let config = config::of_subject(&data, subject);
    let mode = mode::in_force(&data, &Scope::Subject(subject.clone()));
    let how = ParseOptions {
        normalize: normalize || config.normalize == Some(true),
        strict: config.validate_fields == Some(true),
        with_deleted: true,
        as_is: mode.imports(),
    };
    (config, how)
}

/// Returns metadata and rules as registration completes them. The base is the
/// request's, or else the latest version's; the configuration's defaults go
/// below it and its overrides above it.
pub(crate) fn completed(
    config: &StoredConfig,
    request: &RequestedSchema,
    latest: Option<&SchemaVersion>,
) -> (Option<Metadata>, Option<RuleSet>) {
    let inherited = latest.map(|version| &version.content);
    let metadata = request
        .metadata
        .as_ref()
        .or_else(|| inherited.and_then(|content| content.metadata.as_ref()));
    let metadata = merge(config.default_metadata.as_ref(), metadata);
    let metadata = metadata::merge(metadata.as_ref(), config.override_metadata.as_ref());
    let rules = request
        .rule_set
        .as_ref()
        .or_else(|| inherited.and_then(|content| content.rule_set.as_ref()));
    let rules = rule_set::merge(config.default_rule_set.as_ref(), rules);
    let rules = rule_set::merge(rules.as_ref(), config.override_rule_set.as_ref());
    (metadata, rules)
}
