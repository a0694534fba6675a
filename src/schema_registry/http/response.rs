//! Interprets answers: success, error of the registry, or not a registry.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::call::Api;
use crate::schema_registry::error::{Answer, Error, Exchange};
use crate::schema_registry::error_text::sanitized;

/// A complete answer before it is interpreted.
pub(in crate::schema_registry) struct Reply {
    pub(in crate::schema_registry) exchange: Exchange,
    pub(in crate::schema_registry) api: Api,
    pub(in crate::schema_registry) status: u16,
    pub(in crate::schema_registry) content_type: String,
    /// Target of a redirect.
    pub(in crate::schema_registry) location: Option<String>,
    pub(in crate::schema_registry) retry_after: Option<Duration>,
    pub(in crate::schema_registry) body: Bytes,
}

/// The body of a registry's error. Some vendors name the code `code`.
#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(alias = "code")]
    error_code: Option<i32>,
    message: Option<String>,
}

impl Reply {
    /// Returns the answer if it is a success, and otherwise its error. `secrets`
    /// are removed from text of the server.
    pub(in crate::schema_registry) fn judge(self, secrets: &[&str]) -> Result<Self, Error> {
        match self.status {
            200..=299 => return Ok(self),
            300..=399 => {
                let target = self.location.as_deref().unwrap_or("nowhere");
                let reason = format!("a redirect to {}", sanitized(target, secrets));
                return Err(self.foreign(reason));
            }
            _ => {}
        }
        let body: ErrorBody = serde_json::from_slice(&self.body).unwrap_or_default();
        let readable = body.error_code.is_some() || body.message.is_some();
        let error_code = body.error_code.unwrap_or(i32::from(self.status));

        if let Some(api) = self.api.optional()
            && (matches!(self.status, 405 | 501)
                || self.status == 404 && (!readable || error_code == 404))
        {
            return Err(Error::Unsupported {
                exchange: Box::new(self.exchange),
                status: self.status,
                api,
            });
        }
        // Gateways send these with any body, and the status is enough.
        let plain = matches!(self.status, 401 | 403 | 407 | 408 | 429 | 500..);
        if !readable && !plain {
            let reason = self.description();
            return Err(self.foreign(reason));
        }
        Err(Error::Answer(Box::new(Answer {
            about_schemas: self.api == Api::Schemas,
            status: self.status,
            error_code,
            message: sanitized(body.message.as_deref().unwrap_or_default(), secrets),
            retry_after: self.retry_after,
            exchange: self.exchange,
        })))
    }

    /// Parses the body as JSON.
    pub(in crate::schema_registry) fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let reason = if self.is_html() || self.body.is_empty() {
                self.description()
            } else if error.is_eof() {
                match self.body.len() {
                    1 => "JSON cut short after 1 byte".to_owned(),
                    length => format!("JSON cut short after {length} bytes"),
                }
            } else if error.is_syntax() {
                self.description()
            } else if self.api == Api::DekRegistry {
                // The parser would quote values, which may be keys here.
                "JSON with an unexpected structure".to_owned()
            } else {
                format!(
                    "JSON with an unexpected structure: {}",
                    sanitized(&error.to_string(), &[])
                )
            };
            self.foreign(reason)
        })
    }

    /// Returns the body as text.
    pub(in crate::schema_registry) fn text(self) -> Result<String, Error> {
        if self.is_html() {
            let reason = self.description();
            return Err(self.foreign(reason));
        }
        String::from_utf8(self.body.to_vec())
            .map_err(|_| self.foreign("bytes that are not UTF-8 text".to_owned()))
    }

    pub(in crate::schema_registry) fn foreign(self, reason: String) -> Error {
        Error::NotARegistry {
            exchange: Box::new(self.exchange),
            status: self.status,
            reason,
        }
    }

    fn is_html(&self) -> bool {
        self.content_type.starts_with("text/html")
            || self.body.trim_ascii_start().first() == Some(&b'<')
    }

    /// Describes the body without quoting it.
    fn description(&self) -> String {
        if self.body.is_empty() {
            "an empty answer".to_owned()
        } else if self.is_html() {
            "an HTML page".to_owned()
        } else if self.content_type.is_empty() {
            "an answer that is not JSON".to_owned()
        } else {
            format!(
                "an answer that is not a registry's JSON (Content-Type {})",
                sanitized(&self.content_type, &[])
            )
        }
    }
}
