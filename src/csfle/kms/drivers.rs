//! The drivers that are configured, and the choice among them for a KEK.

use std::fmt;
use std::sync::Arc;

use super::driver::{Kms, Properties};
use super::error::{Error, ErrorKind};
use crate::csfle::cipher::algorithm::Algorithm;
use crate::csfle::cipher::raw_dek::RawDek;
use crate::schema_registry::entities::Kek;

/// KEK property that lists further key ids, separated by commas. They are tried in
/// order after the KEK's own.
pub const ALTERNATE_KEY_IDS: &str = "encrypt.alternate.kms.key.ids";

/// The configured drivers. Cheap to clone.
#[derive(Clone, Default)]
pub struct KmsDrivers {
    drivers: Vec<Arc<dyn Kms>>,
    alternate_key_ids: Vec<String>,
    allowed_properties: Vec<String>,
}

impl KmsDrivers {
    /// Creates a set without drivers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a driver. It replaces an earlier one of the same type.
    #[must_use]
    pub fn with(mut self, driver: impl Kms + 'static) -> Self {
        self.drivers
            .retain(|other| other.kms_type() != driver.kms_type());
        self.drivers.push(Arc::new(driver));
        self
    }

    /// Sets key ids to try in order after the KEK's own. They count for KEKs whose
    /// properties name none ([`ALTERNATE_KEY_IDS`]).
    #[must_use]
    pub fn with_alternate_key_ids(
        mut self,
        key_ids: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.alternate_key_ids = key_ids.into_iter().map(Into::into).collect();
        self
    }

    /// Allows these properties of KEKs, such as `role.arn` or [`ALTERNATE_KEY_IDS`].
    /// Anyone who may write to the DEK Registry can set them, and so choose the
    /// secret, the credentials, or the key that wraps DEKs. A KEK with a property
    /// that a driver reads is refused unless the property is allowed.
    #[must_use]
    pub fn allow_kek_properties(
        mut self,
        names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.allowed_properties
            .extend(names.into_iter().map(Into::into));
        self
    }

    /// Returns the KMS types of the drivers.
    pub fn kms_types(&self) -> impl Iterator<Item = &str> {
        self.drivers.iter().map(|driver| driver.kms_type())
    }

    /// Wraps a DEK under a KEK, with the first key id of the KEK that works.
    ///
    /// # Errors
    ///
    /// When there is no driver for the KEK's type, the KEK has a property that is
    /// not allowed, or every key id fails.
    pub async fn wrap(&self, kek: &Kek, dek: &RawDek) -> Result<Vec<u8>, Error> {
        let driver = self.driver(kek)?;
        let properties = self.properties(driver, kek)?;
        let mut failure = None;
        for key_id in self.key_ids(kek, &properties) {
            match driver.encrypt(key_id, &properties, dek.as_bytes()).await {
                Ok(wrapped) => return Ok(wrapped),
                Err(error) => failure = Some(Error::also(failure, error)),
            }
        }
        Err(failure.unwrap_or_else(|| no_key_id(kek)))
    }

    /// Unwraps a DEK, with the first key id of the KEK that works.
    ///
    /// # Errors
    ///
    /// As [`wrap`](Self::wrap), or when the unwrapped bytes are not a key of this
    /// algorithm.
    pub async fn unwrap(
        &self,
        kek: &Kek,
        algorithm: Algorithm,
        wrapped: &[u8],
    ) -> Result<RawDek, Error> {
        let driver = self.driver(kek)?;
        let properties = self.properties(driver, kek)?;
        let mut failure = None;
        for key_id in self.key_ids(kek, &properties) {
            match driver.decrypt(key_id, &properties, wrapped).await {
                Ok(raw) => {
                    return RawDek::parse(algorithm, &raw).map_err(|error| {
                        Error::new(ErrorKind::Invalid, &kek.kms_type, key_id, error.to_string())
                    });
                }
                Err(error) => failure = Some(Error::also(failure, error)),
            }
        }
        Err(failure.unwrap_or_else(|| no_key_id(kek)))
    }

    fn driver(&self, kek: &Kek) -> Result<&dyn Kms, Error> {
        self.drivers
            .iter()
            .find(|driver| driver.kms_type() == kek.kms_type)
            .map(Arc::as_ref)
            .ok_or_else(|| {
                let have: Vec<_> = self.kms_types().collect();
                let have = if have.is_empty() {
                    "none".to_owned()
                } else {
                    have.join(", ")
                };
                let hint = if cfg!(feature = "aws-kms") || kek.kms_type != "aws-kms" {
                    ""
                } else {
                    "; this build lacks the feature aws-kms"
                };
                Error::new(
                    ErrorKind::Unconfigured,
                    &kek.kms_type,
                    &kek.kms_key_id,
                    format!("no driver for this KMS type is configured (configured: {have}){hint}"),
                )
            })
    }

    /// Returns the properties of a KEK that the driver reads. Fails if one of
    /// them is not allowed.
    fn properties(&self, driver: &dyn Kms, kek: &Kek) -> Result<Properties, Error> {
        let mut properties = Properties::new();
        for (name, value) in kek.kms_props.iter().flatten() {
            let is_read =
                name == ALTERNATE_KEY_IDS || driver.kek_properties().contains(&name.as_str());
            if !is_read || value.is_empty() {
                continue;
            }
            if !self.allowed_properties.contains(name) {
                return Err(Error::new(
                    ErrorKind::NotAllowed,
                    &kek.kms_type,
                    &kek.kms_key_id,
                    format!(
                        "KEK {:?} has {name:?} in its kmsProps, by which the registry chooses \
                         secrets, credentials or keys; if that is meant, allow it by name \
                         (KmsDrivers::allow_kek_properties), else remove it from the KEK",
                        kek.name
                    ),
                ));
            }
            properties.insert(name.clone(), value.clone());
        }
        Ok(properties)
    }

    fn key_ids<'a>(&'a self, kek: &'a Kek, properties: &'a Properties) -> Vec<&'a str> {
        let own = Some(kek.kms_key_id.as_str()).filter(|id| !id.is_empty());
        let alternates: Vec<&str> = match properties.get(ALTERNATE_KEY_IDS) {
            Some(list) => list.split(',').collect(),
            None => self.alternate_key_ids.iter().map(String::as_str).collect(),
        };
        own.into_iter()
            .chain(alternates.into_iter().map(str::trim))
            .filter(|id| !id.is_empty())
            .collect()
    }
}

impl fmt::Debug for KmsDrivers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsDrivers")
            .field("types", &self.kms_types().collect::<Vec<_>>())
            .field("alternate_key_ids", &self.alternate_key_ids)
            .field("allowed_properties", &self.allowed_properties)
            .finish()
    }
}

fn no_key_id(kek: &Kek) -> Error {
    Error::new(
        ErrorKind::Invalid,
        &kek.kms_type,
        "",
        format!("KEK {:?} names no KMS key id", kek.name),
    )
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;
    use zeroize::Zeroizing;

    use super::*;

    struct Only(&'static str);

    impl Kms for Only {
        fn kms_type(&self) -> &str {
            "test-kms"
        }
        fn encrypt<'a>(
            &'a self,
            key_id: &'a str,
            _: &'a Properties,
            plaintext: &'a [u8],
        ) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
            Box::pin(async move {
                if key_id != self.0 {
                    return Err(Error::new(ErrorKind::Denied, "test-kms", key_id, "no"));
                }
                Ok(plaintext.iter().map(|byte| byte ^ 0xff).collect())
            })
        }
        fn decrypt<'a>(
            &'a self,
            key_id: &'a str,
            properties: &'a Properties,
            ciphertext: &'a [u8],
        ) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>, Error>> {
            Box::pin(async move {
                Ok(Zeroizing::new(
                    self.encrypt(key_id, properties, ciphertext).await?,
                ))
            })
        }
    }

    fn kek(key_id: &str, alternates: Option<&str>) -> Kek {
        Kek {
            name: "kek".to_owned(),
            kms_type: "test-kms".to_owned(),
            kms_key_id: key_id.to_owned(),
            kms_props: alternates
                .map(|list| Properties::from([(ALTERNATE_KEY_IDS.to_owned(), list.to_owned())])),
            ..Kek::default()
        }
    }

    #[tokio::test]
    async fn alternate_key_ids_are_tried_in_order() {
        let drivers = KmsDrivers::new()
            .with(Only("good"))
            .with_alternate_key_ids(["from-settings", "good"])
            .allow_kek_properties([ALTERNATE_KEY_IDS]);
        let dek = RawDek::generate(Algorithm::Aes256Gcm).unwrap();
        for kek in [
            kek("good", None),
            kek("bad", Some(" , worse,, good ")),
            kek("bad", None),
        ] {
            let wrapped = drivers.wrap(&kek, &dek).await.unwrap();
            let unwrapped = drivers
                .unwrap(&kek, Algorithm::Aes256Gcm, &wrapped)
                .await
                .unwrap();
            assert_eq!(unwrapped.as_bytes(), dek.as_bytes());
        }
        let error = drivers
            .wrap(&kek("bad", Some("worse")), &dek)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
        let message = error.to_string();
        assert!(
            message.contains("\"bad\"") && message.contains("\"worse\""),
            "{message}"
        );
    }

    #[tokio::test]
    async fn a_missing_driver_and_a_missing_key_id_are_said() {
        let dek = RawDek::generate(Algorithm::Aes256Gcm).unwrap();
        let drivers = KmsDrivers::new().with(Only("good"));
        let mut other = kek("good", None);
        other.kms_type = "gcp-kms".to_owned();
        let error = drivers.wrap(&other, &dek).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unconfigured);
        assert!(
            error.to_string().contains("configured: test-kms"),
            "{error}"
        );
        let error = drivers.wrap(&kek("", None), &dek).await.unwrap_err();
        assert!(error.to_string().contains("names no KMS key id"), "{error}");
    }
}
