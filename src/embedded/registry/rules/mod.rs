//! The rules of the registry, one file per operation or setting: functions over
//! the store that know nothing of HTTP.

pub(super) mod compatibility;
pub(super) mod config;
pub(super) mod deadline;
pub(super) mod deletion;
mod digest;
pub(super) mod format;
pub(super) mod lookup;
pub(super) mod metadata;
pub(super) mod mode;
mod parsed_schema;
mod references;
pub(super) mod registration;
pub(super) mod requested_schema;
pub(super) mod rule_set;
pub(super) mod version_id;
