//! The fields of a record: which of them a rule selects, and the walk that replaces
//! their values.

pub(crate) mod build;
pub(crate) mod coverage;
pub(crate) mod duplicates;
pub(crate) mod failure;
pub(crate) mod graph;
pub(crate) mod problem;
pub(crate) mod tags;
pub(crate) mod unknown_fields;
pub(crate) mod walk;
