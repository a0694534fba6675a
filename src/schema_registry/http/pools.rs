//! HTTP clients: connection pools, TLS and proxies.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client as Http, Identity, Url};
use rustls::crypto::{CryptoProvider, ring};
use zeroize::Zeroizing;

use super::address::is_loopback;
use crate::schema_registry::error::Error;

/// Settings of the HTTP clients.
pub(in crate::schema_registry) struct PoolSettings {
    pub(in crate::schema_registry) user_agent: String,
    pub(in crate::schema_registry) connect_timeout: Duration,
    /// Certificate authorities in addition to the system's.
    pub(in crate::schema_registry) ca_pem: Vec<Vec<u8>>,
    /// Client certificate and private key.
    pub(in crate::schema_registry) identity_pem: Option<Zeroizing<Vec<u8>>>,
}

/// Connection pools. Loopback is reached directly even if the environment names a
/// proxy, because a proxy elsewhere cannot reach it.
pub(in crate::schema_registry) struct Pools {
    direct: Option<Http>,
    proxied: Option<Http>,
}

impl Pools {
    pub(in crate::schema_registry) fn new<'a>(
        settings: &PoolSettings,
        urls: impl Iterator<Item = &'a Url>,
    ) -> Result<Self, Error> {
        let (direct, proxied): (Vec<&Url>, Vec<&Url>) = urls.partition(|url| is_loopback(url));
        let secure = |urls: &[&Url]| urls.iter().any(|url| url.scheme() == "https");
        let unusable = |e| failed("no HTTP client can be made of them", e);

        let direct = if direct.is_empty() {
            None
        } else {
            let mut http = settings.http()?.no_proxy();
            if !secure(&direct) {
                // Without TLS, do not spend tens of milliseconds on reading the
                // system's certificates.
                http = http.tls_certs_only([]);
            }
            Some(http.build().map_err(unusable)?)
        };
        let proxied = if proxied.is_empty() {
            None
        } else {
            Some(match settings.http()?.build() {
                // Without system certificates, plain HTTP still works.
                Err(_) if !secure(&proxied) => settings
                    .http()?
                    .tls_certs_only([])
                    .build()
                    .map_err(unusable)?,
                built => built.map_err(unusable)?,
            })
        };
        Ok(Self { direct, proxied })
    }

    pub(in crate::schema_registry) fn for_url(&self, url: &Url) -> Result<Http, Error> {
        let pool = if is_loopback(url) {
            &self.direct
        } else {
            &self.proxied
        };
        pool.clone()
            .ok_or_else(|| Error::settings("there is no HTTP client for the URL"))
    }
}

impl PoolSettings {
    fn http(&self) -> Result<reqwest::ClientBuilder, Error> {
        // reqwest uses the provider of the process. An error means that the
        // application has installed one in the meantime, which is used then.
        if CryptoProvider::get_default().is_none() {
            let _ = ring::default_provider().install_default();
        }
        let mut http = Http::builder()
            .user_agent(self.user_agent.clone())
            .connect_timeout(self.connect_timeout)
            .tcp_nodelay(true)
            // Shorter than the limits of servers and load balancers (30 s and more),
            // so that a request rarely uses a connection that is being closed.
            .pool_idle_timeout(Duration::from_secs(20))
            // A registry does not redirect, and credentials must not be sent to
            // the target of a redirect.
            .redirect(Policy::none());
        for pem in &self.ca_pem {
            let certificates = Certificate::from_pem_bundle(pem)
                .map_err(|e| failed("the CA certificates are not readable as PEM", e))?;
            if certificates.is_empty() {
                return Err(Error::settings("there is no certificate in the CA file"));
            }
            http = http.tls_certs_merge(certificates);
        }
        if let Some(pem) = &self.identity_pem {
            let encrypted = b"ENCRYPTED";
            if pem.windows(encrypted.len()).any(|part| part == encrypted) {
                return Err(Error::settings(
                    "the private key of the client certificate is encrypted; decrypt it, for instance with openssl pkey",
                ));
            }
            let identity = Identity::from_pem(pem).map_err(|e| {
                failed(
                    "the client certificate and its private key are not readable as PEM",
                    e,
                )
            })?;
            http = http.identity(identity);
        }
        Ok(http)
    }
}

fn failed(reason: &str, error: reqwest::Error) -> Error {
    Error::Settings {
        reason: reason.to_owned(),
        source: Some(Box::new(error.without_url())),
    }
}
