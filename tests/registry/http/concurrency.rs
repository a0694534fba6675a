//! Many clients at once.

use std::collections::BTreeSet;

use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use serde_json::{Value, json};

fn body(text: &str) -> String {
    json!({"schemaType": "PROTOBUF", "schema": text}).to_string()
}

#[tokio::test]
async fn one_schema_registered_by_many_is_one_version() {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let client = crate::support::http::client();
    let tasks: Vec<_> = (0..32)
        .map(|i| {
            // Half of them use a second subject, but the id is the same.
            let url = format!("{}/subjects/s{}/versions", registry.url(), i % 2);
            let request = client
                .post(url)
                .header("content-type", "application/json")
                .body(body("syntax = \"proto3\"; message M {}"));
            tokio::spawn(async move {
                let answer: Value = crate::http::json_of(request.send().await.unwrap()).await;
                (answer["id"].clone(), answer["version"].clone())
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), (json!(1), json!(1)));
    }
}

#[tokio::test]
async fn versions_and_ids_are_given_once() {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let client = crate::support::http::client();
    let tasks: Vec<_> = (1..=24)
        .map(|i| {
            let url = format!("{}/subjects/s/versions", registry.url());
            let text = format!("syntax = \"proto3\"; message M {{ int32 f{i} = {i}; }}");
            let request = client
                .post(url)
                .header("content-type", "application/json")
                .body(body(&text));
            tokio::spawn(async move {
                let answer: Value = crate::http::json_of(request.send().await.unwrap()).await;
                (answer["id"].as_i64(), answer["version"].as_i64())
            })
        })
        .collect();
    let mut ids = BTreeSet::new();
    let mut versions = BTreeSet::new();
    for task in tasks {
        let (id, version) = task.await.unwrap();
        ids.insert(id.unwrap());
        versions.insert(version.unwrap());
    }
    let expected: BTreeSet<i64> = (1..=24).collect();
    assert_eq!(ids, expected);
    assert_eq!(versions, expected);
}
