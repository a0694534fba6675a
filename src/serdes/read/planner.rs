//! Finds or prepares the read plan of a record.

use std::any::TypeId;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use futures_util::future::BoxFuture;
use prost::Name;
use prost_reflect::MessageDescriptor;

use super::plan::{Parts, PreparedRead, ReadPlan};
use super::record::Record;
use crate::csfle::{Direction, Phase};
use crate::schema_registry::Client;
use crate::schema_registry::entities::RuleSet;
use crate::serdes::error::{Error, ErrorKind};
use crate::serdes::options::DeserializerOptions;
use crate::serdes::plans::steps::Steps;
use crate::serdes::plans::table::{Lookup, PlanTable, Prepared, key_hash};
use crate::serdes::plans::validity::earliest;
use crate::serdes::registered_schema::RegisteredSchema;
use crate::serdes::schema_fetcher::SchemaFetcher;
use crate::serdes::subject_name::RecordPlace;
use crate::serdes::subject_resolver::{ResolvedSubject, SubjectResolver};
use crate::serdes::unsupported_rules;
use crate::wire_format::Side;
use crate::wire_format::{MAGIC_ID, MessageIndexes, SchemaId, SchemaRef};

/// Finds the plan of a record, or prepares one from the registry's answers.
pub(super) struct ReadPlanner {
    pub(super) options: DeserializerOptions,
    fetcher: SchemaFetcher,
    subjects: SubjectResolver,
    plans: PlanTable<Key, PreparedRead>,
}

/// The type that a record is read as: a Rust type, or any message.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    id: Option<TypeId>,
    name: Option<fn() -> String>,
}

impl Wanted {
    pub(super) const ANY: Self = Self {
        id: None,
        name: None,
    };

    #[inline]
    pub(super) fn of<M: Name + 'static>() -> Self {
        Self {
            id: Some(TypeId::of::<M>()),
            name: Some(M::full_name),
        }
    }
}

/// The key of a plan: a message of a schema, read as one type, in every topic or in
/// one.
#[derive(Clone, PartialEq, Eq)]
struct Key {
    schema: SchemaRef,
    indexes: MessageIndexes,
    wanted: Option<TypeId>,
    place: Option<(Arc<str>, Side)>,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let place = self.place.as_ref().map(|(topic, side)| (&**topic, *side));
        hash(self.schema, &self.indexes, self.wanted, place, state);
    }
}

#[inline(always)]
fn hash(
    schema: SchemaRef,
    indexes: &MessageIndexes,
    wanted: Option<TypeId>,
    place: Option<(&str, Side)>,
    state: &mut impl Hasher,
) {
    match schema {
        SchemaRef::Id(id) => state.write_u32(id.0),
        SchemaRef::Guid(guid) => state.write(&guid.0),
    }
    for index in indexes.as_slice() {
        state.write_u32(*index);
    }
    if let Some(id) = wanted {
        id.hash(state);
    }
    if let Some((topic, side)) = place {
        state.write(topic.as_bytes());
        state.write_u8(u8::from(side.is_key()));
    }
}

/// A borrowed [`Key`].
struct At<'a> {
    schema: SchemaRef,
    indexes: &'a MessageIndexes,
    wanted: Option<TypeId>,
    place: Option<(&'a str, Side)>,
}

impl Hash for At<'_> {
    #[inline(always)]
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash(self.schema, self.indexes, self.wanted, self.place, state);
    }
}

impl Lookup for At<'_> {
    type Key = Key;

    #[inline(always)]
    fn hash(&self) -> u64 {
        key_hash(self)
    }

    #[inline(always)]
    fn is(&self, key: &Key) -> bool {
        let place = key.place.as_ref().map(|(topic, side)| (&**topic, *side));
        // One index, the usual case, needs no loop.
        let same_indexes = match (key.indexes.as_slice(), self.indexes.as_slice()) {
            ([a], [b]) => a == b,
            (a, b) => a == b,
        };
        key.schema == self.schema
            && key.wanted == self.wanted
            && same_indexes
            && place == self.place
    }

    fn to_key(&self) -> Key {
        Key {
            schema: self.schema,
            indexes: self.indexes.clone(),
            wanted: self.wanted,
            place: self.place.map(|(topic, side)| (topic.into(), side)),
        }
    }
}

impl ReadPlanner {
    pub(super) fn new(registry: Client, options: DeserializerOptions) -> Self {
        let capacity = options.cache_capacity;
        let ttl = options.latest_cache_ttl;
        Self {
            fetcher: SchemaFetcher::new(registry, capacity, ttl),
            subjects: SubjectResolver::new(options.subject_name_strategy.clone(), capacity, ttl),
            plans: PlanTable::new(capacity, ttl),
            options,
        }
    }

    /// Returns whether a schema id means the same in every topic.
    fn ids_are_global(&self) -> bool {
        !self.options.has_reader_schema() && !self.subjects.strategy().qualifies_ids()
    }

    /// Returns plan and payload of the most frequent kind of record by far: the id is
    /// in front, the message is the first of its file, and nothing is encrypted.
    #[inline(always)]
    pub(super) fn plain<'a>(
        &'a self,
        record: &Record<'a>,
        wanted: Wanted,
    ) -> Option<(&'a PreparedRead, &'a [u8])> {
        let [MAGIC_ID, a, b, c, d, 0, payload @ ..] = record.payload? else {
            return None;
        };
        if record.has_headers() {
            return None;
        }
        let at = At {
            schema: SchemaRef::Id(SchemaId(u32::from_be_bytes([*a, *b, *c, *d]))),
            indexes: &MessageIndexes::FIRST,
            wanted: wanted.id,
            place: None,
        };
        let plan = &self.plans.find(&at)?.prepared;
        plan.steps.is_empty().then_some((plan, payload))
    }

    /// Returns what `decode` makes of a record, if there is a plan and no need to
    /// wait. `decode` gets the plan, the offset of the payload, and the payload.
    #[inline(never)]
    pub(super) fn now<T>(
        &self,
        record: &Record<'_>,
        wanted: Wanted,
        decode: impl FnOnce(&PreparedRead, usize, &[u8]) -> Result<T, Error>,
    ) -> Option<Result<Option<T>, Error>> {
        let Some(bytes) = record.payload else {
            return Some(Ok(None));
        };
        let parts = match Parts::of(record, bytes) {
            Ok(parts) => parts,
            Err(error) => return Some(Err(error)),
        };
        let plan = self.find(record, &parts, wanted)?;
        if plan.validity.is_due() {
            return None;
        }
        let payload = plan.prepared.payload_now(record, &parts)?;
        let read = payload.and_then(|payload| decode(&plan.prepared, parts.offset, &payload));
        Some(read.map(Some))
    }

    fn find(
        &self,
        record: &Record<'_>,
        parts: &Parts<'_>,
        wanted: Wanted,
    ) -> Option<&Arc<ReadPlan>> {
        let at = At {
            schema: parts.envelope.schema,
            indexes: &parts.envelope.indexes,
            wanted: wanted.id,
            place: None,
        };
        let anywhere = self.plans.find(&at);
        anywhere.or_else(|| {
            let place = Some((record.topic, record.side));
            self.plans.find(&At { place, ..at })
        })
    }

    /// Reads a record whose plan is missing or has expired, or which needs a key.
    #[cold]
    #[inline(never)]
    pub(super) fn ask<'a, T>(
        &'a self,
        record: Record<'a>,
        wanted: Wanted,
        decode: impl FnOnce(&PreparedRead, usize, &[u8]) -> Result<T, Error> + Send + 'a,
    ) -> BoxFuture<'a, Result<Option<T>, Error>> {
        Box::pin(async move {
            let Some(bytes) = record.payload else {
                return Ok(None);
            };
            let parts = Parts::of(&record, bytes)?;
            let plan = self.plan(&record, &parts, wanted).await?;
            let payload = plan.prepared.payload(&record, &parts).await?;
            decode(&plan.prepared, parts.offset, &payload).map(Some)
        })
    }

    /// Returns the plan for a record. Prepares it at first use.
    pub(super) async fn plan(
        &self,
        record: &Record<'_>,
        parts: &Parts<'_>,
        wanted: Wanted,
    ) -> Result<Arc<ReadPlan>, Error> {
        if let Some(plan) = self.find(record, parts, wanted)
            && !plan.validity.is_due()
        {
            return Ok(Arc::clone(plan));
        }
        let at = At {
            schema: parts.envelope.schema,
            indexes: &parts.envelope.indexes,
            wanted: wanted.id,
            place: Some((record.topic, record.side)),
        };
        let prepare = async {
            let (prepared, until) = self.prepare(record, parts).await?;
            let found = prepared.message.full_name();
            if let Some(name) = wanted.name.map(|name| name())
                && name != found
            {
                return Err(Error::from(ErrorKind::WrongType {
                    expected: name,
                    found: found.to_owned(),
                    schema: Some(prepared.reader.name.clone()),
                }));
            }
            let mut key = at.to_key();
            // Keys belong to subjects, so a plan that decrypts is valid for one
            // topic only.
            if self.ids_are_global() && prepared.steps.is_empty() && until.is_none() {
                key.place = None;
            }
            Ok(Prepared {
                key,
                prepared,
                until,
            })
        };
        let place = (record.topic, record.side);
        self.plans.get(&at, place, prepare).await
    }

    /// Prepares a plan from the registry's answers. Also returns when it expires.
    async fn prepare(
        &self,
        record: &Record<'_>,
        parts: &Parts<'_>,
    ) -> Result<(PreparedRead, Option<Instant>), Error> {
        let mut place = RecordPlace {
            topic: record.topic,
            side: record.side,
            message: None,
        };
        let client = self.fetcher.client();
        let mut subject = self.subjects.resolve(client, &place).await?;
        let by_ref = self
            .fetcher
            .by_ref(parts.envelope.schema, subject.name.as_deref());
        let writer = by_ref.await?;
        let message = writer.message_at(&parts.envelope.indexes)?;
        if subject.name.is_none() {
            place.message = Some(message.full_name());
            subject = self.subjects.resolve(client, &place).await?;
        }
        let (reader, message, until) = self.reader(&writer, message, &subject, record).await?;
        let name = subject.name.as_deref().unwrap_or_default();
        let steps = self.decryption(name, &writer, &reader, &message)?;
        // Keys belong to subjects.
        if subject.name.is_none() && !steps.is_empty() {
            return Err(Error::from(ErrorKind::NoSubject {
                topic: record.topic.to_owned(),
                side: record.side,
            }));
        }
        let prepared = PreparedRead {
            steps,
            reader,
            writer,
            message,
            json: OnceLock::new(),
        };
        Ok((prepared, until))
    }

    /// Prepares the rules: the encoding rules of the writer's schema, then the
    /// domain rules of the reader's.
    fn decryption(
        &self,
        subject: &str,
        writer: &Arc<RegisteredSchema>,
        reader: &Arc<RegisteredSchema>,
        message: &MessageDescriptor,
    ) -> Result<Steps, Error> {
        if !self.options.run_rules {
            return Ok(Steps::default());
        }
        let same = Arc::ptr_eq(writer, reader);
        let Some(csfle) = &self.options.csfle else {
            unsupported_rules::refuse(reader.rule_set(), Direction::Read, &reader.name)?;
            if !same {
                // Of the writer's schema only the encoding rules apply.
                let rules = writer.rule_set().map(|rules| RuleSet {
                    domain_rules: Vec::new(),
                    ..rules.clone()
                });
                unsupported_rules::refuse(rules.as_ref(), Direction::Read, &writer.name)?;
            }
            return Ok(Steps::default());
        };
        let phases = if same {
            vec![(reader, Phase::All)]
        } else {
            vec![(writer, Phase::Encoding), (reader, Phase::Domain)]
        };
        let mut steps = Vec::new();
        for (schema, phase) in phases {
            let (rules, metadata) = (schema.rule_set(), schema.metadata());
            let step =
                csfle.prepare_phase(subject, rules, metadata, message, Direction::Read, phase);
            let step = step.map_err(|source| {
                Error::from(ErrorKind::Rule {
                    schema: schema.name.clone(),
                    source: source.into(),
                })
            })?;
            steps.extend(step);
        }
        Ok(Steps(steps))
    }

    /// Returns the schema to read with, and when it has to be chosen again.
    async fn reader(
        &self,
        writer: &Arc<RegisteredSchema>,
        message: MessageDescriptor,
        subject: &ResolvedSubject,
        record: &Record<'_>,
    ) -> Result<(Arc<RegisteredSchema>, MessageDescriptor, Option<Instant>), Error> {
        if !self.options.has_reader_schema() {
            return Ok((Arc::clone(writer), message, subject.until));
        }
        let name = subject.name.as_deref().ok_or_else(|| {
            Error::from(ErrorKind::NoSubject {
                topic: record.topic.to_owned(),
                side: record.side,
            })
        })?;
        let properties = self.options.use_latest_with_metadata.as_ref();
        let latest = self.fetcher.latest(name, properties).await?;
        if self.options.run_rules && !latest.schema.is_same(writer) {
            unsupported_rules::refuse_migrations(latest.schema.rule_set(), &latest.schema.name)?;
        }
        let message = latest.schema.message(message.full_name())?;
        let until = earliest(subject.until, latest.until);
        Ok((latest.schema, message, until))
    }
}
