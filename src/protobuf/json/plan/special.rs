//! Types with a JSON form of their own.

use super::field::{FieldPlan, Kind, Shape};

/// The well-known types with a JSON form of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Special {
    #[default]
    No,
    Any,
    Timestamp,
    Duration,
    FieldMask,
    Struct,
    Value,
    ListValue,
    Wrapper,
    Empty,
}

/// Returns the JSON form of a type. It is found by name, and only if the type has
/// the fields of the well-known type of this name.
pub(super) fn special(full_name: &str, fields: &[FieldPlan]) -> Special {
    let Some(name) = full_name.strip_prefix("google.protobuf.") else {
        return Special::No;
    };
    let fields: Vec<_> = fields
        .iter()
        .map(|field| (field.tag.number(), field.kind, field.shape))
        .collect();
    use Kind::{Bool, Bytes, Double, Float, Int32, Int64, Message, String, Uint32, Uint64};
    use Shape::{Expanded, Explicit, Implicit, Map};
    match (name, &fields[..]) {
        ("Any", [(1, String, Implicit), (2, Bytes, Implicit)]) => Special::Any,
        ("Timestamp", [(1, Int64, Implicit), (2, Int32, Implicit)]) => Special::Timestamp,
        ("Duration", [(1, Int64, Implicit), (2, Int32, Implicit)]) => Special::Duration,
        ("FieldMask", [(1, String, Expanded)]) => Special::FieldMask,
        ("Struct", [(1, Message(_), Map)]) => Special::Struct,
        ("ListValue", [(1, Message(_), Expanded)]) => Special::ListValue,
        (
            "Value",
            [
                (1, Kind::Enum(_), Explicit),
                (2, Double, Explicit),
                (3, String, Explicit),
                (4, Bool, Explicit),
                (5, Message(_), Explicit),
                (6, Message(_), Explicit),
            ],
        ) => Special::Value,
        ("DoubleValue", [(1, Double, Implicit)])
        | ("FloatValue", [(1, Float, Implicit)])
        | ("Int64Value", [(1, Int64, Implicit)])
        | ("UInt64Value", [(1, Uint64, Implicit)])
        | ("Int32Value", [(1, Int32, Implicit)])
        | ("UInt32Value", [(1, Uint32, Implicit)])
        | ("BoolValue", [(1, Bool, Implicit)])
        | ("StringValue", [(1, String, Implicit)])
        | ("BytesValue", [(1, Bytes, Implicit)]) => Special::Wrapper,
        ("Empty", []) => Special::Empty,
        _ => Special::No,
    }
}
