//! Records to values.

pub(super) mod deserializer;
pub(super) mod inspection;
pub(super) mod plan;
pub(super) mod planner;
pub(super) mod record;
