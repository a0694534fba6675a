//! The plan by which a deserializer reads messages of one type and schema.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde_json::Value;

use crate::csfle;
use crate::protobuf::{self, JsonCodec, JsonOptions};
use crate::serdes::context::ReadContext;
use crate::serdes::error::{EnvelopePlace, Error, SchemaName};
use crate::serdes::plans::expiry::Expiry;
use crate::serdes::plans::type_check::TypeCheck;
use crate::serdes::registered_schema::RegisteredSchema;
use crate::wire_format::{self, Envelope};

/// The parts of a record.
pub(super) struct Parts<'a> {
    pub(super) place: EnvelopePlace,
    pub(super) envelope: Envelope<'a>,
    /// Where the payload begins in the record.
    pub(super) offset: usize,
}

impl<'a> Parts<'a> {
    /// Splits a record. The schema id is in the record header of this side, if that
    /// exists, or else in front of the payload.
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

/// Everything that is the same for each message.
pub(super) struct ReadPlan {
    pub(super) prepared: Arc<PreparedRead>,
    pub(super) expiry: Expiry,
    pub(super) types: TypeCheck,
}

/// The part of a plan that stays the same when a refresh finds nothing new.
pub(super) struct PreparedRead {
    /// The schema the record was written with.
    pub(super) writer: Arc<RegisteredSchema>,
    /// The message type in the schema to read with: the writer's schema or the
    /// latest one.
    pub(super) message: MessageDescriptor,
    /// The schema to read with.
    pub(super) reader: SchemaName,
    /// The decryption by the rules of the writer's schema, then by those of the
    /// reader's.
    pub(super) decryption: Vec<csfle::PayloadTransform>,
    /// Prints messages; made when the first one is printed.
    pub(super) json: OnceLock<JsonCodec>,
}

/// The header that names a rule to skip, in records from a dead letter queue.
const SKIPPED_RULE_HEADER: &str = "__rule.name";

impl ReadPlan {
    /// Returns the encoded message, if there is no need to wait.
    #[inline]
    pub(super) fn payload_now<'a>(
        &self,
        context: &ReadContext<'_>,
        parts: &Parts<'a>,
    ) -> Option<Result<Cow<'a, [u8]>, Error>> {
        let mut payload = Cow::Borrowed(parts.envelope.payload);
        for plan in &self.prepared.decryption {
            if context.header(SKIPPED_RULE_HEADER).is_some() {
                return None;
            }
            let mut decrypted = Vec::new();
            match plan.apply_now(&payload, &mut decrypted)? {
                Ok(()) => payload = Cow::Owned(decrypted),
                Err(source) => return Some(Err(self.rule_failed(source))),
            }
        }
        Some(Ok(payload))
    }

    /// The encoded message.
    pub(super) async fn payload<'a>(
        &self,
        context: &ReadContext<'_>,
        parts: &Parts<'a>,
    ) -> Result<Cow<'a, [u8]>, Error> {
        let skipped = context.header(SKIPPED_RULE_HEADER);
        let skipped = skipped.and_then(|name| std::str::from_utf8(name).ok());
        let mut payload = Cow::Borrowed(parts.envelope.payload);
        for plan in &self.prepared.decryption {
            let mut decrypted = Vec::new();
            let applied = match skipped {
                Some(rule) => {
                    plan.without_rule(rule)
                        .apply(&payload, &mut decrypted)
                        .await
                }
                None => plan.apply(&payload, &mut decrypted).await,
            };
            applied.map_err(|source| self.rule_failed(source))?;
            payload = Cow::Owned(decrypted);
        }
        Ok(payload)
    }

    #[inline]
    pub(super) fn typed<M>(&self, parts: &Parts<'_>, payload: &[u8]) -> Result<M, Error>
    where
        M: Message + Default,
    {
        M::decode(payload).map_err(|source| self.undecodable(parts, source))
    }

    #[inline]
    pub(super) fn dynamic(
        &self,
        parts: &Parts<'_>,
        payload: &[u8],
    ) -> Result<DynamicMessage, Error> {
        let decoded = DynamicMessage::decode(self.prepared.message.clone(), payload);
        decoded.map_err(|source| self.undecodable(parts, source))
    }

    pub(super) fn json(
        &self,
        parts: &Parts<'_>,
        payload: &[u8],
        options: JsonOptions,
    ) -> Result<Value, Error> {
        let printed = self.codec().print(payload, options);
        printed.map_err(|error| match error {
            protobuf::Error::Decode { source, .. } => self.undecodable(parts, source),
            other => Error::Json {
                message: self.prepared.message.full_name().to_owned(),
                source: other.into(),
            },
        })
    }

    pub(super) fn codec(&self) -> &JsonCodec {
        let json = &self.prepared.json;
        json.get_or_init(|| JsonCodec::new(&self.prepared.message))
    }

    #[cold]
    fn rule_failed(&self, source: csfle::Error) -> Error {
        Error::Rule {
            schema: self.prepared.reader.clone(),
            source: source.into(),
        }
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
