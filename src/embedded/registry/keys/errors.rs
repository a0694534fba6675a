//! Errors about keys, with the texts of Confluent's DEK Registry.

use crate::csfle::kms;
use crate::embedded::registry::api_error::ApiError;

/// `key` is the name of a KEK, or the subject of a DEK.
pub(super) fn not_found(key: &str) -> ApiError {
    ApiError::new(40470, format!("Key '{key}' not found"))
}

pub(super) fn not_soft_deleted(key: &str) -> ApiError {
    ApiError::new(
        40471,
        format!("Key '{key}' was not deleted first before being permanently deleted"),
    )
}

pub(super) fn soft_deleted(kek: &str) -> ApiError {
    ApiError::new(40472, format!("Key '{kek}' must be undeleted first"))
}

pub(super) fn already_exists(key: &str) -> ApiError {
    ApiError::new(
        40971,
        format!("Key '{key}' already exists; use a different value"),
    )
}

pub(super) fn too_many(limit: usize) -> ApiError {
    ApiError::new(40972, format!("A maximum of {limit} keys already exist"))
}

/// `field` is the missing or invalid member of the request.
pub(super) fn invalid(field: &str) -> ApiError {
    ApiError::new(
        42271,
        format!("Invalid or missing value for field '{field}' of key"),
    )
}

/// The KMS of a shared KEK cannot use the value of `field`.
pub(super) fn unusable(field: &str, error: &kms::Error) -> ApiError {
    let ApiError { code, message, .. } = invalid(field);
    ApiError::new(code, format!("{message}: {error}"))
}

pub(super) fn referenced(kek: &str) -> ApiError {
    ApiError::new(
        42272,
        format!("One or more references exist to the key '{kek}'"),
    )
}

/// The KMS of a shared KEK failed or refused. `what` is `encrypted` or `raw`.
pub(super) fn kms(what: &str, subject: &str, error: &kms::Error) -> ApiError {
    let code = match error.kind() {
        kms::ErrorKind::Denied => 40370,
        _ => 50070,
    };
    ApiError::new(
        code,
        format!("Could not generate {what} dek for {subject}: {error}"),
    )
}
