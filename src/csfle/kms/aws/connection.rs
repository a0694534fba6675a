//! The AWS client of a region and its credentials.

use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder as HttpClientBuilder, Connector, tls};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(8);
const MAX_ATTEMPTS: u32 = 3;

const ACCESS_KEY_ID: &str = "access.key.id";
const SECRET_ACCESS_KEY: &str = "secret.access.key";
const PROFILE: &str = "profile";
const ROLE_ARN: &str = "role.arn";
const ROLE_SESSION_NAME: &str = "role.session.name";
const ROLE_EXTERNAL_ID: &str = "role.external.id";
pub(super) const SETTINGS: [&str; 6] = [
    ACCESS_KEY_ID,
    SECRET_ACCESS_KEY,
    PROFILE,
    ROLE_ARN,
    ROLE_SESSION_NAME,
    ROLE_EXTERNAL_ID,
];

/// What distinguishes two clients: the region, and the settings that the driver
/// reads.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct ClientKey {
    pub(super) region: String,
    pub(super) settings: Vec<(&'static str, String)>,
}

impl ClientKey {
    fn get(&self, name: &str) -> Option<&str> {
        self.settings
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns a setting, or else an environment variable.
    fn get_or_env(&self, name: &str, variable: &str) -> Option<String> {
        self.get(name).map(str::to_owned).or_else(|| env(variable))
    }
}

fn env(variable: &str) -> Option<String> {
    std::env::var(variable)
        .ok()
        .filter(|value| !value.is_empty())
}

pub(super) async fn connect(
    key: &ClientKey,
    endpoint_url: Option<&str>,
    timeout: Duration,
) -> Client {
    let region = Region::new(key.region.clone());
    // The default HTTP client of the SDK would add a second cryptography library.
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
