//! Errors of the client, and the classes that callers can branch on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::error_text::{MAX_PATH, bounded};

/// Any error, boxed.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A failed call to the registry.
///
/// The message contains server, method and path, but never credentials, query
/// parameters or bodies. [`Error::kind`] returns the class of the failure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings of the client are invalid or contradict each other.
    #[error("invalid Schema Registry settings: {reason}")]
    Settings {
        /// What is wrong with them.
        reason: String,
        /// Why.
        source: Option<BoxError>,
    },
    /// An argument is invalid; no request was sent.
    #[error("invalid {what} {value:?}: {reason}")]
    Input {
        /// The kind of argument.
        what: &'static str,
        /// The argument.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No connection was made: the name was not found, the connection or the TLS
    /// handshake failed, or the connect timeout passed.
    #[error("cannot connect to the registry ({exchange})")]
    Connect {
        /// The request.
        exchange: Box<Exchange>,
        /// Why.
        source: BoxError,
    },
    /// The connection broke before the answer was complete.
    #[error("connection to the registry broke before the answer was complete ({exchange})")]
    Interrupted {
        /// The request.
        exchange: Box<Exchange>,
        /// Why.
        source: BoxError,
    },
    /// No complete answer arrived in time.
    #[error("no complete answer from the registry within {} s ({exchange})", after.as_secs_f32())]
    Timeout {
        /// The request.
        exchange: Box<Exchange>,
        /// The limit that was exceeded.
        after: Duration,
    },
    /// The registry answered with an error.
    #[error("{0}")]
    Answer(Box<Answer>),
    /// The server is not a Schema Registry: the answer is HTML, malformed or other
    /// JSON, a redirect, or larger than the limit.
    #[error("the server is not a Schema Registry: HTTP {status}, {reason} ({exchange})")]
    NotARegistry {
        /// The request.
        exchange: Box<Exchange>,
        /// HTTP status.
        status: u16,
        /// What the answer was instead.
        reason: String,
    },
    /// The registry lacks an optional API.
    #[error("this registry has no {api}: HTTP {status} ({exchange})")]
    Unsupported {
        /// The request.
        exchange: Box<Exchange>,
        /// HTTP status.
        status: u16,
        /// The missing API: DEK Registry or catalog.
        api: &'static str,
    },
    /// No access token could be obtained.
    #[error("cannot obtain an access token for the registry ({exchange})")]
    Token {
        /// The request that needed it.
        exchange: Box<Exchange>,
        /// Why.
        source: Arc<TokenError>,
    },
}

/// A request, without its secret parts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exchange {
    /// HTTP method.
    pub method: &'static str,
    /// Percent-encoded path below the base URL, without the query.
    pub path: String,
    /// Scheme, host and port of the server that was asked last.
    pub server: String,
    /// Number of requests sent, including retries and fail-over.
    pub requests: u32,
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = bounded(&self.path, MAX_PATH);
        write!(f, "{} {path} at {}", self.method, self.server)?;
        if self.requests > 1 {
            write!(f, ", {} requests", self.requests)?;
        }
        Ok(())
    }
}

/// An error answer of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The request.
    pub exchange: Exchange,
    /// HTTP status.
    pub status: u16,
    /// The registry's error code, such as 40401, or the status if it sent none.
    pub error_code: i32,
    /// The registry's message: one line of limited length, may be empty.
    pub message: String,
    /// The value of `Retry-After`.
    pub retry_after: Option<Duration>,
    /// Whether the request was about schemas, where a 409 means incompatibility.
    pub(super) about_schemas: bool,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "registry answered {}", self.status)?;
        if self.error_code != i32::from(self.status) {
            write!(f, " (error {})", self.error_code)?;
        }
        write!(f, " to {}", self.exchange)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

/// Why there is no access token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The token endpoint cannot be reached, or the connection broke.
    #[error("cannot reach the token endpoint {endpoint}")]
    Unreachable {
        /// Scheme, host and port.
        endpoint: String,
        /// Why.
        source: BoxError,
    },
    /// The token endpoint did not answer in time.
    #[error("no answer from the token endpoint {endpoint} in time")]
    Timeout {
        /// Scheme, host and port.
        endpoint: String,
    },
    /// The token endpoint refused the request.
    #[error("the token endpoint {endpoint} answered {status}: {message}")]
    Refused {
        /// Scheme, host and port.
        endpoint: String,
        /// HTTP status.
        status: u16,
        /// Its `error` and `error_description`.
        message: String,
    },
    /// The answer contains no usable token.
    #[error("the answer of the token endpoint {endpoint} is unusable: {reason}")]
    Malformed {
        /// Scheme, host and port.
        endpoint: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The application's token provider failed.
    #[error("the token provider failed")]
    Provider(#[source] BoxError),
}

/// Classes of failures that callers can branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The settings of the client are invalid.
    Settings,
    /// An argument is invalid; no request was sent.
    Input,
    /// No connection was made.
    Connect,
    /// The connection broke.
    Interrupted,
    /// No answer arrived in time.
    Timeout,
    /// Credentials are missing or were refused (401, 407).
    Unauthorized,
    /// The credentials do not allow the action (403).
    Forbidden,
    /// The subject, version, schema, key or tag does not exist (404).
    NotFound,
    /// The schema is incompatible with an earlier one (409).
    Incompatible,
    /// The thing exists already, or its state forbids the action (409).
    Conflict,
    /// The registry refused the request as invalid: schema, version, level, mode,
    /// name or operation (422, other 4xx).
    Invalid,
    /// Too many requests (429).
    Throttled,
    /// The registry failed (5xx, 408).
    Server,
    /// The server is not a Schema Registry.
    NotARegistry,
    /// The registry lacks an optional API.
    Unsupported,
}

impl Error {
    pub(super) fn settings(reason: impl Into<String>) -> Self {
        Self::Settings {
            reason: reason.into(),
            source: None,
        }
    }

    pub(super) fn input(what: &'static str, value: &str, reason: &'static str) -> Self {
        Self::Input {
            what,
            value: bounded(value, MAX_PATH),
            reason,
        }
    }

    /// Returns the failed request; `None` if no request was to be sent.
    pub fn exchange(&self) -> Option<&Exchange> {
        match self {
            Self::Settings { .. } | Self::Input { .. } => None,
            Self::Answer(answer) => Some(&answer.exchange),
            Self::Connect { exchange, .. }
            | Self::Interrupted { exchange, .. }
            | Self::Timeout { exchange, .. }
            | Self::NotARegistry { exchange, .. }
            | Self::Unsupported { exchange, .. }
            | Self::Token { exchange, .. } => Some(exchange),
        }
    }

    pub(super) fn count_requests(&mut self, requests: u32) {
        match self {
            Self::Settings { .. } | Self::Input { .. } => {}
            Self::Answer(answer) => answer.exchange.requests = requests,
            Self::Connect { exchange, .. }
            | Self::Interrupted { exchange, .. }
            | Self::Timeout { exchange, .. }
            | Self::NotARegistry { exchange, .. }
            | Self::Unsupported { exchange, .. }
            | Self::Token { exchange, .. } => exchange.requests = requests,
        }
    }

    /// Returns the HTTP status, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Answer(answer) => Some(answer.status),
            Self::NotARegistry { status, .. } | Self::Unsupported { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Returns the registry's error code, such as 40401, or the HTTP status if
    /// the registry sent none.
    pub fn error_code(&self) -> Option<i32> {
        match self {
            Self::Answer(answer) => Some(answer.error_code),
            _ => None,
        }
    }

    /// Returns the registry's message, without the request.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Answer(answer) => Some(&answer.message),
            _ => None,
        }
    }

    /// Returns how long the registry asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Answer(answer) => answer.retry_after,
            _ => None,
        }
    }

    /// Returns the class of the failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Settings { .. } => ErrorKind::Settings,
            Self::Input { .. } => ErrorKind::Input,
            Self::Connect { .. } => ErrorKind::Connect,
            Self::Interrupted { .. } => ErrorKind::Interrupted,
            Self::Timeout { .. } => ErrorKind::Timeout,
            Self::NotARegistry { .. } => ErrorKind::NotARegistry,
            Self::Unsupported { .. } => ErrorKind::Unsupported,
            Self::Answer(answer) => match answer.status {
                401 | 407 => ErrorKind::Unauthorized,
                403 => ErrorKind::Forbidden,
                404 => ErrorKind::NotFound,
                // Servers before 2026 and other vendors' send the plain 409.
                409 if answer.about_schemas && matches!(answer.error_code, 409 | 40901) => {
                    ErrorKind::Incompatible
                }
                409 => ErrorKind::Conflict,
                429 => ErrorKind::Throttled,
                408 | 500.. => ErrorKind::Server,
                _ => ErrorKind::Invalid,
            },
            Self::Token { source, .. } => match &**source {
                TokenError::Unreachable { .. } => ErrorKind::Connect,
                TokenError::Timeout { .. } => ErrorKind::Timeout,
                TokenError::Refused { status, .. } => match status {
                    429 => ErrorKind::Throttled,
                    408 | 500.. => ErrorKind::Server,
                    _ => ErrorKind::Unauthorized,
                },
                TokenError::Malformed { .. } => ErrorKind::Server,
                TokenError::Provider(_) => ErrorKind::Unauthorized,
            },
        }
    }

    /// Returns whether the registry does not have the requested thing.
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Returns whether the schema is incompatible with an earlier one (error
    /// codes 409 and 40901).
    pub fn is_incompatible(&self) -> bool {
        self.kind() == ErrorKind::Incompatible
    }

    /// Returns whether the thing to be created exists already.
    pub fn is_conflict(&self) -> bool {
        self.kind() == ErrorKind::Conflict
    }

    /// Returns whether credentials are missing or were refused.
    pub fn is_unauthorized(&self) -> bool {
        self.kind() == ErrorKind::Unauthorized
    }

    /// Returns whether the credentials do not allow the action.
    pub fn is_forbidden(&self) -> bool {
        self.kind() == ErrorKind::Forbidden
    }

    /// Returns whether no connection was made.
    pub fn is_connect(&self) -> bool {
        self.kind() == ErrorKind::Connect
    }

    /// Returns whether the failure is about TLS, such as a certificate or a peer
    /// without TLS. The causes show it.
    pub fn is_tls(&self) -> bool {
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            if text.contains("ertificate") || text.contains("InvalidContentType") {
                return true;
            }
            cause = error.source();
        }
        false
    }

    /// Returns whether no answer arrived in time.
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// Returns whether the registry lacks the API: no DEK Registry, no catalog.
    pub fn is_unsupported(&self) -> bool {
        self.kind() == ErrorKind::Unsupported
    }

    /// Returns whether the same call may succeed later. The client's own retries
    /// have failed by then.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Answer(answer) => {
                matches!(answer.status, 408 | 429 | 500 | 502 | 503 | 504)
            }
            _ => matches!(
                self.kind(),
                ErrorKind::Connect
                    | ErrorKind::Interrupted
                    | ErrorKind::Timeout
                    | ErrorKind::Throttled
                    | ErrorKind::Server
            ),
        }
    }
}
