//! The consumer: assigned to several topics, read one topic at a time.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{CommitMode, Consumer as _, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::events::Events;
use super::probe::patiently;
use super::record::Place;
use super::{ConnectionConfig, Delivery, Error, Received};

/// Wait between two checks of a topic that is not ready.
const PAUSE: Duration = Duration::from_millis(50);
/// Maximum number of records kept while waiting for others. A topic that holds
/// more is in use by somebody else.
const MAX_KEPT: usize = 10_000;

/// A consumer assigned to several topics at once, whose callers ask for the
/// records of one topic at a time.
pub(super) struct Consumer {
    client: Arc<StreamConsumer<Events>>,
    events: Events,
    group: String,
    /// Records that librdkafka has returned and no call has returned yet. A
    /// record is stored here before the next await, so that an error or a
    /// dropped call does not lose it. The lock is held during a poll, so only
    /// one caller reads at a time.
    kept: Mutex<Vec<Received>>,
}

impl Consumer {
    pub(super) fn new(
        config: &ConnectionConfig,
        group: &str,
        events: Events,
    ) -> Result<Self, Error> {
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

    /// Returns the number of partitions of a topic, or none if it does not exist.
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
        let client = Arc::clone(&self.client);
        let name = topic.to_owned();
        let ask = move |look| {
            let metadata = client.client().fetch_metadata(Some(&name), look)?;
            match TopicState::of(&metadata, &name) {
                Ok(state) => Ok(Some(state)),
                Err(RDKafkaErrorCode::TopicAuthorizationFailed) => Ok(None),
                Err(code) => Err(KafkaError::MetadataFetch(code)),
            }
        };
        let state = patiently(&self.events, wait, "look up topics", ask).await?;
        state.ok_or_else(|| Error::NotAuthorized {
            what: format!("see topic {topic:?}"),
        })
    }

    /// Waits until every partition of the topics has a leader, then assigns all
    /// partitions, at the group's committed offsets.
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
        let places: HashMap<Place<'_>, usize> = deliveries
            .iter()
            .enumerate()
            .map(|(index, delivery)| (delivery.place(), index))
            .collect();
        let mut missing: HashSet<usize> = places.values().copied().collect();
        let not_received = |first: &Delivery, missing: usize| Error::NotReceived {
            topic: first.topic.clone(),
            expected: deliveries.len(),
            missing,
            wait,
        };
        let mut waiting = deliveries;
        let Some(first) = waiting.first() else {
            return Ok(Vec::new());
        };
        let Ok(mut kept) = timeout_at(end, self.kept.lock()).await else {
            return Err(not_received(first, missing.len()));
        };
        for record in kept.iter() {
            places.get(&record.place()).map(|at| missing.remove(at));
        }
        while let Some((first, rest)) = waiting.split_first() {
            if places
                .get(&first.place())
                .is_some_and(|at| !missing.contains(at))
            {
                waiting = rest;
                continue;
            }
            let Some(record) = self.poll(&first.topic, end).await? else {
                return Err(not_received(first, missing.len()));
            };
            places.get(&record.place()).map(|at| missing.remove(at));
            let matched = places.len().saturating_sub(missing.len());
            keep(&mut kept, record, matched)?;
        }
        // No await from here on, so no record that is taken out gets lost.
        let mut found: Vec<(usize, Received)> = Vec::with_capacity(places.len());
        for record in std::mem::take(&mut *kept) {
            match places.get(&record.place()) {
                Some(&index) => found.push((index, record)),
                None => kept.push(record),
            }
        }
        found.sort_by_key(|(index, _)| *index);
        Ok(found.into_iter().map(|(_, record)| record).collect())
    }

    pub(super) async fn consume(
        &self,
        topic: &str,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<Received>, Error> {
        let end = Instant::now() + wait;
        let Ok(mut kept) = timeout_at(end, self.kept.lock()).await else {
            return Ok(Vec::new());
        };
        let mut matched = kept.iter().filter(|record| record.topic == topic).count();
        while matched < count {
            let Some(record) = self.poll(topic, end).await? else {
                break;
            };
            matched += usize::from(record.topic == topic);
            keep(&mut kept, record, matched)?;
        }
        let mut found = Vec::new();
        for record in std::mem::take(&mut *kept) {
            match record.topic == topic && found.len() < count {
                true => found.push(record),
                false => kept.push(record),
            }
        }
        Ok(found)
    }

    /// Returns the next record of any topic, or none at `end`.
    async fn poll(&self, topic: &str, end: Instant) -> Result<Option<Received>, Error> {
        loop {
            let Ok(polled) = timeout_at(end, self.client.recv()).await else {
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
                // librdkafka retries everything else, such as a broker that is
                // down or a leader that moved.
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
        // A commit names the next offset to read.
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

    /// Releases the partitions. Blocks briefly.
    pub(super) fn close(self) {
        if let Err(error) = self.client.unassign() {
            tracing::debug!(%error, "unassign");
        }
    }
}

/// Keeps a record. Fails if too many records other than `matched` are kept.
fn keep(kept: &mut Vec<Received>, record: Received, matched: usize) -> Result<(), Error> {
    let topic = record.topic.clone();
    kept.push(record);
    if kept.len().saturating_sub(matched) > MAX_KEPT {
        let reason = format!(
            "more than {MAX_KEPT} records arrived that no call asked for; use topics without other producers"
        );
        return Err(Error::Consume { topic, reason });
    }
    Ok(())
}

enum TopicState {
    Missing,
    /// Some partitions have no leader yet.
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
