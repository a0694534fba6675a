//! From a topic and a schema to everything a serializer must know about them.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;
use hashbrown::DefaultHashBuilder;
use moka::future::Cache;
use prost::Name;
use prost_reflect::MessageDescriptor;

use super::plan::{Prepared, WritePlan};
use super::registrar::Registrar;
use crate::csfle::{self, Direction};
use crate::protobuf::ProtoSchema;
use crate::schema_registry::Client;
use crate::serdes::context::{Side, WriteContext};
use crate::serdes::error::{Error, SchemaName};
use crate::serdes::options::{SchemaIdIn, SerializerOptions};
use crate::serdes::plans::expiry::{Expiry, Refreshed};
use crate::serdes::plans::permanent::FirstPlans;
use crate::serdes::plans::table::PlanTable;
use crate::serdes::registered_schema::RegisteredSchema;
use crate::serdes::schema_fetcher::{SchemaSource, cache, once};
use crate::serdes::subject_name::RecordPlace;
use crate::serdes::subject_resolver::Subjects;
use crate::serdes::unsupported_rules;
use crate::wire_format::{self, SchemaRef};

/// Finds the plan of a record, or asks the registry for what makes one.
pub(in crate::serdes) struct WritePlanner {
    pub(in crate::serdes) options: SerializerOptions,
    source: SchemaSource,
    registrar: Registrar,
    subjects: Subjects,
    first: FirstPlans<(Key, Arc<WritePlan>)>,
    plans: PlanTable<(Key, Arc<WritePlan>)>,
    /// First uses under way, so that there is one of each.
    preparing: Cache<Key, Arc<WritePlan>>,
    hasher: DefaultHashBuilder,
}

/// What a plan is for.
#[derive(Clone, PartialEq, Eq)]
struct Key {
    topic: Arc<str>,
    side: Side,
    message: MessageDescriptor,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_key(&self.topic, self.side, &self.message, state);
    }
}

fn hash_key(topic: &str, side: Side, message: &MessageDescriptor, state: &mut impl Hasher) {
    state.write(topic.as_bytes());
    state.write_u8(u8::from(side.is_key()));
    state.write(message.full_name().as_bytes());
}

/// A cheap hash.
#[inline]
fn place(topic: &str, side: Side) -> usize {
    let last = topic.as_bytes().last().copied().unwrap_or_default();
    topic.len() * 2 + usize::from(last) + usize::from(side.is_key())
}

pub(in crate::serdes) fn wrong_type(expected: &str, found: String) -> Error {
    Error::WrongType {
        expected: expected.to_owned(),
        found,
        schema: None,
    }
}

impl WritePlanner {
    pub(in crate::serdes) fn new(registry: Client, options: SerializerOptions) -> Self {
        let capacity = options.cache_capacity;
        let ttl = options.latest_cache_ttl;
        // Rules may come to a schema later, which counts where they can be run.
        let rules_ttl = ttl.filter(|_| options.csfle.is_some());
        let source = SchemaSource::new(registry, capacity, ttl);
        Self {
            registrar: Registrar::new(source.clone(), capacity, rules_ttl),
            subjects: Subjects::new(options.subject_name_strategy.clone(), capacity, ttl),
            first: FirstPlans::new(),
            plans: PlanTable::new(capacity),
            preparing: cache(capacity, None),
            hasher: DefaultHashBuilder::default(),
            source,
            options,
        }
    }

    #[inline]
    fn hash(&self, topic: &str, side: Side, message: &MessageDescriptor) -> u64 {
        let mut state = self.hasher.build_hasher();
        hash_key(topic, side, message, &mut state);
        state.finish()
    }

    /// The plan that holds for good, if it is among the first.
    #[inline]
    pub(in crate::serdes) fn first(
        &self,
        topic: &str,
        side: Side,
        message: &MessageDescriptor,
    ) -> Option<&Arc<WritePlan>> {
        let is_it = |(key, _): &(Key, Arc<WritePlan>)| {
            key.side == side && key.message == *message && *key.topic == *topic
        };
        let found = self.first.find(place(topic, side), is_it);
        found.map(|(_, plan)| plan)
    }

    #[inline]
    pub(in crate::serdes) fn find<R>(
        &self,
        topic: &str,
        side: Side,
        message: &MessageDescriptor,
        use_it: impl FnOnce(&Arc<WritePlan>) -> R,
    ) -> Option<R> {
        let is_it = |(key, _): &(Key, Arc<WritePlan>)| {
            key.side == side && key.message == *message && *key.topic == *topic
        };
        if let Some(plan) = self.first(topic, side, message) {
            return Some(use_it(plan));
        }
        let hash = self.hash(topic, side, message);
        self.plans.find(hash, is_it, |(_, plan)| use_it(plan))
    }

    /// The plan for a record of type `M`, which must be the schema's message.
    pub(in crate::serdes) async fn plan_of_type<M: Name + 'static>(
        &self,
        context: &WriteContext<'_>,
        schema: &dyn ProtoSchema,
    ) -> Result<Arc<WritePlan>, Error> {
        let found = M::full_name();
        if found != schema.full_name() {
            return Err(wrong_type(schema.full_name(), found));
        }
        let plan = self.plan(context, schema).await?;
        plan.types.remember::<M>();
        Ok(plan)
    }

    /// The plan for a record, prepared if this is the first.
    pub(in crate::serdes) async fn plan(
        &self,
        context: &WriteContext<'_>,
        schema: &dyn ProtoSchema,
    ) -> Result<Arc<WritePlan>, Error> {
        let WriteContext { topic, side, .. } = *context;
        if self.options.schema_id_in == SchemaIdIn::Header && context.headers.is_none() {
            return Err(Error::MissingHeaders { side });
        }
        match self.find(topic, side, schema.descriptor(), Arc::clone) {
            Some(plan) if !plan.expiry.is_due() => Ok(plan),
            old => self.plan_cold(old, topic, side, schema).await,
        }
    }

    /// The plan of a first use, or in place of one whose time is over.
    #[cold]
    #[inline(never)]
    fn plan_cold<'a>(
        &'a self,
        old: Option<Arc<WritePlan>>,
        topic: &'a str,
        side: Side,
        schema: &'a dyn ProtoSchema,
    ) -> BoxFuture<'a, Result<Arc<WritePlan>, Error>> {
        Box::pin(async move {
            if let Some(old) = old {
                return self.refresh(old, topic, side, schema).await;
            }
            let key = Key {
                topic: topic.into(),
                side,
                message: schema.descriptor().clone(),
            };
            let first_use = once(&self.preparing, key.clone(), async {
                let plan = Arc::new(self.prepare(topic, side, schema).await?);
                self.keep(key.clone(), &plan);
                Ok(plan)
            });
            let plan = first_use.await?;
            self.preparing.invalidate(&key).await;
            Ok(plan)
        })
    }

    fn keep(&self, key: Key, plan: &Arc<WritePlan>) {
        if plan.expiry.is_never() {
            let entry = (key.clone(), Arc::clone(plan));
            if self.first.put(place(&key.topic, key.side), entry) {
                return;
            }
        }
        let hash = self.hash(&key.topic, key.side, &key.message);
        let is_it = |(other, _): &(Key, Arc<WritePlan>)| *other == key;
        let entry = (key.clone(), Arc::clone(plan));
        self.plans.put(hash, is_it, entry);
    }

    /// Prepares a plan anew. Meanwhile, and while the registry is away, the old
    /// one serves.
    async fn refresh(
        &self,
        old: Arc<WritePlan>,
        topic: &str,
        side: Side,
        schema: &dyn ProtoSchema,
    ) -> Result<Arc<WritePlan>, Error> {
        let Some(_turn) = old.expiry.turn()? else {
            return Ok(Arc::clone(&old));
        };
        let prepare = self.prepare(topic, side, schema);
        let ttl = self.options.latest_cache_ttl;
        let plan = match old.expiry.refresh(ttl, topic, side, prepare).await {
            Refreshed::New(plan) => plan,
            Refreshed::Old(expiry) => WritePlan::new(Arc::clone(&old.prepared), expiry),
        };
        let plan = Arc::new(plan);
        let key = Key {
            topic: topic.into(),
            side,
            message: schema.descriptor().clone(),
        };
        self.keep(key, &plan);
        plan.expiry.failure().map_or(Ok(plan), Err)
    }

    /// Asks the registry everything there is to know.
    async fn prepare(
        &self,
        topic: &str,
        side: Side,
        schema: &dyn ProtoSchema,
    ) -> Result<WritePlan, Error> {
        let place = RecordPlace {
            topic,
            side,
            message: Some(schema.full_name()),
        };
        let subject = self.subjects.resolve(self.source.client(), &place).await?;
        let name = subject.name.ok_or_else(|| Error::NoSubject {
            topic: topic.to_owned(),
            side,
        })?;
        let (registered, until) = self.choose(&name, schema).await?;
        let indexes = registered.indexes(schema.full_name())?;

        let encryption = self.encryption(&name, &registered, schema.descriptor())?;

        let guid = registered.guid.map(SchemaRef::Guid);
        let mut envelope = Vec::new();
        let (prefix, header) = match self.options.schema_id_in {
            SchemaIdIn::Prefix => {
                let id = registered.id.map(SchemaRef::Id).or(guid);
                let id = id.ok_or_else(|| incomplete(&registered.name, "id"))?;
                wire_format::encode_prefix(id, &indexes, &mut envelope);
                (envelope.into_boxed_slice(), None)
            }
            SchemaIdIn::Header => {
                let guid = guid.ok_or_else(|| incomplete(&registered.name, "guid"))?;
                wire_format::encode_prefix(guid, &indexes, &mut envelope);
                (Box::default(), Some(envelope.into_boxed_slice()))
            }
        };
        let prepared = Prepared {
            registered,
            subject: name,
            checked: Default::default(),
            prefix,
            header,
            side,
            encryption,
        };
        let expiry = Expiry::at(earliest(subject.until, until));
        Ok(WritePlan::new(Arc::new(prepared), expiry))
    }

    /// What the rules of the schema do to a payload whose own schema has the message
    /// as `own`. They run however the schema was found: a record is never written
    /// past a rule that protects it.
    fn encryption(
        &self,
        subject: &str,
        registered: &RegisteredSchema,
        own: &MessageDescriptor,
    ) -> Result<Option<csfle::Plan>, Error> {
        let rule_set = registered.rule_set();
        let Some(csfle) = &self.options.csfle else {
            unsupported_rules::refuse(rule_set, Direction::Write, &registered.name)?;
            return Ok(None);
        };
        let message = registered.message(own.full_name())?;
        csfle
            .plan_write(
                subject,
                rule_set,
                registered.metadata(),
                &message,
                &registered.label(),
                own,
            )
            .map_err(|source| Error::Rule {
                schema: registered.name.clone(),
                source: source.into(),
            })
    }

    /// Checks the descriptor that a dynamic message brought along: it may tag fields
    /// that the schema it is written with does not.
    pub(in crate::serdes) fn check_value(
        &self,
        plan: &WritePlan,
        found: &MessageDescriptor,
    ) -> Result<(), Error> {
        let Prepared {
            registered,
            subject,
            checked,
            ..
        } = &*plan.prepared;
        let is_checked = || checked.iter().any(|known| known.get() == Some(found));
        if self.options.csfle.is_none() || is_checked() {
            return Ok(());
        }
        self.encryption(subject, registered, found)?;
        for known in checked {
            if known.get_or_init(|| found.clone()) == found {
                break;
            }
        }
        Ok(())
    }

    /// The schema to write with, and until when that is the one.
    async fn choose(
        &self,
        subject: &str,
        schema: &dyn ProtoSchema,
    ) -> Result<(Arc<RegisteredSchema>, Option<Instant>), Error> {
        let options = &self.options;
        let by_id = options.use_schema_id.map(SchemaRef::Id);
        let by_ref = by_id.or(options.use_schema_guid.map(SchemaRef::Guid));
        if let Some(by_ref) = by_ref {
            let found = self.source.by_ref(by_ref, Some(subject)).await?;
            if options.id_compatibility_strict {
                let hint = "set id_compatibility_strict to false to write with it all the same";
                require_compatible(&found, schema, hint)?;
            }
            return Ok((found, None));
        }
        let properties = options.use_latest_with_metadata.as_ref();
        if properties.is_some() || options.use_latest_version {
            let latest = self.source.latest(subject, properties).await?;
            if options.latest_compatibility_strict {
                let hint = "set latest_compatibility_strict to false to write with it all the same";
                require_compatible(&latest.schema, schema, hint)?;
            }
            return Ok((latest.schema, latest.until));
        }
        let (registered, until) = self.registrar.registered(subject, schema, options).await?;
        if options.csfle.is_none() {
            return Ok((registered, until));
        }
        // A rule that is added to a schema makes a new version of it, while registries
        // go on to answer with the one that was there first.
        let latest = self.source.latest(subject, None).await?;
        let until = earliest(until, latest.until);
        let newer = !latest.schema.is_same(&registered) && latest.schema.adds_rules_to(schema);
        Ok((if newer { latest.schema } else { registered }, until))
    }
}

/// The schema to write with must read what is written with the record's own.
fn require_compatible(
    found: &RegisteredSchema,
    schema: &dyn ProtoSchema,
    hint: &'static str,
) -> Result<(), Error> {
    let messages = found.incompatibilities(schema);
    if messages.is_empty() {
        return Ok(());
    }
    Err(Error::Incompatible {
        schema: found.name.clone(),
        messages,
        hint,
    })
}

fn incomplete(schema: &SchemaName, missing: &'static str) -> Error {
    Error::Incomplete {
        action: format!("write with the {schema}"),
        missing,
    }
}

fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}
