//! AWS Key Management Service.

mod connection;
mod driver;
mod failure;

pub use driver::AwsKms;
