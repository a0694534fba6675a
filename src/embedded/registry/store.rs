//! Subjects, schemas, configuration and modes, in memory.

/// Everything stored.
#[derive(Default)]
pub(super) struct Store {}
