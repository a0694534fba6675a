//! DEK Registry and tag definitions of the embedded registry, over HTTP.

mod catalog;
mod client;
mod deks;
mod keks;
mod shared_keks;
