//! Authentication of the client.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::authorization::Authorization;
use super::oauth::OAuth;
use crate::schema_registry::error::{BoxError, Error, TokenError};
use crate::schema_registry::secret::Secret;

/// Supplies bearer tokens, for identity systems that this client does not support.
///
/// It is called for every request, so it should cache the token, and concurrent
/// callers should share one refresh.
pub trait TokenProvider: Send + Sync + 'static {
    /// Returns a token that is valid now. Dropped when the call times out.
    fn token(&self) -> BoxFuture<'_, Result<Secret, BoxError>>;

    /// Reports that the registry answered 401 to this token, so that it is not
    /// returned again. The request is then retried once.
    fn rejected(&self, token: &Secret) {
        let _ = token;
    }
}

/// The `Authorization` header of a base URL.
#[derive(Clone)]
pub(in crate::schema_registry) enum Auth {
    Anonymous,
    /// Basic or fixed bearer token: always the same header.
    Fixed(Authorization),
    /// Tokens from an OAuth endpoint.
    Granted(Arc<OAuth>),
    Provider(Arc<dyn TokenProvider>),
}

impl Auth {
    pub(in crate::schema_registry) fn basic(user: &str, password: &Secret) -> Result<Self, Error> {
        Authorization::basic(user, password).map(Self::Fixed)
    }

    pub(in crate::schema_registry) fn bearer(token: &Secret) -> Result<Self, Error> {
        let fixed = Authorization::bearer(token.clone()).ok_or_else(|| {
            Error::settings(
                "the bearer token is empty or has characters that cannot be part of a header",
            )
        })?;
        Ok(Self::Fixed(fixed))
    }

    /// Returns whether a new token can be obtained after a 401.
    pub(in crate::schema_registry) fn is_renewable(&self) -> bool {
        matches!(self, Self::Granted(_) | Self::Provider(_))
    }

    pub(in crate::schema_registry) fn is_anonymous(&self) -> bool {
        matches!(self, Self::Anonymous)
    }

    pub(in crate::schema_registry) async fn authorization(
        &self,
    ) -> Result<Option<Authorization>, Arc<TokenError>> {
        let secret = match self {
            Self::Anonymous => return Ok(None),
            Self::Fixed(fixed) => return Ok(Some(fixed.clone())),
            Self::Granted(oauth) => oauth.token().await?,
            Self::Provider(provider) => provider
                .token()
                .await
                .map_err(|e| Arc::new(TokenError::Provider(e)))?,
        };
        let authorization = Authorization::bearer(secret).ok_or_else(|| {
            Arc::new(TokenError::Provider(
                "the token is empty or has characters that cannot be part of a header".into(),
            ))
        })?;
        Ok(Some(authorization))
    }

    pub(in crate::schema_registry) async fn reject(&self, token: &Secret) {
        match self {
            Self::Anonymous | Self::Fixed(_) => {}
            Self::Granted(oauth) => oauth.reject(token).await,
            Self::Provider(provider) => provider.rejected(token),
        }
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "anonymous",
            Self::Fixed(_) => "***",
            Self::Granted(_) => "OAuth client credentials",
            Self::Provider(_) => "token provider",
        })
    }
}
