//! Sends a call: chooses a server, authenticates, retries, and observes timeouts.

use std::error::Error as _;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use bytes::{Bytes, BytesMut};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::{Client as Http, Response, Url};

use super::auth::Auth;
use super::authorization::Authorization;
use super::call::Call;
use super::response::Reply;
use super::retry::{Limits, retry_after};
use crate::schema_registry::error::{Error, Exchange};

/// Without this header, Confluent Cloud omits members such as `guid` and `ts`.
const ACCEPT_UNKNOWN: HeaderName = HeaderName::from_static("confluent-accept-unknown-properties");

/// A base URL and its HTTP client.
pub(in crate::schema_registry) struct Endpoint {
    /// Base URL without a trailing slash and without credentials.
    pub(in crate::schema_registry) base: String,
    /// Scheme, host and port, for messages.
    pub(in crate::schema_registry) origin: String,
    pub(in crate::schema_registry) http: Http,
    pub(in crate::schema_registry) auth: Auth,
    /// Sent with every request.
    pub(in crate::schema_registry) headers: HeaderMap,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Omits the HTTP client, which may contain a proxy's password.
        f.debug_struct("Endpoint")
            .field("base", &self.base)
            .field("auth", &self.auth)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(in crate::schema_registry) struct Transport {
    /// The servers; at least one.
    pub(in crate::schema_registry) endpoints: Vec<Endpoint>,
    /// Index of the server that answered last.
    pub(in crate::schema_registry) preferred: AtomicUsize,
    pub(in crate::schema_registry) limits: Limits,
    /// Maximum size of an answer in bytes.
    pub(in crate::schema_registry) max_answer: usize,
}

impl Transport {
    /// Sends the call until it succeeds, fails permanently, or times out.
    pub(in crate::schema_registry) async fn send(&self, call: &Call) -> Result<Reply, Error> {
        let started = Instant::now();
        let count = self.endpoints.len();
        let mut index = self.preferred.load(Ordering::Relaxed);
        let mut requests = 0_u32;
        let mut retries = 0_u32;
        let mut failed_over = 1;
        let mut renewed = false;
        loop {
            let Some(endpoint) = self.endpoints.get(index).or(self.endpoints.first()) else {
                return Err(Error::settings("no base URL"));
            };
            requests = requests.saturating_add(1);
            let mut failure = match self.attempt(call, endpoint, started, &mut renewed).await {
                Ok(reply) => {
                    self.preferred.store(index, Ordering::Relaxed);
                    return Ok(reply);
                }
                Err(Failure::Renew) => continue,
                Err(Failure::Error(failure)) => failure,
            };
            failure.count_requests(requests);

            if failed_over < count && is_worth_elsewhere(call, &failure) {
                failed_over = failed_over.saturating_add(1);
                index = index.wrapping_add(1).checked_rem(count).unwrap_or_default();
                continue;
            }
            if failure.status().is_some_and(|status| status < 500) {
                self.preferred.store(index, Ordering::Relaxed);
            }
            if !may_repeat(call, &failure) || retries >= self.limits.retries {
                return Err(failure);
            }
            let pause = failure
                .retry_after()
                .unwrap_or_else(|| self.limits.pause_before(retries));
            if started.elapsed().saturating_add(pause) >= self.limits.total {
                return Err(failure);
            }
            tracing::debug!(
                method = call.method.as_str(),
                path = call.path,
                pause_ms = pause.as_millis(),
                error = %failure,
                "retrying the registry request"
            );
            tokio::time::sleep(pause).await;
            retries = retries.saturating_add(1);
            failed_over = 1;
            index = self.preferred.load(Ordering::Relaxed);
        }
    }

    async fn attempt(
        &self,
        call: &Call,
        endpoint: &Endpoint,
        started: Instant,
        renewed: &mut bool,
    ) -> Result<Reply, Failure> {
        let exchange = || Exchange {
            method: method_name(call),
            path: call.path.clone(),
            server: endpoint.origin.clone(),
            requests: 1,
        };
        let timeout = |after| Error::Timeout {
            exchange: Box::new(exchange()),
            after,
        };
        let remaining = || self.limits.total.saturating_sub(started.elapsed());

        let authorization = tokio::time::timeout(remaining(), endpoint.auth.authorization())
            .await
            .map_err(|_| timeout(self.limits.total))?
            .map_err(|source| Error::Token {
                exchange: Box::new(exchange()),
                source,
            })?;

        let left = remaining();
        if left.is_zero() {
            return Err(timeout(self.limits.total).into());
        }
        let (limit, after) = if left < self.limits.request {
            (left, self.limits.total)
        } else {
            (self.limits.request, self.limits.request)
        };
        let request = endpoint.request(call, authorization.as_ref(), limit)?;

        let sent = Instant::now();
        let result = async {
            let response = endpoint.http.execute(request).await?;
            let status = response.status().as_u16();
            let reply = self.read(call, response, exchange()).await?;
            Ok::<_, Unread>((status, reply))
        }
        .await;
        let ms = sent.elapsed().as_millis();
        let (method, path, server) = (call.method.as_str(), &*call.path, &*endpoint.origin);
        let reply = match result {
            Ok((status, reply)) => {
                tracing::debug!(method, path, server, status, ms, "registry request");
                reply?
            }
            Err(Unread(error)) => {
                let error = error.without_url();
                let error = if error.is_connect() {
                    Error::Connect {
                        exchange: Box::new(exchange()),
                        source: Box::new(error),
                    }
                } else if error.is_timeout() {
                    timeout(after)
                } else {
                    Error::Interrupted {
                        exchange: Box::new(exchange()),
                        source: Box::new(error),
                    }
                };
                tracing::debug!(
                    method, path, server, ms,
                    error = %error,
                    cause = error.source().map(tracing::field::display),
                    "registry request failed"
                );
                return Err(error.into());
            }
        };

        let Some(Authorization { header, secret }) = &authorization else {
            return Ok(reply.judge(&[])?);
        };
        if reply.status == 401 && endpoint.auth.is_renewable() && !*renewed {
            *renewed = true;
            endpoint.auth.reject(secret).await;
            return Err(Failure::Renew);
        }
        let credentials = header
            .to_str()
            .ok()
            .and_then(|value| value.split_once(' '))
            .map_or("", |(_, credentials)| credentials);
        Ok(reply.judge(&[credentials, secret.expose()])?)
    }

    /// Reads the whole answer; the outer error is the connection's.
    async fn read(
        &self,
        call: &Call,
        mut response: Response,
        exchange: Exchange,
    ) -> Result<Result<Reply, Error>, reqwest::Error> {
        let header = |name| {
            response
                .headers()
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        let mut reply = Reply {
            exchange,
            api: call.api,
            status: response.status().as_u16(),
            content_type: header(CONTENT_TYPE).unwrap_or_default().to_owned(),
            location: header(LOCATION).map(|to| visible_target(response.url(), to)),
            retry_after: header(RETRY_AFTER)
                .and_then(|value| retry_after(value, SystemTime::now())),
            body: Bytes::new(),
        };
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len().saturating_add(chunk.len()) > self.max_answer {
                let reason = format!("longer than the limit of {} bytes", self.max_answer);
                return Ok(Err(reply.foreign(reason)));
            }
            body.extend_from_slice(&chunk);
        }
        reply.body = body.freeze();
        Ok(Ok(reply))
    }
}

impl Endpoint {
    fn request(
        &self,
        call: &Call,
        authorization: Option<&Authorization>,
        timeout: Duration,
    ) -> Result<reqwest::Request, Error> {
        let mut url =
            Url::parse(&format!("{}{}", self.base, call.path)).map_err(|e| Error::Settings {
                reason: format!("{} cannot be the base URL of a path", self.origin),
                source: Some(Box::new(e)),
            })?;
        if !call.query.is_empty() {
            url.set_query(Some(&call.query));
        }
        let mut request = self
            .http
            .request(call.method.clone(), url)
            .timeout(timeout)
            .headers(self.headers.clone())
            .header(ACCEPT, call.api.accept())
            .header(ACCEPT_UNKNOWN, "true");
        if let Some(Authorization { header, .. }) = authorization {
            request = request.header(AUTHORIZATION, header.clone());
        }
        if let Some(body) = &call.body {
            request = request
                .header(CONTENT_TYPE, call.api.content_type())
                .body(body.clone());
        }
        request.build().map_err(|e| Error::Settings {
            reason: "the request cannot be built".to_owned(),
            source: Some(Box::new(e.without_url())),
        })
    }
}

enum Failure {
    /// The token was refused and dropped: retry with a new one.
    Renew,
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// The connection failed before the answer was read.
struct Unread(reqwest::Error);

impl From<reqwest::Error> for Unread {
    fn from(error: reqwest::Error) -> Self {
        Self(error)
    }
}

/// Returns whether the same request may be retried after this failure.
fn may_repeat(call: &Call, failure: &Error) -> bool {
    match failure {
        // A bad certificate does not change between attempts.
        Error::Connect { .. } | Error::Interrupted { .. } if failure.is_tls() => false,
        // The registry did not receive the request.
        Error::Connect { .. } | Error::Token { .. } => failure.is_retryable(),
        // A server that hangs once is likely to hang again.
        Error::Timeout { .. } => false,
        _ => !call.creates && failure.is_retryable(),
    }
}

/// Returns whether to try another server. Not when throttled: the servers share the
/// limit.
fn is_worth_elsewhere(call: &Call, failure: &Error) -> bool {
    match failure {
        Error::Connect { .. } => true,
        Error::Interrupted { .. } | Error::Timeout { .. } => !call.creates,
        Error::Answer(answer) => !call.creates && matches!(answer.status, 500 | 502..=504),
        _ => false,
    }
}

fn method_name(call: &Call) -> &'static str {
    match call.method.as_str() {
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        _ => "GET",
    }
}

/// Returns a redirect's target without credentials and query.
fn visible_target(from: &Url, location: &str) -> String {
    match from.join(location) {
        Ok(mut target) => {
            target.set_query(None);
            target.set_fragment(None);
            // Neither call fails for a URL with a host.
            let _ = target.set_username("");
            let _ = target.set_password(None);
            target.into()
        }
        Err(_) => "an unreadable address".to_owned(),
    }
}
