//! Values to records.

pub(super) mod plan;
pub(super) mod planner;
pub(super) mod preparer;
pub(super) mod registrar;
pub(super) mod serialize_future;
pub(super) mod serializer;
