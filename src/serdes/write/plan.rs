//! The plan by which a serializer writes messages of one topic, side and schema.

use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use prost::Message;
use prost_reflect::MessageDescriptor;

use crate::csfle;
use crate::serdes::error::{Error, ErrorKind};
use crate::serdes::plans::steps::Steps;
use crate::serdes::plans::table::{Plan, Preparation};
use crate::serdes::registered_schema::RegisteredSchema;
use crate::wire_format::Side;

/// Length of magic byte, schema id, and the index of a file's first message.
const PLAIN_PREFIX: usize = 6;

pub(super) type WritePlan = Plan<PreparedWrite>;

/// Everything that is the same for each message.
pub(in crate::serdes) struct PreparedWrite {
    /// A copy of the prefix, for records that consist of prefix and message only, if
    /// the message is the first of its file. Saves following a pointer.
    plain: Option<[u8; PLAIN_PREFIX]>,
    /// The schema to write with.
    pub(super) registered: Arc<RegisteredSchema>,
    /// The subject, which owns the encryption keys.
    pub(super) subject: String,
    pub(super) side: Side,
    /// The bytes in front of every payload; empty if the id is in a header.
    prefix: Box<[u8]>,
    /// The value of the record header that carries the id.
    pub(super) header: Option<Box<[u8]>>,
    /// The encryption by the schema's rules.
    steps: Steps,
    /// Descriptors of dynamic messages that were checked: their tagged fields are
    /// encrypted.
    pub(super) checked: [OnceLock<MessageDescriptor>; 3],
}

impl PreparedWrite {
    pub(super) fn new(
        registered: Arc<RegisteredSchema>,
        subject: String,
        side: Side,
        (prefix, header): (Box<[u8]>, Option<Box<[u8]>>),
        steps: Steps,
    ) -> Self {
        let is_plain = steps.is_empty() && header.is_none();
        let plain = is_plain.then(|| <[u8; PLAIN_PREFIX]>::try_from(&*prefix).ok());
        Self {
            plain: plain.flatten(),
            registered,
            subject,
            side,
            prefix,
            header,
            steps,
            checked: Default::default(),
        }
    }

    /// Returns the record of a message, if there is no need to wait.
    #[inline(always)]
    pub(super) fn record_now<M: Message>(&self, message: &M) -> Option<Result<Vec<u8>, Error>> {
        match &self.plain {
            Some(prefix) => Some(Ok(frame(prefix, message))),
            None => self.record_of_other_form(message),
        }
    }

    #[inline(never)]
    fn record_of_other_form<M: Message>(&self, message: &M) -> Option<Result<Vec<u8>, Error>> {
        if self.steps.is_empty() {
            return Some(Ok(frame(&self.prefix, message)));
        }
        let mut record = self.prefix.to_vec();
        let run = self.steps.run_now(&message.encode_to_vec(), &mut record)?;
        Some(run.map_or_else(|source| Err(self.rule_failed(source)), |()| Ok(record)))
    }

    /// Returns the record of a payload that `write` appends, of about `size` bytes.
    pub(super) async fn record(
        &self,
        size: usize,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>,
    ) -> Result<Vec<u8>, Error> {
        let mut record = Vec::with_capacity(self.prefix.len().saturating_add(size));
        record.extend_from_slice(&self.prefix);
        if self.steps.is_empty() {
            write(&mut record)?;
            return Ok(record);
        }
        let mut payload = Vec::with_capacity(size);
        write(&mut payload)?;
        match self.steps.run_now(&payload, &mut record) {
            Some(run) => run.map_err(|source| self.rule_failed(source))?,
            None => record = self.wait_for_keys(payload).await?,
        }
        Ok(record)
    }

    /// Runs the steps when a key has to be fetched. Boxed, so that the calls that have
    /// their keys do not move the large future.
    #[cold]
    #[inline(never)]
    fn wait_for_keys(&self, payload: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>, Error>> {
        Box::pin(async move {
            let mut record = self.prefix.to_vec();
            let run = self.steps.run(&payload, &mut record).await;
            run.map_err(|source| self.rule_failed(source))?;
            Ok(record)
        })
    }

    #[cold]
    fn rule_failed(&self, source: csfle::Error) -> Error {
        Error::from(ErrorKind::Rule {
            schema: self.registered.name.clone(),
            source: source.into(),
        })
    }
}

impl Preparation for PreparedWrite {
    fn is_same(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.registered, &other.registered);
        self.subject == other.subject
            && self.prefix == other.prefix
            && self.header == other.header
            && ours.version == theirs.version
            && ours.rule_set == theirs.rule_set
            && ours.metadata == theirs.metadata
    }
}

/// Returns prefix and message in one buffer of the exact size.
#[inline(always)]
fn frame<M: Message>(prefix: &[u8], message: &M) -> Vec<u8> {
    let mut record = Vec::with_capacity(prefix.len() + message.encoded_len());
    record.extend_from_slice(prefix);
    // `Message::encode` would compute the length a second time.
    message.encode_raw(&mut record);
    record
}
