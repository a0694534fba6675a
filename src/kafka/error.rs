use std::time::Duration;

/// Why a step on the Kafka cluster failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// librdkafka refuses the configuration.
    #[error("cannot create the Kafka client: {reason}")]
    Client {
        /// librdkafka's words.
        reason: String,
    },
    /// No broker answered in time.
    #[error("no answer from Kafka at {servers} within {} s, while trying to {step}{}", .wait.as_secs(), because(.reason))]
    Unreachable {
        /// The bootstrap servers.
        servers: String,
        /// What was to be done.
        step: &'static str,
        /// How long was waited.
        wait: Duration,
        /// The last problem that librdkafka reported.
        reason: Option<String>,
    },
    /// The brokers refuse the credentials.
    #[error("Kafka at {servers} refuses the credentials: {reason}")]
    Authentication {
        /// The bootstrap servers.
        servers: String,
        /// librdkafka's words.
        reason: String,
    },
    /// No TLS session can be had.
    #[error("cannot establish TLS with Kafka at {servers}: {reason}")]
    Tls {
        /// The bootstrap servers.
        servers: String,
        /// librdkafka's words.
        reason: String,
    },
    /// The brokers accept the credentials, but not for this.
    #[error("Kafka does not allow these credentials to {what}")]
    NotAuthorized {
        /// The operation and its object.
        what: String,
    },
    /// A topic could not be created.
    #[error(
        "cannot create topic {topic:?} ({partitions} partitions, replication factor {replication_factor}): {reason}"
    )]
    CreateTopic {
        /// Topic.
        topic: String,
        /// Partitions asked for.
        partitions: i32,
        /// Replication factor asked for.
        replication_factor: i32,
        /// The broker's words.
        reason: String,
    },
    /// An administrative request failed.
    #[error("cannot {action}: {reason}")]
    Admin {
        /// What was asked for.
        action: String,
        /// The broker's words.
        reason: String,
    },
    /// A topic has partitions without leader for too long.
    #[error("topic {topic:?} is not ready after {} s: it does not exist or a partition has no leader", .wait.as_secs())]
    NotReady {
        /// Topic.
        topic: String,
        /// How long was waited.
        wait: Duration,
    },
    /// The record is over the limit of client, topic or broker.
    #[error(
        "the record of {size} bytes, or the batch it went in, is over the limit of topic {topic:?} (max.message.bytes)"
    )]
    TooLarge {
        /// Topic.
        topic: String,
        /// Key and value, in bytes.
        size: usize,
    },
    /// A record was not acknowledged.
    #[error("cannot produce to topic {topic:?}: {reason}")]
    Produce {
        /// Topic.
        topic: String,
        /// librdkafka's words.
        reason: String,
    },
    /// The consumer failed for good.
    #[error("cannot consume from topic {topic:?}: {reason}")]
    Consume {
        /// Topic.
        topic: String,
        /// librdkafka's words.
        reason: String,
    },
    /// Produced records did not come back in time.
    #[error("{missing} of {expected} records did not come back from topic {topic:?} within {} s", .wait.as_secs())]
    NotReceived {
        /// Topic of the first one missing.
        topic: String,
        /// How many were expected.
        expected: usize,
        /// How many of them did not come.
        missing: usize,
        /// How long was waited.
        wait: Duration,
    },
    /// Offsets could not be committed.
    #[error("cannot commit offsets for group {group:?}: {reason}")]
    Commit {
        /// Consumer group.
        group: String,
        /// librdkafka's words.
        reason: String,
    },
}

fn because(reason: &Option<String>) -> String {
    reason
        .as_ref()
        .map(|reason| format!(" (last problem: {reason})"))
        .unwrap_or_default()
}

impl Error {
    /// What the user can do, where that can be said.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unreachable { .. } => {
                "check BOOTSTRAP_SERVERS (host:port) and KAFKA_SECURITY_PROTOCOL, and that the network lets you through"
            }
            Self::Authentication { .. } => "check KAFKA_API_KEY and KAFKA_API_SECRET",
            Self::Tls { .. } => {
                "for a private certificate authority set KAFKA_SSL_CA_LOCATION to its PEM file"
            }
            Self::NotAuthorized { .. } => {
                "give the API key's principal the right, or use a key that has it"
            }
            Self::CreateTopic { .. } => {
                "set KAFKA_REPLICATION_FACTOR and KAFKA_PARTITIONS to what the cluster allows, or create the topic beforehand"
            }
            Self::TooLarge { .. } => {
                "send less in one record or at once, or raise max.message.bytes of the topic"
            }
            Self::NotReady { .. } | Self::NotReceived { .. } => {
                "look at the state of the topic's partitions and in-sync replicas"
            }
            _ => return None,
        })
    }

    /// Whether no backend was reached, as opposed to one that refused.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Tls { .. } | Self::NotReady { .. }
        )
    }

    /// Whether credentials or rights were refused.
    pub fn is_refused(&self) -> bool {
        matches!(
            self,
            Self::Authentication { .. } | Self::NotAuthorized { .. }
        )
    }
}
