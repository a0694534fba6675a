//! The tables of plans. A plan holds what a serializer or deserializer learns at its
//! first use.

pub(super) mod expiry;
pub(super) mod permanent;
pub(super) mod table;
pub(super) mod type_check;
