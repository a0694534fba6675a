//! Creates topics, and produces and consumes records, with librdkafka.
//!
//! One [`Kafka`] holds an idempotent producer and a consumer that is assigned
//! to all topics of a run. The consumer is assigned, not subscribed, so it never
//! waits for a group rebalance; it still commits offsets for its group. Every
//! call has a deadline.
//!
//! ```
//! # #[cfg(feature = "embedded")]
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use cc_protobuf_examples::kafka::{ConnectionConfig, Kafka, ProducerRecord, TopicSpec};
//!
//! use cc_protobuf_examples::embedded::broker::EmbeddedBroker;
//! // Brokers inside the process. For your own cluster, pass its addresses and
//! // `Credentials` to `ConnectionConfig::new`, and create topics with `AdminTopics`.
//! let broker = EmbeddedBroker::start().await?;
//! let config = ConnectionConfig::new(broker.bootstrap_servers(), None);
//! let topic = TopicSpec { name: "orders".into(), partitions: 6, replication_factor: 3 };
//! let (kafka, created) = Kafka::connect(&config, "my-group", &[topic], &broker).await?;
//! assert_eq!(created, ["orders"]);
//!
//! let record = ProducerRecord {
//!     topic: "orders".into(),
//!     key: Some(b"o-1".to_vec()),
//!     value: Some(b"hello".to_vec()),
//!     ..ProducerRecord::default()
//! };
//! let deliveries = kafka.produce(&[record]).await?;
//! let received = kafka.receive(&deliveries).await?;
//! assert_eq!(received[0].value.as_deref(), Some(&b"hello"[..]));
//! kafka.commit(&received).await?;
//! kafka.close().await;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "embedded"))]
//! # fn main() {}
//! ```

mod config;
mod consumer;
mod error;
mod events;
mod probe;
mod record;
mod topics;

use std::fmt;
use std::time::Duration;

use futures_util::future::try_join_all;
use rdkafka::error::KafkaError;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use rdkafka::types::RDKafkaErrorCode;

pub use config::{ConnectionConfig, Credentials, SecurityProtocol};
pub use error::{Error, ErrorKind};
pub use probe::{has_feature, reach};
pub use record::{Delivery, Headers, ProducerRecord, Received};
pub use topics::{AdminTopics, Deleted, TopicCreator, TopicSpec};

use consumer::Consumer;
use events::Events;

/// A producer and a consumer on one cluster.
pub struct Kafka {
    producer: FutureProducer<Events>,
    consumer: Consumer,
    events: Events,
    deadline: Duration,
}

impl Kafka {
    /// Connects, creates the missing ones of `topics` through `creator`, and
    /// assigns the consumer of `group` to all of them, at the group's committed
    /// offsets or else at the earliest.
    ///
    /// Returns the connection and the names of the topics that it created.
    ///
    /// # Errors
    /// Fails within the deadline of `config` if no broker answers, if
    /// credentials or certificates are refused, or if a topic cannot be
    /// created or is not ready in time.
    pub async fn connect(
        config: &ConnectionConfig,
        group: &str,
        topics: &[TopicSpec],
        creator: &dyn TopicCreator,
    ) -> Result<(Self, Vec<String>), Error> {
        let events = Events::new(&config.bootstrap_servers);
        let producer: FutureProducer<Events> = config
            .producer()
            .create_with_context(events.clone())
            .map_err(|e| Error::Client {
                reason: e.to_string(),
            })?;
        let consumer = Consumer::new(config, group, events.clone())?;
        let mut kafka = Self {
            producer,
            consumer,
            events,
            deadline: config.deadline,
        };
        let created = kafka.ensure_topics(topics, creator).await?;
        Ok((kafka, created))
    }

    /// Creates the missing topics, waits until every partition has a leader,
    /// then assigns the consumer to all topics.
    async fn ensure_topics(
        &mut self,
        topics: &[TopicSpec],
        creator: &dyn TopicCreator,
    ) -> Result<Vec<String>, Error> {
        let mut missing = Vec::new();
        for topic in topics {
            match self.consumer.partitions(&topic.name, self.deadline).await? {
                None => missing.push(topic.clone()),
                Some(found) if found != topic.partitions => tracing::info!(
                    topic = topic.name,
                    found,
                    wanted = topic.partitions,
                    "the topic exists with another number of partitions; using it unchanged"
                ),
                Some(_) => {}
            }
        }
        if !missing.is_empty() {
            creator.create(&missing).await?;
        }
        let names: Vec<&str> = topics.iter().map(|topic| topic.name.as_str()).collect();
        self.consumer.assign(&names, self.deadline).await?;
        Ok(missing.into_iter().map(|topic| topic.name).collect())
    }

    /// Produces all records concurrently and waits until each is acknowledged.
    /// Returns the deliveries in the order of the records.
    ///
    /// # Errors
    /// Returns the error of the first record that was not delivered; other
    /// records may have been delivered.
    pub async fn produce(&self, records: &[ProducerRecord]) -> Result<Vec<Delivery>, Error> {
        try_join_all(records.iter().map(|record| self.produce_one(record))).await
    }

    async fn produce_one(&self, record: &ProducerRecord) -> Result<Delivery, Error> {
        let mut message: FutureRecord<'_, [u8], [u8]> = FutureRecord::to(&record.topic);
        message.key = record.key.as_deref();
        message.payload = record.value.as_deref();
        if !record.headers.is_empty() {
            message = message.headers(record::to_native(&record.headers));
        }
        let sent = tokio::time::timeout(
            // librdkafka gives up at `message.timeout.ms`; this limit is for a
            // client that no longer answers at all.
            self.deadline + Duration::from_secs(5),
            self.producer.send(message, self.deadline),
        );
        match sent.await {
            Ok(Ok(delivery)) => Ok(Delivery {
                topic: record.topic.clone(),
                partition: delivery.partition,
                offset: delivery.offset,
            }),
            Ok(Err((error, _))) => Err(self.delivery_error(record, &error)),
            Err(_) => Err(self.events.unreachable("produce", self.deadline)),
        }
    }

    fn delivery_error(&self, record: &ProducerRecord, error: &KafkaError) -> Error {
        let size =
            record.key.as_ref().map_or(0, Vec::len) + record.value.as_ref().map_or(0, Vec::len);
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize) => {
                Error::TooLarge {
                    topic: record.topic.clone(),
                    size,
                }
            }
            Some(RDKafkaErrorCode::TopicAuthorizationFailed) => Error::NotAuthorized {
                what: format!("write to topic {:?}", record.topic),
            },
            Some(
                RDKafkaErrorCode::MessageTimedOut
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::BrokerTransportFailure,
            ) => self.events.unreachable("produce", self.deadline),
            _ => self.events.refused().unwrap_or_else(|| Error::Produce {
                topic: record.topic.clone(),
                reason: error.to_string(),
            }),
        }
    }

    /// Waits for exactly these deliveries and returns their records in the same
    /// order. Other records of the topics stay for [`Kafka::consume`]. A call
    /// that fails or is dropped loses no record: the next call finds it.
    ///
    /// # Errors
    /// Returns [`Error::NotReceived`] if one of them is still missing at the
    /// deadline.
    pub async fn receive(&self, deliveries: &[Delivery]) -> Result<Vec<Received>, Error> {
        self.consumer.receive(deliveries, self.deadline).await
    }

    /// Waits at most `wait` for the next `count` records of a topic, from any
    /// producer, and returns those that arrived. A call that fails or is dropped
    /// loses no record.
    pub async fn consume(
        &self,
        topic: &str,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<Received>, Error> {
        self.consumer.consume(topic, count, wait).await
    }

    /// Commits the offsets after these records for the group. Call it once they
    /// are processed.
    pub async fn commit(&self, handled: &[Received]) -> Result<(), Error> {
        self.consumer.commit(handled, self.deadline).await
    }

    /// Closes both clients within the deadline, even if no broker answers.
    /// Drops records that are not sent yet.
    pub async fn close(self) {
        use rdkafka::producer::PurgeConfig;
        let Self {
            producer,
            consumer,
            deadline,
            ..
        } = self;
        producer.purge(PurgeConfig::default().queue().inflight());
        let closing = tokio::task::spawn_blocking(move || {
            consumer.close();
            drop(producer);
        });
        if tokio::time::timeout(deadline, closing).await.is_err() {
            tracing::warn!("the Kafka client did not close in time");
        }
    }
}

impl fmt::Debug for Kafka {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kafka")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
