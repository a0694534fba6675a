//! `aws-kms`: AWS Key Management Service. The key id is an ARN,
//! `arn:aws:kms:REGION:ACCOUNT:key/ID` or `…:alias/NAME`, and names the region.
//!
//! Nothing of AWS is set up before the first key is wrapped or unwrapped.
//! Endpoints come from the usual places (`AWS_ENDPOINT_URL_KMS`,
//! `AWS_ENDPOINT_URL`, the profile), credentials in this order:
//!
//! 1. the settings `access.key.id` and `secret.access.key`, both of them;
//! 2. the setting `profile`;
//! 3. the default chain of AWS: environment, profile with SSO, web identity,
//!    container, instance.
//!
//! With the setting `role.arn` or the variable `AWS_ROLE_ARN` that role is then
//! assumed, in the key's region, as `role.session.name` or
//! `AWS_ROLE_SESSION_NAME` (`confluent-encrypt` unless given) with
//! `role.external.id` or `AWS_ROLE_EXTERNAL_ID`. A role of the environment is
//! left to the default chain where `AWS_WEB_IDENTITY_TOKEN_FILE` is set, since
//! that chain assumes it already.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder as HttpClientBuilder, Connector, tls};
use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::{Error, ErrorKind, Kms, Properties};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(8);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(20);
const MAX_ATTEMPTS: u32 = 3;

/// Clients kept; settings come from KEKs, so there could be many.
const MAX_CLIENTS: usize = 64;

const ACCESS_KEY_ID: &str = "access.key.id";
const SECRET_ACCESS_KEY: &str = "secret.access.key";
const PROFILE: &str = "profile";
const ROLE_ARN: &str = "role.arn";
const ROLE_SESSION_NAME: &str = "role.session.name";
const ROLE_EXTERNAL_ID: &str = "role.external.id";
const SETTINGS: [&str; 6] = [
    ACCESS_KEY_ID,
    SECRET_ACCESS_KEY,
    PROFILE,
    ROLE_ARN,
    ROLE_SESSION_NAME,
    ROLE_EXTERNAL_ID,
];

const NOT_KMS: &str = "not an answer of AWS KMS; check AWS_ENDPOINT_URL";

/// Driver for `aws-kms`.
#[derive(Default)]
pub struct AwsKms {
    settings: Properties,
    endpoint_url: Option<String>,
    operation_timeout: Option<Duration>,
    clients: Mutex<HashMap<ClientKey, Arc<OnceCell<Client>>>>,
}

/// What a client depends on: the region, and the settings that count.
#[derive(Clone, PartialEq, Eq, Hash)]
struct ClientKey {
    region: String,
    settings: Vec<(&'static str, String)>,
}

impl ClientKey {
    fn get(&self, name: &str) -> Option<&str> {
        self.settings
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A setting, else a variable of the environment.
    fn get_or_env(&self, name: &str, variable: &str) -> Option<String> {
        self.get(name).map(str::to_owned).or_else(|| env(variable))
    }
}

fn env(variable: &str) -> Option<String> {
    std::env::var(variable)
        .ok()
        .filter(|value| !value.is_empty())
}

impl AwsKms {
    /// `kmsType` of the KEKs it serves.
    pub const KMS_TYPE: &str = "aws-kms";

    /// A driver that finds its credentials by the default chain of AWS.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A driver with settings of its own, named as the properties of a KEK:
    /// `access.key.id`, `secret.access.key`, `profile`, `role.arn`,
    /// `role.session.name`, `role.external.id`. A KEK's properties overlay them, if
    /// [allowed](super::KmsDrivers::allow_kek_properties).
    #[must_use]
    pub fn with_settings(settings: Properties) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }

    /// Sends every request to this endpoint, whatever the environment says: for
    /// a stand-in of AWS, or a proxy.
    #[must_use]
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.endpoint_url = Some(url.into());
        self
    }

    /// Bounds one call, all its attempts included; 20 seconds unless set.
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
            // An alias stands for a key whose id is not known here.
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

/// The region in an ARN.
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

async fn connect(key: &ClientKey, endpoint_url: Option<&str>, timeout: Duration) -> Client {
    let region = Region::new(key.region.clone());
    // The SDK's own default client would bring a second cryptography library.
    let http = HttpClientBuilder::new().build_with_connector_fn(|settings, components| {
        let ring = tls::Provider::Rustls(CryptoMode::Ring);
        let mut connector = Connector::builder().tls_provider(ring);
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    });
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .region(region.clone())
        .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .operation_timeout(timeout)
                .build(),
        );
    if let (Some(id), Some(secret)) = (key.get(ACCESS_KEY_ID), key.get(SECRET_ACCESS_KEY)) {
        loader = loader.credentials_provider(Credentials::new(id, secret, None, None, "settings"));
    } else if let Some(profile) = key.get(PROFILE) {
        loader = loader.profile_name(profile).credentials_provider(
            ProfileFileCredentialsProvider::builder()
                .profile_name(profile)
                .build(),
        );
    }
    if let Some(url) = endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let config = loader.load().await;

    let role = key
        .get(ROLE_ARN)
        .map(str::to_owned)
        .or_else(|| env("AWS_ROLE_ARN").filter(|_| env("AWS_WEB_IDENTITY_TOKEN_FILE").is_none()));
    let Some(role) = role else {
        return Client::new(&config);
    };
    let mut assume = AssumeRoleProvider::builder(role)
        .configure(&config)
        .region(region)
        .session_name(
            key.get_or_env(ROLE_SESSION_NAME, "AWS_ROLE_SESSION_NAME")
                .unwrap_or_else(|| "confluent-encrypt".to_owned()),
        );
    if let Some(id) = key.get_or_env(ROLE_EXTERNAL_ID, "AWS_ROLE_EXTERNAL_ID") {
        assume = assume.external_id(id);
    }
    let provider = SharedCredentialsProvider::new(assume.build().await);
    let config = config.into_builder().credentials_provider(provider).build();
    Client::new(&config)
}

/// The error of the SDK is put in words here and not kept: its raw answer could
/// hold key bytes.
fn failed<E>(key_id: &str, error: &SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let (kind, detail) = match error {
        SdkError::TimeoutError(_) => (ErrorKind::Unreachable, "no answer in time".to_owned()),
        SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => {
            (ErrorKind::Unreachable, causes(error))
        }
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => (
            ErrorKind::Denied,
            format!(
                "no request could be sent; are there AWS credentials (sign in, or set AWS_PROFILE)? {}",
                causes(error)
            ),
        ),
        SdkError::ServiceError(service) => {
            let status = service.raw().status();
            match service.err().code() {
                Some(code) => {
                    let message = service.err().message().unwrap_or("no message");
                    let kind = match kind_of(code) {
                        ErrorKind::Invalid if status.is_server_error() => ErrorKind::Unreachable,
                        kind => kind,
                    };
                    (kind, format!("{code}: {message}"))
                }
                // A proxy or a load balancer speaks for a service that is away.
                None if status.is_server_error() => {
                    (ErrorKind::Unreachable, format!("HTTP {}", status.as_u16()))
                }
                None => (
                    ErrorKind::Invalid,
                    format!("HTTP {}, {NOT_KMS}", status.as_u16()),
                ),
            }
        }
        _ => (ErrorKind::Invalid, NOT_KMS.to_owned()),
    };
    Error::new(kind, AwsKms::KMS_TYPE, key_id, detail)
}

/// What an error code of KMS, STS or the signature check means here.
fn kind_of(code: &str) -> ErrorKind {
    match code {
        "AccessDeniedException"
        | "AccessDenied"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "InvalidGrantTokenException"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "NotAuthorized"
        | "OptInRequired"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => ErrorKind::Denied,
        "NotFoundException" => ErrorKind::NotFound,
        "IncorrectKeyException" | "InvalidCiphertextException" => ErrorKind::WrongKey,
        "DependencyTimeoutException"
        | "InternalFailure"
        | "KeyUnavailableException"
        | "KMSInternalException"
        | "RequestLimitExceeded"
        | "ServiceUnavailable"
        | "Throttling"
        | "ThrottlingException" => ErrorKind::Unreachable,
        _ => ErrorKind::Invalid,
    }
}

/// The messages of an error's causes, outermost first.
fn causes(error: &(dyn StdError + 'static)) -> String {
    let mut messages: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let message = error.to_string();
        if messages.last() != Some(&message) {
            messages.push(message);
        }
        next = error.source();
    }
    messages.join(": ")
}

fn invalid(key_id: &str, detail: &str) -> Error {
    Error::new(ErrorKind::Invalid, AwsKms::KMS_TYPE, key_id, detail)
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
            SECRET_ACCESS_KEY.to_owned(),
            "very-secret".to_owned(),
        )]));
        assert!(!format!("{kms:?}").contains("very-secret"));
    }
}
