//! Removes everything that one run created, and nothing else: for the command
//! `clean` and the flag `--cleanup`.
//!
//! The names are computed from the run id. Nothing is searched for.

mod by_hand;
mod outcome;
mod remove;

pub use outcome::Cleaned;
pub use remove::remove_run;
