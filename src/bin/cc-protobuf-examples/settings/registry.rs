//! Settings of the Schema Registry and its authentication.

use std::path::PathBuf;

use super::checks::{exclusive, file, half, invalid, required, required_secret, together};
use super::names::{self, Name};
use super::{Error, Secret, Sources};

/// How to authenticate to the registry.
#[derive(Clone, Debug)]
pub enum RegistryAuth {
    /// No authentication.
    Anonymous,
    /// HTTP Basic with API key and secret.
    Basic {
        /// API key.
        key: String,
        /// API secret.
        secret: Secret,
    },
    /// A fixed bearer token.
    Bearer(Secret),
    /// OAuth 2.0 client credentials.
    OAuth {
        /// Token endpoint.
        token_url: String,
        /// Client id.
        client_id: String,
        /// Client secret.
        client_secret: Secret,
        /// Scope.
        scope: Option<String>,
    },
}

/// A Schema Registry to connect to.
#[derive(Clone, Debug)]
pub struct RegistrySettings {
    /// Base URLs, tried in order.
    pub urls: Vec<String>,
    /// Credentials.
    pub auth: RegistryAuth,
    /// Confluent identity pool.
    pub identity_pool: Option<String>,
    /// Confluent logical cluster.
    pub logical_cluster: Option<String>,
    /// Additional CA certificates.
    pub ca: Option<PathBuf>,
    /// Client certificate and key.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
}

pub(super) fn registry(sources: &Sources) -> Result<Option<RegistrySettings>, Error> {
    use names::*;
    let api_key = together(sources, "Schema Registry", &[&SR_API_KEY, &SR_API_SECRET])?;
    let oauth = together(
        sources,
        "OAuth for Schema Registry",
        &[
            &SR_OAUTH_TOKEN_URL,
            &SR_OAUTH_CLIENT_ID,
            &SR_OAUTH_CLIENT_SECRET,
        ],
    )?;
    let certificate = together(
        sources,
        "mutual TLS with Schema Registry",
        &[&SR_SSL_CERT_LOCATION, &SR_SSL_KEY_LOCATION],
    )?;
    exclusive(
        sources,
        &[&SR_API_KEY, &SR_BEARER_TOKEN, &SR_OAUTH_TOKEN_URL],
    )?;
    let auth = if api_key {
        RegistryAuth::Basic {
            key: required(sources, &SR_API_KEY),
            secret: required_secret(sources, &SR_API_SECRET),
        }
    } else if oauth {
        check_url(sources, &SR_OAUTH_TOKEN_URL)?;
        RegistryAuth::OAuth {
            token_url: required(sources, &SR_OAUTH_TOKEN_URL),
            client_id: required(sources, &SR_OAUTH_CLIENT_ID),
            client_secret: required_secret(sources, &SR_OAUTH_CLIENT_SECRET),
            scope: sources.text(&SR_OAUTH_SCOPE),
        }
    } else if let Some(token) = sources.secret(&SR_BEARER_TOKEN) {
        RegistryAuth::Bearer(token)
    } else {
        RegistryAuth::Anonymous
    };
    let Some(urls) = sources.text(&SCHEMA_REGISTRY_URL) else {
        return match auth {
            RegistryAuth::Anonymous => Ok(None),
            _ => Err(half(
                sources,
                "Schema Registry",
                &[
                    &SR_API_KEY,
                    &SR_API_SECRET,
                    &SR_BEARER_TOKEN,
                    &SR_OAUTH_TOKEN_URL,
                ],
                &[&SCHEMA_REGISTRY_URL],
            )),
        };
    };
    check_url(sources, &SCHEMA_REGISTRY_URL)?;
    for name in [&SR_IDENTITY_POOL_ID, &SR_LOGICAL_CLUSTER] {
        if sources.has(name)
            && !matches!(auth, RegistryAuth::Bearer(_) | RegistryAuth::OAuth { .. })
        {
            return Err(half(
                sources,
                "Schema Registry",
                &[name],
                &[&SR_BEARER_TOKEN],
            ));
        }
    }
    Ok(Some(RegistrySettings {
        urls: urls
            .split(',')
            .map(|url| url.trim().trim_end_matches('/').to_owned())
            .filter(|url| !url.is_empty())
            .collect(),
        auth,
        identity_pool: sources.text(&SR_IDENTITY_POOL_ID),
        logical_cluster: sources.text(&SR_LOGICAL_CLUSTER),
        ca: file(sources, &SR_SSL_CA_LOCATION)?,
        client_certificate: if certificate {
            file(sources, &SR_SSL_CERT_LOCATION)?.zip(file(sources, &SR_SSL_KEY_LOCATION)?)
        } else {
            None
        },
    }))
}

fn check_url(sources: &Sources, name: &'static Name) -> Result<(), Error> {
    let text = required(sources, name);
    // Do not print the value: it may contain a password.
    for url in text.split(',').map(str::trim) {
        let reason = match reqwest::Url::parse(url) {
            Err(error) => format!("not a URL ({error})"),
            Ok(url) if !matches!(url.scheme(), "http" | "https") => {
                "not an http:// or https:// URL".to_owned()
            }
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                "credentials in the URL would end up in logs; use SR_API_KEY and SR_API_SECRET"
                    .to_owned()
            }
            Ok(url) if url.query().is_some() || url.fragment().is_some() => {
                "a base URL has no query or fragment".to_owned()
            }
            Ok(_) => continue,
        };
        return Err(invalid(sources, name, reason));
    }
    Ok(())
}
