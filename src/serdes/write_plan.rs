//! What a serializer knows about one (topic, side, schema) after its first use.

use std::sync::Arc;

use prost::Message;

use super::error::Error;
use super::expiry::Expiry;
use super::type_check::TypeCheck;
use super::{Side, WriteContext};

/// Everything that does not change from message to message.
pub(super) struct WritePlan {
    pub(super) prepared: Arc<Prepared>,
    pub(super) expiry: Expiry,
    pub(super) types: TypeCheck,
}

/// The part of a plan that is the same after a refresh that found nothing new.
pub(super) struct Prepared {
    /// Goes in front of every payload; empty when the id is in a header.
    pub(super) prefix: Box<[u8]>,
    /// The value of the record header that carries the id.
    pub(super) header: Option<Box<[u8]>>,
    pub(super) side: Side,
}

impl WritePlan {
    /// Whether a record is prefix and payload and nothing else.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.prepared.header.is_none() && !self.expiry.is_due()
    }

    /// Prefix and message in one buffer of the exact size.
    #[inline]
    pub(super) fn frame<M: Message>(&self, message: &M) -> Vec<u8> {
        let prefix = &*self.prepared.prefix;
        let mut record = Vec::with_capacity(prefix.len() + message.encoded_len());
        record.extend_from_slice(prefix);
        // `Message::encode` would compute the length a second time.
        message.encode_raw(&mut record);
        record
    }

    /// What a plain record needs no more: the header.
    pub(super) fn finish(
        &self,
        context: WriteContext<'_>,
        record: Vec<u8>,
    ) -> Result<Vec<u8>, Error> {
        if let Some(header) = &self.prepared.header {
            let side = self.prepared.side;
            let headers = context.headers.ok_or(Error::MissingHeaders { side })?;
            let name = side.schema_id_header();
            // Readers differ in whether the first or the last of several counts.
            headers.retain(|(other, _)| other != name);
            headers.push((name.to_owned(), Some(header.to_vec())));
        }
        Ok(record)
    }
}
