//! The address, security and timeouts of a Kafka cluster, as librdkafka takes them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

/// The protocol between client and brokers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityProtocol {
    /// No encryption, no authentication.
    Plaintext,
    /// TLS.
    Ssl,
    /// SASL without encryption.
    SaslPlaintext,
    /// SASL over TLS; required by Confluent Cloud.
    SaslSsl,
}

impl SecurityProtocol {
    /// Returns the name that Kafka clients use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Ssl => "SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
        }
    }

    fn uses_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    fn uses_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

impl fmt::Display for SecurityProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The error for a name that is not a security protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a security protocol; choose PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL")]
pub struct InvalidSecurityProtocol(String);

impl FromStr for SecurityProtocol {
    type Err = InvalidSecurityProtocol;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [
            Self::Plaintext,
            Self::Ssl,
            Self::SaslPlaintext,
            Self::SaslSsl,
        ]
        .into_iter()
        .find(|protocol| protocol.as_str().eq_ignore_ascii_case(name))
        .ok_or_else(|| InvalidSecurityProtocol(name.to_owned()))
    }
}

/// User name and password for SASL/PLAIN. In Confluent Cloud these are a Kafka
/// API key and its secret.
#[derive(Clone)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// Password; never printed.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .field("password", &"***")
            .finish()
    }
}

/// How to connect to a cluster.
#[derive(Clone, Debug)]
pub struct ConnectionConfig {
    /// `host:port`, comma-separated.
    pub bootstrap_servers: String,
    /// Protocol; by default SASL_SSL with credentials and PLAINTEXT without.
    pub security_protocol: SecurityProtocol,
    /// SASL/PLAIN credentials.
    pub credentials: Option<Credentials>,
    /// PEM file of the certificate authorities to trust; by default the
    /// system's.
    pub ca_location: Option<PathBuf>,
    /// How long a broker may delay a fetch to collect more data. A lower value
    /// finds single records sooner and costs more requests.
    pub fetch_wait_max: Duration,
    /// Maximum time for each step.
    pub deadline: Duration,
}

impl ConnectionConfig {
    /// Creates a configuration with SASL_SSL if there are credentials, else
    /// PLAINTEXT, and a deadline of 30 seconds for each step.
    pub fn new(bootstrap_servers: impl Into<String>, credentials: Option<Credentials>) -> Self {
        let security_protocol = match credentials {
            Some(_) => SecurityProtocol::SaslSsl,
            None => SecurityProtocol::Plaintext,
        };
        Self {
            bootstrap_servers: bootstrap_servers.into(),
            security_protocol,
            credentials,
            ca_location: None,
            fetch_wait_max: Duration::from_millis(100),
            deadline: Duration::from_secs(30),
        }
    }

    /// Returns the settings that all clients of the cluster share.
    pub(super) fn base(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap_servers)
            .set(
                "client.id",
                concat!("cc-protobuf-examples/", env!("CARGO_PKG_VERSION")),
            )
            .set("security.protocol", self.security_protocol.as_str())
            // Detect a silent peer within 10 s.
            .set("socket.connection.setup.timeout.ms", "6000")
            .set("api.version.request.timeout.ms", "6000")
            .set("socket.nagle.disable", "true")
            .set("reconnect.backoff.max.ms", "1000")
            .set_log_level(RDKafkaLogLevel::Info);
        if self.security_protocol.uses_tls() {
            // The bundled OpenSSL does not know the system's certificate
            // store; librdkafka looks for it in the usual locations.
            let ca = self
                .ca_location
                .as_ref()
                .map_or("probe".into(), |path| path.to_string_lossy());
            config.set("ssl.ca.location", ca);
        }
        if let Some(credentials) = &self.credentials
            && self.security_protocol.uses_sasl()
        {
            config
                .set("sasl.mechanisms", "PLAIN")
                .set("sasl.username", &credentials.username)
                .set("sasl.password", &credentials.password);
        }
        config
    }

    pub(super) fn producer(&self) -> ClientConfig {
        let mut config = self.base();
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "5")
            .set("message.timeout.ms", self.deadline.as_millis().to_string());
        config
    }

    pub(super) fn consumer(&self, group: &str) -> ClientConfig {
        let mut config = self.base();
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("allow.auto.create.topics", "false")
            .set(
                "fetch.wait.max.ms",
                self.fetch_wait_max.as_millis().to_string(),
            )
            // A run reads few, small records: do not prefetch megabytes
            // of other records in the same topic.
            .set("queued.max.messages.kbytes", "4096");
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> Credentials {
        Credentials {
            username: "key".into(),
            password: "s3cret".into(),
        }
    }

    #[test]
    fn credentials_decide_the_protocol() {
        let cloud = ConnectionConfig::new("broker:9092", Some(credentials())).base();
        assert_eq!(cloud.get("security.protocol"), Some("SASL_SSL"));
        assert_eq!(cloud.get("sasl.mechanisms"), Some("PLAIN"));
        assert_eq!(cloud.get("sasl.username"), Some("key"));
        assert_eq!(cloud.get("ssl.ca.location"), Some("probe"));
        let local = ConnectionConfig::new("broker:9092", None).base();
        assert_eq!(local.get("security.protocol"), Some("PLAINTEXT"));
        assert_eq!(local.get("sasl.mechanisms"), None);
        assert_eq!(local.get("ssl.ca.location"), None);
    }

    #[test]
    fn a_ca_file_replaces_the_system_store() {
        let mut config = ConnectionConfig::new("broker:9092", Some(credentials()));
        config.ca_location = Some("/etc/ca.pem".into());
        assert_eq!(config.base().get("ssl.ca.location"), Some("/etc/ca.pem"));
    }

    #[test]
    fn passwords_are_not_printed() {
        let text = format!(
            "{:?}",
            ConnectionConfig::new("broker:9092", Some(credentials()))
        );
        assert!(!text.contains("s3cret"), "{text}");
    }

    #[test]
    fn protocols_by_name() {
        for name in ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] {
            let parsed: SecurityProtocol = name.to_lowercase().parse().unwrap();
            assert_eq!(parsed.to_string(), name);
        }
        assert!(
            "TLS"
                .parse::<SecurityProtocol>()
                .unwrap_err()
                .to_string()
                .contains("SASL_SSL")
        );
    }
}
