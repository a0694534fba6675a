//! How long the work for one request may take.

use std::time::{Duration, Instant};

use axum::http::StatusCode;

use crate::embedded::registry::api_error::ApiError;

/// When nobody waits for an answer any more. Work of many steps looks at it
/// between them, because a thread cannot be interrupted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    pub(crate) fn after(timeout: Duration) -> Self {
        Self(Instant::now().checked_add(timeout))
    }

    /// Ends work that takes too long with 408.
    pub(crate) fn check(self) -> Result<(), ApiError> {
        match self.0 {
            Some(end) if Instant::now() >= end => Err(ApiError::http(StatusCode::REQUEST_TIMEOUT)),
            _ => Ok(()),
        }
    }
}
