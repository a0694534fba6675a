//! What a deserializer reads: one side of a consumed record.

use std::fmt;

#[cfg(feature = "kafka")]
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Headers as _, Message, OwnedMessage};

use crate::wire_format::Side;

/// The key or value of a consumed record, with its topic and the record's headers.
///
/// ```
/// use cc_protobuf_examples::serdes::Record;
///
/// let payload = [0, 0, 0, 0, 1, 0];
/// let value = Record::value("orders", &payload);
/// let key = Record::key("orders", &payload);
/// let tombstone = Record::from_parts("orders", cc_protobuf_examples::serdes::Side::Value, None);
/// # drop((value, key, tombstone));
/// ```
///
/// With feature `kafka`, a message of rdkafka converts into the `Record` of its
/// value, and [`Record::key_of`] returns that of its key.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    pub(super) topic: &'a str,
    pub(super) side: Side,
    pub(super) payload: Option<&'a [u8]>,
    pub(super) headers: RecordHeaders<'a>,
}

/// The headers of a record, in the form in which the caller has them.
#[derive(Clone, Copy)]
pub(super) enum RecordHeaders<'a> {
    None,
    Pairs(&'a [(String, Option<Vec<u8>>)]),
    #[cfg(feature = "kafka")]
    Kafka(&'a BorrowedHeaders),
}

impl<'a> Record<'a> {
    /// Creates the record of a value without headers.
    pub fn value(topic: &'a str, payload: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self::from_parts(topic, Side::Value, Some(payload.as_ref()))
    }

    /// Creates the record of a key without headers.
    pub fn key(topic: &'a str, payload: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self::from_parts(topic, Side::Key, Some(payload.as_ref()))
    }

    /// Creates a record without headers. A payload of `None` is a null key or value;
    /// a null value is a tombstone.
    pub fn from_parts(topic: &'a str, side: Side, payload: Option<&'a [u8]>) -> Self {
        Self {
            topic,
            side,
            payload,
            headers: RecordHeaders::None,
        }
    }

    /// Sets the record's headers. One of them may hold the schema id.
    #[must_use]
    pub fn headers(mut self, headers: &'a [(String, Option<Vec<u8>>)]) -> Self {
        self.headers = match headers {
            [] => RecordHeaders::None,
            _ => RecordHeaders::Pairs(headers),
        };
        self
    }

    /// Creates the record of the key of a message.
    #[cfg(feature = "kafka")]
    pub fn key_of(message: &'a BorrowedMessage<'_>) -> Self {
        Self {
            payload: message.key(),
            side: Side::Key,
            ..Self::from(message)
        }
    }

    /// Returns the first non-null header of that name.
    pub(super) fn header(&self, name: &str) -> Option<&'a [u8]> {
        match self.headers {
            RecordHeaders::None => None,
            RecordHeaders::Pairs(headers) => {
                let mut named = headers.iter().filter(|(other, _)| other == name);
                named.find_map(|(_, value)| value.as_deref())
            }
            #[cfg(feature = "kafka")]
            RecordHeaders::Kafka(headers) => {
                let mut named = headers.iter().filter(|header| header.key == name);
                named.find_map(|header| header.value)
            }
        }
    }

    #[inline]
    pub(super) fn has_headers(&self) -> bool {
        !matches!(self.headers, RecordHeaders::None)
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("topic", &self.topic)
            .field("side", &self.side)
            .field("bytes", &self.payload.map(<[u8]>::len))
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "kafka")]
impl<'a> From<&'a BorrowedMessage<'_>> for Record<'a> {
    fn from(message: &'a BorrowedMessage<'_>) -> Self {
        Self {
            topic: message.topic(),
            side: Side::Value,
            payload: message.payload(),
            headers: message
                .headers()
                .map_or(RecordHeaders::None, RecordHeaders::Kafka),
        }
    }
}

#[cfg(feature = "kafka")]
impl<'a> From<&'a OwnedMessage> for Record<'a> {
    fn from(message: &'a OwnedMessage) -> Self {
        let headers = message.headers();
        Self {
            topic: message.topic(),
            side: Side::Value,
            payload: message.payload(),
            headers: headers.map_or(RecordHeaders::None, |headers| {
                RecordHeaders::Kafka(headers.as_borrowed())
            }),
        }
    }
}
