//! The record of a value: topic, key or value, record headers.

use std::fmt;

use crate::wire_format::{KEY_SCHEMA_ID_HEADER, VALUE_SCHEMA_ID_HEADER};

/// Record headers in their order. Names may repeat and values may be null.
pub type Headers = Vec<(String, Option<Vec<u8>>)>;

/// The side of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The record key.
    Key,
    /// The record value.
    Value,
}

impl Side {
    /// Returns whether this is the key.
    pub fn is_key(self) -> bool {
        self == Self::Key
    }

    /// Returns `key` or `value`, the suffix of a topic's subject.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Value => "value",
        }
    }

    /// Returns the name of the record header that carries the schema GUID of this
    /// side.
    pub fn schema_id_header(self) -> &'static str {
        match self {
            Self::Key => KEY_SCHEMA_ID_HEADER,
            Self::Value => VALUE_SCHEMA_ID_HEADER,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The destination of a value. Only a serializer that writes the schema id into a
/// header needs the headers.
#[derive(Debug)]
pub struct WriteContext<'a> {
    pub(super) topic: &'a str,
    pub(super) side: Side,
    pub(super) headers: Option<&'a mut Headers>,
}

impl<'a> WriteContext<'a> {
    /// Creates the context for the key of a record of `topic`.
    pub fn key(topic: &'a str) -> Self {
        Self::new(topic, Side::Key)
    }

    /// Creates the context for the value of a record of `topic`.
    pub fn value(topic: &'a str) -> Self {
        Self::new(topic, Side::Value)
    }

    /// Creates the context for one side of a record of `topic`.
    pub fn new(topic: &'a str, side: Side) -> Self {
        let headers = None;
        Self {
            topic,
            side,
            headers,
        }
    }

    /// Sets the headers of the record to write.
    #[must_use]
    pub fn headers(mut self, headers: &'a mut Headers) -> Self {
        self.headers = Some(headers);
        self
    }
}

/// The origin of a value. Set the record's headers if it has any: one of them may
/// hold the schema id.
#[derive(Clone, Copy, Debug)]
pub struct ReadContext<'a> {
    pub(super) topic: &'a str,
    pub(super) side: Side,
    pub(super) headers: &'a [(String, Option<Vec<u8>>)],
}

impl<'a> ReadContext<'a> {
    /// Creates the context for the key of a record of `topic`.
    pub fn key(topic: &'a str) -> Self {
        Self::new(topic, Side::Key)
    }

    /// Creates the context for the value of a record of `topic`.
    pub fn value(topic: &'a str) -> Self {
        Self::new(topic, Side::Value)
    }

    /// Creates the context for one side of a record of `topic`.
    pub fn new(topic: &'a str, side: Side) -> Self {
        let headers = &[];
        Self {
            topic,
            side,
            headers,
        }
    }

    /// Sets the headers of the record.
    #[must_use]
    pub fn headers(mut self, headers: &'a [(String, Option<Vec<u8>>)]) -> Self {
        self.headers = headers;
        self
    }

    /// Returns the first non-null header of that name.
    pub(super) fn header(&self, name: &str) -> Option<&'a [u8]> {
        let mut named = self.headers.iter().filter(|(n, _)| n == name);
        named.find_map(|(_, value)| value.as_deref())
    }
}
