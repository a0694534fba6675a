use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{CommitMode, Consumer as _, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::events::Events;
use super::{Config, Delivery, Error, Received};

/// How long one look at the cluster's metadata may take; shorter than any
/// deadline, so that a refusal is noticed while it waits.
const LOOK: Duration = Duration::from_secs(2);
/// Between two looks at a topic that is not ready.
const PAUSE: Duration = Duration::from_millis(50);
/// Records kept for later while waiting for others; a topic that holds more
/// belongs to somebody else.
const MAX_KEPT: usize = 10_000;

/// A consumer assigned to several topics at once, of which callers ask for one
/// topic's records at a time.
pub(super) struct Consumer {
    client: Arc<StreamConsumer<Events>>,
    events: Events,
    group: String,
    /// Records that came while others were waited for. Held across a poll:
    /// one reader at a time.
    kept: Mutex<Vec<Received>>,
}

impl Consumer {
    pub(super) fn new(config: &Config, group: &str, events: Events) -> Result<Self, Error> {
        let client = config
            .consumer(group)
            .create_with_context(events.clone())
            .map_err(|e| Error::Client {
                reason: e.to_string(),
            })?;
        Ok(Self {
            client: Arc::new(client),
            events,
            group: group.to_owned(),
            kept: Mutex::default(),
        })
    }

    /// Number of partitions of a topic, none if it does not exist.
    pub(super) async fn partitions(
        &self,
        topic: &str,
        wait: Duration,
    ) -> Result<Option<i32>, Error> {
        self.look(topic, wait).await.map(|state| match state {
            TopicState::Missing => None,
            TopicState::Electing(partitions) | TopicState::Ready(partitions) => Some(partitions),
        })
    }

    async fn look(&self, topic: &str, wait: Duration) -> Result<TopicState, Error> {
        let end = Instant::now() + wait;
        loop {
            let client = Arc::clone(&self.client);
            let name = topic.to_owned();
            let answer = tokio::task::spawn_blocking(move || {
                let metadata = client.client().fetch_metadata(Some(&name), LOOK)?;
                Ok::<_, KafkaError>(TopicState::of(&metadata, &name))
            })
            .await;
            match answer {
                Ok(Ok(Ok(state))) => return Ok(state),
                Ok(Ok(Err(RDKafkaErrorCode::TopicAuthorizationFailed))) => {
                    return Err(Error::NotAuthorized {
                        what: format!("see topic {topic:?}"),
                    });
                }
                Ok(Ok(Err(code))) => tracing::debug!(topic, %code, "no metadata yet"),
                Ok(Err(error)) => tracing::debug!(topic, %error, "no metadata yet"),
                Err(error) => {
                    return Err(Error::Client {
                        reason: error.to_string(),
                    });
                }
            }
            if let Some(refused) = self.events.refused() {
                return Err(refused);
            }
            if Instant::now() >= end {
                return Err(self.events.unreachable("look up topics", wait));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until every topic has a leader on every partition, then takes all
    /// of them, at the group's committed offsets.
    pub(super) async fn assign(&self, topics: &[&str], wait: Duration) -> Result<(), Error> {
        let end = Instant::now() + wait;
        let mut assignment = TopicPartitionList::new();
        for topic in topics {
            let partitions = loop {
                let left = end.saturating_duration_since(Instant::now());
                match self.look(topic, left).await? {
                    TopicState::Ready(partitions) => break partitions,
                    _ if left.is_zero() => {
                        return Err(Error::NotReady {
                            topic: (*topic).to_owned(),
                            wait,
                        });
                    }
                    _ => tokio::time::sleep(PAUSE).await,
                }
            };
            for partition in 0..partitions {
                assignment
                    .add_partition_offset(topic, partition, Offset::Stored)
                    .map_err(|e| Error::Client {
                        reason: e.to_string(),
                    })?;
            }
        }
        self.client.assign(&assignment).map_err(|e| Error::Client {
            reason: e.to_string(),
        })
    }

    pub(super) async fn receive(
        &self,
        deliveries: &[Delivery],
        wait: Duration,
    ) -> Result<Vec<Received>, Error> {
        let end = Instant::now() + wait;
        let mut found: Vec<Option<Received>> = deliveries.iter().map(|_| None).collect();
        let mut kept = self.kept.lock().await;
        let mut earlier = std::mem::take(&mut *kept).into_iter();
        while let Some((missing, _)) = deliveries
            .iter()
            .zip(&found)
            .find(|(_, place)| place.is_none())
        {
            let next = match earlier.next() {
                Some(record) => Some(record),
                None => self.poll(&missing.topic, end).await?,
            };
            let Some(record) = next else {
                return Err(Error::NotReceived {
                    topic: missing.topic.clone(),
                    expected: deliveries.len(),
                    missing: found.iter().filter(|place| place.is_none()).count(),
                    wait,
                });
            };
            match deliveries
                .iter()
                .position(|delivery| record.is_at(delivery))
            {
                Some(at) => found.iter_mut().skip(at).take(1).for_each(|place| {
                    *place = Some(record.clone());
                }),
                None => keep(&mut kept, record)?,
            }
        }
        kept.extend(earlier);
        Ok(found.into_iter().flatten().collect())
    }

    pub(super) async fn consume(
        &self,
        topic: &str,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<Received>, Error> {
        let end = Instant::now() + wait;
        let mut found = Vec::new();
        let mut kept = self.kept.lock().await;
        let mut earlier = std::mem::take(&mut *kept).into_iter();
        while found.len() < count {
            let next = match earlier.next() {
                Some(record) => Some(record),
                None => self.poll(topic, end).await?,
            };
            match next {
                Some(record) if record.topic == topic => found.push(record),
                Some(record) => keep(&mut kept, record)?,
                None => break,
            }
        }
        kept.extend(earlier);
        Ok(found)
    }

    /// The next record of any topic; none when time is up.
    async fn poll(&self, topic: &str, end: Instant) -> Result<Option<Received>, Error> {
        loop {
            let Ok(polled) = tokio::time::timeout_at(end, self.client.recv()).await else {
                return self.events.refused().map_or(Ok(None), Err);
            };
            let error = match polled {
                Ok(message) => return Ok(Some(Received::detach(&message))),
                Err(error) => error,
            };
            match error.rdkafka_error_code() {
                Some(
                    RDKafkaErrorCode::TopicAuthorizationFailed
                    | RDKafkaErrorCode::GroupAuthorizationFailed,
                ) => {
                    let group = &self.group;
                    let what = format!("read topic {topic:?} as group {group:?}");
                    return Err(Error::NotAuthorized { what });
                }
                Some(RDKafkaErrorCode::Fatal) => {
                    let reason = error.to_string();
                    return Err(Error::Consume {
                        topic: topic.to_owned(),
                        reason,
                    });
                }
                // Everything else librdkafka retries: brokers come back,
                // leaders move.
                _ => tracing::debug!(topic, %error, "the consumer retries"),
            }
            if let Some(refused) = self.events.refused() {
                return Err(refused);
            }
        }
    }

    pub(super) async fn commit(&self, handled: &[Received], wait: Duration) -> Result<(), Error> {
        let failed = |reason: String| Error::Commit {
            group: self.group.clone(),
            reason,
        };
        // The offset to commit is the next one to read.
        let mut next: HashMap<(&str, i32), i64> = HashMap::new();
        for record in handled {
            let offset = next.entry((&record.topic, record.partition)).or_default();
            *offset = record.offset.saturating_add(1).max(*offset);
        }
        if next.is_empty() {
            return Ok(());
        }
        let mut offsets = TopicPartitionList::new();
        for ((topic, partition), offset) in next {
            offsets
                .add_partition_offset(topic, partition, Offset::Offset(offset))
                .map_err(|e| failed(e.to_string()))?;
        }
        let client = Arc::clone(&self.client);
        let committing =
            tokio::task::spawn_blocking(move || client.commit(&offsets, CommitMode::Sync));
        match tokio::time::timeout(wait, committing).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(failed(error.to_string())),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => Err(self.events.unreachable("commit offsets", wait)),
        }
    }

    /// Gives the partitions back; blocks for a moment.
    pub(super) fn close(self) {
        if let Err(error) = self.client.unassign() {
            tracing::debug!(%error, "unassign");
        }
    }
}

fn keep(kept: &mut Vec<Received>, record: Received) -> Result<(), Error> {
    if kept.len() >= MAX_KEPT {
        let reason = format!("more than {MAX_KEPT} records of other runs; use another run id");
        return Err(Error::Consume {
            topic: record.topic,
            reason,
        });
    }
    kept.push(record);
    Ok(())
}

enum TopicState {
    Missing,
    /// Some partition has no leader yet.
    Electing(i32),
    Ready(i32),
}

impl TopicState {
    fn of(metadata: &rdkafka::metadata::Metadata, name: &str) -> Result<Self, RDKafkaErrorCode> {
        let Some(topic) = metadata.topics().iter().find(|topic| topic.name() == name) else {
            return Ok(Self::Missing);
        };
        match topic.error().map(RDKafkaErrorCode::from) {
            None => {}
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                return Ok(Self::Missing);
            }
            Some(RDKafkaErrorCode::LeaderNotAvailable) => {}
            Some(code) => return Err(code),
        }
        let partitions = i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX);
        let led = topic
            .partitions()
            .iter()
            .all(|partition| partition.leader() >= 0);
        Ok(match partitions {
            0 => Self::Missing,
            partitions if led => Self::Ready(partitions),
            partitions => Self::Electing(partitions),
        })
    }
}
