//! The builder that collects and checks a client's settings.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use zeroize::Zeroizing;

use super::client::Client;
use super::error::Error;
use super::http::address::{absolute_url, base_url, is_loopback, origin, user_info};
use super::http::auth::{Auth, TokenProvider};
use super::http::oauth::{ClientCredentials, OAuth};
use super::http::pools::{PoolSettings, Pools};
use super::http::retry::Limits;
use super::http::transport::{Endpoint, Transport};
use super::secret::Secret;

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
const IDENTITY_POOL: HeaderName = HeaderName::from_static("confluent-identity-pool-id");
const LOGICAL_CLUSTER: HeaderName = HeaderName::from_static("target-sr-cluster");

/// Collects settings and builds a [`Client`].
///
/// ```
/// use std::time::Duration;
/// use cc_protobuf_examples::schema_registry::{Client, ClientCredentials};
///
/// let client = Client::builder("https://sr-1.example.com,https://sr-2.example.com")
///     .oauth(
///         ClientCredentials::new("https://idp.example.com/token", "id", "secret")
///             .scope("schema_registry"),
///     )
///     .logical_cluster("lsrc-abc12")
///     .identity_pool_id("pool-x4mpl")
///     .total_timeout(Duration::from_secs(20))
///     .build()?;
/// # Ok::<(), cc_protobuf_examples::schema_registry::Error>(())
/// ```
#[must_use]
pub struct ClientBuilder {
    urls: String,
    auth: Vec<Method>,
    identity_pool_id: Option<String>,
    logical_cluster: Option<String>,
    pools: PoolSettings,
    limits: Limits,
    max_answer: usize,
}

/// A configured authentication method.
enum Method {
    Basic(String, Secret),
    Bearer(Secret),
    OAuth(ClientCredentials),
    Provider(Arc<dyn TokenProvider>),
}

impl Client {
    /// Creates a builder for the registry at `urls`: one base URL, or several of
    /// the same registry, separated by commas.
    ///
    /// User information in a URL (`https://key:secret@host`) is used for Basic
    /// authentication at that host.
    pub fn builder(urls: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            urls: urls.into(),
            auth: Vec::new(),
            identity_pool_id: None,
            logical_cluster: None,
            pools: PoolSettings {
                user_agent: USER_AGENT.to_owned(),
                connect_timeout: Duration::from_secs(5),
                ca_pem: Vec::new(),
                identity_pem: None,
            },
            limits: Limits::default(),
            max_answer: 64 * 1024 * 1024,
        }
    }
}

impl ClientBuilder {
    /// Authenticates with HTTP Basic; on Confluent Cloud with an API key of the
    /// Schema Registry and its secret.
    pub fn basic_auth(mut self, user: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.auth.push(Method::Basic(user.into(), password.into()));
        self
    }

    /// Authenticates with a fixed bearer token.
    pub fn bearer_token(mut self, token: impl Into<Secret>) -> Self {
        self.auth.push(Method::Bearer(token.into()));
        self
    }

    /// Authenticates with bearer tokens from an OAuth token endpoint (client
    /// credentials). They are cached, and renewed after four fifths of their
    /// lifetime or after a 401.
    pub fn oauth(mut self, credentials: ClientCredentials) -> Self {
        self.auth.push(Method::OAuth(credentials));
        self
    }

    /// Authenticates with bearer tokens from the application.
    pub fn token_provider(mut self, provider: impl TokenProvider) -> Self {
        self.auth.push(Method::Provider(Arc::new(provider)));
        self
    }

    /// Sets the Confluent Cloud identity pool of the token, `pool-…` (header
    /// `Confluent-Identity-Pool-Id`). Requires bearer tokens.
    pub fn identity_pool_id(mut self, id: impl Into<String>) -> Self {
        self.identity_pool_id = Some(id.into()).filter(|id| !id.is_empty());
        self
    }

    /// Sets the logical cluster of the Schema Registry in Confluent Cloud,
    /// `lsrc-…` (header `target-sr-cluster`). Requires bearer tokens.
    pub fn logical_cluster(mut self, id: impl Into<String>) -> Self {
        self.logical_cluster = Some(id.into()).filter(|id| !id.is_empty());
        self
    }

    /// Trusts these PEM certificates in addition to the operating system's.
    pub fn ca_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.pools.ca_pem.push(pem.into());
        self
    }

    /// Sets the client certificate for mutual TLS: the certificate chain and its
    /// unencrypted private key, both in PEM.
    pub fn client_certificate_pem(
        mut self,
        certificates: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Self {
        let mut pem = Zeroizing::new(Vec::with_capacity(
            certificates
                .as_ref()
                .len()
                .saturating_add(key.as_ref().len())
                .saturating_add(1),
        ));
        pem.extend_from_slice(certificates.as_ref());
        pem.push(b'\n');
        pem.extend_from_slice(key.as_ref());
        self.pools.identity_pem = Some(pem);
        self
    }

    /// Sets the maximum time to connect, including TLS. Default: 5 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.pools.connect_timeout = timeout;
        self
    }

    /// Sets the maximum time for one request and its answer. Default: 30 s.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.limits.request = timeout;
        self
    }

    /// Sets the maximum time for a call including its retries. Default: 60 s.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.limits.total = timeout;
        self
    }

    /// Sets how often a failed request is retried. Default: 3 times.
    pub fn retries(mut self, retries: u32) -> Self {
        self.limits.retries = retries;
        self
    }

    /// Sets the upper bound of the first pause between attempts, which doubles
    /// each time, and of any pause. Defaults: 500 ms and 20 s. The actual pause
    /// is a random part of the bound.
    pub fn retry_pauses(mut self, first: Duration, longest: Duration) -> Self {
        self.limits.pause = first;
        self.limits.longest_pause = longest;
        self
    }

    /// Sets the maximum size of an answer in bytes. Default: 64 MiB.
    pub fn max_answer_bytes(mut self, bytes: usize) -> Self {
        self.max_answer = bytes;
        self
    }

    /// Puts the application's product name in front of the `User-Agent`.
    pub fn user_agent(mut self, product: &str) -> Self {
        self.pools.user_agent = format!("{product} {USER_AGENT}");
        self
    }

    /// Builds the client. It sends no request yet.
    ///
    /// TLS uses the default `rustls` crypto provider of the process. If there is
    /// none, this installs ring's.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Settings`] for a missing or malformed URL, several
    /// authentication methods, unreadable certificates or keys, and values that
    /// cannot be part of a header.
    pub fn build(self) -> Result<Client, Error> {
        let urls = self
            .urls
            .split(',')
            .map(str::trim)
            .filter(|url| !url.is_empty())
            .map(base_url)
            .collect::<Result<Vec<_>, _>>()?;
        if urls.is_empty() {
            return Err(Error::settings("there is no base URL"));
        }
        let token_url = match self.auth.first() {
            Some(Method::OAuth(credentials)) => Some(absolute_url(&credentials.token_url)?),
            _ => None,
        };
        let pools = Pools::new(&self.pools, urls.iter().chain(&token_url))?;
        let (auth, headers) = self.authentication(&pools, token_url)?;

        let mut endpoints = Vec::with_capacity(urls.len());
        for mut url in urls {
            let origin = origin(&url);
            let auth = match (user_info(&mut url)?, &auth) {
                (None, auth) => auth.clone(),
                (Some((user, password)), Auth::Anonymous) => Auth::basic(&user, &password)?,
                (Some(_), _) => {
                    return Err(Error::settings(format!(
                        "the URL of {origin} contains credentials, and another authentication method is set too; choose one"
                    )));
                }
            };
            if url.scheme() == "http" && !is_loopback(&url) && !auth.is_anonymous() {
                tracing::warn!(server = %origin, "credentials are sent over an unencrypted connection");
            }
            endpoints.push(Endpoint {
                base: url.as_str().trim_end_matches('/').to_owned(),
                http: pools.for_url(&url)?,
                headers: headers.clone(),
                origin,
                auth,
            });
        }
        Ok(Client::over(Transport {
            endpoints,
            preferred: AtomicUsize::new(0),
            limits: self.limits,
            max_answer: self.max_answer,
        }))
    }

    fn authentication(
        &self,
        pools: &Pools,
        token_url: Option<Url>,
    ) -> Result<(Auth, HeaderMap), Error> {
        let auth = match (self.auth.as_slice(), token_url) {
            ([], _) => Auth::Anonymous,
            ([Method::Basic(user, password)], _) => Auth::basic(user, password)?,
            ([Method::Bearer(token)], _) => Auth::bearer(token)?,
            ([Method::Provider(provider)], _) => Auth::Provider(provider.clone()),
            ([Method::OAuth(credentials)], Some(url)) => {
                let endpoint = origin(&url);
                if url.scheme() == "http" && !is_loopback(&url) {
                    tracing::warn!(server = %endpoint, "the client secret is sent over an unencrypted connection");
                }
                let http = pools.for_url(&url)?;
                let limit = self.limits.request;
                Auth::Granted(Arc::new(OAuth::new(
                    http,
                    url,
                    endpoint,
                    credentials,
                    limit,
                )?))
            }
            _ => {
                return Err(Error::settings(
                    "more than one authentication method is set; choose one",
                ));
            }
        };
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (IDENTITY_POOL, &self.identity_pool_id),
            (LOGICAL_CLUSTER, &self.logical_cluster),
        ] {
            let Some(value) = value else { continue };
            if matches!(self.auth.first(), None | Some(Method::Basic(..))) {
                return Err(Error::settings(format!(
                    "{name} requires a bearer token or OAuth"
                )));
            }
            let value = HeaderValue::from_str(value).map_err(|_| {
                Error::settings(format!("the value of {name} cannot be part of a header"))
            })?;
            headers.insert(name, value);
        }
        Ok((auth, headers))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // URLs may contain credentials, and PEM text a private key.
        f.debug_struct("ClientBuilder")
            .field("identity_pool_id", &self.identity_pool_id)
            .field("logical_cluster", &self.logical_cluster)
            .field("connect_timeout", &self.pools.connect_timeout)
            .field("limits", &self.limits)
            .field("user_agent", &self.pools.user_agent)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_settings_are_named_without_secrets() {
        let two_ways = Client::builder("http://localhost")
            .basic_auth("key", "s3cret")
            .bearer_token("s3cret");
        let cases = [
            (Client::builder(" , "), "no base URL"),
            (
                Client::builder("localhost:8081"),
                "does not begin with http",
            ),
            (Client::builder("ftp://host"), "does not begin with http"),
            (Client::builder("http://u:s3cret@ho st"), "not a URL"),
            (Client::builder("http://u:s3#cret@host"), "not a URL"),
            (Client::builder("http://host?key=s3cret"), "query"),
            (two_ways, "more than one authentication method"),
            (
                Client::builder("http://u:p@localhost").bearer_token("s3cret"),
                "contains credentials",
            ),
            (
                Client::builder("http://localhost").bearer_token("s3cret\n"),
                "cannot be part of a header",
            ),
            (
                Client::builder("http://localhost").basic_auth("a:b", "s3cret"),
                "colon",
            ),
            (
                Client::builder("http://localhost")
                    .basic_auth("a", "s3cret")
                    .identity_pool_id("pool-1"),
                "requires a bearer token or OAuth",
            ),
            (
                Client::builder("http://localhost").ca_certificates_pem("s3cret"),
                "CA file",
            ),
            (
                Client::builder("http://localhost").client_certificate_pem("s3cret", "s3cret"),
                "client certificate",
            ),
            (
                Client::builder("http://localhost")
                    .client_certificate_pem("", "-----BEGIN ENCRYPTED PRIVATE KEY-----"),
                "is encrypted",
            ),
        ];
        for (builder, expected) in cases {
            assert!(!format!("{builder:?}").contains("s3"), "{builder:?}");
            let error = builder.build().unwrap_err();
            let text = format!("{error} / {error:?}");
            assert!(text.contains(expected), "{text}");
            assert!(!text.contains("s3"), "{text}");
        }
    }

    #[test]
    fn a_client_tells_where_but_not_who() {
        let client = Client::builder("http://us%65r:s3cret@localhost:1/sr/,http://127.0.0.1:2")
            .build()
            .unwrap();
        let text = format!("{client:?}");
        assert!(text.contains("http://localhost:1/sr"), "{text}");
        assert!(
            !text.contains("s3cret") && !text.contains("user:"),
            "{text}"
        );
    }
}
