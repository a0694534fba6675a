//! JSON → bytes, in one pass over the JSON.
//!
//! Fields are written as they come and put into order afterwards if necessary. A
//! length is written once what it measures is.

mod any;
mod encoder;
mod known;
mod map;
mod message;
mod order;
mod scalar;
mod source;
mod tape;

pub(super) use encoder::Encoder;
pub(super) use tape::Tape;
