//! The JSON engine compared with prost-reflect and serde_json, without registry and
//! envelope.

use std::hint::black_box;

use cc_protobuf_examples::protobuf::{DynamicSchema, JsonCodec, JsonOptions, ProtoSchema};
use prost::Message;
use prost_reflect::{DynamicMessage, SerializeOptions};
use serde_json::{Value, json};

use super::rounds::{Contender, measure};

const NAMES: SerializeOptions = SerializeOptions::new().use_proto_field_name(true);

pub fn reflect_value(message: &DynamicMessage) -> Value {
    message
        .serialize_with_options(serde_json::value::Serializer, &NAMES)
        .unwrap()
}

fn reflect_text(message: &DynamicMessage) -> Vec<u8> {
    let mut text = Vec::with_capacity(128);
    let mut serializer = serde_json::Serializer::new(&mut text);
    message
        .serialize_with_options(&mut serializer, &NAMES)
        .unwrap();
    text
}

/// Converts JSON to bytes and back, as value and as text.
pub fn ratios(schema: &DynamicSchema, value: &Value) {
    let codec = JsonCodec::new(schema.descriptor());
    let options = JsonOptions::default();
    let text = value.to_string();
    let mut bytes = Vec::new();
    codec.encode(value.into(), options, &mut bytes).unwrap();
    assert_eq!(codec.print(&bytes, options).unwrap(), *value);
    println!("message of {} bytes, {} as JSON\n", bytes.len(), text.len());

    let decode = || DynamicMessage::decode(schema.descriptor().clone(), black_box(&bytes[..]));
    let (mut buffer, mut text_buffer) = (Vec::new(), String::new());
    let mut from_text = Vec::new();
    let measured = measure(vec![
        Contender::plain("prost-reflect JSON value to bytes", || {
            let message = schema.descriptor().clone();
            let message = DynamicMessage::deserialize(message, black_box(value)).unwrap();
            message.encode_to_vec()
        }),
        Contender::plain("JSON value to bytes", || {
            buffer.clear();
            codec
                .encode(black_box(value).into(), options, &mut buffer)
                .unwrap();
        }),
        Contender::plain("serde_json text to value", || {
            serde_json::from_str::<Value>(black_box(&text)).unwrap()
        }),
        Contender::plain("JSON text to bytes", || {
            from_text.clear();
            codec
                .encode(black_box(&text[..]).into(), options, &mut from_text)
                .unwrap();
        }),
        Contender::plain("prost-reflect bytes to JSON value", || {
            reflect_value(&decode().unwrap())
        }),
        Contender::plain("bytes to JSON value", || {
            codec.print(black_box(&bytes), options).unwrap()
        }),
        Contender::plain("prost-reflect bytes to JSON text", || {
            reflect_text(&decode().unwrap())
        }),
        Contender::plain("bytes to JSON text", || {
            text_buffer.clear();
            codec
                .print_text(black_box(&bytes), options, &mut text_buffer)
                .unwrap();
        }),
    ]);
    measured.print();
    let rows = [
        (
            "JSON value to bytes",
            "prost-reflect JSON value to bytes",
            0.13,
        ),
        ("JSON text to bytes", "serde_json text to value", 1.3),
        (
            "bytes to JSON value",
            "prost-reflect bytes to JSON value",
            0.33,
        ),
        (
            "bytes to JSON text",
            "prost-reflect bytes to JSON text",
            0.2,
        ),
    ];
    for (name, base, bound) in rows {
        measured.ratio(name, base, Some(bound));
    }
}

/// A larger message, with a map and a oneof.
pub fn basket() -> DynamicSchema {
    let text = r#"syntax = "proto3";
package shop.bench;

message Basket {
  string id = 1;
  int64 opened_at = 2;
  map<string, int32> stock = 3;
  oneof payment {
    Card card = 4;
    string voucher = 5;
  }
  repeated Line lines = 6;
  repeated string notes = 7;
  Status status = 8;
  bool gift = 9;
}

message Card {
  string holder = 1;
  bytes token = 2;
}

message Line {
  string sku = 1;
  int32 quantity = 2;
  float price = 3;
}

enum Status {
  STATUS_UNSPECIFIED = 0;
  STATUS_OPEN = 1;
}
"#;
    DynamicSchema::from_text("basket.proto", text, "shop.bench.Basket", &[])
        .expect("the schema above is valid")
}

pub fn basket_json() -> Value {
    let line = |sku: &str, quantity: i32, price: f64| json!({"sku": sku, "quantity": quantity, "price": price});
    json!({
        "id": "basket-0004711",
        "opened_at": "1790000000000",
        "stock": {"book-17": 12, "chair-2": 4, "desk-42": 300, "lamp-3": 7},
        "card": {"holder": "Ada Lovelace", "token": "AAECAwQFBgcICQoLDA0ODw=="},
        "lines": [
            line("book-17", 1, 19.5),
            line("lamp-3", 2, 49.95),
            line("desk-42", 1, 300.0),
            line("chair-2", 4, 89.9),
        ],
        "notes": ["leave it with the neighbours", "ring twice", "no \"express\" delivery, please"],
        "status": "STATUS_OPEN",
        "gift": true,
    })
}
