//! Values to records.

pub(super) mod bound;
pub(super) mod plan;
pub(super) mod planner;
pub(super) mod preparer;
pub(super) mod record_serializer;
pub(super) mod registrar;
pub(super) mod serializer;
