//! Finds or prepares the read plan of a record.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use hashbrown::DefaultHashBuilder;
use moka::future::Cache;
use prost_reflect::MessageDescriptor;

use super::plan::{Parts, PreparedRead, ReadPlan};
use crate::csfle::{self, Direction, Phase};
use crate::schema_registry::Client;
use crate::schema_registry::entities::RuleSet;
use crate::serdes::context::{ReadContext, Side};
use crate::serdes::error::Error;
use crate::serdes::options::DeserializerOptions;
use crate::serdes::plans::expiry::{Expiry, Refreshed, earliest};
use crate::serdes::plans::permanent::PermanentPlans;
use crate::serdes::plans::table::PlanTable;
use crate::serdes::plans::type_check::TypeCheck;
use crate::serdes::registered_schema::RegisteredSchema;
use crate::serdes::schema_fetcher::SchemaFetcher;
use crate::serdes::single_flight::{cache, once};
use crate::serdes::subject_name::RecordPlace;
use crate::serdes::subject_resolver::{ResolvedSubject, SubjectResolver};
use crate::serdes::unsupported_rules;
use crate::wire_format::{MAGIC_ID, MessageIndexes, SchemaId, SchemaRef};

/// Finds the plan of a record, or prepares one from the registry's answers.
pub(super) struct ReadPlanner {
    pub(super) options: DeserializerOptions,
    fetcher: SchemaFetcher,
    subjects: SubjectResolver,
    first: PermanentPlans<(Key, Arc<ReadPlan>)>,
    plans: PlanTable<(Key, Arc<ReadPlan>)>,
    /// First uses in flight, so that concurrent ones share one preparation.
    preparing: Cache<Key, Arc<ReadPlan>>,
    hasher: DefaultHashBuilder,
}

/// The key of a plan: a message of a schema, in every topic or in one.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    schema: SchemaRef,
    indexes: MessageIndexes,
    place: Option<(Arc<str>, Side)>,
}

/// Returns a cheap hash.
#[inline]
fn place(schema: SchemaRef, indexes: &MessageIndexes) -> usize {
    let schema = match schema {
        SchemaRef::Id(id) => id.0 as usize,
        SchemaRef::Guid(guid) => usize::from(guid.0[0]),
    };
    let last = indexes.as_slice().last().copied().unwrap_or_default();
    schema.wrapping_add(last as usize)
}

impl ReadPlanner {
    pub(super) fn new(registry: Client, options: DeserializerOptions) -> Self {
        let capacity = options.cache_capacity;
        let ttl = options.latest_cache_ttl;
        Self {
            fetcher: SchemaFetcher::new(registry, capacity, ttl),
            subjects: SubjectResolver::new(options.subject_name_strategy.clone(), capacity, ttl),
            first: PermanentPlans::new(),
            plans: PlanTable::new(capacity),
            preparing: cache(capacity, None),
            hasher: DefaultHashBuilder::default(),
            options,
        }
    }

    /// Returns whether a schema id means the same in every topic.
    fn ids_are_global(&self) -> bool {
        !self.options.has_reader_schema() && !self.subjects.strategy().qualifies_ids()
    }

    /// Returns a plan for every topic that never expires, if it is in the small
    /// table.
    #[inline]
    fn first(&self, schema: SchemaRef, indexes: &MessageIndexes) -> Option<&Arc<ReadPlan>> {
        let is_it =
            |(key, _): &(Key, Arc<ReadPlan>)| key.schema == schema && key.indexes == *indexes;
        let found = self.first.find(place(schema, indexes), is_it);
        found.map(|(_, plan)| plan)
    }

    /// Handles the most frequent case by far on the shortest path: the id is in
    /// front, the message is the first of its file, nothing is encrypted, and the
    /// plan is in the small table.
    #[inline]
    pub(super) fn plain<'a>(
        &self,
        context: &ReadContext<'_>,
        record: &'a [u8],
    ) -> Option<(&Arc<ReadPlan>, &'a [u8])> {
        let [MAGIC_ID, a, b, c, d, 0, payload @ ..] = record else {
            return None;
        };
        let id = SchemaId(u32::from_be_bytes([*a, *b, *c, *d]));
        let plan = self.first(SchemaRef::Id(id), &MessageIndexes::FIRST)?;
        let plain = context.headers.is_empty() && plan.prepared.decryption.is_empty();
        plain.then_some((plan, payload))
    }

    #[inline]
    pub(super) fn find<R>(
        &self,
        parts: &Parts<'_>,
        context: &ReadContext<'_>,
        use_it: impl Fn(&Arc<ReadPlan>) -> R,
    ) -> Option<R> {
        let (schema, indexes) = (parts.envelope.schema, &parts.envelope.indexes);
        if let Some(plan) = self.first(schema, indexes) {
            return Some(use_it(plan));
        }
        let anywhere = self.find_at(parts, None, &use_it);
        anywhere.or_else(|| self.find_at(parts, Some((context.topic, context.side)), &use_it))
    }

    #[inline]
    fn find_at<R>(
        &self,
        parts: &Parts<'_>,
        place: Option<(&str, Side)>,
        use_it: impl FnOnce(&Arc<ReadPlan>) -> R,
    ) -> Option<R> {
        let (schema, indexes) = (parts.envelope.schema, &parts.envelope.indexes);
        let is_it = |(key, _): &(Key, Arc<ReadPlan>)| {
            let key_place = key.place.as_ref().map(|(topic, side)| (&**topic, *side));
            key.schema == schema && key.indexes == *indexes && key_place == place
        };
        let hash = self.hash(schema, indexes, place);
        self.plans.find(hash, is_it, |(_, plan)| use_it(plan))
    }

    #[inline]
    fn hash(
        &self,
        schema: SchemaRef,
        indexes: &MessageIndexes,
        place: Option<(&str, Side)>,
    ) -> u64 {
        let mut state = self.hasher.build_hasher();
        match schema {
            SchemaRef::Id(id) => state.write_u32(id.0),
            SchemaRef::Guid(guid) => state.write_u128(u128::from_ne_bytes(guid.0)),
        }
        for index in indexes.as_slice() {
            state.write_u32(*index);
        }
        if let Some((topic, side)) = place {
            state.write(topic.as_bytes());
            state.write_u8(u8::from(side.is_key()));
        }
        state.finish()
    }

    /// Returns the plan for a record. Prepares it at first use.
    pub(super) async fn plan(
        &self,
        parts: &Parts<'_>,
        context: &ReadContext<'_>,
    ) -> Result<Arc<ReadPlan>, Error> {
        if let Some(plan) = self.find(parts, context, Arc::clone) {
            if !plan.expiry.is_due() {
                return Ok(plan);
            }
            return self.refresh(plan, parts, context).await;
        }
        let key = Key {
            schema: parts.envelope.schema,
            indexes: parts.envelope.indexes.clone(),
            place: Some((context.topic.into(), context.side)),
        };
        let first_use = once(&self.preparing, key.clone(), async {
            let plan = Arc::new(self.prepare(parts, context).await?);
            let mut key = key.clone();
            // Keys belong to subjects, so a plan that decrypts is valid for one
            // topic only.
            if self.ids_are_global() && plan.prepared.decryption.is_empty() {
                key.place = None;
            }
            self.keep(key, &plan);
            Ok(plan)
        });
        let plan = first_use.await?;
        self.preparing.invalidate(&key).await;
        Ok(plan)
    }

    fn keep(&self, key: Key, plan: &Arc<ReadPlan>) {
        // Plans for every topic that never expire.
        if key.place.is_none() && plan.expiry.is_never() {
            let entry = (key.clone(), Arc::clone(plan));
            if self.first.put(place(key.schema, &key.indexes), entry) {
                return;
            }
        }
        let place = key.place.as_ref().map(|(topic, side)| (&**topic, *side));
        let hash = self.hash(key.schema, &key.indexes, place);
        let is_it = |(other, _): &(Key, Arc<ReadPlan>)| *other == key;
        let entry = (key.clone(), Arc::clone(plan));
        self.plans.put(hash, is_it, entry);
    }

    /// Prepares a plan again. Meanwhile, and while the registry is unreachable, the
    /// old one stays in use.
    async fn refresh(
        &self,
        old: Arc<ReadPlan>,
        parts: &Parts<'_>,
        context: &ReadContext<'_>,
    ) -> Result<Arc<ReadPlan>, Error> {
        let Some(_turn) = old.expiry.turn()? else {
            return Ok(Arc::clone(&old));
        };
        let prepare = self.prepare(parts, context);
        let ttl = self.options.latest_cache_ttl;
        let refreshed = old
            .expiry
            .refresh(ttl, context.topic, context.side, prepare);
        let plan = match refreshed.await {
            Refreshed::New(plan) => plan,
            Refreshed::Old(expiry) => ReadPlan {
                prepared: Arc::clone(&old.prepared),
                expiry,
                types: TypeCheck::default(),
            },
        };
        let plan = Arc::new(plan);
        let key = Key {
            schema: parts.envelope.schema,
            indexes: parts.envelope.indexes.clone(),
            // Only plans for one topic expire.
            place: Some((context.topic.into(), context.side)),
        };
        self.keep(key, &plan);
        plan.expiry.failure().map_or(Ok(plan), Err)
    }

    /// Prepares a plan from the registry's answers.
    async fn prepare(
        &self,
        parts: &Parts<'_>,
        context: &ReadContext<'_>,
    ) -> Result<ReadPlan, Error> {
        let mut place = RecordPlace {
            topic: context.topic,
            side: context.side,
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
        let (reader, message, until) = self.reader(&writer, message, &subject, context).await?;
        let name = subject.name.as_deref().unwrap_or_default();
        let decryption = self.decryption(name, &writer, &reader, &message)?;
        // Keys belong to subjects.
        if subject.name.is_none() && !decryption.is_empty() {
            return Err(Error::NoSubject {
                topic: context.topic.to_owned(),
                side: context.side,
            });
        }
        let prepared = PreparedRead {
            decryption,
            reader: reader.name.clone(),
            writer,
            message,
            json: OnceLock::new(),
        };
        Ok(ReadPlan {
            prepared: Arc::new(prepared),
            expiry: Expiry::at(until),
            types: TypeCheck::default(),
        })
    }

    /// Prepares the rules: the encoding rules of the writer's schema, then the
    /// domain rules of the reader's.
    fn decryption(
        &self,
        subject: &str,
        writer: &Arc<RegisteredSchema>,
        reader: &Arc<RegisteredSchema>,
        message: &MessageDescriptor,
    ) -> Result<Vec<csfle::PayloadTransform>, Error> {
        if !self.options.run_rules {
            return Ok(Vec::new());
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
            return Ok(Vec::new());
        };
        let phases = if same {
            vec![(reader, Phase::All)]
        } else {
            vec![(writer, Phase::Encoding), (reader, Phase::Domain)]
        };
        let mut plans = Vec::new();
        for (schema, phase) in phases {
            let (rules, metadata) = (schema.rule_set(), schema.metadata());
            let plan =
                csfle.prepare_phase(subject, rules, metadata, message, Direction::Read, phase);
            let plan = plan.map_err(|source| Error::Rule {
                schema: schema.name.clone(),
                source: source.into(),
            })?;
            plans.extend(plan);
        }
        Ok(plans)
    }

    /// Returns the schema to read with, and when it has to be chosen again.
    async fn reader(
        &self,
        writer: &Arc<RegisteredSchema>,
        message: MessageDescriptor,
        subject: &ResolvedSubject,
        context: &ReadContext<'_>,
    ) -> Result<(Arc<RegisteredSchema>, MessageDescriptor, Option<Instant>), Error> {
        if !self.options.has_reader_schema() {
            return Ok((Arc::clone(writer), message, subject.until));
        }
        let name = subject.name.as_deref().ok_or_else(|| Error::NoSubject {
            topic: context.topic.to_owned(),
            side: context.side,
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
