//! Properties of any message and any JSON, checked with prost-reflect.

use cc_protobuf_examples::protobuf::{Error, JsonCodec, JsonOptions};
use proptest::prelude::*;
use prost_reflect::{DynamicMessage, SerializeOptions};
use serde_json::{Map, Value, json};

use super::random::{self, Random};
use super::{encode, print, print_text, three, two};

/// Returns the contents of a message, decoded by prost-reflect.
fn meaning(message: &DynamicMessage) -> Value {
    let options = SerializeOptions::new().use_proto_field_name(true);
    let printed = message.serialize_with_options(serde_json::value::Serializer, &options);
    printed.unwrap_or_else(|error| json!({"no JSON": error.to_string()}))
}

fn decode(codec: &JsonCodec, bytes: &[u8]) -> Result<DynamicMessage, prost::DecodeError> {
    DynamicMessage::decode(codec.descriptor().clone(), bytes)
}

fn parse(codec: &JsonCodec, json: &Value) -> Result<DynamicMessage, serde_json::Error> {
    DynamicMessage::deserialize(codec.descriptor().clone(), json)
}

/// Bytes → JSON → bytes.
fn check_bytes(codec: &JsonCodec, bytes: &[u8]) -> Result<(), TestCaseError> {
    let printed = print(codec, bytes);
    let text = print_text(codec, bytes);
    let decoded = decode(codec, bytes);
    let json = match (&printed, &decoded) {
        (Ok(json), Ok(_)) => json,
        (Err(Error::Decode { .. }), Err(_)) => return Ok(()),
        (Err(Error::Print { reason, .. }), Ok(message)) => {
            // prost-reflect clamps values that are out of range, and accepts a map entry of
            // any wire type.
            let strict = ["out of range", "FieldMask", "invalid wire type"];
            let strict = strict.iter().any(|strict| reason.contains(strict));
            let agreed = meaning(message).get("no JSON").is_some();
            prop_assert!(strict || agreed, "{reason}: {}", meaning(message));
            return Ok(());
        }
        (printed, decoded) => {
            prop_assert!(false, "{printed:?} but {decoded:?}");
            return Ok(());
        }
    };
    let text = text.unwrap();
    prop_assert_eq!(&serde_json::from_str::<Value>(&text).unwrap(), json);
    prop_assert_eq!(&serde_json::to_string(json).unwrap(), &text);

    let message = decoded.unwrap();
    let parsed = parse(codec, json);
    if let Err(error) = &parsed {
        // An `Any` without a type is `{}` here, but has no JSON in prost-reflect.
        prop_assert!(error.to_string().contains("'@type'"), "{error}: {json}");
        return Ok(());
    }
    prop_assert_eq!(meaning(&parsed.unwrap()), meaning(&message));

    let written = encode(codec, json);
    if let Err(Error::Json { reason, .. }) = &written
        && reason.contains("missing required field")
    {
        return Ok(());
    }
    let written = written.unwrap();
    prop_assert_eq!(&encode(codec, &text[..]).unwrap(), &written);
    prop_assert_eq!(
        meaning(&decode(codec, &written).unwrap()),
        meaning(&message)
    );
    // From here on nothing changes.
    prop_assert_eq!(&print(codec, &written).unwrap(), json);
    prop_assert_eq!(&print_text(codec, &written).unwrap(), &text);

    for options in [
        JsonOptions::default().print_defaults(true),
        JsonOptions::default().json_names(true),
    ] {
        let json = codec.print(bytes, options).unwrap();
        let mut text = String::new();
        codec.print_text(bytes, options, &mut text).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Value>(&text).unwrap(), &json);
        let names = SerializeOptions::new()
            .use_proto_field_name(!options.json_names)
            .skip_default_fields(!options.print_defaults);
        let expected = message.serialize_with_options(serde_json::value::Serializer, &names);
        let names =
            |json: &Value| -> Vec<String> { json.as_object().unwrap().keys().cloned().collect() };
        prop_assert_eq!(names(&json), names(&expected.unwrap()));
        prop_assert_eq!(&encode(codec, &json).unwrap(), &written);
    }
    Ok(())
}

/// JSON → bytes.
fn check_json(codec: &JsonCodec, json: &Value) -> Result<(), TestCaseError> {
    if json.to_string().contains("\"values\":null") {
        // prost-reflect converts a list of `Value`s to a single one.
        return Ok(());
    }
    let written = encode(codec, json);
    let text = encode(codec, &json.to_string()[..]);
    match (&written, &text) {
        (Ok(written), Ok(text)) => prop_assert_eq!(written, text),
        (Err(Error::Json { path, .. }), Err(Error::Json { path: same, .. })) => {
            prop_assert_eq!(path, same);
        }
        other => prop_assert!(false, "{other:?}"),
    }
    match (written, parse(codec, json)) {
        (Ok(written), Ok(message)) => {
            prop_assert_eq!(
                meaning(&decode(codec, &written).unwrap()),
                meaning(&message)
            );
        }
        (Ok(_), Err(error)) => {
            let lenient = ["invalid digit", "expected '/'", "type url", "expected"];
            let error = error.to_string();
            prop_assert!(lenient.iter().any(|l| error.contains(l)), "{error}: {json}");
        }
        (Err(Error::Json { reason, .. }), Ok(_)) => {
            let strict = [
                "missing required field",
                "out of range",
                "timestamp",
                "duration",
            ];
            prop_assert!(
                strict.iter().any(|s| reason.contains(s)),
                "{reason}: {json}"
            );
        }
        (Err(_), Err(_)) => {}
        (Err(other), Ok(_)) => prop_assert!(false, "{other}"),
    }
    Ok(())
}

/// JSON that is often valid: fields of the schema, with values of some field's type.
fn any_json(codec: &JsonCodec) -> impl Strategy<Value = Value> + use<> {
    let mut names: Vec<String> = Vec::new();
    for field in codec.descriptor().fields() {
        names.push(field.name().to_owned());
        names.push(field.json_name().to_owned());
    }
    names.push("nonesuch".to_owned());
    names.push("@type".to_owned());
    names.push("value".to_owned());
    names.push("[kinds.ext_number]".to_owned());
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i8>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i16>().prop_map(|n| json!(f64::from(n) / 4.0)),
        any::<i64>().prop_map(|n| json!(n.to_string())),
        prop::sample::select(
            &[
                "",
                "a",
                "-1",
                "1.0",
                "1e3",
                "NaN",
                "Infinity",
                "inf",
                "1e400",
                "COLOR_RED",
                "COLOR_ROUGE",
                "MOOD_GOOD",
                "NULL_VALUE",
                "AQ==",
                "_-8",
                "true",
                "1.5s",
                "2026-01-01T00:00:00Z",
                "fooBar,baz",
                "a.b/kinds.Three",
                "a.b/google.protobuf.Duration",
                "a/google.protobuf.Value",
                "é\n",
            ][..]
        )
        .prop_map(Value::from),
    ];
    let name = prop::sample::select(names);
    scalar.prop_recursive(4, 40, 6, move |inner| {
        let name = prop_oneof![
            8 => name.clone(),
            1 => prop::sample::select(&["1", "01", "-1", "true", "x"][..]).prop_map(str::to_owned),
        ];
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            3 => prop::collection::vec((name, inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_proto3_message_is_what_prost_reflect_says(seed: u64) {
        let codec = three();
        check_bytes(&codec, &random::message(&mut Random::new(seed), codec.descriptor(), 0))?;
    }

    #[test]
    fn any_proto2_message_is_what_prost_reflect_says(seed: u64) {
        let codec = two();
        check_bytes(&codec, &random::message(&mut Random::new(seed), codec.descriptor(), 0))?;
    }

    #[test]
    fn a_damaged_message_is_refused_as_prost_reflect_refuses_it(
        seed: u64, at: prop::sample::Index, byte: u8, cut: bool,
    ) {
        for codec in [three(), two()] {
            let mut bytes = random::message(&mut Random::new(seed), codec.descriptor(), 0);
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
                if cut {
                    bytes.truncate(at);
                }
            }
            check_bytes(&codec, &bytes)?;
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        check_bytes(&three(), &bytes)?;
        check_bytes(&two(), &bytes)?;
    }

    #[test]
    fn any_json_means_what_prost_reflect_says(json in any_json(&three())) {
        check_json(&three(), &json)?;
    }

    #[test]
    fn any_json_of_proto2_means_what_prost_reflect_says(json in any_json(&two())) {
        check_json(&two(), &json)?;
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,40}", json in any_json(&three()), cut: prop::sample::Index) {
        let _ = encode(&three(), &text[..]);
        let json = json.to_string();
        let mut end = cut.index(json.len() + 1);
        while !json.is_char_boundary(end) {
            end -= 1;
        }
        let _ = encode(&three(), &json[..end]);
    }
}
