//! Prints options.

use prost_types::field_descriptor_proto::Type;
use prost_types::{FieldDescriptorProto, UninterpretedOption};

use super::literal::{double, quoted, unescape};
use crate::protobuf::options::aggregate::Fields;

/// Returns `name = value`, on several lines if the value is an aggregate.
pub(super) fn assignment(option: &UninterpretedOption) -> String {
    format!("{} = {}", name(option), value(option))
}

fn name(option: &UninterpretedOption) -> String {
    let parts = option.name.iter().map(|part| match part.is_extension {
        true => format!("({})", part.name_part),
        false => part.name_part.clone(),
    });
    parts.collect::<Vec<_>>().join(".")
}

fn value(option: &UninterpretedOption) -> String {
    if let Some(text) = &option.aggregate_value {
        return match Fields::parse(text) {
            Ok(fields) => fields.pretty(),
            // The model holds only values that parse. A value that a caller put into a
            // descriptor is printed unchanged.
            Err(_) => format!("{{ {text} }}"),
        };
    }
    if let Some(bytes) = &option.string_value {
        return quoted(bytes);
    }
    if let Some(identifier) = &option.identifier_value {
        return identifier.clone();
    }
    let positive = option.positive_int_value.map(|number| number.to_string());
    let number = positive.or(option.negative_int_value.map(|number| number.to_string()));
    number.unwrap_or_else(|| double(option.double_value.unwrap_or_default()))
}

/// Returns ` [a = 1]`, with a line for each option if there are several, or nothing.
pub(super) fn list(options: &[String]) -> String {
    match options {
        [] => String::new(),
        [single] => format!(" [{single}]"),
        several => {
            let indented: Vec<String> = (several.iter())
                .map(|option| format!("  {}", option.replace('\n', "\n  ")))
                .collect();
            format!(" [\n{}\n]", indented.join(",\n"))
        }
    }
}

/// Returns all assignments of a field: options, default, JSON name.
pub(super) fn of_field(field: &FieldDescriptorProto) -> Vec<String> {
    let options = field.options.as_ref();
    let options = options.map_or(&[][..], |options| &options.uninterpreted_option);
    let mut all: Vec<String> = options.iter().map(assignment).collect();
    if let Some(value) = &field.default_value {
        all.push(format!("default = {}", default(field, value)));
    }
    if let Some(name) = &field.json_name {
        all.push(format!("json_name = {}", quoted(name.as_bytes())));
    }
    all
}

fn default(field: &FieldDescriptorProto, value: &str) -> String {
    if field.type_name.is_some() {
        return value.to_owned();
    }
    match field.r#type() {
        Type::String => quoted(value.as_bytes()),
        // In a descriptor, the bytes are escaped.
        Type::Bytes => quoted(&unescape(value).unwrap_or_else(|| value.as_bytes().to_vec())),
        Type::Float | Type::Double => match value.parse::<f64>() {
            Ok(number) if number.is_finite() => double(number),
            _ => value.to_owned(),
        },
        _ => value.to_owned(),
    }
}
