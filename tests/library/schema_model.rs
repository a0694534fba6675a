//! The schema model: canonical text, both forms, indexes, errors.

use cc_protobuf_examples::protobuf::{Error, Form, SchemaFile};
use cc_protobuf_examples::wire_format::MessageIndexes;
use prost_reflect::{FileDescriptor, Value};

fn text(source: &str) -> SchemaFile {
    SchemaFile::from_text("test.proto", source).unwrap_or_else(|e| panic!("{e}\n{source}"))
}

/// Returns the canonical text of a source, after checking that it parses to the same model.
fn canonical(source: &str) -> String {
    let file = text(source);
    let canonical = file.to_text();
    let again = text(&canonical);
    assert_eq!(again.to_text(), canonical, "not a fixed point");
    assert_eq!(again, file, "another model after\n{canonical}");
    canonical
}

/// (name of the case, source, canonical text)
const CANONICAL: &[(&str, &str, &str)] = &[
    (
        "spacing, order and comments",
        "syntax=\"proto3\"; package a; message M { string s=2; /*x*/ N n=3; message N { reserved 5; int32 q=1; } enum E{Z=0;} int32 b=1; }",
        "syntax = \"proto3\";\npackage a;\n\nmessage M {\n  string s = 2;\n  N n = 3;\n  int32 b = 1;\n\n  message N {\n    reserved 5;\n  \n    int32 q = 1;\n  }\n  enum E {\n    Z = 0;\n  }\n}\n",
    ),
    ("nothing at all", "", ""),
    (
        "an empty message",
        "syntax = 'proto3'; message M {}",
        "syntax = \"proto3\";\n\nmessage M {}\n",
    ),
    (
        "proto2 is printed only if stated",
        "syntax = \"proto2\"; message M { optional int32 a = 1; }",
        "syntax = \"proto2\";\n\nmessage M {\n  optional int32 a = 1;\n}\n",
    ),
    (
        "labels of proto2",
        "message M { required int32 a = 1; optional M b = 2; repeated string c = 3; map<string, M> d = 4; }",
        "\nmessage M {\n  required int32 a = 1;\n  optional M b = 2;\n  repeated string c = 3;\n  map<string, M> d = 4;\n}\n",
    ),
    (
        "labels of proto3",
        "syntax = \"proto3\"; message M { int32 a = 1; optional int32 b = 2; repeated int32 c = 3; }",
        "syntax = \"proto3\";\n\nmessage M {\n  int32 a = 1;\n  optional int32 b = 2;\n  repeated int32 c = 3;\n}\n",
    ),
    (
        "imports: plain before weak before public",
        "syntax = \"proto3\"; import public \"p.proto\"; import \"b.proto\"; import weak \"w.proto\"; import \"a.proto\";",
        "syntax = \"proto3\";\n\nimport \"b.proto\";\nimport \"a.proto\";\nimport weak \"w.proto\";\nimport public \"p.proto\";\n",
    ),
    (
        "file options, messages before enums, services",
        "syntax = \"proto3\"; enum E { Z = 0; } option java_package = 'x'; message M {} service S { rpc A(stream M) returns (M); rpc B(M) returns (stream M) { option deprecated = true; } option deprecated = false; } option deprecated = true;",
        "syntax = \"proto3\";\n\noption java_package = \"x\";\noption deprecated = true;\n\nmessage M {}\nenum E {\n  Z = 0;\n}\n\nservice S {\n  option deprecated = false;\n\n  rpc A (stream M) returns (M);\n  rpc B (M) returns (stream M) {\n    option deprecated = true;\n  };\n}\n",
    ),
    (
        "oneofs stand behind the fields",
        "syntax = \"proto3\"; message M { oneof o { string a = 1; M b = 2; } int32 c = 3; oneof p { option (x) = 1; int32 d = 4; } }",
        "syntax = \"proto3\";\n\nmessage M {\n  int32 c = 3;\n\n  oneof o {\n    string a = 1;\n    M b = 2;\n  }\n  oneof p {\n    option (x) = 1;\n  \n    int32 d = 4;\n  }\n}\n",
    ),
    (
        "reserved statements as written",
        "syntax = \"proto3\"; message M { reserved 'x', 'y'; reserved 9, 4 to 6; reserved 1000 to max; reserved 'z'; } enum E { reserved -5 to -1, 7 to max; reserved 'Q'; Z = 0; }",
        "syntax = \"proto3\";\n\nmessage M {\n  reserved \"x\", \"y\";\n  reserved 9, 4 to 6;\n  reserved 1000 to max;\n  reserved \"z\";\n}\nenum E {\n  reserved -5 to -1, 7 to max;\n  reserved \"Q\";\n  Z = 0;\n}\n",
    ),
    (
        "field options, default and JSON name last",
        "message M { optional string a = 1 [json_name = 'A', default = 'x\\'\\n', deprecated = true]; optional int32 b = 2 [packed=false]; optional E c = 3 [default = Z]; } enum E { option allow_alias = true; Z = 0 [deprecated = true]; Y = 0; N = -1; }",
        "\nmessage M {\n  optional string a = 1 [\n    deprecated = true,\n    default = \"x\\'\\n\",\n    json_name = \"A\"\n  ];\n  optional int32 b = 2 [packed = false];\n  optional E c = 3 [default = Z];\n}\nenum E {\n  option allow_alias = true;\n  Z = 0 [deprecated = true];\n  Y = 0;\n  N = -1;\n}\n",
    ),
    (
        "default values",
        "message M { optional double a = 1 [default = 1e300]; optional float b = 2 [default = -inf]; optional float c = 3 [default = nan]; optional sint64 d = 4 [default = -0x10]; optional bytes e = 5 [default = '\\xff\\0a\"']; optional bool f = 6 [default = true]; optional double g = 7 [default = 3]; }",
        "\nmessage M {\n  optional double a = 1 [default = 1e300];\n  optional float b = 2 [default = -inf];\n  optional float c = 3 [default = nan];\n  optional sint64 d = 4 [default = -16];\n  optional bytes e = 5 [default = \"\\377\\000a\\\"\"];\n  optional bool f = 6 [default = true];\n  optional double g = 7 [default = 3.0];\n}\n",
    ),
    (
        "option values",
        "syntax = \"proto3\"; option (a) = -5; option (b.c).d.(e) = 1.50; option (f) = inf; option (g) = 'é\\x01\\\\'; option (h) = 18446744073709551615;",
        "syntax = \"proto3\";\n\noption (a) = -5;\noption (b.c).d.(e) = 1.5;\noption (f) = inf;\noption (g) = \"é\\001\\\\\";\noption (h) = 18446744073709551615;\n",
    ),
    (
        "aggregates",
        "syntax = \"proto3\"; message M { string a = 1 [(confluent.field_meta) = { tags: [\"PII\", 'GDPR'] doc: 'x' params { key: 'k', value: 'v' } }]; string b = 2 [(confluent.field_meta).tags = \"PII\"]; }",
        "syntax = \"proto3\";\n\nmessage M {\n  string a = 1 [(confluent.field_meta) = {\n    tags: [\n      \"PII\",\n      \"GDPR\"\n    ],\n    doc: \"x\",\n    params: {\n      key: \"k\",\n      value: \"v\"\n    }\n  }];\n  string b = 2 [(confluent.field_meta).tags = \"PII\"];\n}\n",
    ),
    (
        "several options with an aggregate among them",
        "syntax = \"proto3\"; message M { option (m) = { a: 1 }; string a = 1 [(x) = { }, deprecated = true]; }",
        "syntax = \"proto3\";\n\nmessage M {\n  option (m) = {\n    a: 1\n  };\n\n  string a = 1 [\n    (x) = {\n    },\n    deprecated = true\n  ];\n}\n",
    ),
    (
        "extensions and extends",
        "package p; message M { extensions 100 to 199, 300; extensions 1000 to max [(x) = 1]; extend M { optional int32 a = 100; } extend M { optional int32 b = 101; } } extend M { optional string c = 102; repeated M d = 103; } extend .p.M { optional int32 e = 300; }",
        "package p;\n\nmessage M {\n  extensions 100 to 199, 300;\n  extensions 1000 to max [(x) = 1];\n\n  extend M {\n    optional int32 a = 100;\n  }\n  extend M {\n    optional int32 b = 101;\n  }\n}\n\nextend M {\n  optional string c = 102;\n  repeated M d = 103;\n}\nextend .p.M {\n  optional int32 e = 300;\n}\n",
    ),
    (
        "groups, in oneofs and extends too",
        "message M { optional group G = 1 { optional int32 a = 2; repeated group H = 3 {} } optional int32 z = 9; oneof o { group I = 4 { reserved 7; } int32 b = 5; } message N {} extensions 10; } extend M { optional group X = 10 { optional int32 q = 1; } } message L {}",
        "\nmessage M {\n  optional int32 z = 9;\n\n  oneof o {\n    int32 b = 5;\n  \n    group I = 4 {\n      reserved 7;\n    }\n  }\n\n  optional group G = 1 {\n    optional int32 a = 2;\n  \n    repeated group H = 3 {}\n  }\n\n  extensions 10;\n\n  message N {}\n}\nmessage L {}\n\nextend M {\n  optional group X = 10 {\n    optional int32 q = 1;\n  }\n}\n",
    ),
    (
        "names stay as written",
        "syntax = \"proto3\"; package a.b; message M { .a.b.M x = 1; b.M y = 2; map<int32, M> z = 3; }",
        "syntax = \"proto3\";\npackage a.b;\n\nmessage M {\n  .a.b.M x = 1;\n  b.M y = 2;\n  map<int32, M> z = 3;\n}\n",
    ),
    (
        "map entries written out",
        "syntax = \"proto3\"; message H { repeated CountsEntry counts = 1; message CountsEntry { option map_entry = true; string key = 1; int32 value = 2; } message After {} }",
        "syntax = \"proto3\";\n\nmessage H {\n  repeated CountsEntry counts = 1;\n\n  message CountsEntry {\n    option map_entry = true;\n  \n    string key = 1;\n    int32 value = 2;\n  }\n  message After {}\n}\n",
    ),
];

#[test]
fn canonical_text() {
    for (what, source, expected) in CANONICAL {
        assert_eq!(canonical(source), *expected, "{what}");
    }
}

#[test]
fn canonical_text_survives_the_serialized_form() {
    for (what, source, _) in CANONICAL {
        let file = text(source);
        let bytes = file.to_base64();
        let decoded =
            SchemaFile::parse("test.proto", &bytes).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(decoded.form(), Form::Serialized);
        let printed = decoded.to_text();
        let again = text(&printed);
        assert_eq!(again.to_text(), printed, "{what}");
        assert_eq!(again.proto(), decoded.proto(), "{what}:\n{printed}");
        for (name, indexes) in file.messages() {
            assert_eq!(decoded.message_name(&indexes), Some(name), "{what}");
        }
    }
}

fn fixture(name: &str) -> serde_json::Value {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Schemas of a fixture: name, source, serialized form, names of references.
fn schemas(fixture: &serde_json::Value) -> Vec<(String, String, String, Vec<String>)> {
    let schemas = fixture["schemas"].as_object().expect("schemas");
    let text = |v: &serde_json::Value| v.as_str().expect("a string").to_owned();
    schemas
        .iter()
        .map(|(name, schema)| {
            let references = schema["references"].as_array().into_iter().flatten();
            (
                name.clone(),
                text(&schema["proto"]),
                text(&schema["serialized_base64"]),
                references
                    .map(|r| text(r.get("name").unwrap_or(r)))
                    .collect(),
            )
        })
        .collect()
}

/// Returns all properties of a resolved file that a serde uses.
fn shape(file: &FileDescriptor) -> Vec<String> {
    let mut out = Vec::new();
    let mut messages: Vec<_> = file.messages().collect();
    while let Some(message) = messages.pop() {
        for field in message.fields() {
            out.push(format!(
                "{} {:?} {:?} {} {} {:?} {}",
                field.full_name(),
                field.kind(),
                field.cardinality(),
                field.number(),
                field.json_name(),
                field.containing_oneof().map(|o| o.full_name().to_owned()),
                field.options(),
            ));
        }
        messages.extend(message.child_messages());
    }
    out.sort();
    out
}

#[test]
fn text_and_serialized_form_of_the_official_client_agree() {
    for name in ["wire-format.json", "csfle-local-kms.json"] {
        let schemas = schemas(&fixture(name));
        let dependencies = |form: Form| -> Vec<SchemaFile> {
            let parse = |(name, proto, serialized, _): &(String, String, String, Vec<String>)| {
                let schema = if form == Form::Text {
                    proto
                } else {
                    serialized
                };
                SchemaFile::parse(name, schema).unwrap_or_else(|e| panic!("{name}: {e}"))
            };
            schemas.iter().map(parse).collect()
        };
        for (name, proto, serialized, _) in &schemas {
            let resolve = |schema: &str, form: Form| {
                let file =
                    SchemaFile::parse(name, schema).unwrap_or_else(|e| panic!("{name}: {e}"));
                assert_eq!(file.form(), form);
                let others: Vec<_> = dependencies(form)
                    .into_iter()
                    .filter(|d| d.name() != name)
                    .collect();
                let resolved = file
                    .resolve(&others)
                    .unwrap_or_else(|e| panic!("{name}: {e}"));
                // The form that a registry returns resolves to the same.
                let given_out = SchemaFile::parse(name, &file.to_base64_with(&others))
                    .and_then(|file| file.resolve(&others))
                    .unwrap_or_else(|e| panic!("{name}: {e}"));
                assert_eq!(shape(&given_out), shape(&resolved), "{name}");
                let printed = SchemaFile::from_text(name, &file.to_text())
                    .and_then(|file| file.resolve(&others))
                    .unwrap_or_else(|e| panic!("{name}: {e}"));
                assert_eq!(shape(&printed), shape(&resolved), "{name}");
                resolved
            };
            let from_text = resolve(proto, Form::Text);
            let from_serialized = resolve(serialized, Form::Serialized);
            assert_eq!(shape(&from_text), shape(&from_serialized), "{name}");
        }
    }
}

#[test]
fn tags_are_options_of_the_resolved_field_in_every_form() {
    let schemas = schemas(&fixture("csfle-local-kms.json"));
    let (_, proto, serialized, _) = schemas
        .iter()
        .find(|(name, ..)| name == "order")
        .expect("order");
    for schema in [proto, serialized] {
        let file = SchemaFile::parse("order.proto", schema).expect("order.proto");
        let resolved = [
            file.resolve(&[]).expect("resolves"),
            SchemaFile::parse("o", &file.to_base64())
                .and_then(|f| f.resolve(&[]))
                .expect("resolves"),
        ];
        for resolved in resolved {
            let order = resolved
                .messages()
                .find(|m| m.name() == "Order")
                .expect("Order");
            let notes = order.get_field_by_name("notes").expect("notes").options();
            let extension = resolved
                .parent_pool()
                .get_extension_by_name("confluent.field_meta")
                .expect("field_meta");
            assert_eq!(extension.number(), 1088);
            let meta = notes.get_extension(&extension);
            let tags = meta
                .as_message()
                .and_then(|m| m.get_field_by_name("tags"))
                .expect("tags");
            let expected = ["PII", "GDPR"].map(|tag| Value::String(tag.to_owned()));
            assert_eq!(*tags, Value::List(expected.to_vec()));
        }
    }
}

#[test]
fn indexes_count_map_entries_where_the_form_has_them() {
    let source = "syntax = \"proto3\"; package p; message Holder { message Before{} map<string,int32> counts=1; message After{} }";
    let from_text = text(source);
    let protoc = schemas(&fixture("wire-format.json"))
        .into_iter()
        .find(|(name, ..)| name == "maps.proto");
    let (_, _, serialized, _) = protoc.expect("maps.proto");
    let from_protoc = SchemaFile::from_base64("maps.proto", &serialized).expect("maps.proto");

    let cases = [
        (&from_text, "p", "Holder", &[0][..]),
        (&from_text, "p", "Holder.Before", &[0, 0]),
        (&from_text, "p", "Holder.After", &[0, 1]),
        (&from_text, "p", "Holder.CountsEntry", &[0, 2]),
        (&from_protoc, "interop.wire", "Holder.Before", &[0, 0]),
        (&from_protoc, "interop.wire", "Holder.CountsEntry", &[0, 1]),
        (&from_protoc, "interop.wire", "Holder.After", &[0, 2]),
    ];
    for (file, package, name, path) in cases {
        let full_name = format!("{package}.{name}");
        let indexes = MessageIndexes::new(path);
        assert_eq!(
            file.message_indexes(&full_name).as_ref(),
            Some(&indexes),
            "{full_name}"
        );
        assert_eq!(
            file.message_indexes(&format!(".{full_name}")),
            Some(indexes.clone())
        );
        assert_eq!(file.message_name(&indexes), Some(full_name));
        // The registry's text and its serialized form have the same indexes.
        let stored = text(&file.to_text());
        assert_eq!(stored.message_name(&indexes), file.message_name(&indexes));
        let sent = SchemaFile::from_base64("x", &stored.to_base64()).expect("base64");
        assert_eq!(sent.message_name(&indexes), file.message_name(&indexes));
    }
    for path in [&[1][..], &[0, 3], &[0, 0, 0]] {
        assert_eq!(
            from_text.message_name(&MessageIndexes::new(path)),
            None,
            "{path:?}"
        );
    }
    for name in [
        "Holder",
        "p",
        "p.",
        "p.Holder.",
        "p.Holder.Nope",
        "q.Holder",
        "",
    ] {
        assert_eq!(from_text.message_indexes(name), None, "{name}");
    }
}

#[test]
fn syntax_errors_tell_line_and_column() {
    let cases = [
        (
            "syntax = \"proto3\";\nmessage M {\n  int32 a 1;\n}\n",
            3,
            11,
        ),
        ("syntax = \"proto3\";\nmessage M {\n", 3, 1),
        ("syntax = \"proto3\"; /* é */ message 1 {}", 1, 36),
        ("message M { int32 a = 1; }", 1, 13),
        (
            "syntax = \"proto3\"; message M { required int32 a = 1; }",
            1,
            32,
        ),
        (
            "syntax = \"proto3\"; message M { repeated map<int32, int32> a = 1; }",
            1,
            32,
        ),
        ("this is not valid protobuf", 1, 1),
    ];
    for (source, line, column) in cases {
        match SchemaFile::parse("bad.proto", source) {
            Err(Error::Parse {
                file,
                position: Some(at),
                ..
            }) => {
                assert_eq!(
                    (&file[..], at.line, at.column),
                    ("bad.proto", line, column),
                    "{source}"
                );
            }
            other => panic!("{source}: {other:?}"),
        }
    }
}

#[test]
fn editions_are_refused() {
    use base64::Engine;
    let sources = [
        "edition = \"2023\"; message M {}",
        "// note\n/* more */ edition = \"2023\";",
    ];
    for source in sources {
        let error = SchemaFile::parse("e.proto", source).expect_err(source);
        assert!(matches!(error, Error::Edition { .. }), "{error}");
    }
    // syntax = "editions", edition = 1000.
    let bytes = b"\x62\x08editions\x70\xe8\x07";
    let schema = base64::engine::general_purpose::STANDARD.encode(bytes);
    let error = SchemaFile::parse("e.proto", &schema).expect_err("an edition");
    assert!(matches!(error, Error::Edition { .. }), "{error}");
}

#[test]
fn what_cannot_be_resolved_is_named() {
    let cases = [
        (
            "syntax = \"proto3\"; package p; message M { Nope x = 1; }",
            "cannot resolve type \"Nope\" of field p.M.x in schema \"test.proto\"",
        ),
        (
            "syntax = \"proto3\"; package p; message M {} service S { rpc A(M) returns (Nope); }",
            "cannot resolve type \"Nope\" of method p.S.A in schema \"test.proto\"",
        ),
        (
            "syntax = \"proto3\"; import \"a.proto\";",
            "schema \"test.proto\" imports \"a.proto\", which is neither given as a reference nor built in",
        ),
        (
            "syntax = \"proto3\"; import \"test.proto\";",
            "schemas import each other in a cycle: test.proto -> test.proto",
        ),
        (
            "syntax = \"proto3\"; message M {} message M {}",
            "invalid schema \"test.proto\": name 'M' is defined twice (at message M)",
        ),
        (
            "syntax = \"proto3\"; message M { int32 a = 1; int32 b = 1; }",
            "invalid schema \"test.proto\": field number '1' is already used (at field M.b)",
        ),
        (
            "syntax = \"proto3\"; message M { google.protobuf.Timestamp t = 1; }",
            "cannot resolve type \"google.protobuf.Timestamp\" of field M.t in schema \"test.proto\"",
        ),
    ];
    for (source, expected) in cases {
        let error = text(source).resolve(&[]).expect_err(source);
        assert_eq!(error.to_string(), expected, "{source}");
    }
    let a =
        SchemaFile::from_text("a.proto", "syntax = \"proto3\"; import \"b.proto\";").expect("a");
    let b =
        SchemaFile::from_text("b.proto", "syntax = \"proto3\"; import \"a.proto\";").expect("b");
    let error = text("syntax = \"proto3\"; import \"a.proto\";")
        .resolve(&[b, a])
        .expect_err("circle");
    assert_eq!(
        error.to_string(),
        "schemas import each other in a cycle: a.proto -> b.proto -> a.proto"
    );
}

#[test]
fn a_reference_takes_the_place_of_a_built_in_file() {
    let own = SchemaFile::from_text(
        "google/type/date.proto",
        "syntax = \"proto3\"; package google.type; message Date { string iso = 7; }",
    )
    .expect("own date");
    let source = "syntax = \"proto3\"; import \"google/type/date.proto\"; message M { google.type.Date d = 1; }";
    let fields = |dependencies: &[SchemaFile]| -> Vec<String> {
        let resolved = text(source).resolve(dependencies).expect("resolves");
        let date = resolved
            .parent_pool()
            .get_message_by_name("google.type.Date")
            .expect("Date");
        date.fields().map(|f| f.name().to_owned()).collect()
    };
    assert_eq!(fields(&[]), ["year", "month", "day"]);
    assert_eq!(fields(&[own]), ["iso"]);
}

/// (name of the case, source, normalised text)
const NORMALIZED: &[(&str, &str, &str)] = &[
    (
        "proto2 goes, proto3 stays; imports sorted",
        "syntax = \"proto2\"; import \"google/type/money.proto\"; import public \"google/type/color.proto\"; import \"google/type/date.proto\"; import \"google/type/money.proto\";",
        "\nimport \"google/type/date.proto\";\nimport \"google/type/money.proto\";\nimport public \"google/type/color.proto\";\n",
    ),
    (
        "fields by number, names in full",
        "syntax = \"proto3\"; package p; message M { N b = 2; message N { E e = 1; } map<string, N> m = 3; int32 a = 1; google.protobuf.Any any = 4; } enum E { Z = 0; } import \"google/protobuf/any.proto\";",
        "syntax = \"proto3\";\npackage p;\n\nimport \"google/protobuf/any.proto\";\n\nmessage M {\n  int32 a = 1;\n  .p.M.N b = 2;\n  map<string, .p.M.N> m = 3;\n  .google.protobuf.Any any = 4;\n\n  message N {\n    .p.E e = 1;\n  }\n}\nenum E {\n  Z = 0;\n}\n",
    ),
    (
        "message order stays, oneofs and their members are sorted",
        "syntax = \"proto3\"; message B { oneof z { int32 f = 6; int32 c = 3; } optional int32 e = 5; oneof y { int32 b = 2; } optional int32 a = 1; } message A {}",
        "syntax = \"proto3\";\n\nmessage B {\n  optional int32 a = 1;\n  optional int32 e = 5;\n\n  oneof y {\n    int32 b = 2;\n  }\n  oneof z {\n    int32 c = 3;\n    int32 f = 6;\n  }\n}\nmessage A {}\n",
    ),
    (
        "ranges one to a statement",
        "message M { reserved 'b', 'a'; reserved 9, 4 to 6; extensions 1000 to max, 100 to 199; } enum E { reserved 7, -3 to -2; reserved 'Y', 'X'; B = 2; A = 2; N = -1; option allow_alias = true; Z = 0; }",
        "\nmessage M {\n  reserved 4 to 6;\n  reserved 9;\n  reserved \"a\";\n  reserved \"b\";\n\n  extensions 100 to 199;\n  extensions 1000 to max;\n}\nenum E {\n  reserved -3 to -2;\n  reserved 7;\n  reserved \"X\";\n  reserved \"Y\";\n  option allow_alias = true;\n  Z = 0;\n  A = 2;\n  B = 2;\n  N = -1;\n}\n",
    ),
    (
        "options merged, qualified and sorted",
        "syntax = \"proto3\"; package confluent.x; import \"confluent/meta.proto\"; message M { string a = 1 [(field_meta).tags = \"B\", deprecated = true, (.confluent.field_meta).tags = \"A\", (confluent.field_meta).doc = \"d\"]; string b = 2 [(confluent.field_meta) = { params: [{ value: 'v', key: 'k' }], tags: ['A'] }]; }",
        "syntax = \"proto3\";\npackage confluent.x;\n\nimport \"confluent/meta.proto\";\n\nmessage M {\n  string a = 1 [\n    (confluent.field_meta) = {\n      doc: \"d\",\n      tags: [\n        \"B\",\n        \"A\"\n      ]\n    },\n    deprecated = true\n  ];\n  string b = 2 [(confluent.field_meta) = {\n    params: {\n      key: \"k\",\n      value: \"v\"\n    },\n    tags: \"A\"\n  }];\n}\n",
    ),
    (
        "map entries written out become maps",
        "syntax = \"proto3\"; package p; message H { message Before {} repeated .p.H.CountsEntry counts = 1; message CountsEntry { option map_entry = true; string key = 1; After value = 2; } message After {} }",
        "syntax = \"proto3\";\npackage p;\n\nmessage H {\n  map<string, .p.H.After> counts = 1;\n\n  message Before {}\n  message After {}\n}\n",
    ),
    (
        "extends by extendee, services untouched",
        "package p; extend M { optional int32 b = 11; } extend N { optional int32 c = 11; } extend .p.M { optional int32 a = 10; } message M { extensions 10 to 20; } message N { extensions 10 to 20; } service S { rpc Z(M) returns (stream N); rpc A(p.M) returns (M); }",
        "package p;\n\nmessage M {\n  extensions 10 to 20;\n}\nmessage N {\n  extensions 10 to 20;\n}\n\nextend .p.M {\n  optional int32 a = 10;\n  optional int32 b = 11;\n}\nextend .p.N {\n  optional int32 c = 11;\n}\n\nservice S {\n  rpc Z (.p.M) returns (stream .p.N);\n  rpc A (.p.M) returns (.p.M);\n}\n",
    ),
    (
        "groups by number",
        "message M { optional group B = 2 { optional M y = 2; optional int32 x = 1; } optional group A = 1 {} }",
        "\nmessage M {\n  optional group A = 1 {}\n  optional group B = 2 {\n    optional int32 x = 1;\n    optional .M y = 2;\n  }\n}\n",
    ),
    (
        "options that nothing defines stay",
        "syntax = \"proto3\"; import \"lost.proto\"; message M { string a = 1 [(x.y).z = 1, deprecated = true, (b) = { d: 1, c: [2] }]; }",
        "syntax = \"proto3\";\n\nimport \"lost.proto\";\n\nmessage M {\n  string a = 1 [\n    (b) = {\n      c: 2,\n      d: 1\n    },\n    deprecated = true,\n    (x.y).z = 1\n  ];\n}\n",
    ),
];

#[test]
fn normalized_text() {
    for (what, source, expected) in NORMALIZED {
        let file = text(source);
        let normalized = file
            .normalize(&[])
            .unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(normalized.to_text(), *expected, "{what}");
        assert_eq!(canonical(expected), *expected, "{what}");
        assert_eq!(text(expected).proto(), normalized.proto(), "{what}");
        let again = normalized
            .normalize(&[])
            .unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(again, normalized, "{what}");
        // The serialized form of the same schema normalises to the same text.
        let serialized = SchemaFile::parse("test.proto", &file.to_base64()).expect(what);
        if !source.contains("lost.proto") {
            let normalized = serialized
                .normalize(&[])
                .unwrap_or_else(|e| panic!("{what}: {e}"));
            assert_eq!(normalized.to_text(), *expected, "{what}");
        }
    }
}

#[test]
fn normalizing_needs_all_types() {
    let error = text("syntax = \"proto3\"; message M { Nope x = 1; }")
        .normalize(&[])
        .expect_err("Nope");
    assert!(
        matches!(error, Error::UnresolvedType { ref name, .. } if name == "Nope"),
        "{error}"
    );
}

#[test]
fn extensions_can_be_left_out() {
    let source = "package p; import \"confluent/meta.proto\"; option (own) = 1; option java_package = 'x'; message M { option (confluent.message_meta).doc = 'd'; option (.confluent.message_meta).tags = 'T'; optional int32 a = 1 [(own.x) = 1, deprecated = true]; extensions 100; extend M { optional group G = 100 {} } } extend M { optional group H = 101 {} } enum E { Z = 0 [(own) = { a: 1 }]; }";
    let expected = "package p;\n\nimport \"confluent/meta.proto\";\n\noption java_package = \"x\";\n\nmessage M {\n  option (confluent.message_meta).doc = \"d\";\n  option (.confluent.message_meta).tags = \"T\";\n\n  optional int32 a = 1 [deprecated = true];\n}\nenum E {\n  Z = 0;\n}\n";
    assert_eq!(text(source).without_extensions().to_text(), expected);
}

#[test]
fn options_defined_by_a_reference_survive_the_serialized_form() {
    let options = SchemaFile::from_text(
        "options.proto",
        "package acme; import \"google/protobuf/descriptor.proto\"; message Rule { optional int32 min = 1; repeated string of = 2; optional double d = 3; } enum L { LOW = 0; HIGH = 1; } extend google.protobuf.FieldOptions { optional Rule rule = 50000; repeated L level = 50001; optional bytes raw = 50002; } extend google.protobuf.FileOptions { optional float f = 50003; }",
    )
    .expect("options.proto");
    let source = "syntax = \"proto3\";\npackage acme.shop;\n\nimport \"options.proto\";\n\noption (acme.f) = -0.25;\n\nmessage M {\n  string a = 1 [\n    (acme.rule) = {\n      min: -1,\n      of: [\n        \"x\",\n        \"y\"\n      ],\n      d: inf\n    },\n    (acme.level) = LOW,\n    (acme.level) = HIGH,\n    (acme.raw) = \"\\377é\"\n  ];\n}\n";
    let dependencies = [options];
    let file = text(source);
    let serialized = file.to_base64_with(&dependencies);
    let decoded =
        SchemaFile::parse_with("test.proto", &serialized, &dependencies).expect("decodes");
    assert_eq!(decoded.to_text(), source);
    // Relative names have the same meaning.
    let relative = text(&source.replace("(acme.", "("));
    assert_eq!(relative.to_base64_with(&dependencies), serialized);
    // Options are dropped without the file that defines them; the rest is kept.
    let decoded = SchemaFile::parse("test.proto", &serialized).expect("decodes");
    assert_eq!(
        decoded.to_text(),
        "syntax = \"proto3\";\npackage acme.shop;\n\nimport \"options.proto\";\n\nmessage M {\n  string a = 1;\n}\n"
    );
    // Options that a file defines itself need no other file.
    let own = text(
        "syntax = \"proto3\"; package a; import \"google/protobuf/descriptor.proto\"; extend google.protobuf.MessageOptions { string note = 60000; } message M { option (note) = 'hi'; }",
    );
    let decoded = SchemaFile::parse("test.proto", &own.to_base64()).expect("decodes");
    assert!(
        decoded.to_text().contains("option (a.note) = \"hi\";"),
        "{}",
        decoded.to_text()
    );
}

#[test]
fn standard_and_confluent_options_survive_beside_own_ones() {
    let other = SchemaFile::from_text(
        "other.proto",
        "syntax = \"proto3\"; package o; import \"google/protobuf/descriptor.proto\"; message O {} extend google.protobuf.FieldOptions { string own = 50000; }",
    )
    .expect("other.proto");
    let dependencies = [other];
    let plain =
        "syntax = \"proto3\"; import \"other.proto\"; message M { o.O a = 1 [deprecated = true]; }";
    let tagged = "syntax = \"proto3\"; import \"other.proto\"; message M { string a = 1 [(confluent.field_meta).tags = 'PII', (o.own) = 'x', deprecated = true]; }";
    for (source, expected) in [
        (plain, &["deprecated = true"][..]),
        (tagged, &["deprecated = true", "\"PII\"", "(o.own) = \"x\""]),
    ] {
        let serialized = text(source).to_base64_with(&dependencies);
        let decoded =
            SchemaFile::parse_with("m.proto", &serialized, &dependencies).expect("decodes");
        for option in expected {
            assert!(decoded.to_text().contains(option), "{}", decoded.to_text());
        }
    }
}

#[test]
fn a_descriptor_keeps_the_place_of_its_groups() {
    // protoc lists the body of a group at the position of the group.
    let nested = |name: &str| prost_types::DescriptorProto {
        name: Some(name.to_owned()),
        ..Default::default()
    };
    let group = prost_types::FieldDescriptorProto {
        name: Some("g".to_owned()),
        number: Some(1),
        label: Some(1),
        r#type: Some(10),
        type_name: Some(".M.G".to_owned()),
        ..Default::default()
    };
    let file = prost_types::FileDescriptorProto {
        message_type: vec![prost_types::DescriptorProto {
            field: vec![group],
            nested_type: vec![nested("G"), nested("N")],
            ..nested("M")
        }],
        ..Default::default()
    };
    let file =
        SchemaFile::from_bytes("g.proto", &prost::Message::encode_to_vec(&file)).expect("decodes");
    assert_eq!(
        file.message_indexes("M.N"),
        Some(MessageIndexes::new(&[0, 1]))
    );
    let again = SchemaFile::from_base64("g.proto", &file.to_base64()).expect("decodes");
    assert_eq!(
        again.message_indexes("M.N"),
        Some(MessageIndexes::new(&[0, 1]))
    );
    file.resolve(&[]).expect("resolves");
    assert_eq!(
        text(&file.to_text()).message_indexes("M.N"),
        Some(MessageIndexes::new(&[0, 0]))
    );
}

#[test]
fn lenient_resolution_misses_only_types() {
    let tolerated = [
        "syntax = \"proto3\"; import \"lost.proto\"; message M { string a = 1 [(lost.option).x = 1, deprecated = true]; }",
        "syntax = \"proto3\"; import public \"lost.proto\"; import \"google/protobuf/any.proto\"; message M { google.protobuf.Any a = 1; }",
    ];
    for source in tolerated {
        text(source).resolve(&[]).expect_err(source);
        let resolved = text(source)
            .resolve_leniently(&[])
            .unwrap_or_else(|e| panic!("{source}: {e}"));
        assert_eq!(resolved.messages().count(), 1);
    }
    let refused = [
        (
            "syntax = \"proto3\"; import \"lost.proto\"; message M { Lost x = 1; }",
            "type \"Lost\" of field M.x",
        ),
        (
            "syntax = \"proto3\"; message M { string a = 1 [nonsense = 1]; }",
            "'nonsense' is not defined",
        ),
        (
            "syntax = \"proto3\"; message M {} message M {}",
            "defined twice",
        ),
    ];
    for (source, expected) in refused {
        let error = text(source)
            .resolve_leniently(&[])
            .expect_err(source)
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
    // A tag counts even without the import of its definition.
    let source =
        "syntax = \"proto3\"; message M { string a = 1 [(confluent.field_meta).tags = 'PII']; }";
    for schema in [source.to_owned(), text(source).to_base64()] {
        let file = SchemaFile::parse("m.proto", &schema).expect("parses");
        let resolved = file.resolve_leniently(&[]).expect("resolves");
        let field = resolved
            .messages()
            .next()
            .and_then(|m| m.get_field(1))
            .expect("field 1");
        assert_eq!(field.options().extensions().count(), 1);
    }
}

#[test]
fn dependencies_come_in_order_and_without_built_in_files() {
    let file = |name: &str, imports: &[&str]| {
        let imports = imports
            .iter()
            .map(|i| format!("import \"{i}\";"))
            .collect::<String>();
        SchemaFile::from_text(name, &format!("syntax = \"proto3\"; {imports}")).expect(name)
    };
    let available = [
        file("unused.proto", &[]),
        file("c.proto", &["google/protobuf/any.proto"]),
        file("a.proto", &["b.proto", "c.proto"]),
        file("b.proto", &["c.proto", "google/type/date.proto"]),
        file("google/type/date.proto", &[]),
    ];
    let root = file(
        "root.proto",
        &["a.proto", "confluent/meta.proto", "b.proto"],
    );
    let names = |files: Vec<&SchemaFile>| {
        files
            .iter()
            .map(|f| f.name().to_owned())
            .collect::<Vec<_>>()
    };
    let found = names(root.dependencies(&available).expect("dependencies"));
    assert_eq!(
        found,
        ["c.proto", "google/type/date.proto", "b.proto", "a.proto"]
    );
    let error = root
        .dependencies(&available[..3])
        .expect_err("b.proto is missing");
    assert!(
        matches!(error, Error::MissingImport { ref import, .. } if import == "b.proto"),
        "{error}"
    );
}

#[test]
fn a_file_that_only_imports_another_publicly_forwards_to_it() {
    let cases = [
        ("import public \"a.proto\";", Some("a.proto")),
        (
            "import public \"a.proto\"; option java_package = 'x';",
            Some("a.proto"),
        ),
        ("import \"a.proto\";", None),
        ("import public \"a.proto\"; import \"b.proto\";", None),
        ("import public \"a.proto\"; message M {}", None),
        ("import public \"a.proto\"; enum E { Z = 0; }", None),
    ];
    for (source, expected) in cases {
        assert_eq!(
            text(&format!("syntax = \"proto3\"; {source}")).forwards_to(),
            expected,
            "{source}"
        );
    }
}

#[test]
fn built_in_files_hold_the_public_definitions() {
    use cc_protobuf_examples::protobuf::builtin;
    let cases = [
        (
            "google/type/money.proto",
            "google.type.Money",
            "currency_code=1 units=2 nanos=3",
        ),
        (
            "google/type/latlng.proto",
            "google.type.LatLng",
            "latitude=1 longitude=2",
        ),
        (
            "google/type/interval.proto",
            "google.type.Interval",
            "start_time=1 end_time=2",
        ),
        (
            "google/type/timeofday.proto",
            "google.type.TimeOfDay",
            "hours=1 minutes=2 seconds=3 nanos=4",
        ),
        (
            "google/type/datetime.proto",
            "google.type.TimeZone",
            "id=1 version=2",
        ),
        (
            "google/type/phone_number.proto",
            "google.type.PhoneNumber.ShortCode",
            "region_code=1 number=2",
        ),
        (
            "google/protobuf/duration.proto",
            "google.protobuf.Duration",
            "seconds=1 nanos=2",
        ),
        (
            "confluent/type/decimal.proto",
            "confluent.type.Decimal",
            "value=1 precision=2 scale=3",
        ),
        (
            "confluent/type/variant.proto",
            "confluent.type.Variant",
            "metadata=1 value=2",
        ),
        (
            "confluent/meta.proto",
            "confluent.Meta",
            "doc=1 params=2 tags=3 rules=4",
        ),
        (
            "confluent/meta.proto",
            "confluent.Rule",
            "name=1 doc=2 expr=3 sql=4",
        ),
    ];
    for (path, message, expected) in cases {
        let file = builtin::file(path).unwrap_or_else(|| panic!("{path}"));
        assert!(
            file.message_indexes(message).is_some(),
            "{message} is in {path}"
        );
        let descriptor = builtin::pool().get_message_by_name(message).expect(message);
        let fields: Vec<_> = descriptor
            .fields()
            .map(|f| format!("{}={}", f.name(), f.number()))
            .collect();
        assert_eq!(fields.join(" "), expected);
    }
    assert!(!builtin::is_builtin("confluent/other.proto"));
    // The old path of Decimal defines the same type.
    let file = text(
        "syntax = \"proto3\"; import \"confluent/types/decimal.proto\"; message M { confluent.type.Decimal d = 1; }",
    );
    file.resolve(&[]).expect("resolves");
}

#[test]
fn a_serialized_schema_says_which_types_are_messages_and_which_are_enums() {
    let other = SchemaFile::from_text(
        "other.proto",
        "syntax = \"proto3\"; package p.other; message T { enum E { Z = 0; } } enum Kind { K = 0; }",
    )
    .expect("other.proto");
    const MESSAGE: Option<i32> = Some(11);
    const ENUM: Option<i32> = Some(14);
    // (field, number of its type)
    let cases = [
        ("T near = 1;", MESSAGE),
        ("E near = 1;", ENUM),
        ("N.Deep near = 1;", MESSAGE),
        ("repeated M near = 1;", MESSAGE),
        ("other.T other = 1;", MESSAGE),
        (".p.other.T.E other = 1;", ENUM),
        ("other.Kind other = 1;", ENUM),
        ("google.protobuf.Timestamp builtin = 1;", MESSAGE),
        (".google.protobuf.NullValue builtin = 1;", ENUM),
        ("google.type.DayOfWeek builtin = 1;", ENUM),
        ("oneof o { E member = 1; }", ENUM),
        ("optional N maybe = 1;", MESSAGE),
        ("map<string, E> map = 1;", MESSAGE),
        ("nowhere.T missing = 1;", None),
        ("int32 scalar = 1;", Some(5)),
    ];
    for (field, expected) in cases {
        let file = text(&format!(
            "syntax = \"proto3\"; package p; import \"other.proto\"; \
             import \"google/protobuf/timestamp.proto\"; import \"google/protobuf/struct.proto\"; \
             import \"google/type/dayofweek.proto\"; message M {{ {field} \
             message N {{ message Deep {{}} }} }} message T {{}} enum E {{ Z = 0; }}"
        ));
        let base64 = file.to_base64_with(std::slice::from_ref(&other));
        let proto = decoded(&base64);
        let sent = &proto.message_type[0].field[0];
        assert_eq!(sent.r#type, expected, "{field}");
        // Names are kept as written.
        let written = &file.proto().message_type[0].field[0];
        assert_eq!(sent.type_name, written.type_name, "{field}");
        // Parsing it here gives the model of the text.
        let read = SchemaFile::from_base64("test.proto", &base64).expect(field);
        if !field.starts_with("map") {
            assert_eq!(read.to_text(), file.to_text());
        }
        if expected.is_some() {
            read.resolve(std::slice::from_ref(&other)).expect(field);
        }
    }

    let maps = text(
        "package p; message M { map<string, T> a = 1; map<string, E> b = 2; map<string, X> c = 3; \
         optional group G = 4 { optional E e = 1; } extensions 10 to 20; extend M { optional T t = 10; } } \
         extend M { optional E f = 11; repeated group H = 12 {} } message T {} enum E { Z = 0; }",
    );
    let proto = decoded(&maps.to_base64());
    let types = |fields: &[prost_types::FieldDescriptorProto]| -> Vec<Option<i32>> {
        fields.iter().map(|field| field.r#type).collect()
    };
    let nested = &proto.message_type[0].nested_type;
    let names: Vec<_> = nested.iter().map(|nested| nested.name()).collect();
    assert_eq!(names, ["AEntry", "BEntry", "CEntry", "G"]);
    assert_eq!(types(&nested[0].field), [Some(9), MESSAGE]);
    assert_eq!(types(&nested[1].field), [Some(9), ENUM]);
    assert_eq!(types(&nested[2].field), [Some(9), None]);
    assert_eq!(types(&nested[3].field), [ENUM]);
    assert_eq!(types(&proto.message_type[0].field)[3], Some(10));
    assert_eq!(types(&proto.message_type[0].extension), [MESSAGE]);
    assert_eq!(types(&proto.extension), [ENUM, Some(10)]);
}

fn decoded(base64: &str) -> prost_types::FileDescriptorProto {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(base64);
    prost::Message::decode(&bytes.expect("base64")[..]).expect("a descriptor")
}
