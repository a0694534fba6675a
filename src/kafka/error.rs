//! Errors of the Kafka client, and the causes that callers can branch on.

use std::fmt;
use std::time::Duration;

/// Why a step on the Kafka cluster failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// librdkafka refuses the configuration.
    #[error("cannot create the Kafka client: {reason}")]
    Client {
        /// librdkafka's message.
        reason: String,
    },
    /// No broker answered.
    #[error("cannot reach Kafka at {servers} to {step}: {kind}{} (gave up after {} s)", because(.reason), .wait.as_secs())]
    Unreachable {
        /// The bootstrap servers.
        servers: String,
        /// What the client was doing.
        step: &'static str,
        /// How long the client waited.
        wait: Duration,
        /// The probable cause.
        kind: ErrorKind,
        /// The last problem that librdkafka reported.
        reason: Option<String>,
    },
    /// The brokers refuse the credentials.
    #[error("Kafka at {servers} refuses the credentials: {reason}")]
    Authentication {
        /// The bootstrap servers.
        servers: String,
        /// librdkafka's message.
        reason: String,
    },
    /// The TLS handshake failed.
    #[error("cannot establish TLS with Kafka at {servers}: {kind}: {reason}")]
    Tls {
        /// The bootstrap servers.
        servers: String,
        /// [`ErrorKind::Certificate`] or [`ErrorKind::Tls`].
        kind: ErrorKind,
        /// librdkafka's message.
        reason: String,
    },
    /// The brokers accept the credentials, but do not allow the operation.
    #[error("Kafka does not allow these credentials to {what}")]
    NotAuthorized {
        /// The operation and its object.
        what: String,
    },
    /// The brokers are librdkafka's mock cluster, which has no admin API.
    #[error("the brokers at {servers} are a mock cluster without an admin API: it cannot {action}")]
    NoAdminApi {
        /// The bootstrap servers.
        servers: String,
        /// The operation.
        action: &'static str,
    },
    /// A topic could not be created.
    #[error(
        "cannot create topic {topic:?} ({partitions} partitions, replication factor {replication_factor}): {reason}"
    )]
    CreateTopic {
        /// Topic.
        topic: String,
        /// Requested number of partitions.
        partitions: i32,
        /// Requested replication factor.
        replication_factor: i32,
        /// The broker's message.
        reason: String,
    },
    /// An administrative request failed.
    #[error("cannot {action}: {reason}")]
    Admin {
        /// The operation.
        action: String,
        /// The broker's message.
        reason: String,
    },
    /// A topic still has partitions without a leader at the deadline.
    #[error("topic {topic:?} is not ready after {} s: it does not exist or a partition has no leader", .wait.as_secs())]
    NotReady {
        /// Topic.
        topic: String,
        /// How long the client waited.
        wait: Duration,
    },
    /// The record exceeds the size limit of client, topic or broker.
    #[error(
        "the record of {size} bytes, or its batch, exceeds the limit of topic {topic:?} (max.message.bytes)"
    )]
    TooLarge {
        /// Topic.
        topic: String,
        /// Size of key and value in bytes.
        size: usize,
    },
    /// A record was not acknowledged.
    #[error("cannot produce to topic {topic:?}: {reason}")]
    Produce {
        /// Topic.
        topic: String,
        /// librdkafka's message.
        reason: String,
    },
    /// The consumer failed permanently.
    #[error("cannot consume from topic {topic:?}: {reason}")]
    Consume {
        /// Topic.
        topic: String,
        /// librdkafka's message.
        reason: String,
    },
    /// Produced records did not come back in time.
    #[error("{missing} of {expected} records did not come back from topic {topic:?} within {} s", .wait.as_secs())]
    NotReceived {
        /// Topic of the first one missing.
        topic: String,
        /// Number of expected records.
        expected: usize,
        /// Number of missing records.
        missing: usize,
        /// How long the client waited.
        wait: Duration,
    },
    /// Offsets could not be committed.
    #[error("cannot commit offsets for group {group:?}: {reason}")]
    Commit {
        /// Consumer group.
        group: String,
        /// librdkafka's message.
        reason: String,
    },
}

fn because(reason: &Option<String>) -> String {
    reason
        .as_ref()
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default()
}

/// The causes that callers can branch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The name of a bootstrap server has no address.
    UnknownHost,
    /// Nothing listens at the address.
    ConnectionRefused,
    /// The peer stays silent, or does not even accept the connection.
    NoAnswer,
    /// The client sends plain text, and the listener probably expects TLS.
    TlsListener,
    /// The client sends TLS, and the listener does not support it.
    PlaintextListener,
    /// The server does not speak Kafka's protocol.
    NotKafka,
    /// The certificate of the broker cannot be verified.
    Certificate,
    /// The TLS handshake failed for another reason.
    Tls,
    /// User name or password are wrong.
    Credentials,
    /// The client authenticates, and the listener does not support that.
    SaslNotOffered,
    /// The client does not authenticate, and the listener probably requires it.
    SaslRequired,
    /// The credentials do not allow the operation.
    NotAuthorized,
    /// The brokers have no admin API.
    NoAdminApi,
    /// The cluster does not create the topic.
    CreateTopic,
    /// The topic is not ready, or its records do not arrive.
    NotReady,
    /// The record is too large.
    TooLarge,
    /// Anything else.
    Other,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownHost => "a host name is unknown",
            Self::ConnectionRefused => "nothing listens there",
            Self::NoAnswer => "no answer",
            Self::TlsListener => "the listener probably expects TLS",
            Self::PlaintextListener => "the listener does not speak TLS",
            Self::NotKafka => "the server is not a Kafka broker",
            Self::Certificate => "the certificate cannot be verified",
            Self::Tls => "the handshake failed",
            Self::Credentials => "wrong credentials",
            Self::SaslNotOffered => "the listener does not offer SASL/PLAIN",
            Self::SaslRequired => "the listener probably expects credentials",
            Self::NotAuthorized => "not allowed",
            Self::NoAdminApi => "no admin API",
            Self::CreateTopic => "the topic cannot be created",
            Self::NotReady => "not ready",
            Self::TooLarge => "too large",
            Self::Other => "no broker can be used",
        })
    }
}

impl Error {
    /// Returns the cause.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreachable { kind, .. } | Self::Tls { kind, .. } => *kind,
            Self::Authentication { .. } => ErrorKind::Credentials,
            Self::NotAuthorized { .. } => ErrorKind::NotAuthorized,
            Self::NoAdminApi { .. } => ErrorKind::NoAdminApi,
            Self::CreateTopic { .. } => ErrorKind::CreateTopic,
            Self::NotReady { .. } | Self::NotReceived { .. } => ErrorKind::NotReady,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::Client { .. }
            | Self::Admin { .. }
            | Self::Produce { .. }
            | Self::Consume { .. }
            | Self::Commit { .. } => ErrorKind::Other,
        }
    }

    /// Returns whether no broker was reached, as opposed to one that refused.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Tls { .. } | Self::NotReady { .. }
        )
    }

    /// Returns whether credentials or permissions were refused.
    pub fn is_refused(&self) -> bool {
        matches!(
            self,
            Self::Authentication { .. } | Self::NotAuthorized { .. }
        )
    }
}
