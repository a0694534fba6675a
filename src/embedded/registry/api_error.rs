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

    /// `key` is the id or GUID that the client asked for.
    pub(crate) fn schema_key_not_found(key: impl std::fmt::Display) -> Self {
        Self::new(40403, format!("Schema {key} not found"))
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

    pub(crate) fn not_permitted(message: impl Into<String>) -> Self {
        Self::new(42205, message)
    }

    pub(crate) fn invalid_rule_set(message: impl Into<String>) -> Self {
        Self::new(42210, message)
    }

    /// The body is not JSON, or does not have the expected shape.
    pub(crate) fn malformed_body(reason: impl Into<String>) -> Self {
        Self::new(400, reason)
    }

    pub(crate) fn not_found() -> Self {
        Self::http(StatusCode::NOT_FOUND)
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

/// Defines errors with a code and a text.
macro_rules! errors {
    ($($(#[$meta:meta])* $name:ident($($parameter:ident: $type:ty),*) = $code:literal, $text:literal;)+) => {
        impl ApiError {$(
            $(#[$meta])*
            pub(crate) fn $name($($parameter: $type),*) -> Self {
                Self::new($code, format!($text))
            }
        )+}
    };
}

errors! {
    subject_not_found(subject: &str) = 40401,
        "Subject '{subject}' not found.";
    /// `version` is −1 if the client asked for the newest one.
    version_not_found(version: i32) = 40402,
        "Version {version} not found.";
    schema_not_found() = 40403,
        "Schema not found";
    subject_soft_deleted(subject: &str) = 40404,
        "Subject '{subject}' was soft deleted.Set permanent=true to delete permanently";
    subject_not_soft_deleted(subject: &str) = 40405,
        "Subject '{subject}' was not deleted first before being permanently deleted";
    version_soft_deleted(subject: &str, version: i32) = 40406,
        "Subject '{subject}' Version {version} was soft deleted.Set permanent=true to delete permanently";
    version_not_soft_deleted(subject: &str, version: i32) = 40407,
        "Subject '{subject}' Version {version} was not deleted first before being permanently deleted";
    no_subject_config(subject: &str) = 40408,
        "Subject '{subject}' does not have subject-level compatibility configured";
    no_subject_mode(subject: &str) = 40409,
        "Subject '{subject}' does not have subject-level mode configured";
    /// `version` is the segment of the path.
    invalid_version(version: &str) = 42202,
        "The specified version '{version}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\"";
    invalid_compatibility_level() = 42203,
        "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive";
    invalid_mode() = 42204,
        "Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD.";
    /// `subject` and `version` name the schema that others reference.
    referenced(subject: &str, version: i32) = 42206,
        "One or more references exist to the schema {{magic=1,keytype=SCHEMA,subject={subject},version={version}}}.";
    invalid_subject(subject: &str) = 42208,
        "The specified subject '{subject}' is not a valid.";
    context_not_empty(context: &str) = 42211,
        "The specified context '{context}' is not empty.";
    /// The store is full. Clients do not retry after a 507.
    full(limit: usize) = 50701,
        "The registry is full: it stores at most {limit} bytes. Delete subjects permanently to make space";
    /// The request has no body.
    missing_body() = 422,
        "The request body must not be empty";
    /// A bug in this server. The cause goes to the log, never to the client.
    internal() = 500,
        "Internal Server Error";
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
