//! JSON ⇄ bytes of one message type, with no message in between.
//!
//! A [plan](plan) is made once from the descriptor. By it, JSON (a
//! [`Value`] or text, read through serde alike) is written as bytes ([`encode`]
//! and its kin), and bytes are printed ([`print`] and its kin) to a
//! [sink](sink), which is a [`Value`] or text.
//!
//! Bytes come in prost's order: fields by number, a oneof where its lowest
//! number belongs, map entries by key. JSON comes in the order of field numbers,
//! extensions last, map entries by key.

mod any_plans;
mod codec;
mod dynamic;
mod encode;
mod encode_any;
mod encode_known;
mod encode_map;
mod encode_message;
mod encode_value;
mod field;
mod field_mask;
mod number;
mod options;
mod path;
mod plan;
mod print;
mod print_known;
mod print_map;
mod print_number;
mod scratch;
mod seed;
mod sink;
mod text;
mod time;
mod wire;

pub use codec::{JsonCodec, JsonInput, to_json};
pub use options::JsonOptions;
