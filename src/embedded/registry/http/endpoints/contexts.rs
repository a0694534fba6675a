//! Endpoints that list and delete contexts.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get};

use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::http::json::{Json, Path};
use crate::embedded::registry::http::query::Query;
use crate::embedded::registry::http::state::SharedState;
use crate::embedded::registry::store::subject::{context_named, context_prefix};

pub(crate) fn routes() -> Router<SharedState> {
    Router::new()
        .route("/contexts", get(list))
        .route("/contexts/{context}", delete(remove))
}

async fn list(
    State(state): State<SharedState>,
    query: Query,
) -> Result<Json<Vec<String>>, ApiError> {
    let page = query.page(usize::MAX)?;
    let prefix = query.get("contextPrefix").unwrap_or_default();
    let data = state.store.read();
    let names = data.contexts().map(|(name, _)| name);
    let names = names.filter(|name| name.starts_with(prefix));
    Ok(Json(page.of(names.map(str::to_owned))))
}

async fn remove(
    State(state): State<SharedState>,
    Path(context): Path<String>,
) -> Result<StatusCode, ApiError> {
    let context = context_named(&context).ok_or_else(ApiError::not_found)?;
    if state.store.write().remove_context(&context) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::context_not_empty(&context_prefix(&context)))
    }
}
