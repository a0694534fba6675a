//! Finds the subjects of topics. Asks the registry if the strategy uses associations.

use std::time::{Duration, Instant};

use moka::future::Cache;

use super::destination::Side;
use super::error::{Error, ErrorKind};
use super::plans::validity::end_of;
use super::single_flight::once;
use super::subject_name::{Association, RecordPlace, SubjectNameStrategy};
use crate::schema_registry::Client;

/// Resolves subjects by one strategy and caches associations.
pub(super) struct SubjectResolver {
    strategy: SubjectNameStrategy,
    associations: Cache<(String, Side), Found>,
    ttl: Option<Duration>,
}

/// A subject, and when it has to be resolved again.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ResolvedSubject {
    pub(super) name: Option<String>,
    pub(super) until: Option<Instant>,
}

/// What the registry answered about a topic.
#[derive(Clone)]
enum Found {
    Associated(String),
    /// No association. The registry is asked again at this time.
    Nothing(Option<Instant>),
}

/// Associations are cached permanently, since they are created once. The absence of
/// one expires, since it may be created at any time.
struct LackEnds(Option<Duration>);

impl moka::Expiry<(String, Side), Found> for LackEnds {
    fn expire_after_create(
        &self,
        _: &(String, Side),
        found: &Found,
        _: Instant,
    ) -> Option<Duration> {
        match found {
            Found::Associated(_) => None,
            Found::Nothing(_) => self.0,
        }
    }
}

impl SubjectResolver {
    pub(super) fn new(
        strategy: SubjectNameStrategy,
        capacity: usize,
        ttl: Option<Duration>,
    ) -> Self {
        let associations = Cache::builder()
            .max_capacity(capacity as u64)
            .expire_after(LackEnds(ttl))
            .build();
        Self {
            strategy,
            associations,
            ttl,
        }
    }

    pub(super) fn strategy(&self) -> &SubjectNameStrategy {
        &self.strategy
    }

    /// Returns the subject for a record at `place`.
    pub(super) async fn resolve(
        &self,
        client: &Client,
        place: &RecordPlace<'_>,
    ) -> Result<ResolvedSubject, Error> {
        let until = match &self.strategy {
            SubjectNameStrategy::Associated(association) => {
                match self.association(client, association, place).await? {
                    Found::Associated(name) => {
                        let name = Some(name);
                        return Ok(ResolvedSubject { name, until: None });
                    }
                    Found::Nothing(until) => until,
                }
            }
            _ => None,
        };
        let name = self.strategy.subject(place).filter(|name| !name.is_empty());
        Ok(ResolvedSubject { name, until })
    }

    async fn association(
        &self,
        client: &Client,
        association: &Association,
        place: &RecordPlace<'_>,
    ) -> Result<Found, Error> {
        let key = (place.topic.to_owned(), place.side);
        once(&self.associations, key, async {
            Ok(match self.ask(client, association, place).await? {
                Some(subject) => Found::Associated(subject),
                None => Found::Nothing(end_of(self.ttl)),
            })
        })
        .await
    }

    async fn ask(
        &self,
        client: &Client,
        association: &Association,
        place: &RecordPlace<'_>,
    ) -> Result<Option<String>, Error> {
        let RecordPlace { topic, side, .. } = *place;
        // A registry without this endpoint also returns an empty list.
        let found = client
            .associations(topic, side.is_key(), association.namespace())
            .await
            .map_err(|source| {
                Error::from(ErrorKind::Registry {
                    action: format!("ask which subject the {side} of topic {topic:?} has"),
                    source: source.into(),
                })
            })?;
        let count = found.len();
        match found.into_iter().next() {
            Some(only) if count == 1 => Ok(Some(only.subject)),
            Some(_) => Err(Error::from(ErrorKind::AmbiguousSubject {
                topic: topic.to_owned(),
                side,
                count,
            })),
            None => Ok(None),
        }
    }
}
