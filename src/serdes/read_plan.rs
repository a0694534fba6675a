//! What a deserializer knows about one message type of one schema after its
//! first use.

use std::sync::Arc;

use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};

use super::context::ReadContext;
use super::error::{EnvelopePlace, Error, SchemaName};
use super::expiry::Expiry;
use super::registered::RegisteredSchema;
use super::type_check::TypeCheck;
use crate::wire_format::{self, Envelope};

/// A record taken apart.
pub(super) struct Parts<'a> {
    pub(super) place: EnvelopePlace,
    pub(super) envelope: Envelope<'a>,
    /// Where the payload begins in the record.
    pub(super) offset: usize,
}

impl<'a> Parts<'a> {
    /// The schema id is in the record header of this side, if there is one, else
    /// in front of the payload.
    #[inline]
    pub(super) fn of(context: &ReadContext<'a>, record: &'a [u8]) -> Result<Self, Error> {
        if let Some(header) = context.header(context.side.schema_id_header()) {
            let place = EnvelopePlace::Header(context.side);
            let read = wire_format::decode(header);
            let mut envelope = read.map_err(|source| Error::envelope(place, source))?;
            envelope.payload = record;
            return Ok(Self {
                place,
                envelope,
                offset: 0,
            });
        }
        let place = EnvelopePlace::Record;
        let read = wire_format::decode(record);
        let envelope = read.map_err(|source| Error::envelope(place, source))?;
        let offset = record.len() - envelope.payload.len();
        Ok(Self {
            place,
            envelope,
            offset,
        })
    }
}

/// Everything that does not change from message to message.
pub(super) struct ReadPlan {
    pub(super) prepared: Arc<Prepared>,
    pub(super) expiry: Expiry,
    pub(super) types: TypeCheck,
}

/// The part of a plan that is the same after a refresh that found nothing new.
pub(super) struct Prepared {
    /// The schema the record was written with.
    pub(super) writer: Arc<RegisteredSchema>,
    /// The message read, in the schema read with: the writer's, or the latest.
    pub(super) message: MessageDescriptor,
    /// The schema read with.
    pub(super) reader: SchemaName,
}

impl ReadPlan {
    /// Whether the payload is the encoded message as it stands.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        !self.expiry.is_due()
    }

    #[inline]
    pub(super) fn typed<M: Message + Default>(&self, parts: &Parts<'_>) -> Result<M, Error> {
        let decoded = M::decode(parts.envelope.payload);
        decoded.map_err(|source| self.undecodable(parts, source))
    }

    #[inline]
    pub(super) fn dynamic(&self, parts: &Parts<'_>) -> Result<DynamicMessage, Error> {
        let message = self.prepared.message.clone();
        let decoded = DynamicMessage::decode(message, parts.envelope.payload);
        decoded.map_err(|source| self.undecodable(parts, source))
    }

    #[cold]
    fn undecodable(&self, parts: &Parts<'_>, source: prost::DecodeError) -> Error {
        Error::Decode {
            message: self.prepared.message.full_name().to_owned(),
            schema: self.prepared.reader.clone(),
            offset: parts.offset,
            source,
        }
    }
}
