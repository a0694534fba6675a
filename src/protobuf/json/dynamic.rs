//! Dynamic messages → bytes, in one pass. A length is written after what it
//! measures. prost-reflect computes lengths first, again at every level.

use prost::Message;
use prost_reflect::{DynamicMessage, MapKey, Value};

use super::bytes::{self, close, delimited, end_group, is_default, open};
use super::plan::{FieldPlan, Kind, Plan, Shape};

/// Appends a message of the type at `position`, as prost-reflect writes it.
pub(super) fn message(plan: &Plan, position: u32, message: &DynamicMessage, out: &mut Vec<u8>) {
    let planned = plan.message(position);
    let Some(planned) = planned.filter(|planned| {
        let last = planned.fields.last();
        last.is_none_or(|last| !last.is_extension) && message.unknown_fields().next().is_none()
    }) else {
        // Unknown fields and extensions stand between the others.
        message.encode_raw(out);
        return;
    };
    for (descriptor, value) in message.fields() {
        if let Some((_, field)) = planned.numbered(descriptor.number()) {
            write_field(plan, field, value, out);
        }
    }
}

fn write_field(plan: &Plan, field: &FieldPlan, value: &Value, out: &mut Vec<u8>) {
    match (field.shape, value) {
        (Shape::Packed, Value::List(values)) => {
            field.tag.write(out);
            let at = open(out);
            for value in values {
                number(field.kind, value, out);
            }
            close(out, at);
        }
        (_, Value::List(values)) => {
            for value in values {
                tagged(plan, field, value, out);
            }
        }
        (_, Value::Map(entries)) => {
            let Kind::Message(entry) = field.kind else {
                return;
            };
            let Some([key_field, value_field]) = plan.message(entry).map(|entry| &entry.fields[..])
            else {
                return;
            };
            for (key, value) in entries {
                field.tag.write(out);
                let at = open(out);
                match key {
                    MapKey::String(text) => {
                        if key_field.shape != Shape::Implicit || !text.is_empty() {
                            key_field.tag.write(out);
                            delimited(text.as_bytes(), out);
                        }
                    }
                    number => unless_default(plan, key_field, &number.clone().into(), out),
                }
                unless_default(plan, value_field, value, out);
                close(out, at);
            }
        }
        _ => tagged(plan, field, value, out),
    }
}

/// Writes a field of a map entry, unless it holds its default.
fn unless_default(plan: &Plan, field: &FieldPlan, value: &Value, out: &mut Vec<u8>) {
    let is_default = field.shape == Shape::Implicit
        && match value {
            Value::String(text) => text.is_empty(),
            Value::Bytes(bytes) => bytes.is_empty(),
            number => bits(field.kind, number).is_some_and(|bits| is_default(field.kind, bits)),
        };
    if !is_default {
        tagged(plan, field, value, out);
    }
}

fn tagged(plan: &Plan, field: &FieldPlan, value: &Value, out: &mut Vec<u8>) {
    field.tag.write(out);
    match (field.kind, value) {
        (Kind::Message(position), Value::Message(inner)) => {
            let at = open(out);
            message(plan, position, inner, out);
            close(out, at);
        }
        (Kind::Group(position), Value::Message(inner)) => {
            message(plan, position, inner, out);
            end_group(&field.tag, out);
        }
        (_, Value::String(text)) => delimited(text.as_bytes(), out),
        (_, Value::Bytes(value)) => delimited(value, out),
        (kind, value) => number(kind, value, out),
    }
}

fn number(kind: Kind, value: &Value, out: &mut Vec<u8>) {
    // A message holds no value of another kind than its field's.
    bytes::number(kind, bits(kind, value).unwrap_or_default(), out);
}

/// Returns the bits of a number as they are written.
fn bits(kind: Kind, value: &Value) -> Option<u64> {
    let integer: i128 = match *value {
        Value::Bool(value) => return Some(value.into()),
        Value::F32(value) => return Some(value.to_bits().into()),
        Value::F64(value) => return Some(value.to_bits()),
        Value::I32(value) | Value::EnumNumber(value) => value.into(),
        Value::I64(value) => value.into(),
        Value::U32(value) => value.into(),
        Value::U64(value) => value.into(),
        _ => return None,
    };
    bytes::integer(kind, integer)
}

#[cfg(test)]
#[path = "../../../tests/library/json/random.rs"]
mod random;

#[cfg(test)]
mod tests {
    use prost::Message;
    use prost_reflect::DynamicMessage;

    use super::random::{self, Random};
    use crate::protobuf::{DynamicSchema, ProtoSchema};

    #[test]
    fn dynamic_messages_are_written_as_prost_reflect_writes_them() {
        let three = include_str!("../../../tests/library/json/kinds3.proto");
        let two = include_str!("../../../tests/library/json/kinds2.proto");
        for (text, name) in [(three, "kinds.Three"), (two, "kinds.Two")] {
            let schema = DynamicSchema::from_text("kinds.proto", text, name, &[]).unwrap();
            for seed in 0..2_000 {
                let mut random = Random::new(seed * 2_654_435_761);
                let bytes = random::message(&mut random, schema.descriptor(), 0);
                let descriptor = schema.descriptor().clone();
                let message = DynamicMessage::decode(descriptor, &bytes[..]).unwrap();
                let mut written = Vec::new();
                schema.json().encode_dynamic(&message, &mut written);
                assert_eq!(written, message.encode_to_vec(), "{message:?}");
            }
        }
    }
}
