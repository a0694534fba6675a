//! Field types that cannot be encrypted, at every position of the tag.

use cc_protobuf_examples::csfle::Direction;
use cc_protobuf_examples::schema_registry::entities::Metadata;

use crate::csfle::stub::Stub;
use crate::csfle::{apply, assert_absent, chain, engine, plan, rule, rule_set, schema};

#[tokio::test]
async fn types_that_cannot_be_encrypted_are_refused_on_write_and_left_on_read() {
    let stub = Stub::start().await;
    let csfle = engine(&stub).build();
    let rules = rule_set([rule(&[])]);
    let tag = "[(confluent.field_meta).tags = \"PII\"]";
    for (field, set, unset, name) in [
        (
            "optional int32 f = 1",
            &b"\x08\x00"[..],
            Some(&b""[..]),
            "int32",
        ),
        ("int64 f = 1", b"\x08\x05", None, "int64"),
        ("bool f = 1", b"\x08\x01", None, "bool"),
        ("double f = 1", b"\x09\0\0\0\0\0\0\0\0", None, "double"),
        ("E f = 1", b"\x08\x01", None, "enum"),
        ("repeated int32 f = 1", b"\x0a\x01\x05", Some(b""), "int32"),
        (
            "repeated int32 f = 1",
            b"\x08\x05",
            Some(b"\x0a\x00"),
            "int32",
        ),
        (
            "map<string, string> f = 1",
            b"\x0a\x03\x0a\x01k",
            Some(b""),
            "map to string",
        ),
        (
            "google.protobuf.Timestamp f = 1",
            b"\x0a\x00",
            Some(b""),
            "google.protobuf.Timestamp",
        ),
        (
            "confluent.type.Decimal f = 1",
            b"\x0a\x00",
            Some(b""),
            "confluent.type.Decimal",
        ),
        (
            "google.protobuf.StringValue f = 1",
            b"\x0a\x03\x0a\x01x",
            Some(b""),
            "google.protobuf.StringValue",
        ),
        (
            "google.protobuf.Any f = 1",
            b"\x0a\x03\x12\x01x",
            Some(b""),
            "google.protobuf.Any",
        ),
        (
            "google.protobuf.Struct f = 1",
            b"\x0a\x05\x0a\x03\x0a\x01k",
            Some(b""),
            "google.protobuf.Struct",
        ),
        ("Own f = 1", b"\x0a\x03\x0a\x01x", Some(b""), "t.Own"),
        ("Own f = 1", b"\x0a\x00", Some(b""), "t.Own"),
        (
            "repeated Own f = 1",
            b"\x0a\x00\x0a\x03\x0a\x01x",
            Some(b""),
            "t.Own",
        ),
        (
            "map<string, Own> f = 1",
            b"\x0a\x03\x0a\x01k",
            Some(b""),
            "map to t.Own",
        ),
        (
            "oneof o { Own f = 1 TAG; } Own g = 3",
            b"\x0a\x03\x0a\x01x",
            Some(b""),
            "t.Own",
        ),
    ] {
        let of = |tag: &str| {
            let field = match field.contains("TAG") {
                true => field.replace("TAG", tag),
                false => format!("{field} {tag}"),
            };
            schema::message(
                &format!(
                    "syntax = \"proto3\"; package t; import \"confluent/meta.proto\"; \
                     import \"google/protobuf/timestamp.proto\"; \
                     import \"google/protobuf/wrappers.proto\"; \
                     import \"google/protobuf/any.proto\"; \
                     import \"google/protobuf/struct.proto\"; \
                     import \"confluent/type/decimal.proto\"; \
                     enum E {{ A = 0; B = 1; }} message Own {{ string s = 1; }} \
                     message M {{ {field}; string s = 2 [(confluent.field_meta).tags = \"PII\"]; }}"
                ),
                "t.M",
            )
        };
        let message = of(tag);
        let writer = plan(&csfle, &rules, None, &message, Direction::Write);
        let error = apply(&writer, set).await.unwrap_err();
        let text = chain(&error);
        for part in [
            "encryptPII",
            "\"kek\"",
            "field \"f",
            &format!("type {name} "),
        ] {
            assert!(text.contains(part), "{field}: {part}: {text}");
        }
        match unset {
            Some(unset) => drop(apply(&writer, unset).await.unwrap()),
            // With implicit presence, 0 is a value too.
            None => drop(apply(&writer, b"").await.unwrap_err()),
        }
        let reader = plan(&csfle, &rules, None, &message, Direction::Read);
        // Written by a client that left the value unencrypted.
        let only = of("");
        let sealed = plan(&csfle, &rules, None, &only, Direction::Write);
        let record = apply(&sealed, set).await.unwrap();
        assert_eq!(apply(&reader, &record).await.unwrap(), set, "{field}");
    }
}

#[tokio::test]
async fn tags_where_nothing_can_be_encrypted_are_refused_wherever_they_are() {
    let stub = Stub::start().await;
    let csfle = engine(&stub).build();
    let rules = rule_set([rule(&[])]);
    let text = "syntax = \"proto2\"; package t; import \"confluent/meta.proto\"; \
        import \"confluent/type/decimal.proto\"; \
        message M { \
          map<string, string> m = 1; \
          optional confluent.type.Decimal d = 2; \
          optional group G = 3 [(confluent.field_meta).tags = \"PII\"] { optional string s = 1; } \
          optional N n = 4; \
        } \
        message N { optional string s = 1; }";
    let message = schema::message(text, "t.M");
    let tagged = |pattern: &str| Metadata {
        tags: [(pattern.to_owned(), vec!["PII".to_owned()])].into(),
        ..Metadata::default()
    };
    for (pattern, payload, name) in [
        (
            "t.M.MEntry.key",
            &b"\x0a\x06\x0a\x01k\x12\x01v"[..],
            "key of a map",
        ),
        ("t.M.m", b"\x0a\x06\x0a\x01k\x12\x01v", "map to string"),
        (
            "confluent.type.Decimal.value",
            b"\x12\x03\x0a\x01x",
            "confluent.type.Decimal",
        ),
        ("none", b"\x1b\x0a\x01x\x1c", "t.M.G"),
        ("t.M.n", b"\x22\x03\x0a\x01x", "t.N"),
        ("t.*.n", b"\x22\x00", "t.N"),
    ] {
        let metadata = tagged(pattern);
        let writer = plan(&csfle, &rules, Some(&metadata), &message, Direction::Write);
        let text = chain(&apply(&writer, payload).await.unwrap_err());
        assert!(
            text.contains(&format!("fields of type {name} ")),
            "{pattern}: {text}"
        );
        // An absent field needs no encryption.
        assert_eq!(apply(&writer, b"").await.unwrap(), b"");
        let reader = csfle.prepare(
            crate::csfle::SUBJECT,
            Some(&rules),
            Some(&metadata),
            &message,
            Direction::Read,
        );
        assert!(reader.unwrap().is_none(), "{pattern}: nothing to decrypt");
    }
}

#[tokio::test]
async fn a_rule_without_tags_takes_every_field_but_map_keys() {
    let stub = Stub::start().await;
    let csfle = engine(&stub).build();
    let mut all = rule(&[]);
    all.tags.clear();
    let rules = rule_set([all]);
    let message = schema::message(
        "syntax = \"proto3\"; package t; \
         message M { string a = 1; N n = 2; map<string, N> m = 3; } \
         message N { bytes b = 1; }",
        "t.M",
    );
    let payload = b"\x0a\x05alpha\x12\x06\x0a\x04beta\x1a\x0e\x0a\x03key\x12\x07\x0a\x05gamma";
    let writer = plan(&csfle, &rules, None, &message, Direction::Write);
    let record = apply(&writer, payload).await.unwrap();
    for hidden in ["alpha", "beta", "gamma"] {
        assert_absent(hidden.as_bytes(), &record);
    }
    assert!(record.windows(3).any(|window| window == b"key"));
    let reader = plan(&csfle, &rules, None, &message, Direction::Read);
    assert_eq!(apply(&reader, &record).await.unwrap(), payload);
}

#[tokio::test]
async fn values_of_a_text_map_can_be_tagged_through_the_metadata() {
    let stub = Stub::start().await;
    let csfle = engine(&stub).build();
    let message = schema::message(
        "syntax = \"proto3\"; package t; message M { map<string, string> notes = 1; }",
        "t.M",
    );
    let metadata = Metadata {
        tags: [("t.M.NotesEntry.value".to_owned(), vec!["PII".to_owned()])].into(),
        ..Metadata::default()
    };
    let rules = rule_set([rule(&[])]);
    let payload = b"\x0a\x0e\x0a\x04name\x12\x06secret\x0a\x03\x0a\x01k";
    let writer = plan(&csfle, &rules, Some(&metadata), &message, Direction::Write);
    let record = apply(&writer, payload).await.unwrap();
    assert_absent(b"secret", &record);
    let reader = plan(&csfle, &rules, Some(&metadata), &message, Direction::Read);
    assert_eq!(apply(&reader, &record).await.unwrap(), payload);
}
