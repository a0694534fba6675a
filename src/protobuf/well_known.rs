//! `google.protobuf`'s well-known types with the JSON that Protobuf prescribes
//! for each: a `Timestamp` is a string that ends in `Z`, a `Struct` an object.
//!
//! The types of `prost-types` have no serde implementations, those of
//! `pbjson-types` print the offset `+00:00`; so these are generated anew.

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

pub use messages::*;

#[allow(missing_docs, rustdoc::all, clippy::all, clippy::pedantic)]
mod messages {
    include!(concat!(env!("OUT_DIR"), "/well_known.rs"));
}

/// 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z, Protobuf's range.
const TIMESTAMP_SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// About ten thousand years either way, Protobuf's range.
const DURATION_SECONDS: std::ops::RangeInclusive<i64> = -315_576_000_000..=315_576_000_000;
const NANOS: i32 = 999_999_999;

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !TIMESTAMP_SECONDS.contains(&self.seconds) || !(0..=NANOS).contains(&self.nanos) {
            return Err(S::Error::custom("timestamp out of range"));
        }
        serializer.collect_str(&prost_types::Timestamp {
            seconds: self.seconds,
            nanos: self.nanos,
        })
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        // The parser takes more than RFC 3339: a blank instead of the T, lower case.
        let strict = text.as_bytes().get(10) == Some(&b'T')
            && !text.contains('z')
            && text.len() >= "2000-01-01T00:00:00Z".len();
        let parsed: prost_types::Timestamp = match text.parse() {
            Ok(parsed) if strict => parsed,
            _ => return Err(D::Error::custom("not an RFC 3339 timestamp")),
        };
        if !TIMESTAMP_SECONDS.contains(&parsed.seconds) {
            return Err(D::Error::custom("timestamp out of range"));
        }
        Ok(Self {
            seconds: parsed.seconds,
            nanos: parsed.nanos,
        })
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let opposite_signs = self.seconds.signum() * i64::from(self.nanos.signum()) < 0;
        if !DURATION_SECONDS.contains(&self.seconds)
            || !(-NANOS..=NANOS).contains(&self.nanos)
            || opposite_signs
        {
            return Err(S::Error::custom("duration out of range"));
        }
        serializer.collect_str(&prost_types::Duration {
            seconds: self.seconds,
            nanos: self.nanos,
        })
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let parsed: prost_types::Duration = text.parse().map_err(D::Error::custom)?;
        if !DURATION_SECONDS.contains(&parsed.seconds) {
            return Err(D::Error::custom("duration out of range"));
        }
        Ok(Self {
            seconds: parsed.seconds,
            nanos: parsed.nanos,
        })
    }
}

/// A wrapper's JSON is that of the value in it.
macro_rules! wrappers {
    ($($name:ident: $serialize:expr, $deserialize:ty;)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $serialize(&self.value, serializer)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Self { value: <$deserialize>::deserialize(deserializer)?.0.into() })
            }
        }
    )*};
}

use pbjson::private::{BytesDeserialize, NumberDeserialize};

#[derive(Deserialize)]
struct Plain<T>(T);

wrappers! {
    DoubleValue: f64::serialize, NumberDeserialize<f64>;
    FloatValue: f32::serialize, NumberDeserialize<f32>;
    Int64Value: collect_str, NumberDeserialize<i64>;
    UInt64Value: collect_str, NumberDeserialize<u64>;
    Int32Value: i32::serialize, NumberDeserialize<i32>;
    UInt32Value: u32::serialize, NumberDeserialize<u32>;
    BoolValue: bool::serialize, Plain<bool>;
    StringValue: String::serialize, Plain<String>;
    BytesValue: base64, BytesDeserialize<Vec<u8>>;
}

fn collect_str<S: Serializer>(
    value: &impl std::fmt::Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn base64<S: Serializer>(value: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    use base64::Engine;
    serializer.serialize_str(&base64::engine::general_purpose::STANDARD.encode(value))
}

impl Serialize for Empty {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_map(Some(0))?.end()
    }
}

impl<'de> Deserialize<'de> for Empty {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EmptyObject;
        impl<'de> Visitor<'de> for EmptyObject {
            type Value = Empty;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an empty object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Empty, A::Error> {
                match map.next_entry::<String, IgnoredAny>()? {
                    Some((key, _)) => Err(A::Error::custom(format!("unknown field `{key}`"))),
                    None => Ok(Empty {}),
                }
            }
        }
        deserializer.deserialize_map(EmptyObject)
    }
}

impl Serialize for FieldMask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::new();
        for (i, path) in self.paths.iter().enumerate() {
            if i > 0 {
                text.push(',');
            }
            let mut upper = false;
            for c in path.chars() {
                match c {
                    '_' if !upper => upper = true,
                    c if upper && c.is_ascii_lowercase() => {
                        text.push(c.to_ascii_uppercase());
                        upper = false;
                    }
                    c if upper || c.is_ascii_uppercase() => {
                        return Err(S::Error::custom(format!(
                            "field mask path {path:?} has no camel-case form that leads back to it"
                        )));
                    }
                    c => text.push(c),
                }
            }
            if upper {
                return Err(S::Error::custom(format!(
                    "field mask path {path:?} ends in an underscore"
                )));
            }
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for FieldMask {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let mut paths = Vec::new();
        for path in text.split(',').filter(|path| !path.is_empty()) {
            let mut snake = String::with_capacity(path.len());
            for c in path.chars() {
                match c {
                    '_' => return Err(D::Error::custom("field mask path is not camel case")),
                    c if c.is_ascii_uppercase() => {
                        snake.push('_');
                        snake.push(c.to_ascii_lowercase());
                    }
                    c => snake.push(c),
                }
            }
            paths.push(snake);
        }
        Ok(Self { paths })
    }
}

/// An `Any` is printed as the message in it, which takes descriptors, and those
/// a value alone does not have. [`ProtoSchema`](super::ProtoSchema) has them.
const ANY: &str = "google.protobuf.Any has JSON only together with its schema";

impl Serialize for Any {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom(ANY))
    }
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom(ANY))
    }
}

impl Serialize for NullValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for NullValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Json::deserialize(deserializer)? {
            Json::Null => Ok(Self::NullValue),
            Json::String(name) if name == "NULL_VALUE" => Ok(Self::NullValue),
            _ => Err(D::Error::custom("expected null")),
        }
    }
}

impl Serialize for Struct {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(&self.fields)
    }
}

impl Serialize for ListValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.values)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.kind {
            None | Some(value::Kind::NullValue(_)) => serializer.serialize_unit(),
            Some(value::Kind::BoolValue(value)) => serializer.serialize_bool(*value),
            Some(value::Kind::NumberValue(value)) if value.is_finite() => {
                serializer.serialize_f64(*value)
            }
            Some(value::Kind::NumberValue(_)) => Err(S::Error::custom(
                "google.protobuf.Value cannot hold NaN or infinity",
            )),
            Some(value::Kind::StringValue(value)) => serializer.serialize_str(value),
            Some(value::Kind::ListValue(value)) => value.serialize(serializer),
            Some(value::Kind::StructValue(value)) => value.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Struct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = serde_json::Map::deserialize(deserializer)?;
        Ok(fields.into())
    }
}

impl<'de> Deserialize<'de> for ListValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = Vec::<Json>::deserialize(deserializer)?;
        Ok(values.into())
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Json::deserialize(deserializer).map(Self::from)
    }
}

impl From<serde_json::Map<String, Json>> for Struct {
    fn from(fields: serde_json::Map<String, Json>) -> Self {
        let fields = fields.into_iter().map(|(key, value)| (key, value.into()));
        Self {
            fields: fields.collect(),
        }
    }
}

impl From<Vec<Json>> for ListValue {
    fn from(values: Vec<Json>) -> Self {
        Self {
            values: values.into_iter().map(Value::from).collect(),
        }
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        let kind = match json {
            Json::Null => value::Kind::NullValue(NullValue::NullValue.into()),
            Json::Bool(value) => value::Kind::BoolValue(value),
            // Every JSON number has a nearest double.
            Json::Number(value) => value::Kind::NumberValue(value.as_f64().unwrap_or_default()),
            Json::String(value) => value::Kind::StringValue(value),
            Json::Array(values) => value::Kind::ListValue(values.into()),
            Json::Object(fields) => value::Kind::StructValue(fields.into()),
        };
        Self { kind: Some(kind) }
    }
}
