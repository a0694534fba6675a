//! Records to values.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;
use hashbrown::DefaultHashBuilder;
use moka::future::Cache;
use prost::{Message, Name};
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage};
use serde_json::Value;

use super::error::Error;
use super::expiry::Expiry;
use super::first_plans::FirstPlans;
use super::inspection::Inspection;
use super::options::DeserializerOptions;
use super::plan_table::PlanTable;
use super::read_plan::{Parts, Prepared, ReadPlan};
use super::registered::RegisteredSchema;
use super::rules;
use super::source::{SchemaSource, cache, once};
use super::subject::RecordPlace;
use super::subjects::{Subject, Subjects};
use super::type_check::TypeCheck;
use super::{ReadContext, Side};
use crate::csfle::{self, Direction, Phase};
use crate::protobuf::{self, JsonOptions};
use crate::schema_registry::Client;
use crate::schema_registry::entities::RuleSet;
use crate::wire_format::{MAGIC_ID, MessageIndexes, SchemaId, SchemaRef};

/// Turns records that any Confluent serializer wrote into values.
///
/// It needs the registry and the bytes, nothing else: schemas and what they
/// import are fetched by the id in the record. The id is looked for in the
/// record headers of the context and in front of the payload. A null key or
/// value (a tombstone) is read as `None`. Clones share what was learnt.
#[derive(Clone)]
pub struct Deserializer {
    inner: Arc<Inner>,
}

struct Inner {
    options: DeserializerOptions,
    source: SchemaSource,
    subjects: Subjects,
    first: FirstPlans<(Key, Arc<ReadPlan>)>,
    plans: PlanTable<(Key, Arc<ReadPlan>)>,
    /// First uses under way, so that there is one of each.
    preparing: Cache<Key, Arc<ReadPlan>>,
    hasher: DefaultHashBuilder,
}

/// What a plan is for: a message of a schema, anywhere or in one place.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    schema: SchemaRef,
    indexes: MessageIndexes,
    place: Option<(Arc<str>, Side)>,
}

impl std::fmt::Debug for Deserializer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deserializer")
            .field("options", &self.inner.options)
            .finish_non_exhaustive()
    }
}

impl Deserializer {
    /// A deserializer for the schemas of a registry.
    ///
    /// # Errors
    ///
    /// [`Error::Options`] if the options contradict each other.
    pub fn new(registry: Client, options: DeserializerOptions) -> Result<Self, Error> {
        options.validate()?;
        let capacity = options.cache_capacity;
        let ttl = options.latest_cache_ttl;
        let inner = Inner {
            source: SchemaSource::new(registry, capacity, ttl),
            subjects: Subjects::new(options.subject_name_strategy.clone(), capacity, ttl),
            first: FirstPlans::new(),
            plans: PlanTable::new(capacity),
            preparing: cache(capacity, None),
            hasher: DefaultHashBuilder::default(),
            options,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// A record as a prost message. Bytes of another version of the schema
    /// follow Protobuf's rules: unknown fields are skipped, missing ones have
    /// their default.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the record is another message than `M`;
    /// [`Error::NotFramed`], [`Error::Truncated`], [`Error::BadIndexes`] and
    /// [`Error::NoSuchMessage`] if its envelope is none; [`Error::Decode`] if
    /// its payload is not the message; anything the registry may say at first use.
    pub async fn deserialize<M>(
        &self,
        context: ReadContext<'_>,
        record: Option<&[u8]>,
    ) -> Result<Option<M>, Error>
    where
        M: Message + Name + Default + 'static,
    {
        let Some(record) = record else {
            return Ok(None);
        };
        // By far the most frequent case has the shortest way: the first message
        // of a file, the id in front. What does not decode is told below.
        if let [MAGIC_ID, a, b, c, d, 0, payload @ ..] = record
            && context.headers.is_empty()
            && let id = SchemaId(u32::from_be_bytes([*a, *b, *c, *d]))
            && let Some(plan) = self.inner.first(SchemaRef::Id(id), &MessageIndexes::FIRST)
            && plan.types.knows::<M>()
            && plan.prepared.decryption.is_empty()
            && let Ok(message) = M::decode(payload)
        {
            return Ok(Some(message));
        }
        let parts = Parts::of(&context, record)?;
        let warm = self.inner.find(&parts, &context, |plan| {
            let at_once = plan.types.knows::<M>() && !plan.expiry.is_due();
            let payload = at_once.then(|| plan.payload_now(&context, &parts))??;
            Some(payload.and_then(|payload| plan.typed(&parts, &payload)))
        });
        if let Some(Some(read)) = warm {
            return read.map(Some);
        }
        self.deserialize_cold(context, parts).await
    }

    /// What a warm call does not come to. A function of its own, and its future
    /// in a box, so that a warm call does not pay for their size.
    #[cold]
    #[inline(never)]
    fn deserialize_cold<'a, M>(
        &'a self,
        context: ReadContext<'a>,
        parts: Parts<'a>,
    ) -> BoxFuture<'a, Result<Option<M>, Error>>
    where
        M: Message + Name + Default + 'static,
    {
        Box::pin(async move {
            let plan = self.inner.plan(&parts, &context).await?;
            let expected = plan.prepared.message.full_name();
            let checked = plan.types.check::<M>(expected);
            checked.map_err(|wanted| Error::WrongType {
                expected: wanted,
                found: expected.to_owned(),
                schema: Some(plan.prepared.reader.clone()),
            })?;
            let payload = plan.payload(&context, &parts).await?;
            plan.typed(&parts, &payload).map(Some)
        })
    }

    /// A record as a dynamic message.
    ///
    /// # Errors
    ///
    /// As [`Deserializer::deserialize`].
    pub async fn deserialize_dynamic(
        &self,
        context: ReadContext<'_>,
        record: Option<&[u8]>,
    ) -> Result<Option<DynamicMessage>, Error> {
        let Some(record) = record else {
            return Ok(None);
        };
        let parts = Parts::of(&context, record)?;
        let warm = self.inner.find(&parts, &context, |plan| {
            let at_once = !plan.expiry.is_due();
            let payload = at_once.then(|| plan.payload_now(&context, &parts))??;
            Some(payload.and_then(|payload| plan.dynamic(&parts, &payload)))
        });
        if let Some(Some(read)) = warm {
            return read.map(Some);
        }
        self.deserialize_dynamic_cold(context, parts).await
    }

    #[cold]
    #[inline(never)]
    fn deserialize_dynamic_cold<'a>(
        &'a self,
        context: ReadContext<'a>,
        parts: Parts<'a>,
    ) -> BoxFuture<'a, Result<Option<DynamicMessage>, Error>> {
        Box::pin(async move {
            let plan = self.inner.plan(&parts, &context).await?;
            let payload = plan.payload(&context, &parts).await?;
            plan.dynamic(&parts, &payload).map(Some)
        })
    }

    /// A record as JSON, in Protobuf's canonical mapping with the field names of
    /// the schema.
    ///
    /// # Errors
    ///
    /// [`Error::Json`] if the message has no JSON form; else as
    /// [`Deserializer::deserialize`].
    pub async fn deserialize_json(
        &self,
        context: ReadContext<'_>,
        record: Option<&[u8]>,
    ) -> Result<Option<Value>, Error> {
        let options = JsonOptions::default();
        self.deserialize_json_with(context, record, options).await
    }

    /// A record as JSON, printed as the options say.
    ///
    /// # Errors
    ///
    /// As [`Deserializer::deserialize_json`].
    pub async fn deserialize_json_with(
        &self,
        context: ReadContext<'_>,
        record: Option<&[u8]>,
        options: JsonOptions,
    ) -> Result<Option<Value>, Error> {
        let Some(message) = self.deserialize_dynamic(context, record).await? else {
            return Ok(None);
        };
        let printed = protobuf::to_json(&message, options);
        printed.map(Some).map_err(|source| Error::Json {
            message: message.descriptor().full_name().to_owned(),
            source: source.into(),
        })
    }

    /// A record with all its parts told apart: where the schema id was, which
    /// schema that is, which message, where the payload begins.
    ///
    /// # Errors
    ///
    /// As [`Deserializer::deserialize`].
    pub async fn inspect(
        &self,
        context: ReadContext<'_>,
        record: &[u8],
    ) -> Result<Inspection, Error> {
        let parts = Parts::of(&context, record)?;
        let plan = self.inner.plan(&parts, &context).await?;
        let payload = plan.payload(&context, &parts).await?;
        let message = plan.dynamic(&parts, &payload)?;
        Ok(Inspection {
            place: parts.place,
            schema: parts.envelope.schema,
            indexes: parts.envelope.indexes,
            payload: parts.offset..record.len(),
            writer: Arc::clone(&plan.prepared.writer),
            message,
        })
    }
}

/// A cheap hash.
#[inline]
fn place(schema: SchemaRef, indexes: &MessageIndexes) -> usize {
    let schema = match schema {
        SchemaRef::Id(id) => id.0 as usize,
        SchemaRef::Guid(guid) => usize::from(guid.0[0]),
    };
    let last = indexes.as_slice().last().copied().unwrap_or_default();
    schema.wrapping_add(last as usize)
}

impl Inner {
    /// Whether a schema id means the same in every topic.
    fn ids_are_global(&self) -> bool {
        !self.options.has_reader_schema() && !self.subjects.strategy().qualifies_ids()
    }

    /// The plan that holds anywhere and for good, if it is among the first.
    #[inline]
    fn first(&self, schema: SchemaRef, indexes: &MessageIndexes) -> Option<&Arc<ReadPlan>> {
        let is_it =
            |(key, _): &(Key, Arc<ReadPlan>)| key.schema == schema && key.indexes == *indexes;
        let found = self.first.find(place(schema, indexes), is_it);
        found.map(|(_, plan)| plan)
    }

    #[inline]
    fn find<R>(
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

    /// The plan for a record, prepared if this is the first.
    async fn plan(
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
            // Keys belong to subjects, so a plan that decrypts holds in one place.
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
        // Those that hold anywhere and for good.
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

    /// Prepares a plan anew. Meanwhile, and while the registry is away, the old
    /// one serves.
    async fn refresh(
        &self,
        old: Arc<ReadPlan>,
        parts: &Parts<'_>,
        context: &ReadContext<'_>,
    ) -> Result<Arc<ReadPlan>, Error> {
        let Some(_turn) = old.expiry.turn() else {
            return Ok(Arc::clone(&old));
        };
        let plan = match self.prepare(parts, context).await {
            Ok(plan) => plan,
            Err(error) if error.is_retryable() => {
                tracing::warn!(
                    topic = context.topic,
                    side = %context.side,
                    error = &error as &dyn std::error::Error,
                    "going on with the schema known so far"
                );
                ReadPlan {
                    prepared: Arc::clone(&old.prepared),
                    expiry: Expiry::retry(self.options.latest_cache_ttl),
                    types: TypeCheck::default(),
                }
            }
            Err(error) => return Err(error),
        };
        let plan = Arc::new(plan);
        let key = Key {
            schema: parts.envelope.schema,
            indexes: parts.envelope.indexes.clone(),
            // Only plans of one place come to an end.
            place: Some((context.topic.into(), context.side)),
        };
        self.keep(key, &plan);
        Ok(plan)
    }

    /// Asks the registry everything there is to know.
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
        let client = self.source.client();
        let mut subject = self.subjects.resolve(client, &place).await?;
        let by_ref = self
            .source
            .by_ref(parts.envelope.schema, subject.name.as_deref());
        let writer = by_ref.await?;
        let message = writer.message_at(&parts.envelope.indexes)?;
        if subject.name.is_none() {
            place.message = Some(message.full_name());
            subject = self.subjects.resolve(client, &place).await?;
        }
        let (reader, message, until) = self.reader(&writer, message, &subject, context).await?;
        let subject = subject.name.unwrap_or_default();
        let prepared = Prepared {
            decryption: self.decryption(&subject, &writer, &reader, &message)?,
            reader: reader.name.clone(),
            writer,
            message,
        };
        Ok(ReadPlan {
            prepared: Arc::new(prepared),
            expiry: Expiry::at(until),
            types: TypeCheck::default(),
        })
    }

    /// What the rules do to a payload: the encoding rules of the writer's schema,
    /// then the domain rules of the reader's.
    fn decryption(
        &self,
        subject: &str,
        writer: &Arc<RegisteredSchema>,
        reader: &Arc<RegisteredSchema>,
        message: &MessageDescriptor,
    ) -> Result<Vec<csfle::Plan>, Error> {
        if !self.options.run_rules {
            return Ok(Vec::new());
        }
        let same = Arc::ptr_eq(writer, reader);
        let Some(csfle) = &self.options.csfle else {
            rules::refuse(reader.rule_set(), Direction::Read, &reader.name)?;
            if !same {
                // Of the writer's schema, the rules on payloads count.
                let rules = writer.rule_set().map(|rules| RuleSet {
                    domain_rules: Vec::new(),
                    ..rules.clone()
                });
                rules::refuse(rules.as_ref(), Direction::Read, &writer.name)?;
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
            let plan = csfle.plan_phase(subject, rules, metadata, message, Direction::Read, phase);
            let plan = plan.map_err(|source| Error::Rule {
                schema: schema.name.clone(),
                source: source.into(),
            })?;
            plans.extend(plan);
        }
        Ok(plans)
    }

    /// The schema to read with, and until when that is the one.
    async fn reader(
        &self,
        writer: &Arc<RegisteredSchema>,
        message: MessageDescriptor,
        subject: &Subject,
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
        let latest = self.source.latest(name, properties).await?;
        let same = latest.schema.id.is_some() && latest.schema.id == writer.id;
        if self.options.run_rules && !same {
            rules::refuse_migrations(latest.schema.rule_set(), &latest.schema.name)?;
        }
        let message = latest.schema.message(message.full_name())?;
        let until = match (subject.until, latest.until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        };
        Ok((latest.schema, message, until))
    }
}
