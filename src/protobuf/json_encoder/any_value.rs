//! `google.protobuf.Struct` and its kin, which are JSON themselves.

use prost::encoding::{WireType, encode_key};
use serde_json::{Map, Value};

use super::map_key::MapKey;
use super::plan::KindPlan;
use super::{MAX_DEPTH, Result, Unplanned, bytes, delimited};

/// `google.protobuf.Value`
pub(super) fn any_value(json: &Value, buffer: &mut Vec<u8>, depth: usize) -> Result {
    if depth > MAX_DEPTH {
        return Err(Unplanned);
    }
    match json {
        Value::Null => {
            encode_key(1, WireType::Varint, buffer);
            buffer.push(0);
        }
        Value::Number(number) => {
            encode_key(2, WireType::SixtyFourBit, buffer);
            let number = number.as_f64().ok_or(Unplanned)?;
            buffer.extend_from_slice(&number.to_le_bytes());
        }
        Value::String(text) => {
            encode_key(3, WireType::LengthDelimited, buffer);
            bytes(text.as_bytes(), buffer);
        }
        Value::Bool(value) => {
            encode_key(4, WireType::Varint, buffer);
            buffer.push((*value).into());
        }
        Value::Object(fields) => {
            encode_key(5, WireType::LengthDelimited, buffer);
            delimited(buffer, |buffer| any_struct(fields, buffer, depth + 1))?;
        }
        Value::Array(values) => {
            encode_key(6, WireType::LengthDelimited, buffer);
            delimited(buffer, |buffer| any_list(values, buffer, depth + 1))?;
        }
    }
    Ok(())
}

/// `google.protobuf.Struct`
pub(super) fn any_struct(
    fields: &Map<String, Value>,
    buffer: &mut Vec<u8>,
    depth: usize,
) -> Result {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by_key(|(key, _)| *key);
    for (key, value) in fields {
        encode_key(1, WireType::LengthDelimited, buffer);
        delimited(buffer, |buffer| {
            MapKey::Text(key).encode(&KindPlan::String, buffer);
            encode_key(2, WireType::LengthDelimited, buffer);
            delimited(buffer, |buffer| any_value(value, buffer, depth + 1))
        })?;
    }
    Ok(())
}

/// `google.protobuf.ListValue`
pub(super) fn any_list(values: &[Value], buffer: &mut Vec<u8>, depth: usize) -> Result {
    for value in values {
        encode_key(1, WireType::LengthDelimited, buffer);
        delimited(buffer, |buffer| any_value(value, buffer, depth + 1))?;
    }
    Ok(())
}
