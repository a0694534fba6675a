//! The plan by which a serializer writes messages of one topic, side and schema.

use std::sync::{Arc, OnceLock};

use prost::Message;
use prost_reflect::MessageDescriptor;

use crate::csfle;
use crate::serdes::context::{Headers, Side};
use crate::serdes::error::Error;
use crate::serdes::plans::expiry::Expiry;
use crate::serdes::plans::type_check::TypeCheck;
use crate::serdes::registered_schema::RegisteredSchema;

/// Length of magic byte, schema id, and the index of a file's first message.
const PLAIN_PREFIX: usize = 6;

/// Everything that is the same for each message.
pub(super) struct WritePlan {
    /// A copy of the prefix, for records that consist of prefix and message only, if
    /// the message is the first of its file. Saves following two pointers.
    pub(super) plain: Option<[u8; PLAIN_PREFIX]>,
    pub(super) prepared: Arc<PreparedWrite>,
    pub(super) expiry: Expiry,
    pub(super) types: TypeCheck,
}

/// The part of a plan that stays the same when a refresh finds nothing new.
pub(super) struct PreparedWrite {
    /// The schema to write with.
    pub(super) registered: Arc<RegisteredSchema>,
    /// The subject, which owns the encryption keys.
    pub(super) subject: String,
    /// The bytes in front of every payload; empty if the id is in a header.
    pub(super) prefix: Box<[u8]>,
    /// The value of the record header that carries the id.
    pub(super) header: Option<Box<[u8]>>,
    pub(super) side: Side,
    /// The encryption by the schema's rules.
    pub(super) encryption: Option<csfle::PayloadTransform>,
    /// Descriptors of dynamic messages that were checked: their tagged fields are
    /// encrypted.
    pub(super) checked: [OnceLock<MessageDescriptor>; 3],
}

impl WritePlan {
    pub(super) fn new(prepared: Arc<PreparedWrite>, expiry: Expiry) -> Self {
        let plain = prepared.encryption.is_none() && prepared.header.is_none();
        let prefix = plain.then(|| <[u8; PLAIN_PREFIX]>::try_from(&*prepared.prefix).ok());
        Self {
            plain: prefix.flatten(),
            prepared,
            expiry,
            types: TypeCheck::default(),
        }
    }

    /// Returns the record of a message, if there is no need to wait.
    #[inline]
    pub(super) fn record_now<M: Message>(
        &self,
        headers: Option<&mut Headers>,
        message: &M,
    ) -> Option<Result<Vec<u8>, Error>> {
        let record = match &self.prepared.encryption {
            None => self.frame(message),
            Some(encryption) => {
                let payload = message.encode_to_vec();
                let mut record = self.prepared.prefix.to_vec();
                match encryption.apply_now(&payload, &mut record)? {
                    Ok(()) => record,
                    Err(source) => return Some(Err(self.rule_failed(source))),
                }
            }
        };
        Some(self.finish(headers, record))
    }

    #[inline]
    fn frame<M: Message>(&self, message: &M) -> Vec<u8> {
        frame(&self.prepared.prefix, message)
    }

    /// Returns the record of a payload that `write` appends.
    pub(super) async fn record(
        &self,
        headers: Option<&mut Headers>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>,
    ) -> Result<Vec<u8>, Error> {
        let mut record = self.prepared.prefix.to_vec();
        match &self.prepared.encryption {
            None => write(&mut record)?,
            Some(encryption) => {
                let mut payload = Vec::new();
                write(&mut payload)?;
                let encrypted = encryption.apply(&payload, &mut record).await;
                encrypted.map_err(|source| self.rule_failed(source))?;
            }
        }
        self.finish(headers, record)
    }

    /// Writes the header, if the schema id goes into one.
    #[inline]
    fn finish(&self, headers: Option<&mut Headers>, record: Vec<u8>) -> Result<Vec<u8>, Error> {
        if let Some(header) = &self.prepared.header {
            let side = self.prepared.side;
            let headers = headers.ok_or(Error::MissingHeaders { side })?;
            let name = side.schema_id_header();
            // Removes other headers of the name: some readers use the first one,
            // others the last.
            headers.retain(|(other, _)| other != name);
            headers.push((name.to_owned(), Some(header.to_vec())));
        }
        Ok(record)
    }

    #[cold]
    fn rule_failed(&self, source: csfle::Error) -> Error {
        Error::Rule {
            schema: self.prepared.registered.name.clone(),
            source: source.into(),
        }
    }
}

/// Returns prefix and message in one buffer of the exact size.
#[inline(always)]
pub(super) fn frame<M: Message>(prefix: &[u8], message: &M) -> Vec<u8> {
    let mut record = Vec::with_capacity(prefix.len() + message.encoded_len());
    record.extend_from_slice(prefix);
    // `Message::encode` would compute the length a second time.
    message.encode_raw(&mut record);
    record
}
