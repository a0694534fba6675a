use futures_util::future::BoxFuture;
use rdkafka::admin::TopicResult;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use super::events::Events;
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

/// Topics and groups by Kafka's admin API.
pub struct AdminTopics {
    client: AdminClient<Events>,
    events: Events,
    options: AdminOptions,
    deadline: std::time::Duration,
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
            client,
            events,
            options,
            deadline: config.deadline,
        })
    }

    /// Deletes topics; one that does not exist is no error. Returns the names
    /// of those that did.
    pub async fn delete_topics(&self, names: &[&str]) -> Result<Vec<String>, Error> {
        let results = self.client.delete_topics(names, &self.options).await;
        self.deleted("topic", results, RDKafkaErrorCode::UnknownTopicOrPartition)
    }

    /// Deletes consumer groups; one that does not exist is no error. Returns
    /// the names of those that did.
    pub async fn delete_groups(&self, names: &[&str]) -> Result<Vec<String>, Error> {
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
        for result in results.map_err(|e| self.call_error(kind, &e))? {
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
                    let what = format!("{kind} {name:?}");
                    return Err(Error::Delete {
                        what,
                        reason: code.to_string(),
                    });
                }
            }
        }
        Ok(deleted)
    }

    /// The error of an admin request as a whole.
    fn call_error(&self, what: &str, error: &KafkaError) -> Error {
        match error.rdkafka_error_code() {
            Some(
                RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::RequestTimedOut
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::BrokerTransportFailure,
            ) => self
                .events
                .unreachable("reach the admin API", self.deadline),
            _ => self.events.refused().unwrap_or_else(|| Error::Delete {
                what: what.to_owned(),
                reason: error.to_string(),
            }),
        }
    }
}

impl TopicCreator for AdminTopics {
    fn create<'a>(&'a self, topics: &'a [TopicSpec]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
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
                .map_err(|e| self.call_error("topics", &e))?;
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
