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

/// A topic to create where it does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Name.
    pub name: String,
    /// Number of partitions.
    pub partitions: i32,
    /// Replication factor; Confluent Cloud accepts only 3.
    pub replication_factor: i32,
}

/// Makes topics. A cluster does it by its admin API; the embedded one, whose
/// brokers do not know that API, by a call of its own.
pub trait TopicCreator: Send + Sync {
    /// Creates the topics; one that exists by now counts as created.
    fn create<'a>(&'a self, topics: &'a [TopicSpec]) -> BoxFuture<'a, Result<(), Error>>;
}

/// What became of names that were to be deleted.
#[derive(Clone, Debug, Default)]
pub struct Deleted {
    /// Those that existed and are deleted.
    pub gone: Vec<String>,
    /// Those that stay, and why.
    pub left: Vec<(String, Error)>,
}

/// How the clusters of librdkafka's mock brokers begin their id.
const MOCK_CLUSTER: &str = "mockCluster";

/// Asks for metadata. A producer, because it hears of problems without being
/// polled; an admin client hears of none.
type Scout = Arc<FutureProducer<Events>>;

/// Topics and groups by Kafka's admin API.
///
/// librdkafka's mock brokers have no such API: requests to them time out, and one
/// ends the process. Should the cluster be of that kind, as the one of `serve
/// --kafka` is, topics are created as brokers do it for a producer that asks for
/// them, and nothing can be deleted ([`Error::NoAdminApi`]): all ends with the
/// process of the brokers.
pub struct AdminTopics {
    client: AdminClient<Events>,
    scout: Scout,
    events: Events,
    options: AdminOptions,
    deadline: Duration,
}

impl AdminTopics {
    /// A client of the cluster's admin API. Connects on first use.
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

    /// Whether the cluster is one of librdkafka's mock brokers.
    async fn is_mock(&self) -> Result<bool, Error> {
        let id = self.ask("identify the cluster", |scout, look| {
            // Without an answer there is no id either, but the reason for it.
            scout.client().fetch_metadata(None, look)?;
            Ok(scout.client().fetch_cluster_id(look))
        });
        // Not every broker gives an id.
        Ok(id.await?.is_some_and(|id| id.starts_with(MOCK_CLUSTER)))
    }

    /// Creates a topic by asking for it, with the partitions the brokers choose.
    async fn create_by_asking(&self, topic: &TopicSpec) -> Result<(), Error> {
        let name = topic.name.clone();
        self.ask("create the topics", move |scout, look| {
            scout.client().fetch_metadata(Some(&name), look).map(drop)
        })
        .await
    }

    /// The names of all topics.
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

    /// Deletes topics; one that does not exist is no error. A mock cluster keeps
    /// those that it has.
    ///
    /// # Errors
    /// Fails when the request as a whole does; a refusal of single topics is in
    /// the result.
    pub async fn delete_topics(&self, names: &[&str]) -> Result<Deleted, Error> {
        if self.is_mock().await? {
            let there = self.topics().await?;
            let there = names.iter().copied().filter(|name| there.contains(*name));
            return Ok(self.kept_by_mock(there, "delete topics"));
        }
        let results = self.client.delete_topics(names, &self.options).await;
        self.deleted("topic", results, RDKafkaErrorCode::UnknownTopicOrPartition)
    }

    /// Deletes consumer groups; one that does not exist is no error. A mock
    /// cluster keeps them all, and does not tell which exist.
    ///
    /// # Errors
    /// As [`AdminTopics::delete_topics`].
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

    /// The error of an admin request as a whole.
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
                    // Another process may have been quicker.
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
