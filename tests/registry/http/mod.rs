//! The embedded registry over real HTTP.

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

/// Parses the JSON of an answer's body.
async fn json_of(response: reqwest::Response) -> serde_json::Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}
