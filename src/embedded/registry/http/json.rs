//! Extractors and responses: JSON bodies and path parameters, with errors in
//! the registry's own format.

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde::de::{DeserializeOwned, Error as _, Unexpected, Visitor};
use serde::{Deserializer, Serialize, forward_to_deserialize_any};
use serde_json::Value;

use super::media_type::{self, V1_JSON};
use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::store::Scope;

/// A JSON body. As an extractor it answers 415 to another content type, 413 to
/// a body that is too long, 422 to an empty body, and 400 to anything that does
/// not parse as `T`. `T` decides about unknown members.
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        if !content_type.is_none_or(media_type::is_accepted_body) {
            return Err(ApiError::http(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let body =
            Bytes::from_request(request, state)
                .await
                .map_err(|rejection: BytesRejection| match rejection.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => ApiError::http(StatusCode::PAYLOAD_TOO_LARGE),
                    _ => ApiError::malformed_body("The request body could not be read"),
                })?;
        parse(&body).map(Self)
    }
}

/// Parses a body. It goes through [`Value`] so that the last of two equal
/// members wins and an array is not accepted as an object.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(ApiError::missing_body());
    }
    let value: Value =
        serde_json::from_slice(body).map_err(|e| ApiError::malformed_body(e.to_string()))?;
    if value.is_null() {
        return Err(ApiError::missing_body());
    }
    T::deserialize(Whole(value)).map_err(|e| ApiError::malformed_body(e.to_string()))
}

/// A whole body. Refuses an array for a struct, which serde would read as the
/// members in order.
struct Whole(Value);

impl<'de> Deserializer<'de> for Whole {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        if self.0.is_array() {
            return Err(Self::Error::invalid_type(Unexpected::Seq, &"an object"));
        }
        self.0.deserialize_struct(name, fields, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf option unit unit_struct newtype_struct seq tuple
        tuple_struct map enum identifier ignored_any
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response<Body> {
        match serde_json::to_vec(&self.0) {
            Ok(body) => in_v1_json(body),
            Err(error) => {
                tracing::error!(%error, "cannot write an answer as JSON");
                ApiError::internal().into_response()
            }
        }
    }
}

/// Plain text labelled as JSON, as the `…/schema` endpoints send it.
pub(crate) struct RawText(pub(crate) String);

impl IntoResponse for RawText {
    fn into_response(self) -> Response<Body> {
        in_v1_json(self.0)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response<Body> {
        let mut response = in_v1_json(self.to_json());
        *response.status_mut() = self.status;
        response
    }
}

fn in_v1_json(body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(V1_JSON));
    response
}

/// Path parameters, percent-decoded after routing, so that `%2F` is part of a
/// name. If a parameter does not parse as `T`, such as a word for a number, the
/// path does not exist.
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(parameters)) => Ok(Self(parameters)),
            Err(_) => Err(ApiError::not_found()),
        }
    }
}

/// The scope that a path names. A path without a parameter names the global one.
impl<S: Send + Sync> FromRequestParts<S> for Scope {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Option::<axum::extract::Path<String>>::from_request_parts(parts, state).await {
            Ok(Some(axum::extract::Path(subject))) => Ok(Self::parse(&subject)),
            Ok(None) => Ok(Self::Global),
            Err(_) => Err(ApiError::not_found()),
        }
    }
}
