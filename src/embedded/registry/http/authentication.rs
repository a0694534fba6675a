//! Basic authentication.

use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::embedded::registry::api_error::ApiError;

/// The only user name and password that the registry accepts.
pub(crate) struct BasicAuth {
    /// `user:password`, as in the decoded header.
    pair: Zeroizing<String>,
}

impl BasicAuth {
    pub(crate) fn new(user: &str, password: &str) -> Self {
        Self {
            pair: Zeroizing::new(format!("{user}:{password}")),
        }
    }

    /// Compares in constant time.
    fn admits(&self, headers: &HeaderMap) -> bool {
        presented(headers).is_some_and(|pair| pair.ct_eq(self.pair.as_bytes()).into())
    }
}

impl fmt::Debug for BasicAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BasicAuth(***)")
    }
}

/// Decodes the `user:password` of the `Authorization` header.
fn presented(headers: &HeaderMap) -> Option<Zeroizing<Vec<u8>>> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    STANDARD.decode(encoded.trim()).ok().map(Zeroizing::new)
}

/// Answers 401 if the registry has credentials and the request does not carry
/// them.
pub(crate) async fn authenticate(
    State(credentials): State<Arc<Option<BasicAuth>>>,
    request: Request,
    next: Next,
) -> Response {
    match credentials.as_ref() {
        Some(credentials) if !credentials.admits(request.headers()) => {
            unauthorized(request.method())
        }
        _ => next.run(request).await,
    }
}

/// Builds the 401. Like Confluent's server, it has a body only for the common
/// methods.
fn unauthorized(method: &Method) -> Response {
    let with_body = [Method::GET, Method::POST, Method::PUT, Method::HEAD].contains(method);
    let error = ApiError::new(401, "Unauthorized");
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    let headers = response.headers_mut();
    headers.insert(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Basic realm=\"SchemaRegistry\""),
    );
    if with_body {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        *response.body_mut() = Body::from(error.to_json());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admits_the_right_pair_only() {
        let credentials = BasicAuth::new("key", "se:cret");
        let encode = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        for (header, admitted) in [
            (encode("key:se:cret"), true),
            (encode("key:se:cret").replace("Basic", "bASIC"), true),
            (encode("key:secret"), false),
            (encode("key:"), false),
            (encode(":se:cret"), false),
            (encode(""), false),
            ("Basic !!!".to_owned(), false),
            ("Basic".to_owned(), false),
            ("Bearer abc".to_owned(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, header.parse().unwrap());
            assert_eq!(credentials.admits(&headers), admitted, "{header}");
        }
        assert!(!credentials.admits(&HeaderMap::new()));
    }

    #[test]
    fn debug_output_hides_the_secret() {
        let shown = format!("{:?}", BasicAuth::new("key", "hunter2"));
        assert!(!shown.contains("hunter2") && !shown.contains("key"));
    }
}
