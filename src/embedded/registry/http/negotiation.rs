//! Content negotiation: refuses media types that the registry does not speak,
//! and labels answers with the type that the client prefers.

use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::media_type::{V1_JSON, choose, is_accepted_body};
use crate::embedded::registry::api_error::ApiError;

/// Answers 406 if the client accepts none of our media types. Otherwise labels
/// the answer with the one that it prefers.
///
/// Answers 415 to a body without a type that [`is_accepted_body`] takes: a web
/// page can send such a body to any server without a preflight.
pub(crate) async fn negotiate(request: Request, next: Next) -> Response {
    let Some(chosen) = choose(request.headers()) else {
        return ApiError::http(StatusCode::NOT_ACCEPTABLE).into_response();
    };
    let content_type = request.headers().get(header::CONTENT_TYPE);
    if !request.body().is_end_stream() && !content_type.is_some_and(is_accepted_body) {
        return ApiError::http(StatusCode::UNSUPPORTED_MEDIA_TYPE).into_response();
    }
    let mut response = next.run(request).await;
    if chosen != V1_JSON
        && let Some(content_type) = response.headers_mut().get_mut(header::CONTENT_TYPE)
        && content_type == V1_JSON
    {
        *content_type = HeaderValue::from_static(chosen);
    }
    response
}
