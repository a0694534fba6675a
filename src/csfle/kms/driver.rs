//! What a driver for one type of KMS does.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use zeroize::Zeroizing;

use super::error::Error;

/// Properties of a KEK (`kmsProps`) that a driver may read; they overlay its
/// settings.
pub type Properties = BTreeMap<String, String>;

/// A driver for one type of KMS. Neither call binds associated data.
pub trait Kms: Send + Sync {
    /// The `kmsType` of KEKs that it serves.
    fn kms_type(&self) -> &str;

    /// The names of the KEK properties that the driver reads. The registry sets
    /// them, and they may choose the secret, the credentials or the key, so a KEK
    /// that has one is refused unless the application
    /// [allows](KmsDrivers::allow_kek_properties) it. Others never reach the driver.
    fn kek_properties(&self) -> &[&str] {
        &[]
    }

    /// Encrypts `plaintext` under the key `key_id`.
    fn encrypt<'a>(
        &'a self,
        key_id: &'a str,
        properties: &'a Properties,
        plaintext: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, Error>>;

    /// Decrypts `ciphertext`, which [`encrypt`](Self::encrypt) made with the
    /// key `key_id`.
    fn decrypt<'a>(
        &'a self,
        key_id: &'a str,
        properties: &'a Properties,
        ciphertext: &'a [u8],
    ) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>, Error>>;
}
