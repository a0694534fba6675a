//! Parses and prints `.proto` source text.

mod field;
pub(in crate::protobuf) mod literal;
mod option;
mod parse;
mod print;
mod printer;
mod range;
