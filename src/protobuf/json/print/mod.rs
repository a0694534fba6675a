//! Bytes → JSON: each message's fields are found first, then printed in order.
//!
//! A field may come in pieces: elements apart from each other, messages to be
//! merged, a scalar written twice. Once the fields are sorted, the pieces stand
//! side by side.

mod any;
mod fields;
mod known;
mod map;
mod number;
mod printer;
mod sink;
mod wire;

pub(super) use printer::Printer;
