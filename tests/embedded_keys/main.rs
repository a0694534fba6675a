//! DEK Registry and tag definitions of the embedded registry, over HTTP.
#![cfg(feature = "embedded")]

mod catalog;
mod client;
mod deks;
#[path = "../support/http.rs"]
mod http;
mod keks;
mod shared_keks;
