//! A Kafka cluster inside the process: librdkafka's mock cluster, which speaks
//! Kafka's protocol on loopback and keeps records in memory.

use std::fmt;
use std::sync::mpsc;
use std::thread::JoinHandle;

use futures_util::future::BoxFuture;
use rdkafka::error::KafkaError;
use rdkafka::mocking::MockCluster;
use rdkafka::types::RDKafkaErrorCode;
use tokio::sync::oneshot;

use crate::kafka::{Error, TopicCreator, TopicSpec};

const BROKERS: i32 = 3;

/// A running cluster. Dropping it stops the brokers and joins their thread.
pub struct EmbeddedBroker {
    bootstrap_servers: String,
    // Dropped before the thread is joined: closing the channel stops the
    // thread.
    requests: Option<mpsc::Sender<CreateTopic>>,
    thread: Option<JoinHandle<()>>,
}

struct CreateTopic {
    topic: TopicSpec,
    answer: oneshot::Sender<Result<(), KafkaError>>,
}

impl EmbeddedBroker {
    /// Starts three brokers on ephemeral ports of the loopback interface.
    ///
    /// # Errors
    /// [`Error::Client`] if the thread or the cluster cannot be started.
    pub async fn start() -> Result<Self, Error> {
        let (requests, inbox) = mpsc::channel::<CreateTopic>();
        let (started, servers) = oneshot::channel();
        // The mock cluster must stay on one thread, so it gets its own.
        let thread = std::thread::Builder::new()
            .name("embedded-broker".into())
            .spawn(move || {
                let cluster = match MockCluster::new(BROKERS) {
                    Ok(cluster) => cluster,
                    Err(error) => {
                        let _ = started.send(Err(error));
                        return;
                    }
                };
                let _ = started.send(Ok(cluster.bootstrap_servers()));
                for CreateTopic { topic, answer } in inbox {
                    let TopicSpec {
                        name,
                        partitions,
                        replication_factor,
                    } = topic;
                    // The mock cannot have more replicas than brokers.
                    let replicas = replication_factor.min(BROKERS);
                    let _ = answer.send(cluster.create_topic(&name, partitions, replicas));
                }
            })
            .map_err(|e| Error::Client {
                reason: e.to_string(),
            })?;
        let bootstrap_servers = match servers.await {
            Ok(Ok(servers)) => servers,
            Ok(Err(error)) => {
                return Err(Error::Client {
                    reason: error.to_string(),
                });
            }
            Err(_) => {
                return Err(Error::Client {
                    reason: "the brokers did not start".into(),
                });
            }
        };
        Ok(Self {
            bootstrap_servers,
            requests: Some(requests),
            thread: Some(thread),
        })
    }

    /// `host:port` of the brokers, comma-separated.
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    async fn create_one(&self, topic: &TopicSpec) -> Result<(), Error> {
        let (answer, result) = oneshot::channel();
        if let Some(requests) = &self.requests {
            // If the thread has ended, the sender of the answer is dropped and
            // the receiver returns an error.
            let _ = requests.send(CreateTopic {
                topic: topic.clone(),
                answer,
            });
        }
        let reason = match result.await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error))
                if error.rdkafka_error_code() == Some(RDKafkaErrorCode::TopicAlreadyExists) =>
            {
                return Ok(());
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the brokers have stopped".to_owned(),
        };
        Err(Error::CreateTopic {
            topic: topic.name.clone(),
            partitions: topic.partitions,
            replication_factor: topic.replication_factor,
            reason,
        })
    }
}

impl TopicCreator for EmbeddedBroker {
    fn create<'a>(&'a self, topics: &'a [TopicSpec]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            for topic in topics {
                self.create_one(topic).await?;
            }
            Ok(())
        })
    }
}

impl Drop for EmbeddedBroker {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for EmbeddedBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedBroker")
            .field("bootstrap_servers", &self.bootstrap_servers)
            .finish_non_exhaustive()
    }
}
