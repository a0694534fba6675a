//! Answers of the registry that are requested again, and negative answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::time::Duration;

use cc_protobuf_examples::serdes::{
    Deserializer, DeserializerOptions, Destination, Record, Serializer, SerializerOptions,
};
use serde_json::json;

use crate::serdes::registry::schema;
use crate::support::chain;
use crate::support::stub::{Answer, Stub};

#[tokio::test]
async fn a_refresh_that_fails_is_shared_and_not_repeated_with_each_record() {
    let gone = Arc::new(AtomicBool::new(false));
    let is_gone = gone.clone();
    let stub = Stub::start(move |request| match is_gone.load(Ordering::Relaxed) {
        true => Answer::error(403, 40301),
        false if request.path.starts_with("/schemas/ids/") => Answer::ok(json!({
            "schema": "syntax = \"proto3\"; package t; message M { string id = 1; }",
            "schemaType": "PROTOBUF",
        })),
        false => Answer::ok(json!({
            "subject": "shop-value", "id": 11, "version": 1, "schemaType": "PROTOBUF",
            "schema": "syntax = \"proto3\"; package t; message M { string id = 1; }",
        })),
    })
    .await;
    let ttl = Some(Duration::from_millis(500));
    let options = SerializerOptions::new()
        .auto_register_schemas(false)
        .use_latest_version(true)
        .latest_cache_ttl(ttl);
    let serializer = Serializer::new(stub.client(), options).unwrap();
    let options = DeserializerOptions::new()
        .use_latest_version(true)
        .latest_cache_ttl(ttl);
    let deserializer = Deserializer::new(stub.client(), options).unwrap();
    let own = schema(
        "syntax = \"proto3\"; package t; message M { string id = 1; }",
        "t.M",
        &[],
    );
    let value = json!({"id": "1"});
    let write = || serializer.serialize_json(&own, Destination::value("shop"), &value);
    let record = write().await.unwrap();
    let read = || deserializer.deserialize_json(Record::value("shop", &record));
    read().await.unwrap();

    gone.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(600)).await;
    let before = stub.requests().len();
    for _ in 0..20 {
        // All callers get the error, not only the one that sent the request.
        let written = write().await.unwrap_err();
        assert!(chain(&written).contains("40301"), "{}", chain(&written));
        let read = read().await.unwrap_err();
        assert!(chain(&read).contains("40301"), "{}", chain(&read));
    }
    assert_eq!(
        stub.requests().len() - before,
        2,
        "one request for each side"
    );

    // It is retried after a while, and succeeds.
    gone.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(write().await.unwrap(), record);
    assert_eq!(read().await.unwrap(), Some(value.clone()));
}

#[tokio::test]
async fn a_registry_that_goes_away_does_not_make_a_failure_good() {
    let status = Arc::new(AtomicU16::new(200));
    let now = status.clone();
    let stub = Stub::start(move |_| match now.load(Ordering::Relaxed) {
        200 => Answer::ok(json!({
            "subject": "shop-value", "id": 11, "version": 1, "schemaType": "PROTOBUF",
            "schema": "syntax = \"proto3\"; package t; message M { string id = 1; }",
        })),
        status => Answer::error(status, u32::from(status) * 100 + 1),
    })
    .await;
    let options = SerializerOptions::new()
        .auto_register_schemas(false)
        .use_latest_version(true)
        .latest_cache_ttl(Some(Duration::ZERO));
    let serializer = Serializer::new(stub.client(), options).unwrap();
    let own = schema(
        "syntax = \"proto3\"; package t; message M { string id = 1; }",
        "t.M",
        &[],
    );
    let value = json!({"id": "1"});
    let write = || serializer.serialize_json(&own, Destination::value("shop"), &value);
    for (answer, expected) in [
        (200, None),
        // The registry is down, so the old answer is used.
        (503, None),
        (403, Some("40301")),
        // The last answer was negative.
        (503, Some("40301")),
        (503, Some("40301")),
        (200, None),
        (503, None),
    ] {
        status.store(answer, Ordering::Relaxed);
        let written = write().await;
        match expected {
            None => assert!(written.is_ok(), "{answer}: {written:?}"),
            Some(part) => {
                let message = chain(&written.unwrap_err());
                assert!(message.contains(part), "{answer}: {message}");
            }
        }
    }
}
