//! What a driver for one type of KMS does.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use zeroize::Zeroizing;

use super::error::Error;

/// Properties of a KEK (`kmsProps`) that a driver may read. They override the
/// driver's settings.
pub type Properties = BTreeMap<String, String>;

/// A driver for one type of KMS. Neither call binds associated data.
pub trait Kms: Send + Sync {
    /// Returns the `kmsType` of the KEKs that the driver serves.
    fn kms_type(&self) -> &str;

    /// Returns the names of the KEK properties that the driver reads. The registry
    /// sets these properties, and they may choose the secret, the credentials or the
    /// key. A KEK that has one of them is therefore refused unless the application
    /// [allows](super::KmsDrivers::allow_kek_properties) it. Other properties never
    /// reach the driver.
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
