//! Work that takes long, kept off the threads that serve requests.

use crate::embedded::registry::api_error::ApiError;

/// Runs `work` on the blocking pool if it `takes_long`, and otherwise directly.
pub(crate) async fn off_the_worker<T, F>(takes_long: bool, work: F) -> Result<T, ApiError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, ApiError> + Send + 'static,
{
    if !takes_long {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => {
            tracing::error!(%error, "a request could not be completed");
            Err(ApiError::internal())
        }
    }
}
