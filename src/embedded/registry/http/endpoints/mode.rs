//! Endpoints for modes, global and per subject or context.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::http::json::Json;
use crate::embedded::registry::http::query::Query;
use crate::embedded::registry::http::state::SharedState;
use crate::embedded::registry::rules::mode;
use crate::embedded::registry::store::Scope;
use crate::embedded::registry::store::subject::GLOBAL_CONTEXT;
use crate::registry_settings::Mode;

pub(crate) fn routes() -> Router<SharedState> {
    let methods = get(show).put(update).delete(delete);
    Router::new()
        .route("/mode", methods.clone())
        .route("/mode/{subject}", methods)
}

#[derive(Serialize)]
struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<Mode>,
}

async fn show(
    State(state): State<SharedState>,
    scope: Scope,
    query: Query,
) -> Result<Json<Shown>, ApiError> {
    let data = state.store.read();
    let mode = if query.flag("defaultToGlobal") {
        Some(mode::in_force(&data, &scope))
    } else {
        mode::own(&data, &scope)
    };
    match mode {
        Some(_) => Ok(Json(Shown { mode })),
        None => Err(ApiError::no_subject_mode(&scope.to_string())),
    }
}

async fn update(
    State(state): State<SharedState>,
    scope: Scope,
    query: Query,
    Json(body): Json<Map<String, Value>>,
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
        return Err(ApiError::new(422, "The request names no mode"));
    };
    let mode = match asked {
        Value::Null => None,
        Value::String(name) => Some(name.parse().map_err(|_| ApiError::invalid_mode())?),
        _ => return Err(ApiError::malformed_body("mode: expected a string")),
    };
    if mode == Some(Mode::Forward) && !in_all_contexts {
        return Err(ApiError::new(
            42204,
            "Forward mode only supported on global level",
        ));
    }
    mode::set(&mut state.store.write(), scope, mode, query.flag("force"))?;
    Ok(Json(json!({ "mode": asked })))
}

async fn delete(
    State(state): State<SharedState>,
    scope: Scope,
    query: Query,
) -> Result<Json<Shown>, ApiError> {
    let mode = mode::delete(&mut state.store.write(), &scope, query.flag("recursive"))?;
    Ok(Json(Shown { mode }))
}
