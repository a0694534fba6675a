//! Who the client says it is.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use super::error::{Error, TokenError};
use super::oauth::OAuth;
use super::secret::Secret;

/// Any error, boxed.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Supplies bearer tokens, for identity systems that this client does not know.
///
/// It is asked once per request, so it should cache, and let concurrent callers
/// share one refresh.
pub trait TokenProvider: Send + Sync + 'static {
    /// A token that is valid now. Cut off when the call's time is over.
    fn token(&self) -> BoxFuture<'_, Result<Secret, BoxError>>;

    /// The registry answered 401 to this token: it must not be returned again.
    /// The request is then repeated once.
    fn rejected(&self, token: &Secret) {
        let _ = token;
    }
}

/// The `Authorization` header of a base URL.
#[derive(Clone)]
pub(super) enum Auth {
    Anonymous,
    /// Basic or static bearer: always the same value. The secret is kept to be
    /// recognised in texts.
    Fixed {
        header: HeaderValue,
        secret: Secret,
    },
    /// Tokens that an OAuth endpoint grants.
    Granted(Arc<OAuth>),
    Provider(Arc<dyn TokenProvider>),
}

/// A header value with what must not be seen in any text.
pub(super) struct Authorization {
    pub(super) header: HeaderValue,
    pub(super) secret: Secret,
}

impl Auth {
    pub(super) fn basic(user: &str, password: &Secret) -> Result<Self, Error> {
        if user.contains(':') {
            return Err(Error::settings(
                "the user name (API key) contains a colon, which HTTP Basic authentication cannot carry",
            ));
        }
        let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
        let value = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        Ok(Self::Fixed {
            header: sensitive(&value)
                .ok_or_else(|| Error::settings("the credentials cannot be put into a header"))?,
            secret: password.clone(),
        })
    }

    pub(super) fn bearer(token: &Secret) -> Result<Self, Error> {
        Ok(Self::Fixed {
            header: bearer_header(token).ok_or_else(|| {
                Error::settings(
                    "the bearer token is empty or has characters that no header can carry",
                )
            })?,
            secret: token.clone(),
        })
    }

    /// Whether a token can be had anew after a 401.
    pub(super) fn is_renewable(&self) -> bool {
        matches!(self, Self::Granted(_) | Self::Provider(_))
    }

    pub(super) fn is_anonymous(&self) -> bool {
        matches!(self, Self::Anonymous)
    }

    pub(super) async fn authorization(&self) -> Result<Option<Authorization>, Arc<TokenError>> {
        let secret = match self {
            Self::Anonymous => return Ok(None),
            Self::Fixed { header, secret } => {
                return Ok(Some(Authorization {
                    header: header.clone(),
                    secret: secret.clone(),
                }));
            }
            Self::Granted(oauth) => oauth.token().await?,
            Self::Provider(provider) => provider
                .token()
                .await
                .map_err(|e| Arc::new(TokenError::Provider(e)))?,
        };
        let header = bearer_header(&secret).ok_or_else(|| {
            Arc::new(TokenError::Provider(
                "the token is empty or has characters that no header can carry".into(),
            ))
        })?;
        Ok(Some(Authorization { header, secret }))
    }

    pub(super) async fn reject(&self, token: &Secret) {
        match self {
            Self::Anonymous | Self::Fixed { .. } => {}
            Self::Granted(oauth) => oauth.reject(token).await,
            Self::Provider(provider) => provider.rejected(token),
        }
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "anonymous",
            Self::Fixed { .. } => "***",
            Self::Granted(_) => "OAuth client credentials",
            Self::Provider(_) => "token provider",
        })
    }
}

fn bearer_header(token: &Secret) -> Option<HeaderValue> {
    if token.is_empty() {
        return None;
    }
    sensitive(&Zeroizing::new(format!("Bearer {}", token.expose())))
}

fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(value).ok()?;
    header.set_sensitive(true);
    Some(header)
}
