//! Plans: what a serializer or deserializer learns at the first use of a topic and
//! schema, and the table in which later calls find them.

pub(super) mod key_hash;
pub(super) mod steps;
pub(super) mod table;
pub(super) mod validity;
