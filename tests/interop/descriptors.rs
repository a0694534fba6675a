//! The worker of `tests/interop/descriptors/run`: reads one JSON request per line on
//! standard input, and writes one answer per line, after `>>> `, on standard output.

use std::io::{BufRead, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cc_protobuf_examples::protobuf::{ProtoSchema, Schemas};
use prost::{Message, Name};
use serde_json::{Map, Value, json};

#[derive(Clone, PartialEq, Message)]
struct Order {
    #[prost(int64, tag = "1")]
    cents: i64,
    #[prost(bytes = "vec", tag = "2")]
    b: Vec<u8>,
    #[prost(uint64, optional, tag = "5")]
    cash: Option<u64>,
}

impl Name for Order {
    const PACKAGE: &'static str = "shop";
    const NAME: &'static str = "Order";
}

/// Returns the text to register for the set, and converts the record to JSON and back.
fn answer(request: &Value) -> Result<Value, Box<dyn std::error::Error>> {
    let bytes = |name: &str| STANDARD.decode(request[name].as_str().unwrap_or_default());
    let schema = Schemas::from_descriptor_set(&bytes("set")?)?.compiled::<Order>()?;
    let dependencies = schema.dependencies().iter();
    let dependencies: Map<String, Value> = dependencies
        .map(|file| (file.name().to_owned(), json!(file.to_text())))
        .collect();
    let json = schema.deserialize(&bytes("record")?)?;
    Ok(json!({
        "text": schema.schema_text(),
        "dependencies": dependencies,
        "record": STANDARD.encode(schema.serialize(&json)?),
        "json": json,
    }))
}

pub fn worker() {
    let mut output = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let answer = answer(&request).unwrap_or_else(|e| json!({"error": e.to_string()}));
        writeln!(output, "\n>>> {answer}").unwrap();
        output.flush().unwrap();
    }
}
