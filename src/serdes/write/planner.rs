//! Finds the write plan of a destination and schema, and writes by it.

use std::any::TypeId;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use prost::{Message, Name};
use prost_reflect::{DynamicMessage, ReflectMessage};

use super::plan::{PreparedWrite, WritePlan};
use super::preparer::WritePreparer;
use crate::protobuf::{CompiledSchema, JsonInput, JsonOptions, ProtoSchema, SchemaDigest};
use crate::schema_registry::Client;
use crate::serdes::destination::Destination;
use crate::serdes::error::{Error, ErrorKind};
use crate::serdes::options::SerializerOptions;
use crate::serdes::plans::key_hash::is_same;
use crate::serdes::plans::table::{Lookup, PlanTable, Prepared, key_hash};
use crate::wire_format::Side;

/// The well-known types. Prost gives their names to Rust's own types too: `String`
/// is `google.protobuf.StringValue`.
const WELL_KNOWN: &str = "google.protobuf";

/// Enough bytes for most messages, so that a buffer seldom has to grow.
const USUAL_SIZE: usize = 128;

/// A record together with the plan it was written by.
pub(super) type Written = (Arc<WritePlan>, Vec<u8>);

/// Finds the plan of a record, or has one prepared.
pub(super) struct WritePlanner {
    pub(super) preparer: WritePreparer,
    plans: PlanTable<Key, PreparedWrite>,
}

/// The key of a plan.
#[derive(Clone, PartialEq, Eq)]
struct Key {
    topic: Arc<str>,
    side: Side,
    of: MessageKey,
}

/// The message type of a plan. Two Rust types of one name never share a plan.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum MessageKey {
    /// A Rust type, whose schema is in the serializer's set.
    Type(TypeId),
    /// A Rust type, with the schema that the call brought.
    TypeWith(TypeId, SchemaDigest),
    /// The schema that the call brought.
    Schema(SchemaDigest),
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash(&self.topic, self.side, &self.of, state);
    }
}

#[inline(always)]
fn hash(topic: &str, side: Side, of: &MessageKey, state: &mut impl Hasher) {
    // Side and type first: where both are constants, so is their hash.
    state.write_u8(u8::from(side.is_key()));
    match of {
        MessageKey::Type(id) => id.hash(state),
        MessageKey::TypeWith(_, digest) | MessageKey::Schema(digest) => digest.hash(state),
    }
    state.write(topic.as_bytes());
}

/// A borrowed [`Key`].
struct At<'a> {
    to: Destination<'a>,
    of: MessageKey,
}

impl Hash for At<'_> {
    #[inline(always)]
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash(self.to.topic, self.to.side, &self.of, state);
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
        key.of == self.of && key.side == self.to.side && is_same(&key.topic, self.to.topic)
    }

    fn to_key(&self) -> Key {
        Key {
            topic: self.to.topic.into(),
            side: self.to.side,
            of: self.of,
        }
    }
}

impl WritePlanner {
    pub(super) fn new(registry: Client, options: SerializerOptions) -> Self {
        Self {
            plans: PlanTable::new(options.cache_capacity, options.latest_cache_ttl),
            preparer: WritePreparer::new(registry, options),
        }
    }

    /// Returns the record of a message, if there is a plan and no need to wait.
    #[inline(always)]
    pub(super) fn now<M: Message + 'static>(
        &self,
        to: Destination<'_>,
        of: MessageKey,
        message: &M,
    ) -> Option<Result<Vec<u8>, Error>> {
        let plan = self.plans.find(&At { to, of })?;
        if plan.validity.is_due() {
            return None;
        }
        plan.prepared.record_now(message)
    }

    /// Returns the plan for a type of the serializer's set.
    pub(super) async fn plan_of<M: Message + Name + 'static>(
        &self,
        to: Destination<'_>,
    ) -> Result<Arc<WritePlan>, Error> {
        let of = MessageKey::Type(TypeId::of::<M>());
        if let Some(plan) = self.valid(to, of) {
            return Ok(plan);
        }
        // The schema is made only where a plan is prepared, and not for the messages
        // that are written by an expired plan in the meantime.
        let at = At { to, of };
        let prepare = async {
            let schema = self.schema_of::<M>()?;
            self.prepare(&at, schema.as_dynamic()).await
        };
        Box::pin(self.plans.get(&at, (to.topic, to.side), prepare)).await
    }

    /// Returns the plan for the schema that a call brought.
    #[inline]
    pub(super) async fn plan_with(
        &self,
        to: Destination<'_>,
        of: MessageKey,
        schema: &dyn ProtoSchema,
    ) -> Result<Arc<WritePlan>, Error> {
        match self.valid(to, of) {
            Some(plan) => Ok(plan),
            None => self.plan_cold(to, of, schema).await,
        }
    }

    #[inline]
    fn valid(&self, to: Destination<'_>, of: MessageKey) -> Option<Arc<WritePlan>> {
        let plan = self.plans.find(&At { to, of })?;
        (!plan.validity.is_due()).then(|| Arc::clone(plan))
    }

    /// Prepares a plan. Boxed, so that the calls that find one do not move the large
    /// future.
    #[cold]
    #[inline(never)]
    fn plan_cold<'a>(
        &'a self,
        to: Destination<'a>,
        of: MessageKey,
        schema: &'a dyn ProtoSchema,
    ) -> BoxFuture<'a, Result<Arc<WritePlan>, Error>> {
        Box::pin(async move {
            let at = At { to, of };
            let prepare = self.prepare(&at, schema);
            self.plans.get(&at, (to.topic, to.side), prepare).await
        })
    }

    async fn prepare(
        &self,
        at: &At<'_>,
        schema: &dyn ProtoSchema,
    ) -> Result<Prepared<Key, PreparedWrite>, Error> {
        let (prepared, until) = self.preparer.prepare(at.to, schema).await?;
        Ok(Prepared {
            key: at.to_key(),
            prepared,
            until,
        })
    }

    /// Returns the schema of a type in the serializer's set.
    fn schema_of<M: Name>(&self) -> Result<CompiledSchema<M>, Error> {
        // By the full name: the constant `NAME` of a nested message lacks the names
        // of the messages around it.
        let name = M::full_name;
        if M::PACKAGE == WELL_KNOWN {
            return Err(Error::from(ErrorKind::WellKnownType { message: name() }));
        }
        let schemas = self.preparer.options.schemas.as_ref();
        let schemas =
            schemas.ok_or_else(|| Error::from(ErrorKind::NoSchemas { message: name() }))?;
        schemas.compiled().map_err(|source| {
            Error::from(ErrorKind::NotInSchemas {
                message: name(),
                source: source.into(),
            })
        })
    }

    /// Writes a message whose plan is missing, has expired, or needs a key.
    #[cold]
    #[inline(never)]
    pub(super) fn ask<'a, M: Message + Name + 'static>(
        &'a self,
        to: Destination<'a>,
        schema: Option<&'a CompiledSchema<M>>,
        message: &'a M,
    ) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move { Ok(self.typed(to, schema, message).await?.1) })
    }

    /// Writes a prost message, whose schema is in the serializer's set unless given.
    pub(super) async fn typed<M: Message + Name + 'static>(
        &self,
        to: Destination<'_>,
        schema: Option<&CompiledSchema<M>>,
        message: &M,
    ) -> Result<Written, Error> {
        let plan = match schema {
            None => self.plan_of::<M>(to).await?,
            Some(schema) => {
                self.plan_with(to, type_with(schema), schema.as_dynamic())
                    .await?
            }
        };
        let write = |payload: &mut Vec<u8>| {
            message.encode_raw(payload);
            Ok(())
        };
        let record = plan.prepared.record(message.encoded_len(), write).await?;
        Ok((plan, record))
    }

    /// Writes a dynamic message.
    pub(super) async fn dynamic(
        &self,
        to: Destination<'_>,
        schema: &dyn ProtoSchema,
        message: &DynamicMessage,
    ) -> Result<Written, Error> {
        let found = message.descriptor();
        let is_own = found == *schema.descriptor();
        if !is_own && found.full_name() != schema.full_name() {
            return Err(Error::wrong_type(
                schema.full_name(),
                found.full_name().to_owned(),
            ));
        }
        let plan = self.plan_with(to, given(schema), schema).await?;
        if !is_own {
            self.preparer.check_value(&plan.prepared, &found)?;
        }
        let write = |payload: &mut Vec<u8>| {
            schema.json().encode_dynamic(message, payload);
            Ok(())
        };
        let record = plan.prepared.record(USUAL_SIZE, write).await?;
        Ok((plan, record))
    }

    /// Writes the message that JSON describes.
    pub(super) async fn json(
        &self,
        to: Destination<'_>,
        schema: &dyn ProtoSchema,
        json: JsonInput<'_>,
    ) -> Result<Written, Error> {
        let plan = self.plan_with(to, given(schema), schema).await?;
        let write = |payload: &mut Vec<u8>| {
            let written = schema.serialize_from(json, JsonOptions::default(), payload);
            written.map_err(|source| {
                Error::from(ErrorKind::Json {
                    message: schema.full_name().to_owned(),
                    source: source.into(),
                })
            })
        };
        let record = plan.prepared.record(USUAL_SIZE, write).await?;
        Ok((plan, record))
    }

    /// Writes an encoded message.
    pub(super) async fn encoded(
        &self,
        to: Destination<'_>,
        schema: &dyn ProtoSchema,
        message: &[u8],
    ) -> Result<Written, Error> {
        let plan = self.plan_with(to, given(schema), schema).await?;
        let write = |payload: &mut Vec<u8>| {
            payload.extend_from_slice(message);
            Ok(())
        };
        let record = plan.prepared.record(message.len(), write).await?;
        Ok((plan, record))
    }
}

fn given(schema: &dyn ProtoSchema) -> MessageKey {
    MessageKey::Schema(schema.digest())
}

#[inline]
pub(super) fn type_with<M: 'static>(schema: &CompiledSchema<M>) -> MessageKey {
    MessageKey::TypeWith(TypeId::of::<M>(), schema.as_dynamic().digest())
}
