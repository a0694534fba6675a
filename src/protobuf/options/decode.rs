//! Decodes the option bytes of a descriptor to uninterpreted options.

use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MapKey, Value};
use prost_types::UninterpretedOption;
use prost_types::uninterpreted_option::NamePart;

use super::aggregate::{self, Fields};
use super::{Target, plain_name};

/// The contents of an options message.
pub(in crate::protobuf) struct Decoded {
    pub options: Vec<UninterpretedOption>,
    /// Some fields belong to extensions that `pool` does not know.
    pub has_unknown: bool,
}

/// Decodes the options message of `target`. Extensions are looked up in `pool`.
pub(in crate::protobuf) fn decode(
    target: Target,
    bytes: &[u8],
    pool: &DescriptorPool,
) -> Result<Decoded, String> {
    let name = target.options_message();
    let descriptor = pool.get_message_by_name(name);
    let descriptor = descriptor.ok_or_else(|| format!("{name} is not defined"))?;
    let message =
        DynamicMessage::decode(descriptor, bytes).map_err(|e| format!("malformed {name}: {e}"))?;
    let mut options = Vec::new();
    let mut interpreted = Vec::new();
    for (field, value) in message.fields() {
        if field.name() == "uninterpreted_option" {
            interpreted = uninterpreted(value);
        } else {
            push(&mut options, plain_name(field.name()), value, &field.kind());
        }
    }
    for (extension, value) in message.extensions() {
        let name = vec![NamePart {
            name_part: extension.full_name().to_owned(),
            is_extension: true,
        }];
        push(&mut options, name, value, &extension.kind());
    }
    options.extend(interpreted);
    Ok(Decoded {
        options,
        has_unknown: message.unknown_fields().next().is_some(),
    })
}

/// Returns the options that the descriptor holds uninterpreted.
fn uninterpreted(value: &Value) -> Vec<UninterpretedOption> {
    let items = value.as_list().unwrap_or_default().iter();
    items
        .filter_map(|item| item.as_message()?.transcode_to().ok())
        .collect()
}

fn push(out: &mut Vec<UninterpretedOption>, name: Vec<NamePart>, value: &Value, kind: &Kind) {
    match value {
        Value::List(items) => {
            for item in items {
                push(out, name.clone(), item, kind);
            }
        }
        Value::Map(_) => {
            if let aggregate::Value::List(entries) = to_aggregate(value, kind) {
                out.extend(entries.into_iter().filter_map(|entry| match entry {
                    aggregate::Value::Message(fields) => Some(UninterpretedOption {
                        name: name.clone(),
                        aggregate_value: Some(fields.compact()),
                        ..Default::default()
                    }),
                    _ => None,
                }));
            }
        }
        value => {
            let option = scalar_option(value, kind);
            out.extend(option.map(|option| UninterpretedOption { name, ..option }));
        }
    }
}

/// Returns the value as an option without a name, or `None` for an enum number
/// without a name, which source cannot express.
fn scalar_option(value: &Value, kind: &Kind) -> Option<UninterpretedOption> {
    let identifier = |name: &str| UninterpretedOption {
        identifier_value: Some(name.to_owned()),
        ..Default::default()
    };
    let signed = |number: i64| match u64::try_from(number) {
        Ok(number) => UninterpretedOption {
            positive_int_value: Some(number),
            ..Default::default()
        },
        Err(_) => UninterpretedOption {
            negative_int_value: Some(number),
            ..Default::default()
        },
    };
    let unsigned = |number: u64| UninterpretedOption {
        positive_int_value: Some(number),
        ..Default::default()
    };
    let double = |number: f64| {
        if number.is_nan() {
            identifier("nan")
        } else if number == f64::INFINITY {
            identifier("inf")
        } else {
            UninterpretedOption {
                double_value: Some(number),
                ..Default::default()
            }
        }
    };
    let string = |bytes: &[u8]| UninterpretedOption {
        string_value: Some(bytes.to_vec()),
        ..Default::default()
    };
    Some(match value {
        Value::Bool(value) => identifier(if *value { "true" } else { "false" }),
        Value::I32(value) => signed((*value).into()),
        Value::I64(value) => signed(*value),
        Value::U32(value) => unsigned((*value).into()),
        Value::U64(value) => unsigned(*value),
        Value::F32(value) => double(widen(*value)),
        Value::F64(value) => double(*value),
        Value::String(value) => string(value.as_bytes()),
        Value::Bytes(value) => string(value),
        Value::EnumNumber(number) => identifier(kind.as_enum()?.get_value(*number)?.name()),
        Value::Message(message) => UninterpretedOption {
            aggregate_value: Some(message_fields(message).compact()),
            ..Default::default()
        },
        Value::List(_) | Value::Map(_) => return None,
    })
}

/// Returns the double with the same shortest decimal, so that 0.1 stays 0.1.
fn widen(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| value.into())
}

fn message_fields(message: &DynamicMessage) -> Fields {
    let mut fields = Fields::default();
    for (field, value) in message.fields() {
        // A group has the name of its type.
        let name = if field.is_group() {
            field.kind().as_message().map(|m| m.name().to_owned())
        } else {
            None
        };
        let name = name.unwrap_or_else(|| field.name().to_owned());
        fields.push(name, to_aggregate(value, &field.kind()));
    }
    for (extension, value) in message.extensions() {
        let name = format!("[{}]", extension.full_name());
        fields.push(name, to_aggregate(value, &extension.kind()));
    }
    fields
}

fn to_aggregate(value: &Value, kind: &Kind) -> aggregate::Value {
    use aggregate::Value as Text;
    let float = |value: f64| {
        Text::Scalar(if value.is_nan() {
            "nan".to_owned()
        } else if value.is_infinite() {
            let name = if value < 0.0 { "-inf" } else { "inf" };
            name.to_owned()
        } else {
            format!("{value:?}")
        })
    };
    match value {
        Value::Bool(value) => Text::Scalar(value.to_string()),
        Value::I32(value) => Text::Scalar(value.to_string()),
        Value::I64(value) => Text::Scalar(value.to_string()),
        Value::U32(value) => Text::Scalar(value.to_string()),
        Value::U64(value) => Text::Scalar(value.to_string()),
        Value::F32(value) => float(widen(*value)),
        Value::F64(value) => float(*value),
        Value::String(value) => Text::String(value.clone().into_bytes()),
        Value::Bytes(value) => Text::String(value.to_vec()),
        Value::EnumNumber(number) => {
            let value = kind.as_enum().and_then(|e| e.get_value(*number));
            Text::Scalar(value.map_or_else(|| number.to_string(), |v| v.name().to_owned()))
        }
        Value::Message(message) => Text::Message(message_fields(message)),
        Value::List(items) => {
            Text::List(items.iter().map(|item| to_aggregate(item, kind)).collect())
        }
        Value::Map(entries) => {
            let value_kind = kind.as_message().map(|m| m.map_entry_value_field().kind());
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            let entry = |(key, value): (&MapKey, &Value)| {
                let mut fields = Fields::default();
                let key = Value::from(key.clone());
                fields.push("key".to_owned(), to_aggregate(&key, &Kind::String));
                let kind = value_kind.as_ref().unwrap_or(&Kind::String);
                fields.push("value".to_owned(), to_aggregate(value, kind));
                Text::Message(fields)
            };
            Text::List(entries.into_iter().map(entry).collect())
        }
    }
}
