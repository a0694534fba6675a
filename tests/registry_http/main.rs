//! The embedded registry, from outside: over real HTTP.
#![cfg(feature = "embedded")]

mod concurrency;
mod descriptors;
mod hostile;
mod lifecycle;
mod peers;
mod rules;
mod runner;
