//! Where a value goes: the topic, the side of the record, its headers.

use crate::wire_format::Side;

/// Record headers in their order. Names may repeat and values may be null.
pub type Headers = Vec<(String, Option<Vec<u8>>)>;

/// The destination of a value: the key or the value of the records of a topic.
///
/// A topic name alone means the value, so `serialize("orders", &order)` writes a
/// value and `serialize(Destination::key("orders"), &key)` a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Destination<'a> {
    pub(super) topic: &'a str,
    pub(super) side: Side,
}

impl<'a> Destination<'a> {
    /// Creates the destination for keys of a topic's records.
    pub fn key(topic: &'a str) -> Self {
        Self::new(topic, Side::Key)
    }

    /// Creates the destination for values of a topic's records.
    pub fn value(topic: &'a str) -> Self {
        Self::new(topic, Side::Value)
    }

    /// Creates the destination for one side of a topic's records.
    pub fn new(topic: &'a str, side: Side) -> Self {
        Self { topic, side }
    }

    /// Returns the topic.
    pub fn topic(&self) -> &'a str {
        self.topic
    }

    /// Returns whether keys or values go there.
    pub fn side(&self) -> Side {
        self.side
    }
}

impl<'a> From<&'a str> for Destination<'a> {
    fn from(topic: &'a str) -> Self {
        Self::value(topic)
    }
}

impl<'a> From<&'a String> for Destination<'a> {
    fn from(topic: &'a String) -> Self {
        Self::value(topic)
    }
}
