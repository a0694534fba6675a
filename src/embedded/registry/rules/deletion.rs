//! Soft and permanent deletion. The order of the checks is Confluent's.

use super::mode;
use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::store::subject::Subject;
use crate::embedded::registry::store::{Data, SchemaVersion, Scope};

/// Deletes all versions of a subject and returns their numbers.
pub(crate) fn subject(
    data: &mut Data,
    subject: &Subject,
    permanent: bool,
) -> Result<Vec<i32>, ApiError> {
    let name = subject.to_string();
    let Some(versions) = data.versions(subject) else {
        return Err(ApiError::subject_not_found(&name));
    };
    if !permanent && versions.latest().is_none() {
        return Err(ApiError::subject_soft_deleted(&name));
    }
    mode::check_writable(data, &Scope::Subject(subject.clone()))?;
    let mut numbers = Vec::new();
    for version in versions.all().filter(|v| permanent || !v.deleted) {
        // References from the same subject are deleted together with it.
        let mut referrers = data.referrers(subject, version.number, permanent);
        if referrers.any(|(referring, _)| referring != subject) {
            return Err(ApiError::referenced(&name, version.number));
        }
        if permanent && !version.deleted {
            return Err(ApiError::subject_not_soft_deleted(&name));
        }
        numbers.push(version.number);
    }
    for number in &numbers {
        delete(data, subject, *number, permanent);
    }
    Ok(numbers)
}

/// Deletes one version, the newest active one for −1, and returns its number.
pub(crate) fn version(
    data: &mut Data,
    subject: &Subject,
    number: i32,
    permanent: bool,
) -> Result<i32, ApiError> {
    let name = subject.to_string();
    let versions = data.versions(subject);
    let found = versions.and_then(|versions| versions.find(number, true));
    let Some(&SchemaVersion {
        number: found,
        deleted,
        ..
    }) = found
    else {
        return Err(if data.has_versions(subject, true) {
            ApiError::version_not_found(number)
        } else {
            ApiError::subject_not_found(&name)
        });
    };
    if !permanent && deleted {
        return Err(ApiError::version_soft_deleted(&name, found));
    }
    mode::check_writable(data, &Scope::Subject(subject.clone()))?;
    if data.referrers(subject, found, permanent).next().is_some() {
        return Err(ApiError::referenced(&name, found));
    }
    if permanent && !deleted {
        return Err(ApiError::version_not_soft_deleted(&name, found));
    }
    delete(data, subject, found, permanent);
    Ok(found)
}

fn delete(data: &mut Data, subject: &Subject, number: i32, permanent: bool) {
    if permanent {
        data.remove(subject, number);
    } else {
        data.soft_delete(subject, number);
    }
}
