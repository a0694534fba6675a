//! Compiled schemas of a library user's types: descriptor sets of protox, and Protobuf's
//! JSON mapping, which needs no traits on the type.

use std::path::Path;

use cc_protobuf_examples::protobuf::{CompiledSchema, Error, ProtoSchema, SchemaFile, Schemas};
use prost::{Message, Name};
use serde_json::json;

#[derive(Clone, PartialEq, Message, serde::Serialize, serde::Deserialize)]
struct Order {
    #[prost(int64, tag = "1")]
    cents: i64,
    #[prost(bytes = "vec", tag = "2")]
    b: Vec<u8>,
    #[prost(string, optional, tag = "3")]
    n: Option<String>,
    #[prost(oneof = "Payment", tags = "4, 5")]
    payment: Option<Payment>,
}

#[derive(Clone, PartialEq, prost::Oneof, serde::Serialize, serde::Deserialize)]
enum Payment {
    #[prost(string, tag = "4")]
    Card(String),
    #[prost(uint64, tag = "5")]
    Cash(u64),
}

impl Name for Order {
    const PACKAGE: &'static str = "shop";
    const NAME: &'static str = "Order";
}

const FIELDS: &str = "int64 cents = 1; bytes b = 2; optional string n = 3; oneof payment { string card = 4; uint64 cash = 5; }";

/// Compiles files with protox; the last one is the main file.
fn set(files: &[(&str, &str)], imports: bool, source_info: bool) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let includes = [folder.path(), Path::new("schemas")];
    let mut compiler = protox::Compiler::new(includes).unwrap();
    compiler.include_imports(imports);
    compiler.include_source_info(source_info);
    compiler.open_file(files.last().unwrap().0).unwrap();
    compiler.encode_file_descriptor_set()
}

const OWN: &str = r#"syntax = "proto2"; package own;
    import "google/protobuf/descriptor.proto";
    message Mark { optional string text = 1; repeated int32 numbers = 2; }
    extend google.protobuf.FieldOptions { optional Mark mark = 50001; }
    extend google.protobuf.FileOptions { optional string owner_name = 50002; }"#;

/// The prefix of the message, and what the text to register must contain.
const SETS: [(&str, &str, &str); 7] = [
    ("no options", "", ""),
    (
        "file options",
        "option java_package = \"x.y\"; option optimize_for = SPEED;",
        "option java_package = \"x.y\";",
    ),
    (
        "deprecated",
        "message Old { option deprecated = true; int32 a = 1 [deprecated = true, json_name = \"z\"]; }",
        "int32 a = 1 [\n    deprecated = true,\n    json_name = \"z\"\n  ];",
    ),
    (
        "well-known types",
        "import \"google/protobuf/timestamp.proto\"; import \"google/protobuf/wrappers.proto\"; \
         message At { google.protobuf.Timestamp t = 1; map<string, google.protobuf.StringValue> m = 2; }",
        "google.protobuf.Timestamp t = 1;",
    ),
    (
        "a type of descriptor.proto",
        "import \"google/protobuf/descriptor.proto\"; message D { google.protobuf.FileDescriptorSet s = 1; }",
        "google.protobuf.FileDescriptorSet s = 1;",
    ),
    (
        "custom options",
        "import \"own/options.proto\"; option (own.owner_name) = \"me\"; \
         message C { string a = 1 [(own.mark) = { text: \"t\", numbers: [1, 2] }]; }",
        "option (own.owner_name) = \"me\";",
    ),
    (
        "tags",
        "import \"confluent/meta.proto\"; message T { string a = 1 [(confluent.field_meta).tags = \"PII\"]; }",
        "[(confluent.field_meta) = {\n    tags: [\n      \"PII\"\n    ]\n  }];",
    ),
];

/// The schema of `Order` in a descriptor set.
fn from_set(set: &[u8]) -> Result<CompiledSchema<Order>, Error> {
    Schemas::from_descriptor_set(set)?.compiled()
}

#[test]
fn sets_of_protox_are_taken_with_their_options() {
    let order = Order {
        cents: 1999,
        b: vec![1, 2],
        n: None,
        payment: Some(Payment::Cash(7)),
    };
    for (what, before, expected) in SETS {
        let text =
            format!("syntax = \"proto3\"; package shop; {before} message Order {{ {FIELDS} }}");
        // A set may lack built-in files, but no others.
        let own = what == "custom options";
        let files = [("own/options.proto", OWN), ("shop/order.proto", &text)];
        let files = if own { &files[..] } else { &files[1..] };
        for (imports, source_info) in [(true, false), (true, true), (false, false)] {
            let set = set(files, imports, source_info);
            let schema = from_set(&set);
            if own && !imports {
                let error = schema.unwrap_err().to_string();
                assert!(error.contains("\"own/options.proto\""), "{error}");
                assert!(error.contains("--include_imports"), "{error}");
                continue;
            }
            let schema = schema.unwrap_or_else(|e| panic!("{what}: {e}"));
            let printed = schema.schema_text();
            assert!(printed.contains(expected), "{what}: {printed}");
            assert!(!printed.contains("json_name = \"cents\""), "{printed}");
            let indexes = schema.message_indexes().as_slice();
            let messages = text.matches("message ").count();
            assert_eq!(indexes, [messages as u32 - 1], "{what}");

            // The registered text parses, together with the files it imports.
            let file = SchemaFile::from_text("shop/order.proto", printed).unwrap();
            file.resolve(schema.dependencies())
                .unwrap_or_else(|e| panic!("{what}: {e}\n{printed}"));
            assert_eq!(schema.dependencies().len(), usize::from(own));

            let bytes = order.encode_to_vec();
            let json = schema.deserialize(&bytes).unwrap();
            assert_eq!(json, json!({"cents": "1999", "b": "AQI=", "cash": "7"}));
            assert_eq!(schema.serialize(&json).unwrap(), bytes);
        }
    }
}

#[test]
fn custom_options_of_a_set_keep_their_bytes() {
    let text = format!(
        "syntax = \"proto3\"; package shop; import \"own/options.proto\"; message Order {{ {FIELDS} \
         string extra = 9 [(own.mark) = {{ text: \"t\", numbers: [1, 2] }}]; }}"
    );
    let set = set(
        &[("own/options.proto", OWN), ("shop/order.proto", &text)],
        true,
        false,
    );
    let schema = from_set(&set).unwrap();
    let field = schema.descriptor().get_field_by_name("extra").unwrap();
    let options = field.options().encode_to_vec();
    // Field 50001, length 7: text "t", numbers 1 and 2.
    assert_eq!(options, b"\x8a\xb5\x18\x07\x0a\x01t\x10\x01\x10\x02");
}

#[test]
fn a_set_has_one_file_per_path_and_one_definition_per_name() {
    const A: &str = "syntax = \"proto3\"; package p; message M { int32 a = 1; }";
    const B: &str = "syntax = \"proto3\"; package p; message Q { message R {} } enum M { Z = 0; }";
    for files in [
        [("a.proto", A), ("b.proto", B)],
        [("a.proto", A), ("a.proto", B)],
    ] {
        let one_path = files[0].0 == files[1].0;
        // In a descriptor set as well: two sets, one after the other.
        let sets = files.map(|file| set(&[file], true, false)).concat();
        for schemas in [
            Schemas::from_texts(files),
            Schemas::from_descriptor_set(&sets),
        ] {
            let error = schemas.unwrap_err();
            let message = error.to_string();
            match error {
                Error::DuplicateFile { .. } => assert!(one_path, "{message}"),
                Error::DuplicateName { .. } => {
                    assert!(!one_path, "{message}");
                    for part in ["\"p.M\"", "\"a.proto\"", "\"b.proto\"", "sets of their own"] {
                        assert!(message.contains(part), "{part}: {message}");
                    }
                }
                other => panic!("{other}"),
            }
        }
    }
}

#[test]
fn a_damaged_set_is_refused() {
    for bytes in [&b"\xff"[..], b"\x0a\x05abc"] {
        let error = from_set(bytes).unwrap_err();
        assert!(matches!(error, Error::Resolve { .. }), "{error}");
    }
    let error = from_set(b"").unwrap_err();
    assert!(matches!(error, Error::NoMessage { .. }), "{error}");
}

#[test]
fn json_is_that_of_protobuf_with_ordinary_serde_derives() {
    let text = format!("syntax = \"proto3\"; package shop; message Order {{ {FIELDS} }}");
    let schema = CompiledSchema::<Order>::from_text("shop/order.proto", &text, &[]).unwrap();
    let order = |payment| Order {
        cents: 1999,
        b: vec![1, 2],
        n: None,
        payment,
    };
    let cases = [
        (order(None), json!({"cents": "1999", "b": "AQI="})),
        (
            order(Some(Payment::Card("1".to_owned()))),
            json!({"cents": "1999", "b": "AQI=", "card": "1"}),
        ),
        (Order::default(), json!({})),
        (
            Order {
                n: Some(String::new()),
                ..Order::default()
            },
            json!({"n": ""}),
        ),
    ];
    for (message, expected) in cases {
        let bytes = message.encode_to_vec();
        let json = schema.deserialize(&bytes).unwrap();
        assert_eq!(json, expected);
        assert_eq!(schema.serialize(&json).unwrap(), bytes);
    }
}
