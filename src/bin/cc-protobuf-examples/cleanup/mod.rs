//! Removes what one run made, and nothing else: `clean`, and `--cleanup` of a
//! run.
//!
//! The names are computed from the run id, never searched for.

mod by_hand;
mod outcome;
mod remove;

pub use outcome::Cleaned;
pub use remove::remove_run;
