//! Single cases of the JSON mapping.

use cc_protobuf_examples::protobuf::{Error, JsonOptions};
use serde_json::{Value, json};

use super::{codec, encode, print, print_text, three, two};
use crate::support::unhex;

#[test]
fn json_is_written_as_these_bytes() {
    let cases = [
        // Names: from the file, in JSON form, explicit.
        (r#"{"an_int32":1}"#, "1801"),
        (r#"{"anInt32":1}"#, "1801"),
        (r#"{"otherName":"COLOR_ROUGE"}"#, "a00101"),
        // Integers: as strings, with zero fractions, with exponents.
        (r#"{"an_int64":"-1"}"#, "20ffffffffffffffffff01"),
        (
            r#"{"a_uint64":18446744073709551615}"#,
            "30ffffffffffffffffff01",
        ),
        (r#"{"an_int32":1.0,"a_uint32":1e2}"#, "18012864"),
        (r#"{"an_int32":"1e2"}"#, "1864"),
        (r#"{"a_sint32":-1,"a_sint64":"1"}"#, "38014002"),
        (r#"{"an_sfixed32":-1}"#, "5dffffffff"),
        // Floats.
        (r#"{"a_double":"NaN"}"#, "09000000000000f87f"),
        (r#"{"a_float":"-Infinity"}"#, "15000080ff"),
        (r#"{"a_float":0.1}"#, "15cdcccc3d"),
        (r#"{"a_double":-0.0}"#, ""),
        // Bytes: both alphabets, with and without padding.
        (r#"{"some_bytes":"+/8="}"#, "7a02fbff"),
        (r#"{"some_bytes":"-_8"}"#, "7a02fbff"),
        (r#"{"some_bytes":""}"#, ""),
        // Presence.
        (r#"{"maybe_int32":0,"maybe_string":""}"#, "9001009a0100"),
        (r#"{"an_int32":0,"a_string":"","a_bool":false}"#, ""),
        (
            r#"{"an_int32":null,"child":null,"doubles":null,"by_bool":null}"#,
            "",
        ),
        (r#"{"child":{}}"#, "8a0100"),
        // In the order of numbers; the last of two values counts.
        (r#"{"a_string":"z","an_int32":1}"#, "18017201 7a"),
        (r#"{"an_int32":1,"a_bool":true,"anInt32":2}"#, "18026801"),
        (r#"{"an_int32":1,"an_int32":3}"#, "1803"),
        // A oneof is at the position of its lowest number.
        (
            r#"{"timestamp":"1970-01-01T00:00:01Z","text":"a"}"#,
            "da0401618a05020801",
        ),
        (r#"{"number":"0"}"#, "e80300"),
        (r#"{"nothing":null}"#, "800400"),
        (r#"{"text":"a","number":null}"#, "da040161"),
        // Lists.
        (
            r#"{"sint64s":["1",-1],"strings":["",""]}"#,
            "8a02020201a20200a20200",
        ),
        (r#"{"unpacked":[1,2],"floats":[]}"#, "c00201c00202"),
        // Maps: sorted by key, the last of two values counts, defaults are omitted.
        (
            r#"{"by_int32":{"10":"b","-1":"","2":""}}"#,
            "a2030b08ffffffffffffffffff01 a2030208 02 a20305080a120162",
        ),
        (r#"{"by_int32":{"1":"a","01":"b"}}"#, "a2030508011201 62"),
        (
            r#"{"by_bool":{"true":"COLOR_RED","false":0}}"#,
            "ba0300ba030408011001",
        ),
        (
            r#"{"by_string":{"b":"1","a":"2"}}"#,
            "9a03050a01611002 9a03050a01621001",
        ),
        // Well-known types.
        (
            r#"{"timestamp":"1969-12-31T23:59:59.5Z"}"#,
            "8a0511 08ffffffffffffffffff01 1080cab5ee01",
        ),
        (
            r#"{"duration":"-1.5s"}"#,
            "920516 08ffffffffffffffffff01 1080b6ca91feffffffff01",
        ),
        (
            r#"{"mask":"fooBar,baz"}"#,
            "9a050e0a07666f6f5f6261720a0362617a",
        ),
        (
            r#"{"wrapped_int64":"0","wrapped_bool":true}"#,
            "ea05008a06020801",
        ),
        (r#"{"value":null}"#, "aa05020800"),
        (r#"{"list":[true,[]]}"#, "b205080a0220010a023200"),
        (
            r#"{"object":{"b":1,"a":"x"}}"#,
            "a2051a 0a080a016112031a0178 0a0e0a01621209 11000000000000f03f",
        ),
        (r#"{"empty":{}}"#, "ba0500"),
        (r#"{"any":{}}"#, "c20500"),
        (
            r#"{"any":{"@type":"x/google.protobuf.Int32Value","value":5}}"#,
            "c205220a1c 782f676f6f676c652e70726f746f6275662e496e74333256616c7565 12020805",
        ),
        (
            r#"{"any":{"an_int32":5,"@type":"x/kinds.Three"}}"#,
            "c205130a0d 782f6b696e64732e5468726565 12021805",
        ),
    ];
    for (text, bytes) in cases {
        let expected = unhex(bytes);
        assert_eq!(encode(&three(), text).unwrap(), expected, "{text}");
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(encode(&three(), &value).unwrap(), expected, "{text}");
    }
}

#[test]
fn lengths_of_any_size_are_right() {
    let codec = three();
    for len in [0, 1, 100, 126, 127, 128, 129, 16_383, 16_384, 70_000] {
        let text = "x".repeat(len);
        let json = json!({
            "child": {"child": {"strings": [text, "y"], "by_string": {"b": "1", (text): "2"}}},
        });
        let bytes = encode(&codec, &json).unwrap();
        assert_eq!(print(&codec, &bytes).unwrap(), json, "{len}");
    }
}

#[test]
fn bytes_are_printed_as_this_json() {
    let cases = [
        ("", "{}"),
        // The last scalar counts, messages are merged, lists are concatenated.
        ("18011802", r#"{"an_int32":2}"#),
        ("18011800", "{}"),
        (
            "8a0102180172017a8a010228 02",
            r#"{"a_string":"z","child":{"an_int32":1,"a_uint32":2}}"#,
        ),
        ("8a010218018a01021800", r#"{"child":{}}"#),
        (
            "c00201 1801 c2020203 04",
            r#"{"an_int32":1,"unpacked":[1,3,4]}"#,
        ),
        // The last member of a oneof counts; earlier values of it are lost.
        ("da040161 e80301", r#"{"number":"1"}"#),
        (
            "b204021801 e80301 b2040228 02",
            r#"{"piece":{"a_uint32":2}}"#,
        ),
        // Maps: the last of two values counts, sorted by key.
        (
            "a2030508011201 61 a20300 a2030508011201 62",
            r#"{"by_int32":{"0":"","1":"b"}}"#,
        ),
        ("b2030012 0100", "malformed"),
        ("b20304 0801 1200", r#"{"by_uint64":{"1":{}}}"#),
        (
            "b2030a 0801 12021801 12022802",
            r#"{"by_uint64":{"1":{"an_int32":1,"a_uint32":2}}}"#,
        ),
        // Enums: by name (the first of several), or by number if unknown.
        (
            "8001018001 feffffffffffffffff01",
            r#"{"color":"COLOR_DARK"}"#,
        ),
        ("800101", r#"{"color":"COLOR_RED"}"#),
        ("80014d", r#"{"color":77}"#),
        ("c80500", r#"{"null":null}"#),
        // Floats have the fewest digits that parse to the same value.
        ("15cdcccc3d", r#"{"a_float":0.1}"#),
        ("150000c07f", r#"{"a_float":"NaN"}"#),
        ("09000000000000f0ff", r#"{"a_double":"-Infinity"}"#),
        ("0900000000000000 80", "{}"),
        // Numbers that do not fit their type.
        ("18ffffffffffffffff7f", r#"{"an_int32":-1}"#),
        ("6802", r#"{"a_bool":true}"#),
        // Unknown fields are skipped, including groups.
        ("a0060118 01a3060b0c a406", "malformed"),
        ("9b3f 0801 9c3f 1801", r#"{"an_int32":1}"#),
        // Strings are escaped, and must be UTF-8.
        (
            "7205 0a22 5c01 7f",
            "{\"a_string\":\"\\n\\\"\\\\\\u0001\u{7f}\"}",
        ),
        ("7201ff", "malformed"),
        ("7201ff720161", "malformed"),
        ("9a0305 0a01ff1001", "malformed"),
        // The encoding does not match the tag.
        ("1a00", "malformed"),
        ("72", "malformed"),
        ("7205", "malformed"),
        ("18ffffffffffffffffffff01", "malformed"),
        ("0000", "malformed"),
        ("1c", "malformed"),
        ("1e", "malformed"),
    ];
    let codec = three();
    for (bytes, expected) in cases {
        let payload = unhex(bytes);
        let text = print_text(&codec, &payload);
        if expected == "malformed" {
            assert!(
                matches!(text, Err(Error::Decode { .. })),
                "{bytes}: {text:?}"
            );
            assert!(print(&codec, &payload).is_err());
            continue;
        }
        assert_eq!(text.unwrap(), expected, "{bytes}");
        let value: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(print(&codec, &payload).unwrap(), value, "{bytes}");
    }
}

#[test]
fn proto2_has_groups_extensions_and_required_fields() {
    let codec = two();
    let cases = [
        (
            r#"{"single":{"name":"a","deep":{"depth":1}}}"#,
            "5b 0a0161 1b08011c 5c",
        ),
        (r#"{"many":[{"count":-1},{}]}"#, "63 0801 64 63 64"),
        (r#"{"picked":{"yes":true}}"#, "b301 0801 b401"),
        (r#"{"an_int32":0,"a_string":""}"#, "18002a00"),
        (r#"{"numbers":[1,2],"packed":[1,2]}"#, "400140024a020102"),
        (r#"{"[kinds.ext_number]":0}"#, "a00600"),
        (
            r#"{"[kinds.ext_texts]":["a"],"[kinds.Scope.ext_mood]":"MOOD_BAD"}"#,
            "aa060161 f00600",
        ),
        (
            r#"{"[kinds.ext_packed]":["1","-1"],"[kinds.Scope.ext_moods]":["MOOD_BAD"]}"#,
            "ba06020201 fa060100",
        ),
        // A value that a reader must not treat as missing.
        (r#"{"by_string":{"a":"MOOD_BAD"}}"#, "6a050a01611000"),
        (r#"{"strict":{"id":"","done":false}}"#, "f20104 0a001800"),
    ];
    for (text, bytes) in cases {
        assert_eq!(encode(&codec, text).unwrap(), unhex(bytes), "{text}");
        assert_eq!(print_text(&codec, &unhex(bytes)).unwrap(), text);
    }
    // A reader accepts what the writer's Protobuf accepted.
    assert_eq!(
        print_text(&codec, &unhex("f20100")).unwrap(),
        r#"{"strict":{}}"#
    );
}

#[test]
fn what_does_not_fit_is_refused_with_the_place() {
    let cases = [
        (
            r#"{"children":[{},{"an_int32":true}]}"#,
            "children[1].an_int32",
            "a 32-bit signed integer",
        ),
        (
            r#"{"by_uint64":{"7":{"nonesuch":1}}}"#,
            "by_uint64.7",
            "unrecognized field name 'nonesuch'",
        ),
        (r#"{"by_int32":{"x":"y"}}"#, "by_int32", "invalid digit"),
        (
            r#"{"by_string":{"k":[]}}"#,
            "by_string.k",
            "invalid type: sequence",
        ),
        (
            r#"{"text":"a","number":"1"}"#,
            "",
            "multiple fields provided for oneof 'choice'",
        ),
        (r#"{"a_float":1e39}"#, "a_float", "out of range"),
        (r#"{"a_float":"1e39"}"#, "a_float", "out of range"),
        (r#"{"a_double":"1e400"}"#, "a_double", "out of range"),
        (
            r#"{"an_int64":9223372036854775808}"#,
            "an_int64",
            "out of range",
        ),
        (r#"{"an_int64":1e19}"#, "an_int64", "out of range"),
        (r#"{"an_int32":1.5}"#, "an_int32", "expected integer value"),
        (r#"{"strings":[null]}"#, "strings[0]", "a string"),
        (
            r#"{"colors":["COLOR_BLUE"]}"#,
            "colors[0]",
            "unrecognized enum value 'COLOR_BLUE'",
        ),
        (
            r#"{"duration":"1"}"#,
            "duration",
            "failed to parse duration",
        ),
        (
            r#"{"timestamp":5}"#,
            "timestamp",
            "a rfc3339 timestamp string",
        ),
        (r#"{"mask":"a_b"}"#, "mask", "invalid field mask"),
        (
            r#"{"empty":{"a":1}}"#,
            "empty",
            "unrecognized field name 'a'",
        ),
        (r#"{"any":{"an_int32":1}}"#, "any", "expected '@type' field"),
        (r#"{"any":{"@type":"x/no.Such"}}"#, "any", "no message"),
        (
            r#"{"any":{"@type":"x/kinds.Three","child":[]}}"#,
            "any.child",
            "a map",
        ),
        (
            r#"{"any":{"@type":"x/google.protobuf.Duration"}}"#,
            "any",
            "expected 'value' field",
        ),
        ("[]", "", "a map"),
        ("{", "", "EOF"),
        (r#"{"a_string":"x"} y"#, "", "trailing characters"),
    ];
    for (text, path, reason) in cases {
        let mut errors = vec![encode(&three(), text).unwrap_err()];
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            errors.push(encode(&three(), &value).unwrap_err());
        }
        for error in errors {
            let Error::Json {
                path: at,
                reason: why,
                ..
            } = &error
            else {
                panic!("{text}: {error}");
            };
            assert_eq!(at, path, "{text}: {error}");
            assert!(why.contains(reason), "{text}: {error}");
        }
    }
    let error = encode(&two(), r#"{"strict":{"id":"a"}}"#).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("at strict: missing required field 'done'"),
        "{error}"
    );
}

#[test]
fn unknown_names_are_skipped_on_request() {
    let options = JsonOptions::default().skip_unknown_fields(true);
    let text = r#"{"nonesuch":{"deep":[1,{"a":null}]},"an_int32":1,"colors":["COLOR_BLUE",1],
        "color":"COLOR_BLUE","by_bool":{"true":"COLOR_BLUE"},"empty":{"x":1}}"#;
    let mut bytes = Vec::new();
    three().encode(text.into(), options, &mut bytes).unwrap();
    assert_eq!(
        print_text(&three(), &bytes).unwrap(),
        r#"{"an_int32":1,"colors":["COLOR_RED"],"empty":{}}"#
    );
}

#[test]
fn values_without_json_are_refused_with_the_place() {
    let cases = [
        (
            unhex("aa0607 088083d1ffaf07"),
            "timestamps[0]",
            "timestamp out of range",
        ),
        (unhex("9205 02 10ff"), "", ""),
        (unhex("a205120a100a0161120b11000000000000f07f"), "", ""),
        (unhex("c205030a0161"), "any", "type url"),
        (unhex("aa0509 11000000000000f87f"), "value", "not finite"),
        (unhex("9a0503 0a0141"), "mask", "camel-case"),
    ];
    for (bytes, path, reason) in cases {
        match print(&three(), &bytes) {
            Err(Error::Print {
                path: at,
                reason: why,
                ..
            }) if !reason.is_empty() => {
                assert_eq!(at, path, "{why}");
                assert!(why.contains(reason), "{why}");
            }
            Err(_) if reason.is_empty() => {}
            other => panic!("{bytes:?}: {other:?}"),
        }
    }
}

/// Nesting is accepted up to prost's limit.
#[test]
fn nesting_is_limited() {
    let codec = three();
    let nested = |depth: usize| {
        format!(
            "{}{}{}",
            r#"{"child":"#.repeat(depth),
            "{}",
            "}".repeat(depth)
        )
    };
    let deepest = nested(100);
    let bytes = encode(&codec, &deepest[..]).unwrap();
    assert_eq!(print_text(&codec, &bytes).unwrap(), deepest);
    let error = encode(&codec, &nested(101)[..]).unwrap_err();
    assert!(error.to_string().contains("recursion limit"), "{error}");
    let mut deeper = Vec::new();
    prost::encoding::encode_key(17, prost::encoding::WireType::LengthDelimited, &mut deeper);
    prost::encoding::encode_varint(bytes.len() as u64, &mut deeper);
    deeper.extend(bytes);
    assert!(print(&codec, &deeper).is_err());
    for hostile in [
        r#"{"object":{"a":"#.repeat(50_000),
        "[".repeat(100_000),
        format!(r#"{{"value":{}"#, "[".repeat(100_000)),
        format!(r#"{{"any":{{"x":{}"#, "[".repeat(100_000)),
    ] {
        assert!(encode(&codec, &hostile[..]).is_err());
    }
    let groups = [0x5b].repeat(100_000);
    assert!(print(&two(), &groups).is_err());
    let unknown = [0x9b, 0x3f].repeat(100_000);
    assert!(print(&codec, &unknown).is_err());
}

/// Many alternating members of a oneof, many separate elements.
#[test]
fn hostile_orders_take_no_longer_than_others() {
    let start = std::time::Instant::now();
    let oneof = unhex("e80301 da040161 c00201").repeat(50_000);
    let json = print(&three(), &oneof).unwrap();
    assert_eq!(json["unpacked"].as_array().unwrap().len(), 50_000);
    assert_eq!(json["text"], "a");
    let maps = unhex("a20305080a120162 1801").repeat(50_000);
    assert_eq!(
        print_text(&three(), &maps).unwrap(),
        r#"{"an_int32":1,"by_int32":{"10":"b"}}"#
    );
    assert!(start.elapsed() < std::time::Duration::from_secs(20));
}

#[test]
fn names_are_those_of_json_on_request() {
    let options = JsonOptions::default().json_names(true);
    let json = three().print(&unhex("1801a00101"), options).unwrap();
    assert_eq!(json, json!({"anInt32": 1, "otherName": "COLOR_RED"}));
    let options = JsonOptions::default().print_defaults(true);
    let small = codec(
        "small.proto",
        "syntax = \"proto3\"; message Small { string a_b = 1; repeated int64 c = 2; \
         map<int32, bool> d = 3; optional int32 e = 4; Small f = 5; double g = 6; bytes h = 7; \
         oneof o { string i = 8; string j = 9; } int64 k = 10; }",
        "Small",
    );
    let mut text = String::new();
    small.print_text(&[], options, &mut text).unwrap();
    assert_eq!(text, r#"{"a_b":"","c":[],"d":{},"g":0.0,"h":"","k":"0"}"#);
}
