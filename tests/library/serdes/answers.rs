//! Registries whose answers have fewer or other members than Confluent's newest.

use cc_protobuf_examples::serdes::{
    Destination, Error, ErrorKind, RecordSerializer, SchemaIdIn, SerializedRecord, Serializer,
    SerializerOptions,
};
use serde_json::json;

use crate::support::stub::{Answer, Stub};
use crate::support::types::HasSchema;
use crate::support::types::{MyRecord, OtherRecord};

const OTHER: &str =
    "syntax = \"proto3\"; package com.acme; message OtherRecord { int32 other_id = 1; }";

fn message() -> MyRecord {
    let f2 = OtherRecord { other_id: 7 };
    MyRecord {
        f1: "a".to_owned(),
        f2: Some(f2),
    }
}

#[tokio::test]
async fn a_server_that_answers_a_registration_with_the_id_alone_is_asked_again() {
    let stub = Stub::start(|request| match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/subjects/other.proto/versions") => Answer::ok(json!({"id": 1})),
        ("POST", "/subjects/other.proto") => Answer::ok(json!({
            "subject": "other.proto", "id": 1, "version": 4, "schema": OTHER, "schemaType": "PROTOBUF",
        })),
        ("POST", "/subjects/shop-value/versions") => {
            let reference = json!({"name": "other.proto", "subject": "other.proto", "version": 4});
            assert_eq!(request.body["references"], json!([reference]));
            Answer::ok(json!({"id": 2}))
        }
        ("GET", "/schemas/ids/2") => {
            assert_eq!(request.query, "subject=shop-value&format=serialized");
            Answer::ok(json!({
                "schema": "syntax = \"proto3\"; package com.acme; import \"other.proto\"; \
                           message First {} message MyRecord { string f1 = 1; OtherRecord f2 = 2; }",
                "schemaType": "PROTOBUF",
                "references": [{"name": "other.proto", "subject": "other.proto", "version": 4}],
            }))
        }
        ("GET", "/subjects/other.proto/versions/4") => Answer::ok(json!({
            "subject": "other.proto", "id": 1, "version": 4, "schema": OTHER, "schemaType": "PROTOBUF",
        })),
        other => panic!("{other:?}"),
    })
    .await;
    let serializer = Serializer::new(stub.client(), SerializerOptions::new()).unwrap();
    let schema = MyRecord::schema().unwrap();
    for _ in 0..2 {
        let to = Destination::value("shop");
        let record = serializer
            .serialize_with(&schema, to, &message())
            .await
            .unwrap();
        // Index 1: counted in the registered schema.
        assert_eq!(record[..7], [0, 0, 0, 0, 2, 2, 2]);
    }
    assert_eq!(stub.requests().len(), 5, "{:?}", stub.requests());
}

#[tokio::test]
async fn a_guid_is_looked_for_where_the_registration_did_not_tell_it() {
    let guid = "a10f36f1-2a4d-452c-a2eb-06a2a2bd1934";
    let other = |id, guid| {
        Answer::ok(json!({
            "subject": "k", "id": id, "version": 1, "schema": OTHER, "schemaType": "PROTOBUF", "guid": guid,
        }))
    };
    for with_guid in [true, false] {
        let stub = Stub::start(move |request| match request.path.as_str() {
            "/subjects/shop-key/versions" => Answer::ok(json!({"id": 3})),
            "/subjects/shop-key" if with_guid => other(3, Some(guid)),
            _ => other(3, None),
        })
        .await;
        let options = SerializerOptions::new().schema_id_in(SchemaIdIn::Header);
        let serializer = RecordSerializer::new(stub.client(), options).unwrap();
        let schema = OtherRecord::schema().unwrap();
        let message = OtherRecord { other_id: 1 };

        let to = Destination::key("shop");
        let record = serializer.serialize_record_with(&schema, to, &message);
        let record = record.await;
        if with_guid {
            let SerializedRecord {
                headers, payload, ..
            } = record.unwrap();
            assert_eq!(payload, [8, 1]);
            assert_eq!(headers[0].0, "__key_schema_id");
            assert_eq!(headers[0].1.as_deref().unwrap()[..3], [1, 0xa1, 0x0f]);
        } else {
            assert!(
                matches!(
                    record.as_ref().map_err(Error::kind),
                    Err(ErrorKind::Incomplete {
                        missing: "guid",
                        ..
                    })
                ),
                "{record:?}"
            );
        }
    }
}
