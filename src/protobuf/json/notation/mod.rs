//! How numbers, times, field masks and strings are noted in JSON.

pub(super) mod field_mask;
pub(super) mod number;
mod text;
pub(super) mod time;

pub(super) use text::{Digits, quote};
