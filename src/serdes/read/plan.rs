//! The plan by which a deserializer reads messages of one type and schema.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde_json::Value;

use super::record::Record;
use crate::csfle;
use crate::protobuf::{self, JsonCodec, JsonOptions};
use crate::serdes::error::{EnvelopePlace, Error, ErrorKind};
use crate::serdes::plans::steps::Steps;
use crate::serdes::plans::table::{Plan, Preparation};
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
    pub(super) fn of(record: &Record<'a>, payload: &'a [u8]) -> Result<Self, Error> {
        if let Some(header) = record.header(record.side.schema_id_header()) {
            let place = EnvelopePlace::Header(record.side);
            let read = wire_format::decode(header);
            let mut envelope = read.map_err(|source| Error::envelope(place, source))?;
            envelope.payload = payload;
            return Ok(Self {
                place,
                envelope,
                offset: 0,
            });
        }
        let place = EnvelopePlace::Record;
        let read = wire_format::decode(payload);
        let envelope = read.map_err(|source| Error::envelope(place, source))?;
        let offset = payload.len() - envelope.payload.len();
        Ok(Self {
            place,
            envelope,
            offset,
        })
    }
}

pub(super) type ReadPlan = Plan<PreparedRead>;

/// Everything that is the same for each message.
pub(in crate::serdes) struct PreparedRead {
    /// The schema the record was written with.
    pub(super) writer: Arc<RegisteredSchema>,
    /// The message type in the schema to read with: the writer's schema or the
    /// latest one.
    pub(super) message: MessageDescriptor,
    /// The schema to read with.
    pub(super) reader: Arc<RegisteredSchema>,
    /// The decryption by the rules of the writer's schema, then by those of the
    /// reader's.
    pub(super) steps: Steps,
    /// Prints messages; made when the first one is printed.
    pub(super) json: OnceLock<JsonCodec>,
}

/// The header that names a rule to skip, in records from a dead letter queue.
const SKIPPED_RULE_HEADER: &str = "__rule.name";

impl Preparation for PreparedRead {
    fn is_same(&self, other: &Self) -> bool {
        // The writer's schema never changes.
        let (ours, theirs) = (&self.reader, &other.reader);
        self.message.full_name() == other.message.full_name()
            && (Arc::ptr_eq(ours, theirs)
                || ours.is_same(theirs)
                    && ours.version == theirs.version
                    && ours.rule_set == theirs.rule_set
                    && ours.metadata == theirs.metadata)
    }
}

impl PreparedRead {
    /// Returns the encoded message, if there is no need to wait.
    #[inline]
    pub(super) fn payload_now<'a>(
        &self,
        record: &Record<'_>,
        parts: &Parts<'a>,
    ) -> Option<Result<Cow<'a, [u8]>, Error>> {
        let payload = parts.envelope.payload;
        if self.steps.is_empty() {
            return Some(Ok(Cow::Borrowed(payload)));
        }
        if record.header(SKIPPED_RULE_HEADER).is_some() {
            return None;
        }
        let mut decrypted = Vec::new();
        let run = self.steps.run_now(payload, &mut decrypted)?;
        Some(match run {
            Ok(()) => Ok(Cow::Owned(decrypted)),
            Err(source) => Err(self.rule_failed(source)),
        })
    }

    /// Returns the encoded message.
    pub(super) async fn payload<'a>(
        &self,
        record: &Record<'_>,
        parts: &Parts<'a>,
    ) -> Result<Cow<'a, [u8]>, Error> {
        let payload = parts.envelope.payload;
        if self.steps.is_empty() {
            return Ok(Cow::Borrowed(payload));
        }
        let skipped = record.header(SKIPPED_RULE_HEADER);
        let mut decrypted = Vec::new();
        let run = match skipped.and_then(|name| std::str::from_utf8(name).ok()) {
            Some(rule) => {
                let steps = self.steps.without_rule(rule);
                steps.run(payload, &mut decrypted).await
            }
            None => self.steps.run(payload, &mut decrypted).await,
        };
        run.map_err(|source| self.rule_failed(source))?;
        Ok(Cow::Owned(decrypted))
    }

    #[inline]
    pub(super) fn typed<M>(&self, offset: usize, payload: &[u8]) -> Result<M, Error>
    where
        M: Message + Default,
    {
        M::decode(payload).map_err(|source| self.undecodable(offset, source))
    }

    #[inline]
    pub(super) fn dynamic(&self, offset: usize, payload: &[u8]) -> Result<DynamicMessage, Error> {
        let decoded = DynamicMessage::decode(self.message.clone(), payload);
        decoded.map_err(|source| self.undecodable(offset, source))
    }

    pub(super) fn json(
        &self,
        offset: usize,
        payload: &[u8],
        options: JsonOptions,
    ) -> Result<Value, Error> {
        let printed = self.codec().print(payload, options);
        printed.map_err(|error| self.unprintable(offset, error))
    }

    pub(super) fn json_text(
        &self,
        offset: usize,
        payload: &[u8],
        options: JsonOptions,
    ) -> Result<String, Error> {
        let mut text = String::new();
        let printed = self.codec().print_text(payload, options, &mut text);
        printed.map_err(|error| self.unprintable(offset, error))?;
        Ok(text)
    }

    fn codec(&self) -> &JsonCodec {
        let json = &self.json;
        json.get_or_init(|| JsonCodec::new(&self.message))
    }

    #[cold]
    fn rule_failed(&self, source: csfle::Error) -> Error {
        Error::from(ErrorKind::Rule {
            schema: self.reader.name.clone(),
            source: source.into(),
        })
    }

    #[cold]
    fn unprintable(&self, offset: usize, error: protobuf::Error) -> Error {
        match error {
            protobuf::Error::Decode { source, .. } => self.undecodable(offset, source),
            other => Error::from(ErrorKind::Json {
                message: self.message.full_name().to_owned(),
                source: other.into(),
            }),
        }
    }

    #[cold]
    fn undecodable(&self, offset: usize, source: prost::DecodeError) -> Error {
        Error::from(ErrorKind::Decode {
            message: self.message.full_name().to_owned(),
            schema: self.reader.name.clone(),
            offset,
            source,
        })
    }
}
