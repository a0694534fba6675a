//! `.proto` source text, in and out of the model.

mod field;
pub(in crate::protobuf) mod literal;
mod option;
pub(in crate::protobuf) mod parse;
pub(in crate::protobuf) mod print;
mod range;
