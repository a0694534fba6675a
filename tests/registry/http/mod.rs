//! The embedded registry, from outside: over real HTTP.

mod concurrency;
mod connections;
mod descriptors;
mod hostile;
mod lifecycle;
mod pages;
mod peers;
mod rules;
mod runner;
mod work;

/// The JSON of an answer's body.
async fn json_of(response: reqwest::Response) -> serde_json::Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}
