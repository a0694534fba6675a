//! Wraps and unwraps DEKs of shared KEKs, with the registry's own access to a
//! KMS.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::csfle::kms::{self, ErrorKind};
use crate::csfle::{Algorithm, RawDek};
use crate::embedded::registry::api_error::ApiError;

use super::records::KekRecord;
use super::{DekRegistry, errors};

/// Subject in error messages when a KEK is tested.
const TEST_SUBJECT: &str = "__TEST";
/// Name of the request's member that holds a wrapped key.
pub(super) const MATERIAL: &str = "encryptedKeyMaterial";

impl DekRegistry {
    /// Generates a random key.
    pub(super) fn generate(
        kek: &KekRecord,
        algorithm: Algorithm,
        subject: &str,
    ) -> Result<RawDek, ApiError> {
        RawDek::generate(algorithm).map_err(|error| {
            let error = kms::Error::new(ErrorKind::Invalid, &kek.kms_type, &kek.kms_key_id, error);
            errors::kms("encrypted", subject, &error)
        })
    }

    /// Wraps a key; returns it in base64.
    pub(super) async fn wrap(
        &self,
        kek: &KekRecord,
        raw: &RawDek,
        subject: &str,
    ) -> Result<String, ApiError> {
        match self.kms.wrap(&kek.to_entity(), raw).await {
            Ok(wrapped) => Ok(STANDARD.encode(wrapped)),
            Err(error) => Err(errors::kms("encrypted", subject, &error)),
        }
    }

    /// Unwraps a stored key.
    pub(super) async fn unwrap(
        &self,
        kek: &KekRecord,
        algorithm: Algorithm,
        wrapped: &str,
        subject: &str,
    ) -> Result<RawDek, ApiError> {
        let unwrapped = self.try_unwrap(kek, algorithm, wrapped).await;
        unwrapped.map_err(|error| errors::kms("raw", subject, &error))
    }

    /// Unwraps a key from a request. An invalid key is the client's error.
    pub(super) async fn unwrap_given(
        &self,
        kek: &KekRecord,
        algorithm: Algorithm,
        wrapped: &str,
        subject: &str,
    ) -> Result<RawDek, ApiError> {
        let unwrapped = self.try_unwrap(kek, algorithm, wrapped).await;
        unwrapped.map_err(|error| match error.kind() {
            ErrorKind::WrongKey | ErrorKind::Invalid => errors::unusable(MATERIAL, &error),
            _ => errors::kms("raw", subject, &error),
        })
    }

    async fn try_unwrap(
        &self,
        kek: &KekRecord,
        algorithm: Algorithm,
        wrapped: &str,
    ) -> Result<RawDek, kms::Error> {
        match STANDARD.decode(wrapped) {
            Ok(wrapped) => {
                let kek = kek.to_entity();
                self.kms.unwrap(&kek, algorithm, &wrapped).await
            }
            Err(error) => Err(kms::Error::new(
                ErrorKind::Invalid,
                &kek.kms_type,
                &kek.kms_key_id,
                format!("the wrapped key is not base64: {error}"),
            )),
        }
    }

    /// Wraps a throw-away key to test whether the KMS allows it.
    pub(super) async fn try_out(&self, kek: &KekRecord) -> Result<(), ApiError> {
        let raw = Self::generate(kek, Algorithm::default(), TEST_SUBJECT)?;
        self.wrap(kek, &raw, TEST_SUBJECT).await.map(drop)
    }
}

/// Returns the `keyMaterial` of an answer.
pub(super) fn key_material(raw: &RawDek) -> String {
    STANDARD.encode(raw.as_bytes())
}
