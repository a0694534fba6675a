//! Records as produced and consumed, and where they are stored.

use rdkafka::message::{BorrowedMessage, Header, Headers as _, Message, OwnedHeaders};

/// ProducerRecord headers: names may repeat, values may be null.
pub type Headers = Vec<(String, Option<Vec<u8>>)>;

/// A record to produce.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProducerRecord {
    /// Topic.
    pub topic: String,
    /// Key; records with the same key keep their order.
    pub key: Option<Vec<u8>>,
    /// Value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Headers.
    pub headers: Headers,
}

/// The position at which the cluster stored a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Delivery {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Offset within the partition.
    pub offset: i64,
}

/// Topic, partition and offset, which together identify a record.
pub(super) type Place<'a> = (&'a str, i32, i64);

/// A record that was consumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Offset within the partition.
    pub offset: i64,
    /// Key.
    pub key: Option<Vec<u8>>,
    /// Value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Headers.
    pub headers: Headers,
}

impl Received {
    /// Copies a message out of librdkafka. Dropping a consumer blocks as long as
    /// a borrowed message lives, so none may leave this module.
    pub(super) fn detach(message: &BorrowedMessage<'_>) -> Self {
        Self {
            topic: message.topic().to_owned(),
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: message
                .headers()
                .map(|headers| {
                    headers
                        .iter()
                        .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
                        .collect()
                })
                .unwrap_or_default(),
        }
    }

    pub(super) fn place(&self) -> Place<'_> {
        (&self.topic, self.partition, self.offset)
    }
}

impl Delivery {
    pub(super) fn place(&self) -> Place<'_> {
        (&self.topic, self.partition, self.offset)
    }
}

pub(super) fn to_native(headers: &Headers) -> OwnedHeaders {
    headers.iter().fold(
        OwnedHeaders::new_with_capacity(headers.len()),
        |native, (key, value)| {
            native.insert(Header {
                key,
                value: value.as_deref(),
            })
        },
    )
}
