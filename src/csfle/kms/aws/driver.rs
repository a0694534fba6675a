//! The driver for `aws-kms`. A key id is an ARN, `arn:aws:kms:REGION:ACCOUNT:key/ID`
//! or `…:alias/NAME`, and names the region.
//!
//! The driver connects to AWS when it wraps or unwraps the first key. It reads the
//! environment variables and profiles that AWS defines for every SDK, since users of
//! AWS expect the same credentials to work in each program. Endpoints come from
//! `AWS_ENDPOINT_URL_KMS`, `AWS_ENDPOINT_URL` or the profile. Credentials come from
//! the first of:
//!
//! 1. the settings `access.key.id` and `secret.access.key`, if both are set;
//! 2. the setting `profile`;
//! 3. the default chain of the AWS SDK: environment, profile with SSO, web identity,
//!    container, instance.
//!
//! If the setting `role.arn` or the variable `AWS_ROLE_ARN` names a role, the driver
//! then assumes that role in the key's region. The session name comes from
//! `role.session.name` or `AWS_ROLE_SESSION_NAME` (default: `confluent-encrypt`),
//! the external id from `role.external.id` or `AWS_ROLE_EXTERNAL_ID`. Confluent's
//! clients read the same names. If `AWS_WEB_IDENTITY_TOKEN_FILE` is set, the driver
//! ignores `AWS_ROLE_ARN`, since the default chain assumes that role already.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::connection::{ClientKey, SETTINGS, connect};
use super::failure::{KMS_TYPE, failed, invalid};
use crate::csfle::kms::driver::{Kms, Properties};
use crate::csfle::kms::error::{Error, ErrorKind};

const OPERATION_TIMEOUT: Duration = Duration::from_secs(20);

/// Upper limit of cached clients: KEKs may bring settings, so there could be many.
const MAX_CLIENTS: usize = 64;

/// Driver for `aws-kms`.
#[derive(Default)]
pub struct AwsKms {
    settings: Properties,
    endpoint_url: Option<String>,
    operation_timeout: Option<Duration>,
    clients: Mutex<HashMap<ClientKey, Arc<OnceCell<Client>>>>,
}

impl AwsKms {
    /// `kmsType` of the KEKs that the driver serves.
    pub const KMS_TYPE: &str = KMS_TYPE;

    /// Creates a driver that takes its credentials from the default chain of the AWS
    /// SDK.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a driver with settings, which have the names of KEK properties:
    /// `access.key.id`, `secret.access.key`, `profile`, `role.arn`,
    /// `role.session.name`, `role.external.id`. The properties of a KEK override
    /// them, if [allowed](crate::csfle::kms::KmsDrivers::allow_kek_properties).
    #[must_use]
    pub fn with_settings(settings: Properties) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }

    /// Sends every request to this endpoint, even if the environment names another:
    /// for a proxy, or a test server in place of AWS.
    #[must_use]
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.endpoint_url = Some(url.into());
        self
    }

    /// Limits the time of one call including its retries. Default: 20 seconds.
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.operation_timeout = Some(timeout);
        self
    }

    async fn client(&self, key_id: &str, properties: &Properties) -> Result<Client, Error> {
        let key = ClientKey {
            region: region(key_id)?.to_owned(),
            settings: SETTINGS
                .into_iter()
                .filter_map(|name| {
                    properties
                        .get(name)
                        .or_else(|| self.settings.get(name))
                        .filter(|value| !value.is_empty())
                        .map(|value| (name, value.clone()))
                })
                .collect(),
        };
        let cell = {
            let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
            if clients.len() >= MAX_CLIENTS && !clients.contains_key(&key) {
                clients.clear();
            }
            Arc::clone(clients.entry(key.clone()).or_default())
        };
        let timeout = self.operation_timeout.unwrap_or(OPERATION_TIMEOUT);
        let connect = || connect(&key, self.endpoint_url.as_deref(), timeout);
        Ok(cell.get_or_init(connect).await.clone())
    }
}

impl std::fmt::Debug for AwsKms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsKms")
            .field("settings", &self.settings.keys())
            .field("endpoint_url", &self.endpoint_url)
            .finish_non_exhaustive()
    }
}

impl Kms for AwsKms {
    fn kms_type(&self) -> &str {
        Self::KMS_TYPE
    }

    fn kek_properties(&self) -> &[&str] {
        &SETTINGS
    }

    fn encrypt<'a>(
        &'a self,
        key_id: &'a str,
        properties: &'a Properties,
        plaintext: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move {
            let answer = self
                .client(key_id, properties)
                .await?
                .encrypt()
                .key_id(key_id)
                .plaintext(Blob::new(plaintext))
                .send()
                .await
                .map_err(|error| failed(key_id, &error))?;
            answer
                .ciphertext_blob
                .map(Blob::into_inner)
                .ok_or_else(|| invalid(key_id, "the answer to Encrypt holds no ciphertext"))
        })
    }

    fn decrypt<'a>(
        &'a self,
        key_id: &'a str,
        properties: &'a Properties,
        ciphertext: &'a [u8],
    ) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>, Error>> {
        Box::pin(async move {
            let answer = self
                .client(key_id, properties)
                .await?
                .decrypt()
                .key_id(key_id)
                .ciphertext_blob(Blob::new(ciphertext))
                .send()
                .await
                .map_err(|error| failed(key_id, &error))?;
            let plaintext = answer
                .plaintext
                .map(|blob| Zeroizing::new(blob.into_inner()))
                .ok_or_else(|| invalid(key_id, "the answer to Decrypt holds no plaintext"))?;
            // The id of the key behind an alias is not known here.
            if names_a_key(key_id) && answer.key_id.as_deref() != Some(key_id) {
                return Err(Error::new(
                    ErrorKind::WrongKey,
                    Self::KMS_TYPE,
                    key_id,
                    format!(
                        "another key decrypted: {:?}",
                        answer.key_id.unwrap_or_default()
                    ),
                ));
            }
            Ok(plaintext)
        })
    }
}

/// Returns the region in an ARN.
fn region(key_id: &str) -> Result<&str, Error> {
    let parts: Vec<&str> = key_id.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "kms", region, _, _, ..] if !region.is_empty() => Ok(region),
        _ => Err(invalid(
            key_id,
            "the key id is not of the form arn:aws:kms:REGION:ACCOUNT:key/ID",
        )),
    }
}

fn names_a_key(key_id: &str) -> bool {
    let parts: Vec<&str> = key_id.split(':').collect();
    parts.len() == 6 && parts.last().is_some_and(|last| last.starts_with("key/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_part_of_the_arn() {
        let key = "arn:aws:kms:eu-west-1:111122223333:key/1234";
        assert_eq!(region(key).unwrap(), "eu-west-1");
        assert!(names_a_key(key));
        let alias = "arn:aws:kms:us-east-2:111122223333:alias/mine";
        assert_eq!(region(alias).unwrap(), "us-east-2");
        assert!(!names_a_key(alias));
        for bad in [
            "",
            "1234",
            "arn:aws:kms:eu-west-1:1",
            "arn:aws:s3:::bucket",
            "arn:aws:kms:::key/1",
        ] {
            let error = region(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains(&format!("{bad:?}")), "{error}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let kms = AwsKms::with_settings(Properties::from([(
            "secret.access.key".to_owned(),
            "very-secret".to_owned(),
        )]));
        assert!(!format!("{kms:?}").contains("very-secret"));
    }
}
