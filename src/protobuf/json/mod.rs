//! Converts between JSON and the bytes of a message type, without a message in
//! between.
//!
//! A [plan] is made once from the descriptor. With it, [`encode`] writes JSON, a
//! [`Value`](serde_json::Value) or text, as bytes, and [`print`] turns bytes into
//! a [`Value`](serde_json::Value) or text.
//!
//! Bytes are written in prost's order: fields by number, the members of a oneof
//! at its lowest number, map entries by key. JSON is printed in the order of field
//! numbers, extensions last, map entries by key.

mod bytes;
mod codec;
mod dynamic;
mod encode;
mod fault;
mod notation;
mod options;
mod plan;
mod print;
mod scratch;

pub use codec::{JsonCodec, JsonInput, to_json};
pub use options::JsonOptions;
