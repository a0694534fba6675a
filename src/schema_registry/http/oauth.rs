//! OAuth 2.0 client credentials (RFC 6749, section 4.4).
//!
//! A grant is one form POST, sent by the client's own HTTP stack. OAuth libraries are
//! made for browser flows and would add another set of time, random and hash crates.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Client as Http, Url};
use serde::Deserialize;
use tokio::sync::Mutex;
use zeroize::{Zeroize, Zeroizing};

use super::authorization::Authorization;
use super::path::encode;
use crate::schema_registry::error::{Error, TokenError};
use crate::schema_registry::error_text::sanitized;
use crate::schema_registry::secret::Secret;

/// Lifetime of a token whose answer names none.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);

/// Pause between attempts to renew a token that is still valid.
const RENEWAL_PAUSE: Duration = Duration::from_secs(15);

/// Maximum size of an answer in bytes.
const MAX_ANSWER: usize = 256 * 1024;

/// The credentials of a client at an OAuth token endpoint.
#[derive(Clone)]
pub struct ClientCredentials {
    pub(in crate::schema_registry) token_url: String,
    client_id: String,
    client_secret: Secret,
    scope: Option<String>,
    in_body: bool,
}

impl ClientCredentials {
    /// Creates credentials for the token endpoint `token_url`.
    pub fn new(
        token_url: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> Self {
        Self {
            token_url: token_url.into(),
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            scope: None,
            in_body: false,
        }
    }

    /// Sets the requested scopes, separated by spaces.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into()).filter(|scope| !scope.is_empty());
        self
    }

    /// Sends id and secret in the form instead of the `Authorization` header, as
    /// some token endpoints require.
    pub fn credentials_in_body(mut self, in_body: bool) -> Self {
        self.in_body = in_body;
        self
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("scope", &self.scope)
            .field("credentials_in_body", &self.in_body)
            .finish_non_exhaustive()
    }
}

/// A source of tokens that caches them and renews them before they expire.
pub(in crate::schema_registry) struct OAuth {
    http: Http,
    url: Url,
    endpoint: String,
    /// Client authentication, unless it is part of the form.
    authorization: Option<HeaderValue>,
    form: Zeroizing<String>,
    secret: Secret,
    timeout: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// The last failed renewal, for the callers that waited for it.
    failure: Option<(Instant, Arc<TokenError>)>,
}

#[derive(Clone)]
struct Token {
    secret: Secret,
    /// When to renew it.
    stale: Instant,
    /// When it becomes invalid.
    expired: Instant,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Option<String>,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
}

#[derive(Default, Deserialize)]
struct TokenRefusal {
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    error_description: Option<String>,
}

impl OAuth {
    pub(in crate::schema_registry) fn new(
        http: Http,
        url: Url,
        endpoint: String,
        credentials: &ClientCredentials,
        timeout: Duration,
    ) -> Result<Self, Error> {
        let ClientCredentials {
            client_id,
            client_secret,
            scope,
            in_body,
            ..
        } = credentials;
        if client_id.is_empty() || client_secret.is_empty() {
            return Err(Error::settings(
                "OAuth needs both a client id and a client secret",
            ));
        }
        let mut form = Zeroizing::new(String::from("grant_type=client_credentials"));
        if let Some(scope) = scope {
            form.push_str("&scope=");
            form.push_str(&encode(scope));
        }
        let id = encode(client_id);
        let secret = Zeroizing::new(encode(client_secret.expose()));
        let authorization = if *in_body {
            form.push_str("&client_id=");
            form.push_str(&id);
            form.push_str("&client_secret=");
            form.push_str(&secret);
            None
        } else {
            // RFC 6749, section 2.3.1: both are form-encoded before joining.
            let secret = Secret::new(secret.as_str());
            Some(Authorization::basic(&id, &secret)?.header)
        };
        Ok(Self {
            http,
            url,
            endpoint,
            authorization,
            form,
            secret: client_secret.clone(),
            timeout,
            state: Mutex::new(State::default()),
        })
    }

    /// Returns the current token. One caller fetches it while others wait.
    pub(in crate::schema_registry) async fn token(&self) -> Result<Secret, Arc<TokenError>> {
        let asked = Instant::now();
        let mut state = self.state.lock().await;
        let now = Instant::now();
        let usable = state.token.clone().filter(|token| now < token.expired);
        if let Some(token) = &usable
            && now < token.stale
        {
            return Ok(token.secret.clone());
        }
        // Callers that waited for a failed renewal share its error.
        if let Some((at, error)) = &state.failure
            && asked <= *at
        {
            return usable
                .map(|token| token.secret)
                .ok_or_else(|| error.clone());
        }
        match self.fetch().await {
            Ok(token) => {
                let secret = token.secret.clone();
                state.token = Some(token);
                state.failure = None;
                Ok(secret)
            }
            Err(error) => {
                let error = Arc::new(error);
                let failed = Instant::now();
                state.failure = Some((failed, error.clone()));
                let Some(mut token) = usable else {
                    return Err(error);
                };
                tracing::warn!(%error, "access token not renewed; the old one is still valid");
                let secret = token.secret.clone();
                // While the token is valid, calls need not wait for a dead endpoint.
                token.stale = failed.checked_add(RENEWAL_PAUSE).unwrap_or(failed);
                state.token = Some(token);
                Ok(secret)
            }
        }
    }

    /// Drops a token that was refused before it expired.
    pub(in crate::schema_registry) async fn reject(&self, refused: &Secret) {
        let mut state = self.state.lock().await;
        if state
            .token
            .as_ref()
            .is_some_and(|token| token.secret == *refused)
        {
            state.token = None;
        }
    }

    async fn fetch(&self) -> Result<Token, TokenError> {
        let endpoint = || self.endpoint.clone();
        let malformed = |reason| TokenError::Malformed {
            endpoint: endpoint(),
            reason,
        };
        let broken = |error: reqwest::Error| {
            if error.is_timeout() && !error.is_connect() {
                TokenError::Timeout {
                    endpoint: endpoint(),
                }
            } else {
                TokenError::Unreachable {
                    endpoint: endpoint(),
                    source: Box::new(error.without_url()),
                }
            }
        };

        let started = Instant::now();
        let mut request = self
            .http
            .post(self.url.clone())
            .timeout(self.timeout)
            .header(ACCEPT, "application/json")
            .header(
                reqwest::header::CONTENT_TYPE,
                "application/x-www-form-urlencoded",
            )
            .body(self.form.as_bytes().to_vec());
        if let Some(header) = &self.authorization {
            request = request.header(AUTHORIZATION, header.clone());
        }
        let mut response = request.send().await.map_err(broken)?;
        let status = response.status();
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len().saturating_add(chunk.len()) > MAX_ANSWER {
                return Err(malformed("it is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        tracing::debug!(
            endpoint = %self.endpoint,
            status = status.as_u16(),
            ms = started.elapsed().as_millis(),
            "requested an access token"
        );

        if !status.is_success() {
            let refusal: TokenRefusal = serde_json::from_slice(&body).unwrap_or_default();
            let words: Vec<String> = [refusal.error, refusal.error_description]
                .into_iter()
                .flatten()
                .collect();
            let secret = self.secret.expose();
            let encoded = Zeroizing::new(encode(secret));
            return Err(TokenError::Refused {
                endpoint: endpoint(),
                status: status.as_u16(),
                message: sanitized(&words.join(": "), &[secret, &encoded]),
            });
        }
        // The parser's error would quote the answer, which may hold a token.
        let mut answer: TokenAnswer =
            serde_json::from_slice(&body).map_err(|_| malformed("it is not a JSON object"))?;
        let Some(token) = answer
            .access_token
            .as_mut()
            .filter(|token| !token.is_empty())
        else {
            return Err(malformed("it has no access_token"));
        };
        let secret = Secret::new(token.as_str());
        token.zeroize();
        if answer
            .token_type
            .is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer"))
        {
            return Err(malformed("its token_type is not Bearer"));
        }
        // Some servers send the number as text.
        let lifetime = match answer.expires_in {
            Some(serde_json::Value::Number(n)) => n.as_f64(),
            Some(serde_json::Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        }
        .and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok())
        .unwrap_or(DEFAULT_LIFETIME)
        // Caps the lifetime, so that the clock cannot overflow.
        .min(Duration::from_secs(100 * 365 * 86_400));
        let at = |fraction| {
            started
                .checked_add(lifetime.mul_f64(fraction))
                .unwrap_or(started)
        };
        Ok(Token {
            secret,
            stale: at(0.8),
            expired: at(1.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a source whose endpoint refuses connections.
    fn unreachable() -> OAuth {
        let url = Url::parse("http://127.0.0.1:1/token").unwrap();
        let credentials = ClientCredentials::new(url.as_str(), "id", "s3cret");
        let http = Http::builder().no_proxy().build().unwrap();
        let endpoint = "http://127.0.0.1:1".to_owned();
        OAuth::new(http, url, endpoint, &credentials, Duration::from_secs(5)).unwrap()
    }

    fn in_an_hour() -> Instant {
        Instant::now() + Duration::from_secs(3600)
    }

    #[tokio::test]
    async fn a_valid_token_outlives_a_failed_renewal() {
        let oauth = unreachable();
        oauth.state.lock().await.token = Some(Token {
            secret: Secret::new("old"),
            stale: Instant::now(),
            expired: in_an_hour(),
        });
        assert_eq!(oauth.token().await.unwrap().expose(), "old");
        let state = oauth.state.lock().await;
        let token = state.token.as_ref().unwrap();
        assert!(token.stale > Instant::now(), "the next try is put off");
    }

    #[tokio::test]
    async fn an_expired_token_does_not() {
        let oauth = unreachable();
        oauth.state.lock().await.token = Some(Token {
            secret: Secret::new("old"),
            stale: Instant::now(),
            expired: Instant::now(),
        });
        let error = oauth.token().await.unwrap_err();
        assert!(matches!(*error, TokenError::Unreachable { .. }));
        assert!(!format!("{error:?}").contains("s3cret"));
    }

    #[tokio::test]
    async fn only_the_token_that_was_refused_is_forgotten() {
        let oauth = unreachable();
        oauth.state.lock().await.token = Some(Token {
            secret: Secret::new("new"),
            stale: in_an_hour(),
            expired: in_an_hour(),
        });
        oauth.reject(&Secret::new("old")).await;
        assert_eq!(oauth.token().await.unwrap().expose(), "new");
        oauth.reject(&Secret::new("new")).await;
        assert!(oauth.token().await.is_err());
    }
}
