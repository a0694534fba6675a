//! Protobuf's canonical JSON, to and from bytes.

mod properties;
mod random;
mod table;

use std::sync::LazyLock;

use cc_protobuf_examples::protobuf::{
    DynamicSchema, Error, JsonCodec, JsonInput, JsonOptions, ProtoSchema,
};
use serde_json::Value;

fn codec(file: &str, text: &str, message: &str) -> JsonCodec {
    let schema = DynamicSchema::from_text(file, text, message, &[]).unwrap();
    JsonCodec::new(schema.descriptor())
}

/// All kinds of proto3 fields.
static THREE: LazyLock<JsonCodec> =
    LazyLock::new(|| codec("kinds3.proto", include_str!("kinds3.proto"), "kinds.Three"));

/// The kinds of fields that only proto2 has.
static TWO: LazyLock<JsonCodec> =
    LazyLock::new(|| codec("kinds2.proto", include_str!("kinds2.proto"), "kinds.Two"));

fn three() -> JsonCodec {
    THREE.clone()
}

fn two() -> JsonCodec {
    TWO.clone()
}

fn encode<'a>(codec: &JsonCodec, json: impl Into<JsonInput<'a>>) -> Result<Vec<u8>, Error> {
    let mut bytes = b"before".to_vec();
    let encoded = codec.encode(json.into(), JsonOptions::default(), &mut bytes);
    assert_eq!(bytes[..6], *b"before");
    if encoded.is_err() {
        assert_eq!(bytes.len(), 6);
    }
    encoded.map(|()| bytes.split_off(6))
}

fn print(codec: &JsonCodec, bytes: &[u8]) -> Result<Value, Error> {
    codec.print(bytes, JsonOptions::default())
}

fn print_text(codec: &JsonCodec, bytes: &[u8]) -> Result<String, Error> {
    let mut text = "before".to_owned();
    let printed = codec.print_text(bytes, JsonOptions::default(), &mut text);
    assert_eq!(text[..6], *"before");
    if printed.is_err() {
        assert_eq!(text.len(), 6);
    }
    printed.map(|()| text.split_off(6))
}
