//! Finds the write plan of a topic, side and schema.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use hashbrown::DefaultHashBuilder;
use moka::future::Cache;
use prost::Name;
use prost_reflect::MessageDescriptor;

use super::plan::WritePlan;
use super::preparer::WritePreparer;
use crate::protobuf::ProtoSchema;
use crate::schema_registry::Client;
use crate::serdes::context::{Side, WriteContext};
use crate::serdes::error::Error;
use crate::serdes::options::{SchemaIdIn, SerializerOptions};
use crate::serdes::plans::expiry::Refreshed;
use crate::serdes::plans::permanent::PermanentPlans;
use crate::serdes::plans::table::PlanTable;
use crate::serdes::single_flight::{cache, once};

/// Finds the plan of a record, or has one prepared.
pub(super) struct WritePlanner {
    pub(super) preparer: WritePreparer,
    first: PermanentPlans<(Key, Arc<WritePlan>)>,
    plans: PlanTable<(Key, Arc<WritePlan>)>,
    /// First uses in flight, so that concurrent ones share one preparation.
    preparing: Cache<Key, Arc<WritePlan>>,
    hasher: DefaultHashBuilder,
}

/// The key of a plan.
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

/// Returns a cheap hash.
#[inline]
fn place(topic: &str, side: Side) -> usize {
    let last = topic.as_bytes().last().copied().unwrap_or_default();
    topic.len() * 2 + usize::from(last) + usize::from(side.is_key())
}

impl WritePlanner {
    pub(super) fn new(registry: Client, options: SerializerOptions) -> Self {
        let capacity = options.cache_capacity;
        Self {
            preparer: WritePreparer::new(registry, options),
            first: PermanentPlans::new(),
            plans: PlanTable::new(capacity),
            preparing: cache(capacity, None),
            hasher: DefaultHashBuilder::default(),
        }
    }

    #[inline]
    fn hash(&self, topic: &str, side: Side, message: &MessageDescriptor) -> u64 {
        let mut state = self.hasher.build_hasher();
        hash_key(topic, side, message, &mut state);
        state.finish()
    }

    /// Returns a plan that never expires, if it is in the small table.
    #[inline]
    pub(super) fn first(
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
    pub(super) fn find<R>(
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

    /// Returns the plan for a record of type `M`, which must be the schema's
    /// message.
    pub(super) async fn plan_of_type<M: Name + 'static>(
        &self,
        context: &WriteContext<'_>,
        schema: &dyn ProtoSchema,
    ) -> Result<Arc<WritePlan>, Error> {
        let found = M::full_name();
        if found != schema.full_name() {
            return Err(Error::wrong_type(schema.full_name(), found));
        }
        let plan = self.plan(context, schema).await?;
        plan.types.remember::<M>();
        Ok(plan)
    }

    /// Returns the plan for a record. Prepares it at first use.
    pub(super) async fn plan(
        &self,
        context: &WriteContext<'_>,
        schema: &dyn ProtoSchema,
    ) -> Result<Arc<WritePlan>, Error> {
        let WriteContext { topic, side, .. } = *context;
        if self.preparer.options.schema_id_in == SchemaIdIn::Header && context.headers.is_none() {
            return Err(Error::MissingHeaders { side });
        }
        match self.find(topic, side, schema.descriptor(), Arc::clone) {
            Some(plan) if !plan.expiry.is_due() => Ok(plan),
            old => self.plan_cold(old, topic, side, schema).await,
        }
    }

    /// Prepares the plan at first use, or in place of an expired one.
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
                let plan = Arc::new(self.preparer.prepare(topic, side, schema).await?);
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

    /// Prepares a plan again. Meanwhile, and while the registry is unreachable, the
    /// old one stays in use.
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
        let prepare = self.preparer.prepare(topic, side, schema);
        let ttl = self.preparer.options.latest_cache_ttl;
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
}
