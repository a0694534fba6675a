//! The terminal's width, and messages on stderr.

pub mod layout;
pub mod stderr;
