//! The terminal: how wide it is, and messages on stderr.

pub mod layout;
pub mod stderr;
