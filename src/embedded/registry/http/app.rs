//! The application: all endpoints and the middleware in front of them.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

use super::endpoints::{
    compatibility, config, contexts, keys, mode, schemas, service, subjects, tag_definitions,
};
use super::state::SharedState;
use super::{authentication, connection, negotiation, origin, rewrite};
use crate::embedded::registry::api_error::ApiError;

/// Builds the application. The middleware runs in this order: logging, origin
/// check, timeout, authentication, media types, rewriting, routing.
pub(crate) fn app(state: SharedState) -> Router {
    let endpoints = Router::new()
        .merge(service::routes())
        .merge(schemas::routes())
        .merge(subjects::routes())
        .merge(compatibility::routes())
        .merge(config::routes())
        .merge(mode::routes())
        .merge(contexts::routes())
        .merge(keys::routes())
        .merge(tag_definitions::routes())
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(state.max_body_bytes))
        .with_state(state.clone());
    // The outer router has no routes: its middleware must run before the inner
    // router matches a path.
    Router::new()
        .fallback_service(endpoints)
        .layer(middleware::from_fn_with_state(
            state.clone(),
            rewrite::rewrite,
        ))
        .layer(middleware::from_fn(negotiation::negotiate))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&state.credentials),
            authentication::authenticate,
        ))
        .layer(middleware::from_fn_with_state(state.clone(), limit_time))
        // A preflight has no credentials, so this comes before authentication.
        .layer(middleware::from_fn_with_state(
            Arc::clone(&state.origins),
            origin::guard,
        ))
        .layer(middleware::from_fn_with_state(state, log))
        .layer(middleware::from_fn(connection::track))
}

async fn no_such_path() -> ApiError {
    ApiError::not_found()
}

async fn no_such_method() -> ApiError {
    ApiError::http(StatusCode::METHOD_NOT_ALLOWED)
}

/// Answers 408 if a request takes too long.
async fn limit_time(State(state): State<SharedState>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(state.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::http(StatusCode::REQUEST_TIMEOUT).into_response(),
    }
}

/// Logs one line per request, and counts the request if counting is on.
async fn log(State(state): State<SharedState>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let uri = request.uri().clone();
    if let Some(log) = &state.request_log {
        log.record(method.as_str(), uri.path());
    }
    let started = Instant::now();
    let response = next.run(request).await;
    tracing::debug!(
        %method,
        path = uri.path(),
        query = uri.query(),
        status = response.status().as_u16(),
        elapsed = ?started.elapsed(),
        "request"
    );
    response
}
