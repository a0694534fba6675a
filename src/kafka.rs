//! Topics, produce and consume, over librdkafka.
//!
//! One [`Kafka`] serves a whole run: an idempotent producer, and a consumer
//! that is assigned once to every topic of the run. Assigning beats
//! subscribing here: no group rebalance has to be waited for, and offsets are
//! still committed under the group. Every call has a deadline.
//!
//! ```
//! # #[cfg(feature = "embedded")]
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use cc_protobuf_examples::kafka::{ConnectionConfig, Kafka, Record, TopicSpec};
//!
//! use cc_protobuf_examples::embedded::broker::EmbeddedBroker;
//! // Brokers inside the process. For a cluster of your own: its addresses and
//! // `Credentials` in `ConnectionConfig::new`, and `AdminTopics` to create topics.
//! let broker = EmbeddedBroker::start().await?;
//! let config = ConnectionConfig::new(broker.bootstrap_servers(), None);
//! let topic = TopicSpec { name: "orders".into(), partitions: 6, replication_factor: 3 };
//! let (kafka, created) = Kafka::connect(&config, "my-group", &[topic], &broker).await?;
//! assert_eq!(created, ["orders"]);
//!
//! let record = Record {
//!     topic: "orders".into(),
//!     key: Some(b"o-1".to_vec()),
//!     value: Some(b"hello".to_vec()),
//!     ..Record::default()
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
pub use record::{Delivery, Headers, Received, Record};
pub use topics::{AdminTopics, Deleted, TopicCreator, TopicSpec};

use consumer::Consumer;
use events::Events;

/// A producer and a consumer on one cluster, for the length of a run.
pub struct Kafka {
    producer: FutureProducer<Events>,
    consumer: Consumer,
    events: Events,
    deadline: Duration,
}

impl Kafka {
    /// Connects, makes sure that `topics` exist, and assigns the consumer of
    /// `group` to all of them: from the group's committed offsets, or from the
    /// earliest where there are none. `creator` makes the missing topics.
    ///
    /// Returns the topics that were created, next to the connection.
    ///
    /// # Errors
    /// Fails within the deadline of `config` when no broker answers, when
    /// credentials or certificates are refused, and when a topic cannot be
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

    /// Creates the topics that do not exist and waits until each has a leader
    /// on every partition; then assigns the consumer to all of them.
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
                    "the topic exists with another number of partitions; it is used as it is"
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

    /// Produces all records, many in flight, and waits until every broker that
    /// must acknowledge has done so. The deliveries come in the order of the
    /// records.
    ///
    /// # Errors
    /// The first record that was not delivered, with the reason; others may
    /// have been delivered.
    pub async fn produce(&self, records: &[Record]) -> Result<Vec<Delivery>, Error> {
        try_join_all(records.iter().map(|record| self.produce_one(record))).await
    }

    async fn produce_one(&self, record: &Record) -> Result<Delivery, Error> {
        let mut message: FutureRecord<'_, [u8], [u8]> = FutureRecord::to(&record.topic);
        message.key = record.key.as_deref();
        message.payload = record.value.as_deref();
        if !record.headers.is_empty() {
            message = message.headers(record::to_native(&record.headers));
        }
        let sent = tokio::time::timeout(
            // librdkafka gives up by itself at `message.timeout.ms`; this is
            // for a client that no longer answers at all.
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

    fn delivery_error(&self, record: &Record, error: &KafkaError) -> Error {
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

    /// Waits for exactly the records delivered, in that order. Other records of
    /// the same topics are left for [`Kafka::consume`]. A call that fails, or is
    /// dropped while it waits, loses nothing: the next call finds every record
    /// that had come.
    ///
    /// # Errors
    /// [`Error::NotReceived`] when one of them has not come by the deadline.
    pub async fn receive(&self, deliveries: &[Delivery]) -> Result<Vec<Received>, Error> {
        self.consumer.receive(deliveries, self.deadline).await
    }

    /// Waits for the next `count` records of a topic, whoever wrote them, for
    /// `wait` at most; returns what there was by then. As with
    /// [`Kafka::receive`], a dropped or failed call loses nothing.
    pub async fn consume(
        &self,
        topic: &str,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<Received>, Error> {
        self.consumer.consume(topic, count, wait).await
    }

    /// Commits the offsets behind these records for the group. To be called
    /// once they are handled.
    pub async fn commit(&self, handled: &[Received]) -> Result<(), Error> {
        self.consumer.commit(handled, self.deadline).await
    }

    /// Lets go of the cluster: records not yet sent are dropped, threads end.
    /// Bounded by the deadline, also when no broker answers.
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
