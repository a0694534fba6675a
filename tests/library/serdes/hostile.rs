//! Records and registries with wrong, truncated or cyclic contents.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use cc_protobuf_examples::csfle::{Algorithm, MaterialProblem, RawDek};
use cc_protobuf_examples::serdes::{
    Deserializer, DeserializerOptions, Error, ErrorKind, MessageScope, Record, SchemaName,
};
use cc_protobuf_examples::wire_format::{self, MessageIndexes, SchemaId, SchemaRef};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::stub::{Answer, Stub};
use crate::support::types::{MyRecord, OtherRecord};
use crate::support::unhex;

fn fixture() -> &'static Value {
    static FIXTURE: LazyLock<Value> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../fixtures/wire-format.json")).unwrap()
    });
    &FIXTURE
}

fn deserializer(stub: &Stub) -> Deserializer {
    Deserializer::new(stub.client(), DeserializerOptions::new()).unwrap()
}

fn value(bytes: &[u8]) -> Record<'_> {
    Record::value("shop", bytes)
}

fn record(id: u32, indexes: &[u32], payload: &[u8]) -> Vec<u8> {
    let schema = SchemaRef::Id(SchemaId(id));
    wire_format::encode(schema, &MessageIndexes::new(indexes), payload)
}

fn proto(schema: &str) -> Answer {
    with_references(schema, json!([]))
}

fn with_references(schema: &str, references: Value) -> Answer {
    Answer::ok(json!({
        "subject": "s", "version": 1, "id": 5,
        "schema": schema, "schemaType": "PROTOBUF", "references": references,
    }))
}

/// Reads a record while the registry gives this answer.
async fn read_error(
    record: &[u8],
    answer: impl Fn(&crate::support::stub::Request) -> Answer + Send + Sync + 'static,
) -> Error {
    let stub = Stub::start(answer).await;
    deserializer(&stub)
        .inspect(value(record))
        .await
        .unwrap_err()
}

#[tokio::test]
async fn every_malformed_record_of_the_fixture_is_its_own_error() {
    let shapes = fixture()["schemas"]["shapes.proto"]["serialized_base64"]
        .as_str()
        .unwrap();
    let stub = Stub::start(move |request| match request.path.as_str() {
        "/schemas/ids/1" => proto(shapes),
        _ => Answer::error(404, 40403),
    })
    .await;
    let deserializer = deserializer(&stub);
    for case in fixture()["malformed"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let wire = unhex(case["wire_hex"].as_str().unwrap());
        let read = deserializer.deserialize_json(value(&wire)).await;
        let expected = match name {
            "empty record"
            | "magic only"
            | "id cut short"
            | "no index bytes"
            | "guid cut short"
            | "unterminated varint" => matches!(
                read.as_ref().map_err(Error::kind),
                Err(ErrorKind::Truncated { .. })
            ),
            "magic byte 2" | "JSON text" => matches!(
                read.as_ref().map_err(Error::kind),
                Err(ErrorKind::NotFramed { .. })
            ),
            "count 1, index missing" | "count -1" | "count 100001" | "index -1" => {
                matches!(
                    read.as_ref().map_err(Error::kind),
                    Err(ErrorKind::BadIndexes { .. })
                )
            }
            "index 99 of 3" => matches!(
                read.as_ref().map_err(Error::kind),
                Err(ErrorKind::NoSuchMessage {
                    available: 3,
                    scope: MessageScope::TopLevel,
                    ..
                })
            ),
            "nested index in a leaf" => {
                matches!(read.as_ref().map_err(Error::kind), Err(ErrorKind::NoSuchMessage { available: 0, scope: MessageScope::Nested(name), .. })
                        if name == "interop.wire.First"
                )
            }
            "unknown id" => matches!(
                read.as_ref().map_err(Error::kind),
                Err(ErrorKind::UnknownSchema {
                    schema: SchemaName::Ref(SchemaRef::Id(SchemaId(4000))),
                    ..
                })
            ),
            "corrupt payload" => {
                matches!(read.as_ref().map_err(Error::kind), Err(ErrorKind::Decode { message, offset: 6, .. }) if message == "interop.wire.First"
                )
            }
            _ => matches!(&read, Ok(Some(json)) if *json == case["decoded_json"]),
        };
        assert!(expected, "{name}: {read:?}");
    }
}

#[tokio::test]
async fn unusable_schemas_are_reported_by_id() {
    let five = record(5, &[0], b"");
    let avro = read_error(&five, |_| Answer::ok(json!({"schema": "\"string\""}))).await;
    assert!(
        matches!(avro.kind(), ErrorKind::NotProtobuf { schema_type, .. } if schema_type == "AVRO")
    );
    assert!(avro.to_string().contains("id 5"), "{avro}");

    let json = read_error(&five, |_| {
        Answer::ok(json!({"schema": "{}", "schemaType": "JSON"}))
    });
    assert!(matches!(json.await.kind(), ErrorKind::NotProtobuf { .. }));

    let nothing = read_error(&five, |_| Answer::ok(json!({"schemaType": "PROTOBUF"}))).await;
    assert!(
        matches!(
            nothing.kind(),
            ErrorKind::Incomplete {
                missing: "schema",
                ..
            } | ErrorKind::Registry { .. }
        ),
        "{nothing:?}"
    );

    for broken in [
        "syntax = ",
        "message",
        "",
        "////",
        "CgxzaGFwZXMucHJvdG8SDGludGVyb3A",
        "{}",
    ] {
        let error = read_error(&five, move |_| proto(broken)).await;
        let expected = match broken {
            // Empty text parses as a file without messages.
            "" | "////" => matches!(
                error.kind(),
                ErrorKind::NoSuchMessage { .. } | ErrorKind::BadSchema { .. }
            ),
            _ => matches!(error.kind(), ErrorKind::BadSchema { .. }),
        };
        assert!(expected, "{broken:?}: {error:?}");
    }

    let unknown_type = "syntax = \"proto3\"; message A { Missing m = 1; }";
    let error = read_error(&five, move |_| proto(unknown_type)).await;
    assert!(
        matches!(error.kind(), ErrorKind::BadSchema { .. }),
        "{error:?}"
    );
    let unknown_import = "syntax = \"proto3\"; import \"b.proto\"; message A { B b = 1; }";
    let error = read_error(&five, move |_| proto(unknown_import)).await;
    assert!(
        matches!(error.kind(), ErrorKind::BadSchema { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_registry_that_ignores_the_format_is_understood() {
    let text = fixture()["schemas"]["shapes.proto"]["proto"]
        .as_str()
        .unwrap();
    let stub = Stub::start(move |_| proto(text)).await;
    let read = deserializer(&stub)
        .deserialize_json(value(&record(9, &[1, 1], &[0x0a, 2, 8, 1])))
        .await;
    assert_eq!(read.unwrap(), Some(json!({"deep": {"flag": true}})));
    assert_eq!(stub.requests(), ["GET /schemas/ids/9"]);
}

#[tokio::test]
async fn references_that_are_missing_name_subject_and_version() {
    let main = "syntax = \"proto3\"; import \"b.proto\"; message A { B b = 1; }";
    let reference = json!([{"name": "b.proto", "subject": "gone", "version": 3}]);
    let error = read_error(&record(5, &[0], b""), move |request| {
        match request.path.as_str() {
            "/schemas/ids/5" => with_references(main, reference.clone()),
            _ => Answer::error(404, 40402),
        }
    })
    .await;
    let expected = SchemaName::Version("gone".to_owned(), 3);
    assert!(
        matches!(error.kind(), ErrorKind::UnknownSchema { schema, .. } if *schema == expected),
        "{error:?}"
    );

    let nameless = json!([{"name": "", "subject": "b", "version": 1}]);
    let error = read_error(&record(5, &[0], b""), move |_| {
        with_references("syntax = \"proto3\"; message A {}", nameless.clone())
    })
    .await;
    assert!(
        matches!(error.kind(), ErrorKind::BadReference { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn circles_and_bottomless_references_end() {
    // a → b → a
    let circle = read_error(&record(5, &[0], b""), |request| {
        let other = if request.path.contains("/a/") {
            "b"
        } else {
            "a"
        };
        let import = format!("syntax = \"proto3\"; import \"{other}\"; message M {{}}");
        with_references(
            &import,
            json!([{"name": other, "subject": other, "version": 1}]),
        )
    })
    .await;
    let ErrorKind::BadReference { reason, .. } = circle.kind() else {
        panic!("{circle:?}");
    };
    assert!(reason.contains("a → b → a"), "{reason}");

    // Every file imports another one.
    let deeper = AtomicUsize::new(0);
    let bottomless = read_error(&record(5, &[0], b""), move |_| {
        let next = format!("f{}", deeper.fetch_add(1, Ordering::Relaxed));
        let import = format!("syntax = \"proto3\"; import \"{next}\"; message M {{}}");
        with_references(
            &import,
            json!([{"name": next, "subject": next, "version": 1}]),
        )
    })
    .await;
    let ErrorKind::BadReference { reason, .. } = bottomless.kind() else {
        panic!("{bottomless:?}");
    };
    assert!(reason.contains("deeper than"), "{reason}");
}

#[tokio::test]
async fn a_registry_that_goes_away_in_the_middle_is_tried_again_by_the_next_record() {
    let main = "syntax = \"proto3\"; import \"b.proto\"; message A { B b = 1; }";
    let reference = json!([{"name": "b.proto", "subject": "b", "version": 1}]);
    let hang_ups = Arc::new(AtomicUsize::new(1));
    let left = hang_ups.clone();
    let stub = Stub::start(move |request| match request.path.as_str() {
        "/schemas/ids/5" => with_references(main, reference.clone()),
        _ if left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
            .is_ok() =>
        {
            Answer::HangUp
        }
        _ => proto("syntax = \"proto3\"; message B { int32 x = 1; }"),
    })
    .await;
    let deserializer = deserializer(&stub);
    let wire = record(5, &[0], &[0x0a, 2, 8, 7]);
    let broken = deserializer
        .deserialize_json(value(&wire))
        .await
        .unwrap_err();
    assert!(
        matches!(broken.kind(), ErrorKind::Registry { .. }),
        "{broken:?}"
    );
    assert!(broken.is_retryable(), "{broken:?}");
    let read = deserializer.deserialize_json(value(&wire)).await.unwrap();
    assert_eq!(read, Some(json!({"b": {"x": 7}})));

    // What is cached needs no registry; anything else is an error.
    stub.stop();
    assert!(deserializer.deserialize_json(value(&wire)).await.is_ok());
    let unknown = deserializer
        .inspect(value(&record(6, &[0], b"")))
        .await
        .unwrap_err();
    assert!(
        matches!(unknown.kind(), ErrorKind::Registry { .. }),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn failures_are_not_remembered() {
    let asked = AtomicUsize::new(0);
    let stub = Stub::start(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => Answer::error(404, 40403),
        _ => proto("syntax = \"proto3\"; message A {}"),
    })
    .await;
    let deserializer = deserializer(&stub);
    let wire = record(5, &[0], b"");
    assert!(deserializer.inspect(value(&wire)).await.is_err());
    assert!(deserializer.inspect(value(&wire)).await.is_ok());
}

#[tokio::test]
async fn a_read_into_the_wrong_type_names_both() {
    let text = "syntax = \"proto3\"; package com.acme; message OtherRecord { int32 other_id = 1; }";
    let stub = Stub::start(move |_| proto(text)).await;
    let deserializer = deserializer(&stub);
    let wire = record(5, &[0], &[8, 7]);
    for _ in 0..2 {
        let wrong = deserializer
            .deserialize::<MyRecord>(value(&wire))
            .await
            .unwrap_err();
        let text = wrong.to_string();
        assert!(matches!(wrong.kind(), ErrorKind::WrongType { .. }));
        assert!(
            text.contains("com.acme.MyRecord") && text.contains("com.acme.OtherRecord"),
            "{text}"
        );
        let right = deserializer
            .deserialize::<OtherRecord>(value(&wire))
            .await
            .unwrap();
        assert_eq!(right, Some(OtherRecord { other_id: 7 }));
    }
    assert_eq!(stub.requests().len(), 1);
}

/// Runs `test` on values of `strategy` on one runtime: on `default` values, or as many as
/// `FUZZ_CASES=1000000` sets, of which a slow test takes a share.
pub fn fuzz<S: Strategy>(
    default: u32,
    share: u32,
    strategy: &S,
    test: impl AsyncFn(S::Value) -> Result<(), TestCaseError>,
) {
    let cases = std::env::var("FUZZ_CASES")
        .ok()
        .and_then(|cases| Some(cases.parse::<u32>().ok()?.div_ceil(share)));
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases.unwrap_or(default))
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let run = runner.run(strategy, |value| runtime.block_on(test(value)));
    run.unwrap();
}

/// Complete fields of any number and wire type.
fn fields() -> impl Strategy<Value = Vec<u8>> {
    let field = (1..16u8, 0..4u8, prop::collection::vec(0..128u8, 8));
    let field = field.prop_map(|(number, kind, bytes)| {
        let (wire_type, value) = match kind {
            0 => (0, &bytes[..1]),
            1 => (1, &bytes[..]),
            2 => (5, &bytes[..4]),
            // The first byte is the length.
            _ => (
                2,
                &[
                    &[bytes[0] % 8][..],
                    &bytes[1..][..usize::from(bytes[0] % 8)],
                ]
                .concat()[..],
            ),
        };
        [&[number << 3 | wire_type], value].concat()
    });
    prop::collection::vec(field, 0..5).prop_map(|fields| fields.concat())
}

/// Bytes similar enough to Protobuf to pass the first checks.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => prop::sample::select(vec![0x08u8, 0x0a, 0x12, 0x10, 0x0d, 0x09, 0x0b, 0x0c, 0, 1, 2, 3]),
        1 => any::<u8>()
    ];
    prop::collection::vec(byte, 0..48)
}

/// A schema with every shape of a field, including itself.
const EVERYTHING: &str = r#"syntax = "proto3";
    import "google/protobuf/timestamp.proto";
    import "google/protobuf/struct.proto";
    message All {
        int32 i = 1; string s = 2; repeated All children = 3; map<string, All> map = 4;
        oneof choice { bytes b = 5; double d = 6; All all = 7; }
        google.protobuf.Timestamp at = 8; google.protobuf.Value value = 9;
        repeated sint64 numbers = 10; enum E { ZERO = 0; ONE = 1; } E e = 11;
        message Nested { bool flag = 1; }
    }"#;

#[test]
fn fuzz_no_record_makes_a_generic_read_panic() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stub = runtime.block_on(Stub::start(|_| proto(EVERYTHING)));
    let deserializer = runtime.block_on(async { deserializer(&stub) });
    let indexes = prop_oneof![Just(vec![0]), prop::collection::vec(0..3u32, 1..4)];
    let framed = (indexes, prop_oneof![payload(), fields()])
        .prop_map(|(indexes, payload)| record(1, &indexes, &payload));
    let records = prop_oneof![4 => framed, 1 => payload()];
    let (inspected, read) = (Cell::new(0), Cell::new(0));
    fuzz(2000, 1, &records, async |bytes| {
        if let Ok(inspection) = deserializer.inspect(value(&bytes)).await {
            prop_assert_eq!(inspection.payload.end, bytes.len());
            prop_assert!(inspection.payload.start <= bytes.len());
            inspected.set(inspected.get() + 1);
        }
        let json = deserializer.deserialize_json(value(&bytes)).await;
        if let Ok(json) = json {
            prop_assert!(json.is_some());
            read.set(read.get() + 1);
        }
        let typed = deserializer.deserialize::<MyRecord>(value(&bytes)).await;
        prop_assert!(typed.is_err());
        Ok(())
    });
    // Otherwise the first check would refuse the bytes.
    assert!(
        inspected.get() > 100 && read.get() > 50,
        "{inspected:?}, {read:?}"
    );
}

/// Answers that a registry must never give, and some that it may.
fn any_answer() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "a.proto",
        "b.proto",
        "google/protobuf/any.proto",
        "",
        "/",
    ]);
    let subject = prop::sample::select(vec!["a", "b", ":.ctx:a", "", "ü %/?"]);
    let reference = (name, subject, -3..4i32).prop_map(
        |(name, subject, version)| json!({"name": name, "subject": subject, "version": version}),
    );
    let files = || {
        let base64 = |bytes: &[u8]| BASE64.encode(bytes);
        vec![
            EVERYTHING.to_owned(),
            "syntax = \"proto3\"; import \"a.proto\"; import \"b.proto\"; message A { B b = 1; }"
                .to_owned(),
            "syntax = \"proto3\"; import public \"b.proto\";".to_owned(),
            "syntax = \"proto2\"; message B { optional group G = 1 {} extensions 4 to max; }"
                .to_owned(),
            "message A { map<string, A> a = 1; message B {} }".to_owned(),
            base64(&[0x0a, 1, b'x', 0x22, 3, 0x0a, 1, b'A']),
            // A message that is its own map entry.
            base64(&[0x22, 9, 0x0a, 1, b'A', 0x3a, 4, 0x38, 1, 0, 0]),
        ]
    };
    let noise = "[ -~]{0,60}".prop_map(|noise| noise);
    let base64_noise = payload().prop_map(|bytes| BASE64.encode(bytes));
    let schema = prop_oneof![4 => prop::sample::select(files()), 1 => noise, 2 => base64_noise];
    let schema_type = prop::sample::select(vec![
        json!("PROTOBUF"),
        json!("protobuf"),
        json!("AVRO"),
        json!(7),
        Value::Null,
    ]);
    let schema_type = prop_oneof![6 => Just(json!("PROTOBUF")), 1 => schema_type];
    let references = prop::collection::vec(reference, 0..4);
    (schema, schema_type, references, any::<i32>()).prop_map(
        |(schema, schema_type, references, id)| {
            json!({
                "schema": schema, "schemaType": schema_type, "references": references,
                "id": id, "version": id, "subject": "s", "guid": format!("{id}"),
            })
        },
    )
}

#[test]
fn fuzz_no_answer_makes_a_generic_read_panic_or_hang() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let answers: Arc<std::sync::Mutex<Vec<Value>>> = Arc::default();
    let script = answers.clone();
    let turn = AtomicUsize::new(0);
    let stub = runtime.block_on(Stub::start(move |_| {
        let answers = script.lock().unwrap();
        let turn = turn.fetch_add(1, Ordering::Relaxed);
        match answers.get(turn % (answers.len() + 1)) {
            Some(answer) => Answer::ok(answer.clone()),
            None if turn.is_multiple_of(2) => Answer::HangUp,
            None => Answer::error(404, 40403),
        }
    }));
    let cases = (prop::collection::vec(any_answer(), 1..4), payload());
    // Each case sends an HTTP request.
    fuzz(300, 100, &cases, async |(script, payload)| {
        *answers.lock().unwrap() = script;
        // A new deserializer each time, so that nothing is cached.
        let deserializer = deserializer(&stub);
        let read = deserializer
            .deserialize_json(value(&record(1, &[0], &payload)))
            .await;
        prop_assert!(!matches!(read, Ok(None)));
        Ok(())
    });
}

/// Returns an error with its causes, after checking that none repeats the text below it.
#[track_caller]
fn says_each_cause_once(error: &(dyn std::error::Error + 'static)) {
    let mut current = error;
    while let Some(source) = current.source() {
        let (text, below) = (current.to_string(), source.to_string());
        assert!(!text.contains(&below), "{text:?} repeats {below:?}");
        current = source;
    }
}

#[tokio::test]
async fn no_error_repeats_its_source() {
    let five = record(5, &[0], b"\x0a\xff");
    let garbled = |_: &crate::support::stub::Request| {
        Answer::ok(json!({"schema": "not a schema", "schemaType": "PROTOBUF"}))
    };
    let empty = |_: &crate::support::stub::Request| {
        Answer::ok(
            json!({"schema": "syntax = \"proto3\"; message M { string s = 1; }", "schemaType": "PROTOBUF"}),
        )
    };
    let errors = [
        // Not framed, truncated, or with a malformed count of indexes.
        read_error(b"\x02", empty).await,
        read_error(b"\x00\x00", empty).await,
        read_error(b"\x00\x00\x00\x00\x05\x01", empty).await,
        read_error(&five, |_| Answer::error(404, 40403)).await,
        read_error(&five, |_| Answer::error(422, 42201)).await,
        read_error(&five, garbled).await,
        deserializer(&Stub::start(empty).await)
            .deserialize_json(value(&five))
            .await
            .unwrap_err(),
    ];
    for error in &errors {
        assert!(std::error::Error::source(error).is_some(), "{error}");
        says_each_cause_once(error);
    }
    let bad_key = RawDek::parse(Algorithm::Aes256Gcm, b"no key").unwrap_err();
    says_each_cause_once(&MaterialProblem::from(bad_key));
}

#[tokio::test]
async fn a_type_with_control_characters_is_shown_escaped() {
    let hostile = json!({"schema": "{}", "schemaType": "\u{1b}[2J\u{7f}\u{202e}X"});
    let error = read_error(&record(5, &[0], b""), move |_| Answer::ok(hostile.clone())).await;
    let text = error.to_string();
    assert!(text.contains(r"\u{1b}[2J\u{7f}\u{202e}X"), "{text:?}");
}
