//! The future of [`Serializer::serialize`](crate::serdes::Serializer::serialize).

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use prost::{Message, Name};

use super::plan::frame;
use super::planner::WritePlanner;
use crate::protobuf::ProtoSchema;
use crate::serdes::context::WriteContext;
use crate::serdes::error::Error;

/// Serializes one prost message.
///
/// Written by hand because it runs for every message. The future that the compiler
/// generates for an `async fn` copies its arguments before it uses them, and copies
/// the result once more than needed.
pub(super) struct SerializeFuture<'a, M> {
    planner: &'a WritePlanner,
    context: WriteContext<'a>,
    schema: &'a dyn ProtoSchema,
    message: &'a M,
    /// The future of a call without a usable plan.
    cold: Option<BoxFuture<'a, Result<Vec<u8>, Error>>>,
}

impl<'a, M: Message + Name + 'static> SerializeFuture<'a, M> {
    #[inline]
    pub(super) fn new(
        planner: &'a WritePlanner,
        context: WriteContext<'a>,
        schema: &'a dyn ProtoSchema,
        message: &'a M,
    ) -> Self {
        Self {
            planner,
            context,
            schema,
            message,
            cold: None,
        }
    }

    /// Returns the record, if there is a plan and no need to wait.
    #[inline(never)]
    fn known(&mut self) -> Option<Result<Vec<u8>, Error>> {
        let WriteContext { topic, side, .. } = self.context;
        let headers = self.context.headers.as_deref_mut();
        let message = self.message;
        let descriptor = self.schema.descriptor();
        let known = self.planner.find(topic, side, descriptor, |plan| {
            let at_once = plan.types.knows::<M>() && !plan.expiry.is_due();
            at_once.then(|| plan.record_now(headers, message))?
        });
        known?
    }

    /// Asks the registry: there is no plan yet, it has expired, or a key is missing.
    #[cold]
    #[inline(never)]
    fn ask(&mut self) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        let Self {
            planner,
            schema,
            message,
            ..
        } = *self;
        let context = WriteContext {
            headers: self.context.headers.take(),
            ..self.context
        };
        Box::pin(async move {
            let plan = planner.plan_of_type::<M>(&context, schema).await?;
            let write = |payload: &mut Vec<u8>| {
                payload.reserve(message.encoded_len());
                message.encode_raw(payload);
                Ok(())
            };
            plan.record(context.headers, write).await
        })
    }
}

impl<M: Message + Name + 'static> Future for SerializeFuture<'_, M> {
    type Output = Result<Vec<u8>, Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.cold.is_none() {
            let WriteContext { topic, side, .. } = this.context;
            // The most frequent case by far takes the shortest path.
            if let Some(plan) = this.planner.first(topic, side, this.schema.descriptor())
                && let Some(prefix) = &plan.plain
                && plan.types.knows::<M>()
            {
                return Poll::Ready(Ok(frame(prefix, this.message)));
            }
            if let Some(record) = this.known() {
                return Poll::Ready(record);
            }
        }
        let mut cold = this.cold.take().unwrap_or_else(|| this.ask());
        let polled = cold.as_mut().poll(task);
        if polled.is_pending() {
            this.cold = Some(cold);
        }
        polled
    }
}
