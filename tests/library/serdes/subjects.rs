//! Strategies for subject names and reference subject names.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cc_protobuf_examples::serdes::{
    Association, Deserializer, DeserializerOptions, Destination, Error, ErrorKind, Fallback,
    Record, RecordPlace, ReferenceSubjectNameStrategy, Serializer, SerializerOptions, Side,
    SubjectNameStrategy,
};
use serde_json::{Value, json};

use crate::serdes::registry::{Registry, schema};
use crate::support::stub::{Answer, Stub};

const TEXT: &str =
    "syntax = \"proto3\"; package shop.v1; message Order { message Line { int32 n = 1; } }";

async fn subjects(strategy: SubjectNameStrategy) -> Vec<String> {
    let registry = Registry::start().await;
    let options = SerializerOptions::new().subject_name_strategy(strategy.clone());
    let serializer = registry.serializer(options);
    let line = schema(TEXT, "shop.v1.Order.Line", &[]);
    let options = DeserializerOptions::new().subject_name_strategy(strategy);
    let deserializer = registry.deserializer(options);
    for (to, side) in [
        (Destination::key("orders"), Side::Key),
        (Destination::value("orders"), Side::Value),
    ] {
        let record = serializer
            .serialize_json(&line, to, &json!({"n": 3}))
            .await
            .unwrap();
        let read = deserializer
            .deserialize_json(Record::from_parts("orders", side, Some(&record)))
            .await
            .unwrap();
        assert_eq!(read, Some(json!({"n": 3})));
    }
    let mut subjects = registry.client.subjects().await.unwrap();
    subjects.sort();
    subjects
}

#[tokio::test]
async fn each_strategy_names_its_subjects() {
    let custom = |place: &RecordPlace<'_>| {
        let message = place.message?;
        Some(format!(
            "{}/{}/{}",
            place.topic,
            place.side,
            message.to_lowercase()
        ))
    };
    let record = "shop.v1.Order.Line";
    let topic_record = "orders-shop.v1.Order.Line";
    // Like many others, the embedded registry has no associations.
    let associated =
        |fallback| SubjectNameStrategy::Associated(Association::new().fallback(fallback));
    for (strategy, expected) in [
        (
            SubjectNameStrategy::TopicName,
            vec!["orders-key", "orders-value"],
        ),
        (SubjectNameStrategy::RecordName, vec![record]),
        (SubjectNameStrategy::TopicRecordName, vec![topic_record]),
        (
            SubjectNameStrategy::custom(custom),
            vec![
                "orders/key/shop.v1.order.line",
                "orders/value/shop.v1.order.line",
            ],
        ),
        (
            associated(Fallback::TopicName),
            vec!["orders-key", "orders-value"],
        ),
        (associated(Fallback::RecordName), vec![record]),
        (associated(Fallback::TopicRecordName), vec![topic_record]),
    ] {
        assert_eq!(subjects(strategy.clone()).await, expected, "{strategy:?}");
    }
}

#[tokio::test]
async fn a_strategy_without_a_name_stops_a_write() {
    let registry = Registry::start().await;
    for strategy in [
        SubjectNameStrategy::Associated(Association::new().fallback(Fallback::None)),
        SubjectNameStrategy::custom(|_: &RecordPlace<'_>| None),
        SubjectNameStrategy::custom(|_: &RecordPlace<'_>| Some(String::new())),
    ] {
        let options = SerializerOptions::new().subject_name_strategy(strategy);
        let line = schema(TEXT, "shop.v1.Order.Line", &[]);
        let to = Destination::value("orders");
        let error = registry
            .serializer(options)
            .serialize_json(&line, to, &json!({}))
            .await;
        assert!(
            matches!(
                error.as_ref().map_err(Error::kind),
                Err(ErrorKind::NoSubject { .. })
            ),
            "{error:?}"
        );
    }
}

/// Starts a registry that associates topics with these subjects.
async fn associating(subjects: &'static [&'static str]) -> (Stub, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let stub = Stub::start(move |request| {
        if request.path.starts_with("/associations/") {
            count.fetch_add(1, Ordering::Relaxed);
            assert_eq!(request.path, "/associations/resources/lkc-1/orders");
            assert_eq!(request.query, "resourceType=topic&associationType=value");
            let association = |subject: &&str| {
                json!({
                    "subject": subject, "guid": "", "resourceName": "orders",
                    "resourceNamespace": "lkc-1", "resourceId": "t", "resourceType": "topic",
                    "associationType": "value", "frozen": false,
                })
            };
            return Answer::ok(subjects.iter().map(association).collect::<Value>());
        }
        Answer::ok(json!({
            "subject": "s", "id": 1, "version": 1, "schema": TEXT, "schemaType": "PROTOBUF",
        }))
    })
    .await;
    (stub, asked)
}

fn associated() -> SubjectNameStrategy {
    SubjectNameStrategy::Associated(Association::new().kafka_cluster_id("lkc-1"))
}

#[tokio::test]
async fn an_associated_subject_is_asked_for_once_and_used_on_both_sides() {
    let (stub, asked) = associating(&["team-orders"]).await;
    let options = SerializerOptions::new().subject_name_strategy(associated());
    let options = options.latest_cache_ttl(Some(Duration::ZERO));
    let serializer = Serializer::new(stub.client(), options).unwrap();
    let line = schema(TEXT, "shop.v1.Order.Line", &[]);
    let mut record = Vec::new();
    for _ in 0..10 {
        let to = Destination::value("orders");
        record = serializer
            .serialize_json(&line, to, &json!({"n": 3}))
            .await
            .unwrap();
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert!(
        stub.requests()
            .contains(&"POST /subjects/team-orders/versions".to_owned())
    );

    let options = DeserializerOptions::new().subject_name_strategy(associated());
    let deserializer = Deserializer::new(stub.client(), options).unwrap();
    for _ in 0..10 {
        let read = deserializer
            .deserialize_json(Record::value("orders", &record))
            .await
            .unwrap();
        assert_eq!(read, Some(json!({"n": 3})));
    }
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn two_associated_subjects_are_one_too_many_and_none_is_believed_for_a_while() {
    let line = schema(TEXT, "shop.v1.Order.Line", &[]);
    let (stub, _) = associating(&["a", "b"]).await;
    let options = || SerializerOptions::new().subject_name_strategy(associated());
    let serializer = Serializer::new(stub.client(), options()).unwrap();
    let to = Destination::value("orders");
    let error = serializer.serialize_json(&line, to, &json!({})).await;
    assert!(
        matches!(
            error.as_ref().map_err(Error::kind),
            Err(ErrorKind::AmbiguousSubject { count: 2, .. })
        ),
        "{error:?}"
    );

    for (ttl, expected) in [(Duration::from_secs(3600), 1), (Duration::ZERO, 5)] {
        let (stub, asked) = associating(&[]).await;
        let options = options().latest_cache_ttl(Some(ttl));
        let serializer = Serializer::new(stub.client(), options).unwrap();
        for _ in 0..5 {
            let to = Destination::value("orders");
            serializer
                .serialize_json(&line, to, &json!({}))
                .await
                .unwrap();
        }
        assert_eq!(asked.load(Ordering::Relaxed), expected);
        let posts = stub
            .requests()
            .into_iter()
            .filter(|r| r == "POST /subjects/orders-value/versions");
        assert_eq!(posts.count(), 1);
    }
}

#[tokio::test]
async fn imported_files_are_registered_under_the_name_of_the_strategy() {
    let address = (
        "common/address.proto",
        "syntax = \"proto3\"; message Address { string city = 1; }",
    );
    let person = schema(
        "syntax = \"proto3\"; import \"common/address.proto\"; message Person { Address home = 1; }",
        "Person",
        &[address],
    );
    for (strategy, expected) in [
        (
            ReferenceSubjectNameStrategy::Default,
            "common/address.proto",
        ),
        (ReferenceSubjectNameStrategy::Qualified, "common.address"),
        (
            ReferenceSubjectNameStrategy::custom(|path| format!("ref:{path}")),
            "ref:common/address.proto",
        ),
    ] {
        let registry = Registry::start().await;
        let options = SerializerOptions::new().reference_subject_name_strategy(strategy.clone());
        let serializer = registry.serializer(options);
        let value = json!({"home": {"city": "Bern"}});
        let to = Destination::value("people");
        let record = serializer
            .serialize_json(&person, to, &value)
            .await
            .unwrap();
        let subjects = registry.client.subjects().await.unwrap();
        assert!(
            subjects.contains(&expected.to_owned()),
            "{strategy:?}: {subjects:?}"
        );
        assert_eq!(subjects.len(), 2, "{subjects:?}");
        let deserializer = registry.deserializer(DeserializerOptions::new());
        let read = deserializer
            .deserialize_json(Record::value("people", &record))
            .await;
        assert_eq!(read.unwrap(), Some(value));
    }
}
