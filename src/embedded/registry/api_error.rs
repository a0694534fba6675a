//! Error answers of the registry: an HTTP status, a numeric code and a message,
//! always as the same JSON object.
//!
//! The texts are Confluent's, missing spaces included: clients and people
//! match on them.

use axum::http::StatusCode;
use serde::Serialize;

/// An error answer. The status is the first three digits of the code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (error {code})")]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: u32,
    pub(crate) message: String,
}

/// The JSON body of an error answer.
#[derive(Serialize)]
struct ErrorBody<'a> {
    error_code: u32,
    message: &'a str,
}

impl ApiError {
    /// An error of the registry: `code` begins with the HTTP status.
    pub(crate) fn new(code: u32, message: impl Into<String>) -> Self {
        let mut status = code;
        while status > 999 {
            status /= 10;
        }
        let status = u16::try_from(status)
            .ok()
            .and_then(|status| StatusCode::from_u16(status).ok())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// An error of HTTP rather than of the registry, such as
    /// `HTTP 404 Not Found`.
    pub(crate) fn http(status: StatusCode) -> Self {
        let reason = status.canonical_reason().unwrap_or("Unknown");
        Self {
            status,
            code: u32::from(status.as_u16()),
            message: format!("HTTP {} {reason}", status.as_u16()),
        }
    }

    pub(crate) fn subject_not_found(subject: &str) -> Self {
        Self::new(40401, format!("Subject '{subject}' not found."))
    }

    /// `version` is −1 if the client asked for the newest one.
    pub(crate) fn version_not_found(version: i32) -> Self {
        Self::new(40402, format!("Version {version} not found."))
    }

    pub(crate) fn schema_not_found() -> Self {
        Self::new(40403, "Schema not found")
    }

    /// `key` is the id or GUID that the client asked for.
    pub(crate) fn schema_key_not_found(key: impl std::fmt::Display) -> Self {
        Self::new(40403, format!("Schema {key} not found"))
    }

    pub(crate) fn subject_soft_deleted(subject: &str) -> Self {
        Self::new(
            40404,
            format!(
                "Subject '{subject}' was soft deleted.Set permanent=true to delete permanently"
            ),
        )
    }

    pub(crate) fn subject_not_soft_deleted(subject: &str) -> Self {
        Self::new(
            40405,
            format!("Subject '{subject}' was not deleted first before being permanently deleted"),
        )
    }

    pub(crate) fn version_soft_deleted(subject: &str, version: i32) -> Self {
        Self::new(
            40406,
            format!(
                "Subject '{subject}' Version {version} was soft deleted.Set permanent=true to delete permanently"
            ),
        )
    }

    pub(crate) fn version_not_soft_deleted(subject: &str, version: i32) -> Self {
        Self::new(
            40407,
            format!(
                "Subject '{subject}' Version {version} was not deleted first before being permanently deleted"
            ),
        )
    }

    pub(crate) fn no_subject_config(subject: &str) -> Self {
        Self::new(
            40408,
            format!("Subject '{subject}' does not have subject-level compatibility configured"),
        )
    }

    pub(crate) fn no_subject_mode(subject: &str) -> Self {
        Self::new(
            40409,
            format!("Subject '{subject}' does not have subject-level mode configured"),
        )
    }

    /// `messages` come from the compatibility check.
    pub(crate) fn incompatible(subject: &str, messages: &[String]) -> Self {
        Self::new(
            40901,
            format!(
                "Schema being registered is incompatible with an earlier schema for subject \"{subject}\", details: [{}]",
                messages.join(", ")
            ),
        )
    }

    pub(crate) fn invalid_schema(message: impl Into<String>) -> Self {
        Self::new(42201, message)
    }

    /// `version` is the segment of the path.
    pub(crate) fn invalid_version(version: &str) -> Self {
        Self::new(
            42202,
            format!(
                "The specified version '{version}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\""
            ),
        )
    }

    pub(crate) fn invalid_compatibility_level() -> Self {
        Self::new(
            42203,
            "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive",
        )
    }

    pub(crate) fn invalid_mode() -> Self {
        Self::new(
            42204,
            "Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD.",
        )
    }

    pub(crate) fn not_permitted(message: impl Into<String>) -> Self {
        Self::new(42205, message)
    }

    /// `subject` and `version` name the schema that others reference.
    pub(crate) fn referenced(subject: &str, version: i32) -> Self {
        Self::new(
            42206,
            format!(
                "One or more references exist to the schema {{magic=1,keytype=SCHEMA,subject={subject},version={version}}}."
            ),
        )
    }

    pub(crate) fn invalid_subject(subject: &str) -> Self {
        Self::new(
            42208,
            format!("The specified subject '{subject}' is not a valid."),
        )
    }

    pub(crate) fn invalid_rule_set(message: impl Into<String>) -> Self {
        Self::new(42210, message)
    }

    pub(crate) fn context_not_empty(context: &str) -> Self {
        Self::new(
            42211,
            format!("The specified context '{context}' is not empty."),
        )
    }

    /// The store is full. Clients do not retry after a 507.
    pub(crate) fn full(limit: usize) -> Self {
        Self::new(
            50701,
            format!(
                "The registry is full: it stores at most {limit} bytes. Delete subjects permanently to make space"
            ),
        )
    }

    /// The request has no body.
    pub(crate) fn missing_body() -> Self {
        Self::new(422, "The request body must not be empty")
    }

    /// The body is not JSON, or does not have the expected shape.
    pub(crate) fn malformed_body(reason: impl Into<String>) -> Self {
        Self::new(400, reason)
    }

    pub(crate) fn not_found() -> Self {
        Self::http(StatusCode::NOT_FOUND)
    }

    /// A bug in this server. The cause goes to the log, never to the client.
    pub(crate) fn internal() -> Self {
        Self::new(500, "Internal Server Error")
    }

    /// Returns the JSON body.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let body = ErrorBody {
            error_code: self.code,
            message: &self.message,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_the_first_three_digits() {
        for (code, status) in [
            (40401, 404),
            (40901, 409),
            (42201, 422),
            (50070, 500),
            (404, 404),
            (4_090_001, 409),
        ] {
            assert_eq!(ApiError::new(code, "x").status.as_u16(), status, "{code}");
        }
        assert_eq!(ApiError::new(7, "x").status.as_u16(), 500);
    }

    #[test]
    fn generic_errors_name_the_status() {
        let error = ApiError::http(StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(
            String::from_utf8(error.to_json()).unwrap(),
            r#"{"error_code":405,"message":"HTTP 405 Method Not Allowed"}"#
        );
    }
}
