//! Calls that find the schema of a prost type by its name, and handles bound to one
//! type and topic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cc_protobuf_examples::protobuf::{CompiledSchema, ProtoSchema, Schemas};
use cc_protobuf_examples::serdes::{
    Deserializer, DeserializerOptions, Destination, Error, ErrorKind, Record, Serializer,
    SerializerOptions, Side,
};
use prost::{Message, Name};
use prost_types::Timestamp;
use serde_json::json;

use crate::serdes::registry::{Registry, id_of, schema};
use crate::support::chain;
use crate::support::stub::{Answer, Stub};
use crate::support::types::{HasSchema, MyRecord, OtherRecord, v1, v2};

const SHOP: [(&str, &str); 2] = [
    (
        "shop/order.proto",
        r#"syntax = "proto3"; package shop;
        import "google/protobuf/timestamp.proto";
        import "shop/money.proto";
        message Order {
          message Line { string sku = 1; }
          string id = 1;
          google.protobuf.Timestamp placed_at = 2;
          shop.Money price = 3;
          repeated Line lines = 4;
        }
        message Line { int32 other = 9; }"#,
    ),
    (
        "shop/money.proto",
        r#"syntax = "proto3"; package shop; message Money { int64 cents = 1; }"#,
    ),
];

#[derive(Clone, PartialEq, Message)]
struct Money {
    #[prost(int64, tag = "1")]
    cents: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Order {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(message, optional, tag = "2")]
    placed_at: Option<Timestamp>,
    #[prost(message, optional, tag = "3")]
    price: Option<Money>,
    #[prost(message, repeated, tag = "4")]
    lines: Vec<Line>,
}

impl Name for Order {
    const PACKAGE: &'static str = "shop";
    const NAME: &'static str = "Order";
}

#[derive(Clone, PartialEq, Message)]
struct Line {
    #[prost(string, tag = "1")]
    sku: String,
}

/// As prost-build names a nested message: the constants leave out `Order`.
impl Name for Line {
    const PACKAGE: &'static str = "shop";
    const NAME: &'static str = "Line";

    fn full_name() -> String {
        "shop.Order.Line".to_owned()
    }
}

/// Another Rust type of the same message.
#[derive(Clone, PartialEq, Message)]
struct OrderId {
    #[prost(string, tag = "1")]
    id: String,
}

impl Name for OrderId {
    const PACKAGE: &'static str = "shop";
    const NAME: &'static str = "Order";
}

fn order() -> Order {
    Order {
        id: "o-1".to_owned(),
        placed_at: Some(Timestamp {
            seconds: 1_790_000_000,
            nanos: 5,
        }),
        price: Some(Money { cents: 1999 }),
        lines: vec![line()],
    }
}

fn line() -> Line {
    Line {
        sku: "s-1".to_owned(),
    }
}

/// The same files as texts and as a descriptor set.
fn sets() -> [Schemas; 2] {
    let texts = Schemas::from_texts(SHOP).unwrap();
    let schema = texts.dynamic("shop.Order").unwrap();
    let set = schema.descriptor().parent_pool().encode_to_vec();
    [texts, Schemas::from_descriptor_set(&set).unwrap()]
}

#[tokio::test]
async fn a_plain_call_finds_the_schema_of_the_type() {
    for schemas in sets() {
        let registry = Registry::start().await;
        let serializer = registry.serializer(SerializerOptions::new().schemas(schemas.clone()));
        let deserializer = registry.deserializer(DeserializerOptions::new());
        let value = serializer.serialize("orders", &order()).await.unwrap();
        assert_eq!(value[6..], order().encode_to_vec());
        let schema = schemas.compiled::<Order>().unwrap();
        let order = order();
        let with = serializer.serialize_with(&schema, "orders", &order);
        assert_eq!(with.await.unwrap(), value);
        let to = Destination::key("orders");
        let key = serializer.serialize(to, &line()).await.unwrap();
        // The second message in the first one, not the one of the short name.
        assert_eq!(key[..8], [0, 0, 0, 0, 2, 4, 0, 0]);

        let read = deserializer.deserialize(Record::value("orders", &value));
        assert_eq!(read.await.unwrap(), Some(order));
        let read = deserializer.deserialize(Record::key("orders", &key));
        assert_eq!(read.await.unwrap(), Some(line()));
        let mut subjects = registry.client.subjects().await.unwrap();
        subjects.sort();
        assert_eq!(subjects, ["orders-key", "orders-value", "shop/money.proto"]);
    }
}

#[tokio::test]
async fn a_type_without_a_schema_is_refused_before_anything_is_asked() {
    let registry = Registry::start().await;
    let [schemas, _] = sets();
    let without = registry.serializer(SerializerOptions::new());
    let with = registry.serializer(SerializerOptions::new().schemas(schemas));
    let no_set = without.serialize("orders", &order()).await.unwrap_err();
    let not_in_set = with.serialize("orders", &MyRecord::default()).await;
    let not_in_set = not_in_set.unwrap_err();
    let bound = with.bind::<MyRecord>("orders").await.unwrap_err();
    let encoded = with.serialize("orders", &order().encode_to_vec()).await;
    let encoded = encoded.unwrap_err();
    let text = with.serialize("orders", &"text".to_owned()).await;
    for (error, parts) in [
        (no_set, &["shop.Order", "SerializerOptions::schemas"][..]),
        (
            not_in_set,
            &["com.acme.MyRecord", "shop/order.proto", "add"],
        ),
        (bound, &["com.acme.MyRecord", "shop/order.proto"]),
        (
            encoded,
            &["google.protobuf.BytesValue", "serialize_encoded"],
        ),
        (text.unwrap_err(), &["google.protobuf.StringValue"]),
    ] {
        let message = chain(&error);
        for part in parts {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
    assert!(registry.requests().is_empty());
}

#[tokio::test]
async fn two_types_and_two_versions_of_one_name_keep_apart() {
    let registry = Registry::start().await;
    let [schemas, _] = sets();
    let serializer = registry.serializer(SerializerOptions::new().schemas(schemas));
    let deserializer = registry.deserializer(DeserializerOptions::new());
    let id = OrderId {
        id: "o-1".to_owned(),
    };
    for _ in 0..2 {
        let whole = serializer.serialize("orders", &order()).await.unwrap();
        let short = serializer.serialize("orders", &id).await.unwrap();
        assert_eq!(whole[..6], short[..6]);
        assert_eq!(
            (&whole[6..], &short[6..]),
            (&*order().encode_to_vec(), &*id.encode_to_vec())
        );
        let record = Record::value("orders", &whole);
        assert_eq!(
            deserializer.deserialize(record).await.unwrap(),
            Some(id.clone())
        );
        assert_eq!(
            deserializer.deserialize(record).await.unwrap(),
            Some(order())
        );
        let wrong = deserializer.deserialize::<OtherRecord>(record).await;
        let wrong = wrong.unwrap_err().to_string();
        for name in ["shop.Order", "com.acme.OtherRecord"] {
            assert!(wrong.contains(name), "{wrong}");
        }
    }

    // Two versions: the call that brings the schema, on one serializer.
    let (old, new) = (
        v1::MyRecord::schema().unwrap(),
        v2::MyRecord::schema().unwrap(),
    );
    let [mut a, mut b] = [Vec::new(), Vec::new()];
    for _ in 0..2 {
        let message = v1::MyRecord::default();
        a = serializer
            .serialize_with(&old, "mine", &message)
            .await
            .unwrap();
        let message = v2::MyRecord::default();
        b = serializer
            .serialize_with(&new, "mine", &message)
            .await
            .unwrap();
    }
    assert_ne!(id_of(&a), id_of(&b));
}

#[tokio::test]
async fn a_schema_that_is_made_anew_for_each_message_finds_its_plan() {
    let registry = Registry::start().await;
    let serializer = registry.serializer(SerializerOptions::new().cache_capacity(1));
    for n in 0..50 {
        let text = "syntax = \"proto3\"; message M { int32 n = 1; }";
        let schema = schema(text, "M", &[]);
        let value = json!({"n": n});
        let record = serializer.serialize_json(&schema, "t", &value);
        record.await.unwrap();
    }
    assert_eq!(registry.requests(), ["POST /subjects/t-value/versions × 1"]);
}

#[tokio::test]
async fn a_bound_serializer_writes_what_the_plain_call_writes() {
    let registry = Registry::start().await;
    let [schemas, _] = sets();
    let schema: CompiledSchema<Order> = schemas.compiled().unwrap();
    let serializer = registry.serializer(SerializerOptions::new().schemas(schemas));
    let orders = serializer.bind::<Order>("orders").await.unwrap();
    let same = serializer.bind_with(&schema, "orders").await.unwrap();
    let keys = serializer.bind::<Line>(Destination::key("orders")).await;
    let keys = keys.unwrap();
    registry.requests();
    let plain = serializer.serialize("orders", &order()).await.unwrap();
    for _ in 0..3 {
        assert_eq!(orders.clone().serialize(&order()).await.unwrap(), plain);
        assert_eq!(same.serialize(&order()).await.unwrap(), plain);
        assert_eq!(keys.serialize(&line()).await.unwrap()[5..8], [4, 0, 0]);
    }
    assert!(registry.requests().is_empty());
}

const M1: &str = "syntax = \"proto3\"; package t; message M { string id = 1; }";
const M2: &str = "syntax = \"proto3\"; package t; message M { string id = 1; int32 n = 2; }";

#[derive(Clone, PartialEq, Message)]
struct M {
    #[prost(string, tag = "1")]
    id: String,
}

impl Name for M {
    const PACKAGE: &'static str = "t";
    const NAME: &'static str = "M";
}

#[tokio::test]
async fn a_bound_serializer_honours_the_time_to_live_of_the_latest_version() {
    let newer = Arc::new(AtomicBool::new(false));
    let is_newer = newer.clone();
    let stub = Stub::start(move |_| match is_newer.load(Ordering::Relaxed) {
        false => Answer::ok(json!({
            "subject": "shop-value", "id": 1, "version": 1, "schemaType": "PROTOBUF", "schema": M1,
        })),
        true => Answer::ok(json!({
            "subject": "shop-value", "id": 2, "version": 2, "schemaType": "PROTOBUF", "schema": M2,
        })),
    })
    .await;
    let ttl = Duration::from_millis(100);
    let options = SerializerOptions::new()
        .schemas(Schemas::from_texts([("m.proto", M1)]).unwrap())
        .auto_register_schemas(false)
        .use_latest_version(true)
        .latest_cache_ttl(Some(ttl));
    let serializer = Serializer::new(stub.client(), options).unwrap();
    let bound = serializer.bind::<M>("shop").await.unwrap();
    let message = M::default();
    let write = async || id_of(&bound.serialize(&message).await.unwrap());
    // Ten refreshes that find nothing new, then one that does.
    for _ in 0..10 {
        assert_eq!(write().await, 1);
        tokio::time::sleep(ttl).await;
    }
    assert!((9..=12).contains(&stub.requests().len()));
    newer.store(true, Ordering::Relaxed);
    tokio::time::sleep(ttl).await;
    for _ in 0..3 {
        assert_eq!(write().await, 2);
        tokio::time::sleep(ttl).await;
    }
    newer.store(false, Ordering::Relaxed);
    assert_eq!(write().await, 1);
}

#[cfg(feature = "kafka")]
#[tokio::test]
async fn a_message_of_rdkafka_is_a_record() {
    use cc_protobuf_examples::serdes::{RecordSerializer, SchemaIdIn};
    use rdkafka::message::{Header, OwnedHeaders, OwnedMessage, Timestamp};

    let registry = Registry::start().await;
    let [schemas, _] = sets();
    let options = SerializerOptions::new().schemas(schemas);
    let options = options.schema_id_in(SchemaIdIn::Header);
    let serializer = RecordSerializer::new(registry.client.clone(), options).unwrap();
    let deserializer: Deserializer = registry.deserializer(DeserializerOptions::new());
    let record = serializer
        .serialize_record("orders", &order())
        .await
        .unwrap();
    assert_eq!(record.payload, order().encode_to_vec());
    let [(name, value)] = &record.headers[..] else {
        panic!("one header: {:?}", record.headers);
    };
    let null: Option<&[u8]> = None;
    let headers = OwnedHeaders::new()
        .insert(Header {
            key: name,
            value: null,
        })
        .insert(Header {
            key: name,
            value: value.as_ref(),
        });
    let message = |payload| {
        let time = Timestamp::NotAvailable;
        OwnedMessage::new(
            payload,
            None,
            "orders".to_owned(),
            time,
            0,
            0,
            Some(headers.clone()),
        )
    };
    let whole = message(Some(record.payload));
    let read: Option<Order> = deserializer.deserialize(&whole).await.unwrap();
    assert_eq!(read, Some(order()));
    let tombstone = message(None);
    let read: Option<Order> = deserializer.deserialize(&tombstone).await.unwrap();
    assert_eq!(read, None);
}

#[tokio::test]
async fn json_text_needs_no_value() {
    let registry = Registry::start().await;
    let [schemas, _] = sets();
    let schema = schemas.dynamic("shop.Order").unwrap();
    let serializer = registry.serializer(SerializerOptions::new());
    let deserializer = registry.deserializer(DeserializerOptions::new());
    let text = r#"{"id":"o-1","price":{"cents":"1999"}}"#;
    let record = serializer.serialize_json(&schema, "orders", text).await;
    let record = record.unwrap();
    let options = Default::default();
    let record = Record::value("orders", &record);
    let read = deserializer.deserialize_json_text(record, options).await;
    assert_eq!(read.unwrap().as_deref(), Some(text));
    let null = Record::from_parts("orders", Side::Value, None);
    let read = deserializer.deserialize_json_text(null, options).await;
    assert_eq!(read.unwrap(), None);
    let wrong = serializer
        .serialize_json(&schema, "orders", r#"{"id": 7}"#)
        .await;
    assert!(
        matches!(
            wrong.as_ref().map_err(Error::kind),
            Err(ErrorKind::Json { .. })
        ),
        "{wrong:?}"
    );
}
