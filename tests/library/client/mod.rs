//! Tests of the Schema Registry client with a stub server that records requests.

mod answers;
mod auth;
mod calls;
mod proxy;
mod retries;
mod tls;

use std::time::Duration;

use cc_protobuf_examples::schema_registry::{Client, ClientBuilder};

use crate::support::stub::Stub;

/// Returns settings with very short pauses.
fn impatient(urls: &str) -> ClientBuilder {
    Client::builder(urls).retry_pauses(Duration::from_millis(1), Duration::from_millis(2))
}

/// Returns a client with short pauses between attempts.
fn retrying(stub: &Stub) -> Client {
    impatient(&stub.url).build().unwrap()
}

/// Returns everything that an error can print: text, Debug form and causes.
fn everything(error: &dyn std::error::Error) -> String {
    format!("{error:?} / {}", crate::support::chain(error))
}
