//! Support for several test binaries.
#![allow(dead_code)]

#[cfg(feature = "embedded")]
pub mod http;
#[cfg(all(feature = "kafka", feature = "embedded"))]
pub mod peers;
pub mod types;
