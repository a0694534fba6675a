//! The registry is asked once per resource, by any number of messages and tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cc_protobuf_examples::serdes::{
    Deserializer, DeserializerOptions, Destination, Record, Serializer, SerializerOptions,
};
use serde_json::json;
use tokio::task::JoinSet;

use crate::serdes::registry::{Registry, id_of, schema};
use crate::support::stub::{Answer, Stub};
use crate::support::types::HasSchema;
use crate::support::types::{MyRecord, OtherRecord};

const MANY: usize = 1000;

fn message(n: usize) -> MyRecord {
    let f2 = OtherRecord { other_id: n as i32 };
    MyRecord {
        f1: format!("message {n}"),
        f2: Some(f2),
    }
}

async fn write(serializer: &Serializer, n: usize) -> Vec<u8> {
    let schema = MyRecord::schema().unwrap();
    let to = Destination::value("shop");
    serializer
        .serialize_with(&schema, to, &message(n))
        .await
        .unwrap()
}

/// Options for each way to find a schema, and the expected requests.
fn ways() -> [(SerializerOptions, &'static [&'static str]); 4] {
    let off = || SerializerOptions::new().auto_register_schemas(false);
    [
        (
            SerializerOptions::new(),
            &[
                "POST /subjects/other.proto/versions × 1",
                "POST /subjects/shop-value/versions × 1",
            ],
        ),
        (
            off(),
            &[
                "POST /subjects/other.proto × 1",
                "POST /subjects/shop-value × 1",
            ],
        ),
        (
            off().use_latest_version(true),
            &[
                "GET /subjects/other.proto/versions/1 × 1",
                "GET /subjects/shop-value/versions/latest × 1",
            ],
        ),
        (
            off().use_schema_id(cc_protobuf_examples::wire_format::SchemaId(2)),
            &[
                "GET /schemas/ids/2 × 1",
                "GET /subjects/other.proto/versions/1 × 1",
            ],
        ),
    ]
}

#[tokio::test]
async fn a_thousand_messages_ask_once() {
    let registry = Registry::start().await;
    let mut records = Vec::new();
    for (options, expected) in ways() {
        let serializer = registry.serializer(options.clone());
        for n in 0..MANY {
            records.push(write(&serializer.clone(), n).await);
        }
        assert_eq!(registry.requests(), expected, "{options:?}");
    }
    assert!(records.iter().all(|record| id_of(record) == 2));

    let ids = [
        "GET /schemas/ids/2 × 1",
        "GET /subjects/other.proto/versions/1 × 1",
    ];
    let latest = [
        "GET /schemas/ids/2 × 1",
        "GET /subjects/other.proto/versions/1 × 1",
        "GET /subjects/shop-value/versions/latest × 1",
    ];
    for (options, expected) in [
        (DeserializerOptions::new(), &ids[..]),
        (DeserializerOptions::new().use_latest_version(true), &latest),
    ] {
        let deserializer = registry.deserializer(options);
        for (n, record) in records.iter().take(MANY).enumerate() {
            let read = deserializer
                .clone()
                .deserialize(Record::value("shop", record))
                .await
                .unwrap();
            assert_eq!(read, Some(message(n)));
        }
        assert_eq!(registry.requests(), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tasks_that_need_the_same_ask_once_between_them() {
    let registry = Registry::start().await;
    let mut some_record = Vec::new();
    for (options, expected) in ways() {
        let serializer = registry.serializer(options.clone());
        let mut tasks = JoinSet::new();
        for n in 0..MANY {
            let serializer = serializer.clone();
            tasks.spawn(async move { write(&serializer, n).await });
        }
        some_record = tasks.join_all().await.pop().unwrap();
        assert_eq!(registry.requests(), expected, "{options:?}");
    }

    let deserializer = registry.deserializer(DeserializerOptions::new());
    let record = Arc::new(some_record);
    let mut tasks = JoinSet::new();
    for n in 0..MANY {
        let (deserializer, record) = (deserializer.clone(), record.clone());
        tasks.spawn(async move {
            // Each from another topic: a schema id has the same meaning in all.
            let topic = format!("topic-{n}");
            let read = deserializer
                .deserialize_json(Record::value(&topic, &*record))
                .await;
            read.unwrap().unwrap()
        });
    }
    assert_eq!(tasks.join_all().await.len(), MANY);
    let expected = [
        "GET /schemas/ids/2 × 1",
        "GET /subjects/other.proto/versions/1 × 1",
    ];
    assert_eq!(registry.requests(), expected);
}

#[tokio::test]
async fn files_imported_twice_are_registered_once() {
    let registry = Registry::start().await;
    let base = (
        "base.proto",
        "syntax = \"proto3\"; message Base { int32 x = 1; }",
    );
    let left = (
        "left.proto",
        "syntax = \"proto3\"; import \"base.proto\"; message Left { Base b = 1; }",
    );
    let right = (
        "right.proto",
        "syntax = \"proto3\"; import \"base.proto\"; message Right { Base b = 1; }",
    );
    let top = schema(
        "syntax = \"proto3\"; import \"left.proto\"; import \"right.proto\"; \
         message Top { Left l = 1; Right r = 2; }",
        "Top",
        &[base, left, right],
    );
    let serializer = registry.serializer(SerializerOptions::new());
    for topic in ["a", "b"] {
        for to in [Destination::key(topic), Destination::value(topic)] {
            let value = json!({"l": {"b": {"x": 1}}, "r": {"b": {"x": 2}}});
            let record = serializer.serialize_json(&top, to, &value).await.unwrap();
            let deserializer = registry.deserializer(DeserializerOptions::new());
            let read = deserializer
                .deserialize_json(Record::value(topic, &record))
                .await;
            assert_eq!(read.unwrap(), Some(value));
        }
    }
    let requests = registry.requests();
    for once in ["base", "left", "right"] {
        let line = format!("POST /subjects/{once}.proto/versions × 1");
        assert!(requests.contains(&line), "{requests:?}");
    }
    let left = registry
        .client
        .version("left.proto", 1.into(), Default::default())
        .await
        .unwrap();
    assert_eq!(left.references[0].subject, "base.proto");
    let latest = cc_protobuf_examples::schema_registry::Version::Latest;
    let top = registry
        .client
        .version("a-key", latest, Default::default())
        .await
        .unwrap();
    let names: Vec<_> = top
        .references
        .iter()
        .map(|r| (r.name.as_str(), r.version))
        .collect();
    assert_eq!(names, [("left.proto", 1), ("right.proto", 1)]);
}

const V1: &str = "syntax = \"proto3\"; message A { int32 a = 1; }";
const V2: &str = "syntax = \"proto3\"; message A { int32 a = 1; string b = 2; }";

#[tokio::test]
async fn latest_versions_are_asked_for_again_when_their_time_is_over() {
    let registry = Registry::start().await;
    let first = registry.register("shop-value", V1).await.id.unwrap() as u32;
    let a = schema(V1, "A", &[]);
    let options = || {
        SerializerOptions::new()
            .auto_register_schemas(false)
            .use_latest_version(true)
    };
    let write = async |serializer: &Serializer| {
        let to = Destination::value("shop");
        id_of(
            &serializer
                .serialize_json(&a, to, &json!({"a": 1}))
                .await
                .unwrap(),
        )
    };
    let patient = registry.serializer(options().latest_cache_ttl(Some(Duration::from_secs(3600))));
    let eternal = registry.serializer(options().latest_cache_ttl(None));
    let restless = registry.serializer(options().latest_cache_ttl(Some(Duration::ZERO)));
    for serializer in [&patient, &eternal, &restless] {
        assert_eq!(write(serializer).await, first);
    }
    let second = registry.register("shop-value", V2).await.id.unwrap() as u32;
    assert_ne!(first, second);
    assert_eq!(write(&patient).await, first);
    assert_eq!(write(&eternal).await, first);
    assert!(registry.requests().is_empty());
    assert_eq!(write(&restless).await, second);
    assert_eq!(
        registry.requests(),
        ["GET /subjects/shop-value/versions/latest × 1"]
    );

    // The same for the reader's schema.
    let options = DeserializerOptions::new().use_latest_version(true);
    let reader = registry.deserializer(options.latest_cache_ttl(Some(Duration::ZERO)));
    let to = Destination::value("shop");
    let record = patient
        .serialize_json(&a, to, &json!({"a": 1}))
        .await
        .unwrap();
    for _ in 0..2 {
        let inspection = reader
            .inspect(Record::value("shop", &record))
            .await
            .unwrap();
        assert_eq!(inspection.writer.id().unwrap().0, first);
        let message = inspection.message.unwrap();
        assert!(message.has_field_by_name("a"));
        assert!(message.get_field_by_name("b").is_some());
    }
}

#[tokio::test]
async fn the_schema_known_so_far_serves_while_the_registry_is_away() {
    let away = Arc::new(AtomicBool::new(false));
    let version = Arc::new(AtomicU32::new(1));
    let (is_away, now) = (away.clone(), version.clone());
    let stub = Stub::start(move |_| {
        let version = now.load(Ordering::Relaxed);
        match is_away.load(Ordering::Relaxed) {
            true => Answer::error(503, 50003),
            false if version == 0 => Answer::error(404, 40401),
            false => Answer::ok(json!({
                "subject": "shop-value", "id": 10 + version, "version": version,
                "schema": V1, "schemaType": "PROTOBUF",
            })),
        }
    })
    .await;
    let options = SerializerOptions::new()
        .auto_register_schemas(false)
        .use_latest_version(true)
        .latest_cache_ttl(Some(Duration::ZERO));
    let serializer = Serializer::new(stub.client(), options).unwrap();
    let a = schema(V1, "A", &[]);
    let value = json!({"a": 1});
    let write = async || {
        let record = serializer
            .serialize_json(&a, Destination::value("shop"), &value)
            .await;
        record.map(|record| id_of(&record))
    };
    assert_eq!(write().await.unwrap(), 11);
    away.store(true, Ordering::Relaxed);
    assert_eq!(write().await.unwrap(), 11);
    assert_eq!(write().await.unwrap(), 11);
    away.store(false, Ordering::Relaxed);
    version.store(2, Ordering::Relaxed);
    assert_eq!(write().await.unwrap(), 12);
    // The answer that the subject does not exist replaces the cached version.
    version.store(0, Ordering::Relaxed);
    assert!(write().await.is_err());
    version.store(3, Ordering::Relaxed);
    assert_eq!(write().await.unwrap(), 13);
}

#[tokio::test]
async fn a_registry_that_never_answers_delays_no_caller_for_long() {
    let silent = Arc::new(AtomicBool::new(false));
    let is_silent = silent.clone();
    let stub = Stub::start(move |_| match is_silent.load(Ordering::Relaxed) {
        true => Answer::Silence,
        false => Answer::ok(json!({
            "subject": "shop-value", "id": 11, "version": 1, "schema": V1, "schemaType": "PROTOBUF",
        })),
    })
    .await;
    let ttl = Some(Duration::from_millis(1));
    let options = SerializerOptions::new()
        .auto_register_schemas(false)
        .use_latest_version(true)
        .latest_cache_ttl(ttl);
    let serializer = Serializer::new(stub.client(), options).unwrap();
    let options = DeserializerOptions::new()
        .use_latest_version(true)
        .latest_cache_ttl(ttl);
    let deserializer = Deserializer::new(stub.client(), options).unwrap();
    let a = schema(V1, "A", &[]);
    let value = json!({"a": 1});
    let write = || serializer.serialize_json(&a, Destination::value("shop"), &value);
    let record = write().await.unwrap();
    let read = || deserializer.deserialize_json(Record::value("shop", &record));
    read().await.unwrap();

    silent.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(5)).await;
    let started = Instant::now();
    // While the first caller refreshes, the second one uses the cached answer.
    let first = async { tokio::join!(write(), read()) };
    let second = async {
        tokio::task::yield_now().await;
        let written = (write().await, read().await);
        (written, started.elapsed())
    };
    let (first, (second, soon)) = tokio::join!(first, second);
    let waited = started.elapsed();
    for (written, read) in [first, second] {
        assert_eq!(written.unwrap(), record);
        assert_eq!(read.unwrap().as_ref(), Some(&value));
    }
    assert!(soon < Duration::from_secs(1), "{soon:?}");
    assert!(waited < Duration::from_secs(10), "{waited:?}");
}

#[tokio::test]
async fn a_time_to_live_may_be_as_long_as_it_likes() {
    let registry = Registry::start().await;
    registry.register("shop-value", V1).await;
    let ttl = Some(Duration::MAX);
    let options = SerializerOptions::new()
        .auto_register_schemas(false)
        .use_latest_version(true)
        .latest_cache_ttl(ttl);
    let serializer = registry.serializer(options);
    let options = DeserializerOptions::new()
        .use_latest_version(true)
        .latest_cache_ttl(ttl);
    let deserializer = registry.deserializer(options);
    let (to, a) = (Destination::value("shop"), schema(V1, "A", &[]));
    let value = json!({"a": 1});
    let record = serializer.serialize_json(&a, to, &value).await.unwrap();
    let read = deserializer
        .deserialize_json(Record::value("shop", &record))
        .await;
    assert_eq!(read.unwrap(), Some(value));
}

#[tokio::test]
async fn caches_are_bounded_and_still_right() {
    let registry = Registry::start().await;
    let serializer = registry.serializer(SerializerOptions::new().cache_capacity(3));
    let deserializer = registry.deserializer(DeserializerOptions::new().cache_capacity(2));
    let schemas: Vec<_> = (0..8)
        .map(|n| {
            let text = format!(
                "syntax = \"proto3\"; message M{n} {{ int32 v = {}; }}",
                n + 1
            );
            schema(&text, &format!("M{n}"), &[])
        })
        .collect();
    let mut ids = std::collections::HashMap::new();
    for _ in 0..3 {
        for (n, schema) in schemas.iter().enumerate() {
            let topic = format!("t{n}");
            let value = json!({"v": n + 1});
            let record = serializer.serialize_json(schema, Destination::value(&topic), &value);
            let record = record.await.unwrap();
            assert_eq!(*ids.entry(n).or_insert(id_of(&record)), id_of(&record));
            let read = deserializer.deserialize_json(Record::value(&topic, &*record));
            assert_eq!(read.await.unwrap(), Some(value));
        }
    }
    assert_eq!(ids.len(), 8);
}
