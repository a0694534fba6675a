//! The worker of `tests/interop/json/run`: reads one JSON request per line on standard
//! input, and writes one answer per line, after `>>> `, on standard output.

use std::io::{BufRead, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cc_protobuf_examples::protobuf::{DynamicSchema, JsonCodec, JsonOptions, ProtoSchema};
use serde_json::{Value, json};

fn schema(name: &str) -> DynamicSchema {
    let (file, text) = match name {
        "kinds.Three" => ("kinds3.proto", include_str!("../library/json/kinds3.proto")),
        _ => ("kinds2.proto", include_str!("../library/json/kinds2.proto")),
    };
    DynamicSchema::from_text(file, text, name, &[]).unwrap()
}

/// Prints bytes as JSON, or encodes JSON text and its value.
fn answer(codec: &JsonCodec, request: &Value) -> Result<Value, String> {
    let options = JsonOptions::default().json_names(request["json_names"] == true);
    let text = |name: &str| request[name].as_str().ok_or_else(|| format!("no {name}"));
    if request["op"] == "print" {
        let bytes = STANDARD.decode(text("bytes")?).map_err(|e| e.to_string())?;
        let value = codec.print(&bytes, options).map_err(|e| e.to_string())?;
        let mut printed = String::new();
        let done = codec.print_text(&bytes, options, &mut printed);
        done.map_err(|e| e.to_string())?;
        if serde_json::from_str::<Value>(&printed).ok().as_ref() != Some(&value) {
            return Err(format!("text {printed} but value {value}"));
        }
        return Ok(json!({"json": printed}));
    }
    let json = text("json")?;
    let (mut from_text, mut from_value) = (Vec::new(), Vec::new());
    let done = codec.encode(json.into(), options, &mut from_text);
    done.map_err(|e| e.to_string())?;
    let value: Value = serde_json::from_str(json).map_err(|e| e.to_string())?;
    let done = codec.encode((&value).into(), options, &mut from_value);
    done.map_err(|e| e.to_string())?;
    if from_text != from_value {
        return Err(format!("text and value differ: {json}"));
    }
    Ok(json!({"bytes": STANDARD.encode(from_text)}))
}

pub fn worker() {
    let schemas = ["kinds.Three", "kinds.Two"].map(|name| (name, schema(name)));
    let codecs = schemas
        .each_ref()
        .map(|(name, schema)| (*name, JsonCodec::new(schema.descriptor())));
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let at = schemas
            .iter()
            .position(|(name, _)| request["message"] == *name)
            .unwrap();
        let answer = if request["op"] == "schema" {
            let pool = schemas[at].1.descriptor().parent_pool();
            json!({"files": STANDARD.encode(pool.encode_to_vec())})
        } else {
            answer(&codecs[at].1, &request).unwrap_or_else(|error| json!({"error": error}))
        };
        write!(out, "\n>>> {answer}\n").unwrap();
        out.flush().unwrap();
    }
}
