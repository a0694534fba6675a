//! A serializer for one type and destination.

use std::fmt;
use std::sync::Arc;

use prost::{Message, Name};

use super::plan::WritePlan;
use super::planner::{WritePlanner, type_with};
use crate::protobuf::CompiledSchema;
use crate::serdes::destination::Destination;
use crate::serdes::error::Error;
use crate::serdes::now_or_later::now_or_later;
use crate::wire_format::Side;

/// A serializer for messages of one type and destination, made by
/// [`Serializer::bind`](crate::serdes::Serializer::bind). Its call encodes the
/// message and looks nothing up. Schemas that expire are still refreshed, and so are
/// encryption keys.
pub struct Bound<M> {
    planner: Arc<WritePlanner>,
    topic: Arc<str>,
    side: Side,
    schema: Option<CompiledSchema<M>>,
    plan: Arc<WritePlan>,
}

impl<M> Clone for Bound<M> {
    fn clone(&self) -> Self {
        Self {
            planner: Arc::clone(&self.planner),
            topic: Arc::clone(&self.topic),
            side: self.side,
            schema: self.schema.clone(),
            plan: Arc::clone(&self.plan),
        }
    }
}

impl<M> fmt::Debug for Bound<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound")
            .field("topic", &self.topic)
            .field("side", &self.side)
            .field("message", &std::any::type_name::<M>())
            .finish_non_exhaustive()
    }
}

impl<M: Message + Name + 'static> Bound<M> {
    pub(super) async fn new(
        planner: Arc<WritePlanner>,
        to: Destination<'_>,
        schema: Option<CompiledSchema<M>>,
    ) -> Result<Self, Error> {
        let plan = match &schema {
            None => planner.plan_of::<M>(to).await?,
            Some(schema) => {
                planner
                    .plan_with(to, type_with(schema), schema.as_dynamic())
                    .await?
            }
        };
        Ok(Self {
            topic: to.topic.into(),
            side: to.side,
            planner,
            schema,
            plan,
        })
    }

    /// Returns the record of a message.
    ///
    /// # Errors
    ///
    /// Any error of the registry or of a KMS, when a schema or key has expired.
    #[inline]
    pub fn serialize<'a>(
        &'a self,
        message: &'a M,
    ) -> impl Future<Output = Result<Vec<u8>, Error>> + Send + 'a {
        now_or_later(
            move || {
                let usable = !self.plan.validity.is_due();
                usable.then(|| self.plan.prepared.record_now(message))?
            },
            move || {
                let to = Destination::new(&self.topic, self.side);
                self.planner.ask(to, self.schema.as_ref(), message)
            },
        )
    }
}
