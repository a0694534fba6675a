//! Creates and deletes topics and deletes consumer groups.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rdkafka::admin::TopicResult;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::producer::{FutureProducer, Producer as _};
use rdkafka::types::RDKafkaErrorCode;

use super::events::Events;
use super::probe::patiently;
use super::{ConnectionConfig, Error};

/// A topic to create if it does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Name.
    pub name: String,
    /// Number of partitions.
    pub partitions: i32,
    /// Replication factor; Confluent Cloud accepts only 3.
    pub replication_factor: i32,
}

/// Creates topics: through the admin API of a cluster, or by a direct call for
/// the embedded brokers, which have no admin API.
pub trait TopicCreator: Send + Sync {
    /// Creates the topics; one that exists already counts as created.
    fn create<'a>(&'a self, topics: &'a [TopicSpec]) -> BoxFuture<'a, Result<(), Error>>;
}

/// The result of a deletion.
#[derive(Clone, Debug, Default)]
pub struct Deleted {
    /// Names that existed and are deleted.
    pub gone: Vec<String>,
    /// Names that could not be deleted, and why.
    pub left: Vec<(String, Error)>,
}

/// Prefix of the cluster id of librdkafka's mock brokers.
const MOCK_CLUSTER: &str = "mockCluster";

/// A client that asks for metadata. It is a producer, because a producer receives
/// events without being polled and an admin client receives none.
type Scout = Arc<FutureProducer<Events>>;

/// Topics and consumer groups through Kafka's admin API.
///
/// librdkafka's mock brokers do not have that API: most requests to them time
/// out, and one ends the process. On such a cluster, a topic is created by asking
/// for its metadata, as for a producer, and deletions fail with
/// [`Error::NoAdminApi`]: everything disappears with the brokers' process.
pub struct AdminTopics {
    client: AdminClient<Events>,
    scout: Scout,
    events: Events,
    options: AdminOptions,
    deadline: Duration,
}

impl AdminTopics {
    /// Creates a client of the cluster's admin API. Connects on first use.
    pub fn new(config: &ConnectionConfig) -> Result<Self, Error> {
        let events = Events::new(&config.bootstrap_servers);
        let failed = |error: KafkaError| Error::Client {
            reason: error.to_string(),
        };
        let native = config.base();
        let client = native.create_with_context(events.clone()).map_err(failed)?;
        let scout = Arc::new(native.create_with_context(events.clone()).map_err(failed)?);
        let options = AdminOptions::new()
            .request_timeout(Some(config.deadline))
            .operation_timeout(Some(config.deadline));
        Ok(Self {
            client,
            scout,
            events,
            options,
            deadline: config.deadline,
        })
    }

    /// Returns whether the brokers are librdkafka's mock cluster.
    async fn is_mock(&self) -> Result<bool, Error> {
        let id = self.ask("identify the cluster", |scout, look| {
            // If this fails, its error says why; the id alone would be missing.
            scout.client().fetch_metadata(None, look)?;
            Ok(scout.client().fetch_cluster_id(look))
        });
        // Not every broker returns an id.
        Ok(id.await?.is_some_and(|id| id.starts_with(MOCK_CLUSTER)))
    }

    /// Creates a topic through a metadata request; the brokers choose its partitions.
    async fn create_by_asking(&self, topic: &TopicSpec) -> Result<(), Error> {
        let name = topic.name.clone();
        self.ask("create the topics", move |scout, look| {
            scout.client().fetch_metadata(Some(&name), look).map(drop)
        })
        .await
    }

    /// Returns the names of all topics.
    async fn topics(&self) -> Result<HashSet<String>, Error> {
        self.ask("list the topics", |scout, look| {
            let metadata = scout.client().fetch_metadata(None, look)?;
            let topics = metadata.topics().iter();
            Ok(topics.map(|topic| topic.name().to_owned()).collect())
        })
        .await
    }

    async fn ask<T: Send + 'static>(
        &self,
        step: &'static str,
        question: impl Fn(&FutureProducer<Events>, Duration) -> KafkaResult<T> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        let scout = Arc::clone(&self.scout);
        let ask = move |look| question(&scout, look);
        patiently(&self.events, self.deadline, step, ask).await
    }

    /// Deletes topics; one that does not exist is not an error. A mock cluster
    /// keeps its topics.
    ///
    /// # Errors
    /// Fails if the request as a whole fails. Topics that were refused one by one
    /// are in the result.
    pub async fn delete_topics(&self, names: &[&str]) -> Result<Deleted, Error> {
        if self.is_mock().await? {
            let there = self.topics().await?;
            let there = names.iter().copied().filter(|name| there.contains(*name));
            return Ok(self.kept_by_mock(there, "delete topics"));
        }
        let results = self.client.delete_topics(names, &self.options).await;
        self.deleted("topic", results, RDKafkaErrorCode::UnknownTopicOrPartition)
    }

    /// Deletes consumer groups; one that does not exist is not an error. A mock
    /// cluster keeps all groups, and does not say which exist.
    ///
    /// # Errors
    /// Fails if the request as a whole fails.
    pub async fn delete_groups(&self, names: &[&str]) -> Result<Deleted, Error> {
        if self.is_mock().await? {
            return Ok(self.kept_by_mock(names.iter().copied(), "delete consumer groups"));
        }
        let results = self.client.delete_groups(names, &self.options).await;
        self.deleted("consumer group", results, RDKafkaErrorCode::GroupIdNotFound)
    }

    fn kept_by_mock<'a>(
        &self,
        names: impl Iterator<Item = &'a str>,
        action: &'static str,
    ) -> Deleted {
        let error = |name: &str| {
            let servers = self.events.servers().to_owned();
            (name.to_owned(), Error::NoAdminApi { servers, action })
        };
        Deleted {
            gone: Vec::new(),
            left: names.map(error).collect(),
        }
    }

    fn deleted(
        &self,
        kind: &'static str,
        results: Result<Vec<TopicResult>, KafkaError>,
        absent: RDKafkaErrorCode,
    ) -> Result<Deleted, Error> {
        let mut deleted = Deleted::default();
        for result in results.map_err(|e| self.call_error(format!("delete {kind}s"), &e))? {
            match result {
                Ok(name) => deleted.gone.push(name),
                Err((_, code)) if code == absent => {}
                Err((
                    name,
                    RDKafkaErrorCode::TopicAuthorizationFailed
                    | RDKafkaErrorCode::GroupAuthorizationFailed,
                )) => {
                    let what = format!("delete {kind} {name:?}");
                    deleted.left.push((name, Error::NotAuthorized { what }));
                }
                Err((name, code)) => {
                    let action = format!("delete {kind} {name:?}");
                    let reason = code.to_string();
                    deleted.left.push((name, Error::Admin { action, reason }));
                }
            }
        }
        Ok(deleted)
    }

    /// Returns the error of an admin request that failed as a whole.
    fn call_error(&self, action: String, error: &KafkaError) -> Error {
        let code = match error {
            KafkaError::AdminOp(code) => Some(*code),
            other => other.rdkafka_error_code(),
        };
        match code {
            Some(
                RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::RequestTimedOut
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::BrokerTransportFailure,
            ) => self
                .events
                .unreachable("reach the admin API", self.deadline),
            _ => self.events.refused().unwrap_or_else(|| Error::Admin {
                action,
                reason: error.to_string(),
            }),
        }
    }
}

impl TopicCreator for AdminTopics {
    fn create<'a>(&'a self, topics: &'a [TopicSpec]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            if self.is_mock().await? {
                for topic in topics {
                    self.create_by_asking(topic).await?;
                }
                return Ok(());
            }
            let failed = |topic: &TopicSpec, reason: String| Error::CreateTopic {
                topic: topic.name.clone(),
                partitions: topic.partitions,
                replication_factor: topic.replication_factor,
                reason,
            };
            let new: Vec<NewTopic<'_>> = topics
                .iter()
                .map(|topic| {
                    let replication = TopicReplication::Fixed(topic.replication_factor);
                    NewTopic::new(&topic.name, topic.partitions, replication)
                })
                .collect();
            let results = self
                .client
                .create_topics(&new, &self.options)
                .await
                .map_err(|e| self.call_error("create topics".to_owned(), &e))?;
            for result in results {
                let Err((name, code)) = result else { continue };
                match code {
                    // Another process may have created it in the meantime.
                    RDKafkaErrorCode::TopicAlreadyExists => {}
                    RDKafkaErrorCode::TopicAuthorizationFailed
                    | RDKafkaErrorCode::ClusterAuthorizationFailed => {
                        return Err(Error::NotAuthorized {
                            what: format!("create topic {name:?}"),
                        });
                    }
                    code => {
                        let topic = topics.iter().find(|topic| topic.name == name);
                        return Err(topic.map_or_else(
                            || Error::Client {
                                reason: code.to_string(),
                            },
                            |topic| failed(topic, code.to_string()),
                        ));
                    }
                }
            }
            Ok(())
        })
    }
}

impl fmt::Debug for AdminTopics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminTopics")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
