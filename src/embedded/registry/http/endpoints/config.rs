//! Configuration, global and per subject or context.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::{Map, Value};

use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::http::json::{Json, Path};
use crate::embedded::registry::http::query::Query;
use crate::embedded::registry::http::state::Shared;
use crate::embedded::registry::rules::config;
use crate::embedded::registry::store::{Config, Scope, Store};

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route(
            "/config",
            get(get_global).put(put_global).delete(delete_global),
        )
        .route(
            "/config/{subject}",
            get(get_subject).put(put_subject).delete(delete_subject),
        )
}

async fn get_global(State(state): State<Shared>, query: Query) -> Result<Json<Config>, ApiError> {
    show(&state.store, &Scope::Global, &query)
}

async fn get_subject(
    State(state): State<Shared>,
    Path(subject): Path<String>,
    query: Query,
) -> Result<Json<Config>, ApiError> {
    show(&state.store, &Scope::parse(&subject), &query)
}

fn show(store: &Store, scope: &Scope, query: &Query) -> Result<Json<Config>, ApiError> {
    let data = store.read();
    if query.flag("defaultToGlobal") {
        return Ok(Json(config::in_force(&data, scope)));
    }
    config::own(&data, scope)
        .map(Json)
        .ok_or_else(|| ApiError::no_subject_config(&scope.to_string()))
}

async fn put_global(
    State(state): State<Shared>,
    Json(body): Json<Map<String, Value>>,
) -> Result<Json<Value>, ApiError> {
    update(&state.store, Scope::Global, &body)
}

async fn put_subject(
    State(state): State<Shared>,
    Path(subject): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> Result<Json<Value>, ApiError> {
    update(&state.store, Scope::parse(&subject), &body)
}

fn update(store: &Store, scope: Scope, body: &Map<String, Value>) -> Result<Json<Value>, ApiError> {
    let config = config::update(&mut store.write(), scope, body)?;
    Ok(Json(config.as_update()))
}

async fn delete_global(State(state): State<Shared>) -> Result<Json<Config>, ApiError> {
    config::delete(&mut state.store.write(), &Scope::Global).map(Json)
}

async fn delete_subject(
    State(state): State<Shared>,
    Path(subject): Path<String>,
) -> Result<Json<Config>, ApiError> {
    config::delete(&mut state.store.write(), &Scope::parse(&subject)).map(Json)
}
