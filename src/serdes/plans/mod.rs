//! What a serializer or deserializer learns at its first use, kept for the uses
//! after it.

pub(super) mod expiry;
pub(super) mod permanent;
pub(super) mod table;
pub(super) mod type_check;
