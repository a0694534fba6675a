//! `local-kms`: derives the KEK from a secret that the clients share. It is meant
//! for tests and experiments. Confluent's clients derive the same key.

use futures_util::future::BoxFuture;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::driver::{Kms, Properties};
use super::error::{Error, ErrorKind};
use crate::csfle::cipher::aead::{Cipher, CipherError, Nonces};
use crate::csfle::cipher::algorithm::Algorithm;

/// KEK property that overrides the driver's secret, if allowed.
const SECRET: &str = "secret";

/// Driver for `local-kms`. The key id has no effect: every id gives the same key.
/// Keys are always wrapped by AES-128-GCM under HKDF-SHA256(secret, no salt, no
/// info).
pub struct LocalKms {
    key: Option<Cipher>,
}

impl LocalKms {
    /// `kmsType` of the KEKs that the driver serves.
    pub const KMS_TYPE: &str = "local-kms";

    /// Creates a driver with this secret. Only the key derived from the secret is
    /// kept. An empty secret counts as none. Confluent's clients take theirs from
    /// the environment variable `LOCAL_SECRET`; this library reads none, so a
    /// program that follows that convention passes the value on.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self {
            key: Some(secret)
                .filter(|secret| !secret.is_empty())
                .and_then(derive),
        }
    }

    /// Calls `use_key` with the key from the KEK's properties, or else with the
    /// driver's own.
    fn with_key<T>(
        &self,
        key_id: &str,
        properties: &Properties,
        use_key: impl FnOnce(&Cipher) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let overlay = properties
            .get(SECRET)
            .filter(|secret| !secret.is_empty())
            .and_then(|secret| derive(secret));
        match overlay.as_ref().or(self.key.as_ref()) {
            Some(key) => use_key(key),
            None => Err(Error::new(
                ErrorKind::Unconfigured,
                Self::KMS_TYPE,
                key_id,
                "there is no local secret; give one to LocalKms::new",
            )),
        }
    }
}

impl std::fmt::Debug for LocalKms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalKms")
            .field("key", &self.key.as_ref().map(|_| "***"))
            .finish()
    }
}

impl Kms for LocalKms {
    fn kms_type(&self) -> &str {
        Self::KMS_TYPE
    }

    fn kek_properties(&self) -> &[&str] {
        &[SECRET]
    }

    fn encrypt<'a>(
        &'a self,
        key_id: &'a str,
        properties: &'a Properties,
        plaintext: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move {
            self.with_key(key_id, properties, |key| {
                let mut wrapped = Vec::new();
                key.seal(&mut Nonces::new(), plaintext, &mut wrapped)
                    .map_err(|error| failed(key_id, error))?;
                Ok(wrapped)
            })
        })
    }

    fn decrypt<'a>(
        &'a self,
        key_id: &'a str,
        properties: &'a Properties,
        ciphertext: &'a [u8],
    ) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>, Error>> {
        Box::pin(async move {
            self.with_key(key_id, properties, |key| {
                // Reserves the full size: growing would leave copies of the key
                // behind.
                let mut raw = Zeroizing::new(Vec::with_capacity(ciphertext.len()));
                key.open(ciphertext, &mut raw)
                    .map_err(|error| failed(key_id, error))?;
                Ok(raw)
            })
        })
    }
}

fn derive(secret: &str) -> Option<Cipher> {
    let mut key = Zeroizing::new([0; 16]);
    Hkdf::<Sha256>::new(None, secret.as_bytes())
        .expand(&[], &mut *key)
        .ok()?;
    Cipher::from_key(Algorithm::Aes128Gcm, &*key)
}

fn failed(key_id: &str, error: CipherError) -> Error {
    let (kind, detail) = match error {
        CipherError::NotAuthentic => (
            ErrorKind::WrongKey,
            "the local secret differs from the one that wrapped the key, or the wrapped key was \
             altered; give LocalKms::new the secret that was used then"
                .to_owned(),
        ),
        error => (ErrorKind::Invalid, error.to_string()),
    };
    Error::new(kind, LocalKms::KMS_TYPE, key_id, detail)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[tokio::test]
    async fn unwraps_what_confluents_client_wrapped() {
        let wrapped = STANDARD
            .decode(
                "2sqwOinw6na9gBr7Alww9gh1OTiMWIM/m5O0w+FIMkNvttWtikCCTl0BCR2QnsU02CkFzQw3v6ZIv/rriOQ=",
            )
            .unwrap();
        let kms = LocalKms::new("interop-local-secret");
        let none = Properties::new();
        let raw = kms.decrypt("any id", &none, &wrapped).await.unwrap();
        assert_eq!(raw[..4], [0x1a, 0x20, 0x5f, 0x20]);
        assert_eq!(raw.len(), 34);

        let other = LocalKms::new("another secret");
        let error = other.decrypt("k", &none, &wrapped).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongKey);
        assert!(
            error.to_string().contains("local secret differs"),
            "{error}"
        );

        let overlay = Properties::from([("secret".to_owned(), "interop-local-secret".to_owned())]);
        assert_eq!(*other.decrypt("k", &overlay, &wrapped).await.unwrap(), *raw);
    }

    #[tokio::test]
    async fn wrapping_is_random_and_never_shows_the_key() {
        let kms = LocalKms::new("s3cret");
        let none = Properties::new();
        let one = kms.encrypt("a", &none, b"raw dek").await.unwrap();
        let two = kms.encrypt("b", &none, b"raw dek").await.unwrap();
        assert_ne!(one, two);
        for wrapped in [one, two] {
            assert_eq!(wrapped.len(), 7 + 28);
            assert_eq!(
                *kms.decrypt("c", &none, &wrapped).await.unwrap(),
                b"raw dek"
            );
            let error = kms.decrypt("c", &none, &wrapped[..20]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
        }
        assert!(!format!("{kms:?}").contains("s3cret"));
    }

    #[tokio::test]
    async fn without_a_secret_the_error_says_where_to_give_one() {
        let error = LocalKms::new("")
            .encrypt("k", &Properties::new(), b"x")
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unconfigured);
        assert!(error.to_string().contains("LocalKms::new"), "{error}");
    }
}
