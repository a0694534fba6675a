//! `.proto` source text, in and out of the model.

mod field;
pub(in crate::protobuf) mod literal;
mod option;
mod parse;
mod print;
mod printer;
mod range;
