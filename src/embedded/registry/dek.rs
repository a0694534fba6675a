//! DEK Registry: key encryption keys and data encryption keys.

use axum::Router;

use super::state::Shared;

/// The endpoints.
pub(super) fn routes() -> Router<Shared> {
    Router::new()
}
