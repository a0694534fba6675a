//! Modes, global and per subject or context.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::http::json::{Json, Path};
use crate::embedded::registry::http::query::Query;
use crate::embedded::registry::http::state::Shared;
use crate::embedded::registry::rules::mode;
use crate::embedded::registry::store::subject::GLOBAL_CONTEXT;
use crate::embedded::registry::store::{Mode, Scope, Store};

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route(
            "/mode",
            get(get_global).put(put_global).delete(delete_global),
        )
        .route(
            "/mode/{subject}",
            get(get_subject).put(put_subject).delete(delete_subject),
        )
}

#[derive(Serialize)]
struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<Mode>,
}

async fn get_global(State(state): State<Shared>, query: Query) -> Result<Json<Shown>, ApiError> {
    show(&state.store, &Scope::Global, &query)
}

async fn get_subject(
    State(state): State<Shared>,
    Path(subject): Path<String>,
    query: Query,
) -> Result<Json<Shown>, ApiError> {
    show(&state.store, &Scope::parse(&subject), &query)
}

fn show(store: &Store, scope: &Scope, query: &Query) -> Result<Json<Shown>, ApiError> {
    let data = store.read();
    let mode = if query.flag("defaultToGlobal") {
        Some(mode::in_force(&data, scope))
    } else {
        mode::own(&data, scope)
    };
    match mode {
        Some(_) => Ok(Json(Shown { mode })),
        None => Err(ApiError::no_subject_mode(&scope.to_string())),
    }
}

async fn put_global(
    State(state): State<Shared>,
    query: Query,
    Json(body): Json<Map<String, Value>>,
) -> Result<Json<Value>, ApiError> {
    update(&state.store, Scope::Global, &body, &query)
}

async fn put_subject(
    State(state): State<Shared>,
    Path(subject): Path<String>,
    query: Query,
    Json(body): Json<Map<String, Value>>,
) -> Result<Json<Value>, ApiError> {
    update(&state.store, Scope::parse(&subject), &body, &query)
}

fn update(
    store: &Store,
    scope: Scope,
    body: &Map<String, Value>,
    query: &Query,
) -> Result<Json<Value>, ApiError> {
    let in_all_contexts = match &scope {
        Scope::Global => false,
        Scope::Subject(subject) => {
            if !subject.is_valid_for_settings() {
                return Err(ApiError::invalid_subject(&subject.to_string()));
            }
            subject.context == GLOBAL_CONTEXT
        }
    };
    let Some(asked) = body.get("mode") else {
        return Err(ApiError {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code: 422,
            message: "The request names no mode".to_owned(),
        });
    };
    let mode = match asked {
        Value::Null => None,
        Value::String(name) => Some(Mode::parse(name).ok_or_else(ApiError::invalid_mode)?),
        _ => return Err(ApiError::malformed_body("mode: expected a string")),
    };
    if mode == Some(Mode::Forward) && !in_all_contexts {
        return Err(ApiError::new(
            42204,
            "Forward mode only supported on global level",
        ));
    }
    mode::set(&mut store.write(), scope, mode, query.flag("force"))?;
    Ok(Json(json!({ "mode": asked })))
}

async fn delete_global(State(state): State<Shared>, query: Query) -> Result<Json<Shown>, ApiError> {
    delete(&state.store, &Scope::Global, &query)
}

async fn delete_subject(
    State(state): State<Shared>,
    Path(subject): Path<String>,
    query: Query,
) -> Result<Json<Shown>, ApiError> {
    delete(&state.store, &Scope::parse(&subject), &query)
}

fn delete(store: &Store, scope: &Scope, query: &Query) -> Result<Json<Shown>, ApiError> {
    let mode = mode::delete(&mut store.write(), scope, query.flag("recursive"))?;
    Ok(Json(Shown { mode }))
}
