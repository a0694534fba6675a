use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rdkafka::admin::TopicResult;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use super::events::Events;
use super::probe::patiently;
use super::{Config, Error};

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

/// How the clusters of librdkafka's mock brokers begin their id.
const MOCK_CLUSTER: &str = "mockCluster";

/// Topics and groups by Kafka's admin API.
///
/// librdkafka's mock brokers have no such API: requests to them time out, and one
/// ends the process. Should the cluster be of that kind, as the one of `serve
/// --kafka` is, topics are created as brokers do it for a producer that asks for
/// them, and nothing is deleted: all ends with the process of the brokers.
pub struct AdminTopics {
    client: Arc<AdminClient<Events>>,
    events: Events,
    options: AdminOptions,
    deadline: Duration,
}

impl AdminTopics {
    /// A client of the cluster's admin API. Connects on first use.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let events = Events::new(&config.bootstrap_servers);
        let client = config
            .base()
            .create_with_context(events.clone())
            .map_err(|e| Error::Client {
                reason: e.to_string(),
            })?;
        let options = AdminOptions::new()
            .request_timeout(Some(config.deadline))
            .operation_timeout(Some(config.deadline));
        Ok(Self {
            client: Arc::new(client),
            events,
            options,
            deadline: config.deadline,
        })
    }

    /// Whether the cluster is one of librdkafka's mock brokers.
    async fn is_mock(&self) -> Result<bool, Error> {
        let (client, events) = (Arc::clone(&self.client), self.events.clone());
        let ask = move |look: Duration| match client.inner().fetch_cluster_id(look) {
            Some(id) => Ok(id.starts_with(MOCK_CLUSTER)),
            // Not every broker tells an id.
            None if events.none_yet() => Ok(false),
            None => Err(KafkaError::MetadataFetch(
                RDKafkaErrorCode::OperationTimedOut,
            )),
        };
        patiently(&self.events, self.deadline, "identify the cluster", ask).await
    }

    /// Creates a topic by asking for it, with the partitions the brokers choose.
    async fn create_by_asking(&self, topic: &TopicSpec) -> Result<(), Error> {
        let (client, name) = (Arc::clone(&self.client), topic.name.clone());
        let ask = move |look| client.inner().fetch_metadata(Some(&name), look).map(drop);
        patiently(&self.events, self.deadline, "create the topics", ask).await
    }

    /// Deletes topics; one that does not exist is no error. Returns the names
    /// of those that did.
    pub async fn delete_topics(&self, names: &[&str]) -> Result<Vec<String>, Error> {
        if self.is_mock().await? {
            return Ok(Vec::new());
        }
        let results = self.client.delete_topics(names, &self.options).await;
        self.deleted("topic", results, RDKafkaErrorCode::UnknownTopicOrPartition)
    }

    /// Deletes consumer groups; one that does not exist is no error. Returns
    /// the names of those that did.
    pub async fn delete_groups(&self, names: &[&str]) -> Result<Vec<String>, Error> {
        if self.is_mock().await? {
            return Ok(Vec::new());
        }
        let results = self.client.delete_groups(names, &self.options).await;
        self.deleted("consumer group", results, RDKafkaErrorCode::GroupIdNotFound)
    }

    fn deleted(
        &self,
        kind: &'static str,
        results: Result<Vec<TopicResult>, KafkaError>,
        absent: RDKafkaErrorCode,
    ) -> Result<Vec<String>, Error> {
        let mut deleted = Vec::new();
        for result in results.map_err(|e| self.call_error(format!("delete {kind}s"), &e))? {
            match result {
                Ok(name) => deleted.push(name),
                Err((_, code)) if code == absent => {}
                Err((
                    name,
                    RDKafkaErrorCode::TopicAuthorizationFailed
                    | RDKafkaErrorCode::GroupAuthorizationFailed,
                )) => {
                    return Err(Error::NotAuthorized {
                        what: format!("delete {kind} {name:?}"),
                    });
                }
                Err((name, code)) => {
                    return Err(Error::Admin {
                        action: format!("delete {kind} {name:?}"),
                        reason: code.to_string(),
                    });
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
