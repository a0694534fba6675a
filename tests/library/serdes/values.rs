//! Every kind of value, for writing and reading, with both locations of the schema id.

use cc_protobuf_examples::protobuf::{JsonOptions, ProtoSchema};
use cc_protobuf_examples::schema_registry::Format;
use cc_protobuf_examples::serdes::{
    DeserializerOptions, Destination, EnvelopePlace, Error, ErrorKind, Headers, Record,
    RecordSerializer, SchemaIdIn, Serializer, SerializerOptions, Side,
};
use cc_protobuf_examples::wire_format::{self, SchemaId, SchemaRef};
use prost::Message;
use prost_reflect::{DynamicMessage, ReflectMessage};
use serde_json::{Value, json};

use crate::serdes::registry::{Registry, id_of, schema};
use crate::support::types::HasSchema;
use crate::support::types::{MyRecord, OtherRecord};
use crate::support::types::{v1, v2};
use crate::support::unhex;

fn message() -> MyRecord {
    let f2 = OtherRecord { other_id: 7 };
    MyRecord {
        f1: "hello".to_owned(),
        f2: Some(f2),
    }
}

#[tokio::test]
async fn all_kinds_of_value_give_the_same_record_and_come_back() {
    let registry = Registry::start().await;
    let serializer = registry.serializer(SerializerOptions::new());
    let deserializer = registry.deserializer(DeserializerOptions::new());
    let schema = MyRecord::schema().unwrap();
    let json = json!({"f1": "hello", "f2": {"other_id": 7}});
    let encoded = message().encode_to_vec();
    let dynamic = DynamicMessage::decode(schema.descriptor().clone(), &encoded[..]).unwrap();
    for side in [Side::Key, Side::Value] {
        let to = || Destination::new("shop", side);
        let typed = serializer
            .serialize_with(&schema, to(), &message())
            .await
            .unwrap();
        let again = serializer
            .serialize_with(&schema, to(), &message())
            .await
            .unwrap();
        assert_eq!(typed, again);
        assert_eq!(
            typed,
            serializer
                .serialize_dynamic(&schema, to(), &dynamic)
                .await
                .unwrap()
        );
        assert_eq!(
            typed,
            serializer
                .serialize_json(&schema, to(), &json)
                .await
                .unwrap()
        );
        assert_eq!(
            typed,
            serializer
                .serialize_encoded(&schema, to(), &encoded)
                .await
                .unwrap()
        );
        assert_eq!(typed[..6], [0, 0, 0, 0, 2, 0]);
        assert_eq!(typed[6..], encoded);

        let read = deserializer
            .deserialize(Record::from_parts("shop", side, Some(&typed)))
            .await
            .unwrap();
        assert_eq!(read, Some(message()));
        let read = deserializer
            .deserialize_dynamic(Record::from_parts("shop", side, Some(&typed)))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(read.descriptor().full_name(), "com.acme.MyRecord");
        assert_eq!(read.encode_to_vec(), encoded);
        let read = deserializer
            .deserialize_json(Record::from_parts("shop", side, Some(&typed)))
            .await
            .unwrap();
        assert_eq!(read, Some(json.clone()));
    }
    let mut subjects = registry.client.subjects().await.unwrap();
    subjects.sort();
    assert_eq!(subjects, ["other.proto", "shop-key", "shop-value"]);
}

#[tokio::test]
async fn null_passes_without_a_question() {
    let registry = Registry::start().await;
    let deserializer = registry.deserializer(DeserializerOptions::new());
    for side in [Side::Key, Side::Value] {
        assert_eq!(
            deserializer
                .deserialize::<MyRecord>(Record::from_parts("shop", side, None))
                .await
                .unwrap(),
            None
        );
        assert_eq!(
            deserializer
                .deserialize_dynamic(Record::from_parts("shop", side, None))
                .await
                .unwrap(),
            None
        );
        assert_eq!(
            deserializer
                .deserialize_json(Record::from_parts("shop", side, None))
                .await
                .unwrap(),
            None
        );
    }
    assert!(registry.requests().is_empty());
    // Empty bytes are not null.
    let empty = deserializer
        .deserialize_json(Record::value("shop", b""))
        .await;
    assert!(matches!(
        empty.as_ref().map_err(Error::kind),
        Err(ErrorKind::Truncated { .. })
    ));
}

#[tokio::test]
async fn the_id_travels_in_a_header_and_is_found_there() {
    let registry = Registry::start().await;
    let options = SerializerOptions::new().schema_id_in(SchemaIdIn::Header);
    let refused = Serializer::new(registry.client.clone(), options.clone()).unwrap_err();
    assert!(
        refused.to_string().contains("RecordSerializer"),
        "{refused}"
    );
    let serializer = RecordSerializer::new(registry.client.clone(), options).unwrap();
    let schema = MyRecord::schema().unwrap();
    // Other headers, and an outdated one of an earlier producer.
    let mut headers: Headers = vec![
        ("trace".to_owned(), Some(b"1".to_vec())),
        ("__value_schema_id".to_owned(), Some(vec![9; 18])),
    ];
    let mut write = async |to: Destination<'static>| {
        let message = message();
        let record = serializer.serialize_record_with(&schema, to, &message);
        let record = record.await.unwrap();
        record.add_headers_to(&mut headers);
        record.payload
    };
    let value = write(Destination::value("shop")).await;
    let key = write(Destination::key("shop")).await;
    assert_eq!(value, message().encode_to_vec());
    assert_eq!(key, value);
    let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["trace", "__value_schema_id", "__key_schema_id"]);
    let registered = registry
        .client
        .schema_by_id(SchemaId(2), None, Format::Default)
        .await
        .unwrap();
    let guid = registered.guid.unwrap().parse().unwrap();
    let mut expected = Vec::new();
    let first = &wire_format::MessageIndexes::FIRST;
    wire_format::encode_prefix(SchemaRef::Guid(guid), first, &mut expected);
    assert_eq!(headers[1].1.as_ref(), Some(&expected));

    let deserializer = registry.deserializer(DeserializerOptions::new());
    for side in [Side::Key, Side::Value] {
        let read = deserializer
            .deserialize(Record::from_parts("shop", side, Some(&value)).headers(&headers))
            .await
            .unwrap();
        assert_eq!(read, Some(message()));
        let inspection = deserializer
            .inspect(Record::from_parts("shop", side, Some(&value)).headers(&headers))
            .await
            .unwrap();
        assert_eq!(inspection.schema, SchemaRef::Guid(guid));
        assert!(matches!(inspection.place, EnvelopePlace::Header(_)));
        assert_eq!(inspection.payload, 0..value.len());
    }
    // A header with an id, and a GUID in front of the payload, are accepted as well.
    let id_header = vec![("__value_schema_id".to_owned(), Some(vec![0, 0, 0, 0, 2, 0]))];
    assert_eq!(
        deserializer
            .deserialize(Record::value("shop", &value).headers(&id_header))
            .await
            .unwrap(),
        Some(message())
    );
    let prefixed = wire_format::encode(SchemaRef::Guid(guid), first, &value);
    assert_eq!(
        deserializer
            .deserialize(Record::value("shop", &prefixed))
            .await
            .unwrap(),
        Some(message())
    );
    // A null header counts as absent; a malformed one is an error.
    let null = vec![("__value_schema_id".to_owned(), None)];
    assert_eq!(
        deserializer
            .deserialize(Record::value("shop", &prefixed).headers(&null))
            .await
            .unwrap(),
        Some(message())
    );
    let broken = vec![("__value_schema_id".to_owned(), Some(vec![1, 2]))];
    let error = deserializer
        .deserialize::<MyRecord>(Record::value("shop", &value).headers(&broken))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("__value_schema_id"), "{error}");
}

#[tokio::test]
async fn an_inspection_tells_all_parts() {
    let registry = Registry::start().await;
    let serializer = registry.serializer(SerializerOptions::new());
    let text =
        "syntax = \"proto3\"; package p; message A { message B {} message C { int32 x = 1; } }";
    let c = schema(text, "p.A.C", &[]);
    let to = Destination::value("shop");
    let record = serializer
        .serialize_json(&c, to, &json!({"x": 5}))
        .await
        .unwrap();
    let deserializer = registry.deserializer(DeserializerOptions::new());
    let inspection = deserializer
        .inspect(Record::value("shop", &record))
        .await
        .unwrap();
    assert_eq!(inspection.schema, SchemaRef::Id(SchemaId(id_of(&record))));
    assert_eq!(inspection.place, EnvelopePlace::Record);
    assert_eq!(inspection.indexes.as_slice(), [0, 1]);
    assert_eq!(inspection.descriptor.full_name(), "p.A.C");
    assert_eq!(record[inspection.payload.clone()], [8, 5]);
    assert!(inspection.writer.file().to_text().contains("message C"));
    assert_eq!(inspection.writer.id(), Some(SchemaId(id_of(&record))));
    assert!(inspection.message.is_ok());
}

#[tokio::test]
async fn an_inspection_tells_all_parts_of_a_record_with_a_damaged_payload() {
    let registry = Registry::start().await;
    let serializer = registry.serializer(SerializerOptions::new());
    let schema = schema("syntax = \"proto3\"; message A { int32 x = 1; }", "A", &[]);
    let to = Destination::value("shop");
    let json = json!({"x": 5});
    let record = serializer.serialize_json(&schema, to, &json).await;
    let mut record = record.unwrap();
    record.pop();
    let deserializer = registry.deserializer(DeserializerOptions::new());
    let inspection = deserializer.inspect(Record::value("shop", &record));
    let inspection = inspection.await.unwrap();
    assert_eq!(inspection.descriptor.full_name(), "A");
    assert_eq!(inspection.payload, 6..record.len());
    assert!(matches!(
        inspection.message.as_ref().map_err(Error::kind),
        Err(ErrorKind::Decode { .. })
    ));
}

#[tokio::test]
async fn another_version_of_the_schema_is_read_by_protobufs_rules() {
    let registry = Registry::start().await;
    let serializer = registry.serializer(SerializerOptions::new());
    let deserializer = registry.deserializer(DeserializerOptions::new());
    let (old, new) = (
        v1::MyRecord::schema().unwrap(),
        v2::MyRecord::schema().unwrap(),
    );
    let written_old = v1::MyRecord {
        id: "r".to_owned(),
        amount: 1.5,
    };
    let customer_id = "c".to_owned();
    let written_new = v2::MyRecord {
        id: "r".to_owned(),
        amount: 1.5,
        customer_id,
    };
    for _ in 0..2 {
        let to = Destination::value("shop");
        let record_old = serializer
            .serialize_with(&old, to, &written_old)
            .await
            .unwrap();
        let to = Destination::value("shop");
        let record_new = serializer
            .serialize_with(&new, to, &written_new)
            .await
            .unwrap();
        assert_ne!(id_of(&record_old), id_of(&record_new));

        let read = deserializer
            .deserialize(Record::value("shop", &record_new))
            .await
            .unwrap();
        assert_eq!(read, Some(written_old.clone()));
        let read = deserializer
            .deserialize(Record::value("shop", &record_old))
            .await
            .unwrap();
        let mut expected = written_new.clone();
        expected.customer_id.clear();
        assert_eq!(read, Some(expected));
        // Reading without a type returns what was written.
        let read = deserializer
            .deserialize_json(Record::value("shop", &record_new))
            .await
            .unwrap();
        assert_eq!(
            read,
            Some(json!({"id": "r", "amount": 1.5, "customer_id": "c"}))
        );
    }
}

#[tokio::test]
async fn the_wrong_message_is_refused_before_anything_is_asked() {
    let registry = Registry::start().await;
    let serializer = registry.serializer(SerializerOptions::new());
    let (mine, other) = (MyRecord::schema().unwrap(), OtherRecord::schema().unwrap());
    let is_wrong = |result: Result<Vec<u8>, Error>| {
        let error = result.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error.kind(), ErrorKind::WrongType { .. }));
        assert!(
            text.contains("com.acme.MyRecord") && text.contains("com.acme.OtherRecord"),
            "{text}"
        );
    };
    let to = || Destination::value("shop");
    let dynamic = DynamicMessage::new(mine.descriptor().clone());
    is_wrong(serializer.serialize_dynamic(&other, to(), &dynamic).await);
    let misfit = serializer
        .serialize_json(&mine, to(), &json!({"f2": {"other_id": "x"}}))
        .await;
    let error = misfit.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Json { .. }));
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("f2"), "{source}");
}

/// Bytes that the official client wrote, with the schema that it registered.
#[tokio::test]
async fn every_vector_of_the_official_client_is_read_and_written_by_any_message_type() {
    let fixture: Value =
        serde_json::from_str(include_str!("../../fixtures/wire-format.json")).unwrap();
    let hex = |value: &Value| unhex(value.as_str().unwrap());
    for vector in fixture["vectors"].as_array().unwrap() {
        let name = vector["name"].as_str().unwrap();
        let registry = Registry::start().await;
        let side = match vector["message_field"].as_str().unwrap() {
            "key" => Side::Key,
            _ => Side::Value,
        };
        let topic = vector["topic"].as_str().unwrap();
        let main = &fixture["schemas"][vector["schema"].as_str().unwrap()];
        let mut references = Vec::new();
        let mut dependencies = Vec::new();
        for reference in main["references"].as_array().unwrap() {
            let path = reference["name"].as_str().or(reference.as_str()).unwrap();
            let file = &fixture["schemas"][path];
            registry
                .register(path, file["serialized_base64"].as_str().unwrap())
                .await;
            references.push((path, path, 1));
            dependencies.push((path, file["proto"].as_str().unwrap()));
        }
        // The official client registers the serialized form.
        let subject = format!("{topic}-{side}");
        let base64 = main["serialized_base64"].as_str().unwrap();
        let registered = registry
            .register_with(&subject, base64, &references, None, None)
            .await;
        let id = registered.id.unwrap() as u32;
        let mut wire = hex(&vector["wire_hex"]);
        wire[1..5].copy_from_slice(&id.to_be_bytes());

        let deserializer = registry.deserializer(DeserializerOptions::new());
        let read = deserializer
            .deserialize_dynamic(Record::from_parts(topic, side, Some(&wire)))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            read.descriptor().full_name(),
            vector["message_type"],
            "{name}"
        );
        assert_eq!(read.encode_to_vec(), hex(&vector["payload_hex"]), "{name}");
        let options = JsonOptions::default();
        let json = cc_protobuf_examples::protobuf::to_json(&read, options).unwrap();
        assert_eq!(json, vector["payload_json"], "{name}");

        // Written with the registered schema, in whichever form the program has it.
        let message_type = vector["message_type"].as_str().unwrap();
        let ours = schema(main["proto"].as_str().unwrap(), message_type, &dependencies);
        let options = SerializerOptions::new()
            .auto_register_schemas(false)
            .use_latest_version(true);
        let serializer = registry.serializer(options);
        let to = Destination::new(topic, side);
        let written = serializer
            .serialize_json(&ours, to, &vector["payload_json"])
            .await;
        assert_eq!(written.unwrap(), wire, "{name}");
    }
}

/// Clients disagree about messages after a map field. The rule: the index is counted in
/// the registered schema.
#[tokio::test]
async fn indexes_beside_map_fields_follow_the_registered_form() {
    let fixture: Value =
        serde_json::from_str(include_str!("../../fixtures/wire-format.json")).unwrap();
    let maps = &fixture["schemas"]["maps.proto"];
    let text = maps["proto"].as_str().unwrap();
    let after = schema(text, "interop.wire.Holder.After", &[]);
    for (form, expected) in [
        (&maps["proto"], [0, 1]),
        (&maps["serialized_base64"], [0, 2]),
    ] {
        let registry = Registry::start().await;
        registry
            .register("shop-value", form.as_str().unwrap())
            .await;
        let options = SerializerOptions::new()
            .auto_register_schemas(false)
            .use_latest_version(true);
        let serializer = registry.serializer(options);
        let to = Destination::value("shop");
        let record = serializer
            .serialize_json(&after, to, &json!({"b": 3}))
            .await
            .unwrap();
        let envelope = wire_format::decode(&record).unwrap();
        assert_eq!(envelope.indexes.as_slice(), expected, "{form}");
        let deserializer = registry.deserializer(DeserializerOptions::new());
        let inspection = deserializer
            .inspect(Record::value("shop", &record))
            .await
            .unwrap();
        assert_eq!(
            inspection.descriptor.full_name(),
            "interop.wire.Holder.After"
        );
        assert_eq!(inspection.indexes.as_slice(), expected);
    }
    // This library registers text.
    let registry = Registry::start().await;
    let serializer = registry.serializer(SerializerOptions::new());
    let record = serializer
        .serialize_json(&after, Destination::value("shop"), &json!({}))
        .await;
    assert_eq!(record.unwrap()[5..], [4, 0, 2]);
}
