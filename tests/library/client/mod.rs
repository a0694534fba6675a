//! The Schema Registry client against a stub server that shows what was sent.

mod answers;
mod auth;
mod calls;
mod proxy;
mod retries;
mod stub;
mod tls;
