//! Stream Catalog: tag definitions.

use axum::Router;

use super::state::Shared;

/// The endpoints.
pub(super) fn routes() -> Router<Shared> {
    Router::new()
}
