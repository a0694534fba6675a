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

/// Settings with pauses too short to notice.
fn impatient(urls: &str) -> ClientBuilder {
    ClientBuilder::new(urls).retry_pauses(Duration::from_millis(1), Duration::from_millis(2))
}

/// A client that does not dawdle between tries.
fn retrying(stub: &Stub) -> Client {
    impatient(&stub.url).build().unwrap()
}

/// Everything that an error shows of itself: text, Debug form and causes.
fn everything(error: &dyn std::error::Error) -> String {
    format!("{error:?} / {}", crate::support::chain(error))
}
