//! Keeps web pages away from a registry on this machine.
//!
//! A browser lets any page send requests to a server on loopback. A page whose
//! host name is rebound to 127.0.0.1 can even read the answers. Therefore a
//! request over loopback must name an IP address or `localhost` as its host,
//! and a request from a page must come from an allowed origin.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::connection::Connection;
use crate::embedded::registry::api_error::ApiError;

/// Methods allowed to pages of an allowed origin.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE");
/// Seconds for which a browser caches the answer to a preflight.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");
/// Maximum number of characters of a header that an error message quotes.
const MAX_QUOTED: usize = 100;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// An origin of web pages: scheme, host and port, such as
/// `http://localhost:3000`.
///
/// ```
/// use cc_protobuf_examples::embedded::registry::Origin;
///
/// let origin: Origin = "http://LocalHost:3000/".parse()?;
/// assert_eq!(origin.to_string(), "http://localhost:3000");
/// assert!("localhost:3000".parse::<Origin>().is_err());
/// # Ok::<(), cc_protobuf_examples::embedded::registry::InvalidOrigin>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(String);

/// The error for text that is not an [`Origin`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an origin: give scheme, host and port, such as http://localhost:3000")]
pub struct InvalidOrigin(String);

impl FromStr for Origin {
    type Err = InvalidOrigin;

    /// Parses an origin and normalises it as browsers write it: in lower case,
    /// without the default port of its scheme. One trailing slash is ignored.
    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let invalid = || InvalidOrigin(text.to_owned());
        let uri: Uri = text.to_ascii_lowercase().parse().map_err(|_| invalid())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(invalid());
        };
        let names_more = uri.path() != "/" || uri.query().is_some() || text.contains(['@', '#']);
        if names_more || authority.host().is_empty() {
            return Err(invalid());
        }
        let port = match (scheme, authority.port_u16()) {
            ("http", Some(80)) | ("https", Some(443)) | (_, None) => String::new(),
            (_, Some(port)) => format!(":{port}"),
        };
        Ok(Self(format!("{scheme}://{}{port}", authority.host())))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Answers 403 to requests that a foreign page may have sent, and adds CORS
/// headers to answers for allowed pages.
pub(crate) async fn guard(
    State(allowed): State<Arc<[Origin]>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let hosts = match hosts(&request) {
        Ok(hosts) => hosts,
        Err(error) => return error.into_response(),
    };
    if connection.is_loopback()
        && let Some(foreign) = hosts.iter().find(|host| !is_of_this_machine(host))
    {
        return forbidden(format!(
            "The host {} is refused: over loopback, name the registry by an IP address or as localhost",
            quoted(foreign)
        ));
    }
    match sender(request.headers(), &hosts, &allowed) {
        Sender::NoPage => next.run(request).await,
        Sender::Allowed(origin) => {
            let mut response = match preflight(&request) {
                Some(answer) => answer,
                None => next.run(request).await,
            };
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.append(header::VARY, HeaderValue::from_static("origin"));
            response
        }
        Sender::Foreign(origin) => forbidden(format!(
            "Requests of web pages from {} are refused; the registry must be started with this origin allowed",
            quoted(&origin)
        )),
    }
}

fn forbidden(message: String) -> Response {
    ApiError::new(403, message).into_response()
}

fn quoted(text: &str) -> String {
    let start: String = text.chars().take(MAX_QUOTED).collect();
    format!("{start:?}")
}

/// Returns the hosts that a request names: in its Host header, and in its
/// target if that is a whole URL. HTTP/1.0 needs no header.
fn hosts(request: &Request) -> Result<Vec<String>, ApiError> {
    let mut hosts: Vec<String> = Vec::new();
    for host in request.headers().get_all(header::HOST) {
        hosts.push(String::from_utf8_lossy(host.as_bytes()).into_owned());
    }
    let needs_header = request.version() == Version::HTTP_11;
    if hosts.len() > 1 || (needs_header && hosts.is_empty()) {
        return Err(ApiError::new(400, "The request must have one Host header"));
    }
    hosts.extend(request.uri().authority().map(ToString::to_string));
    Ok(hosts)
}

/// Returns whether a host is an IP address or `localhost`. Names under
/// `.localhost` are safe too: browsers resolve them without DNS, so nobody can
/// rebind them.
fn is_of_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    if host.contains('@') {
        return false;
    }
    let name = authority.host().to_ascii_lowercase();
    let bare = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
    bare.unwrap_or(&name).parse::<IpAddr>().is_ok()
        || name == "localhost"
        || name.ends_with(".localhost")
}

/// Who sent a request.
#[derive(Debug, PartialEq)]
enum Sender {
    /// Not a web page, or a page of the registry's own origin.
    NoPage,
    /// A page of an allowed origin.
    Allowed(HeaderValue),
    /// Another page.
    Foreign(String),
}

fn sender(headers: &HeaderMap, hosts: &[String], allowed: &[Origin]) -> Sender {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else {
        return without_origin(headers);
    };
    let text = String::from_utf8_lossy(origin.as_bytes());
    if origins.next().is_some() {
        return Sender::Foreign(text.into_owned());
    }
    if allowed.iter().any(|allowed| allowed.0 == text) {
        return Sender::Allowed(origin.clone());
    }
    let own = |host: &String| {
        text.strip_prefix("http://")
            .is_some_and(|origin| origin.eq_ignore_ascii_case(host))
    };
    if hosts.iter().any(own) {
        Sender::NoPage
    } else {
        Sender::Foreign(text.into_owned())
    }
}

/// Classifies a request without an origin. Browsers omit it when a page loads
/// an image or a script, and the page learns from the outcome what exists here.
/// Following a link is harmless: only the user sees the answer.
fn without_origin(headers: &HeaderMap) -> Sender {
    let is = |name: HeaderName, value: &str| headers.get(name).is_some_and(|found| found == value);
    let from_page = is(SEC_FETCH_SITE, "cross-site") || is(SEC_FETCH_SITE, "same-site");
    if from_page && !is(SEC_FETCH_MODE, "navigate") {
        Sender::Foreign("another site".to_owned())
    } else {
        Sender::NoPage
    }
}

/// Returns the answer to a CORS preflight; `None` for any other request.
fn preflight(request: &Request) -> Option<Response> {
    let asked = header::ACCESS_CONTROL_REQUEST_METHOD;
    if request.method() != Method::OPTIONS || !request.headers().contains_key(asked) {
        return None;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    // All requested headers are allowed: none of them has an effect here.
    let wanted = header::ACCESS_CONTROL_REQUEST_HEADERS;
    if let Some(wanted) = request.headers().get(wanted) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_do() {
        for (text, expected) in [
            ("http://localhost:3000", Some("http://localhost:3000")),
            ("HTTP://LocalHost:80/", Some("http://localhost")),
            ("https://a.example:443", Some("https://a.example")),
            ("https://a.example:80", Some("https://a.example:80")),
            ("http://[::1]:8080", Some("http://[::1]:8080")),
            ("chrome-extension://abc", Some("chrome-extension://abc")),
            ("localhost:3000", None),
            ("localhost", None),
            ("http://a/b", None),
            ("http://a?b", None),
            ("http://a#b", None),
            ("http://u@a", None),
            ("*", None),
            ("null", None),
            ("", None),
        ] {
            let origin = text.parse::<Origin>().ok().map(|o| o.to_string());
            assert_eq!(origin.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn hosts_of_this_machine_are_addresses_and_localhost() {
        for (host, expected) in [
            ("127.0.0.1:8081", true),
            ("127.0.0.1", true),
            ("[::1]:8081", true),
            ("192.168.1.2:80", true),
            ("localhost:8081", true),
            ("LOCALHOST", true),
            ("a.localhost:1", true),
            ("evil.example:8081", false),
            ("localhost.evil.example", false),
            ("evillocalhost", false),
            ("127.0.0.1.evil.example", false),
            ("evil.example@127.0.0.1", false),
            ("registry", false),
            ("", false),
            ("a b", false),
        ] {
            assert_eq!(is_of_this_machine(host), expected, "{host}");
        }
    }
}
