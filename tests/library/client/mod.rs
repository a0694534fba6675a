//! Tests of the Schema Registry client with a stub server that records requests.

mod answers;
mod auth;
mod calls;
mod proxy;
mod retries;
mod stub;
mod tls;
