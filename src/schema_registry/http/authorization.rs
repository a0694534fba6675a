//! Values of the `Authorization` header.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use crate::schema_registry::error::Error;
use crate::schema_registry::secret::Secret;

/// A header value, and its secret, which must not appear in any message.
#[derive(Clone)]
pub(in crate::schema_registry) struct Authorization {
    pub(super) header: HeaderValue,
    pub(super) secret: Secret,
}

impl Authorization {
    pub(super) fn basic(user: &str, password: &Secret) -> Result<Self, Error> {
        if user.contains(':') {
            return Err(Error::settings(
                "the user name (API key) contains a colon, which HTTP Basic authentication cannot carry",
            ));
        }
        let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
        let value = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        let header = sensitive(&value)
            .ok_or_else(|| Error::settings("the credentials cannot be put into a header"))?;
        Ok(Self {
            header,
            secret: password.clone(),
        })
    }

    /// Returns `None` if the token is empty or cannot be part of a header.
    pub(super) fn bearer(token: Secret) -> Option<Self> {
        if token.is_empty() {
            return None;
        }
        let header = sensitive(&Zeroizing::new(format!("Bearer {}", token.expose())))?;
        Some(Self {
            header,
            secret: token,
        })
    }
}

fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(value).ok()?;
    header.set_sensitive(true);
    Some(header)
}
