//! Endpoints for configuration, global and per subject or context.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::{Map, Value};

use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::http::json::Json;
use crate::embedded::registry::http::query::Query;
use crate::embedded::registry::http::state::SharedState;
use crate::embedded::registry::rules::config;
use crate::embedded::registry::store::{Scope, StoredConfig};

pub(crate) fn routes() -> Router<SharedState> {
    let methods = get(show).put(update).delete(delete);
    Router::new()
        .route("/config", methods.clone())
        .route("/config/{subject}", methods)
}

async fn show(
    State(state): State<SharedState>,
    scope: Scope,
    query: Query,
) -> Result<Json<StoredConfig>, ApiError> {
    let data = state.store.read();
    if query.flag("defaultToGlobal") {
        return Ok(Json(config::in_force(&data, &scope)));
    }
    config::own(&data, &scope)
        .map(Json)
        .ok_or_else(|| ApiError::no_subject_config(&scope.to_string()))
}

async fn update(
    State(state): State<SharedState>,
    scope: Scope,
    Json(body): Json<Map<String, Value>>,
) -> Result<Json<Value>, ApiError> {
    let config = config::update(&mut state.store.write(), scope, &body)?;
    Ok(Json(config.as_update()))
}

async fn delete(
    State(state): State<SharedState>,
    scope: Scope,
) -> Result<Json<StoredConfig>, ApiError> {
    config::delete(&mut state.store.write(), &scope).map(Json)
}
