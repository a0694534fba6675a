//! The deadline for the work of one request.

use std::time::{Duration, Instant};

use axum::http::StatusCode;

use crate::embedded::registry::api_error::ApiError;

/// The time after which nobody waits for the answer. Long work checks it
/// between steps, because a thread cannot be interrupted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    pub(crate) fn after(timeout: Duration) -> Self {
        Self(Instant::now().checked_add(timeout))
    }

    /// Fails with 408 after the deadline.
    pub(crate) fn check(self) -> Result<(), ApiError> {
        match self.0 {
            Some(end) if Instant::now() >= end => Err(ApiError::http(StatusCode::REQUEST_TIMEOUT)),
            _ => Ok(()),
        }
    }
}
