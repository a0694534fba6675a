//! Protobuf's canonical JSON as [`serde_json::Value`]s.
//!
//! serde_json's own serializer turns NaN and infinities into `null` and widens
//! a `float` digit by digit (0.1 becomes 0.10000000149011612). Protobuf wants
//! `"NaN"`, `"Infinity"`, `"-Infinity"` and the shortest number that reads back
//! the same. Both implementations of a schema print through this serializer.

use serde::ser::{self, Impossible, Serialize};
use serde_json::{Map, Number, Value};

/// What a value says when it has no JSON form.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoJson(String);

/// How reflection refuses a `google.protobuf.Any` that names no type.
const UNTYPED_ANY: &str = "unsupported type url ''";

impl ser::Error for NoJson {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// A value as JSON. Reflection has none for an `Any` without a type, which is
/// what an `Any` is before it is set; Protobuf prints that as `{}`.
pub(super) fn to_value<T: ?Sized + Serialize>(value: &T) -> Result<Value, NoJson> {
    match value.serialize(ToValue) {
        Err(NoJson(reason)) if reason.starts_with(UNTYPED_ANY) => Ok(Value::Object(Map::new())),
        printed => printed,
    }
}

/// A float as the mapping has it: a number, or the name of what is none.
fn float(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => Value::from("NaN"),
        None if value > 0.0 => Value::from("Infinity"),
        None => Value::from("-Infinity"),
    }
}

/// The `f64` with the shortest decimal form that is still the same `f32`.
fn shortest(value: f32) -> f64 {
    let widened = f64::from(value);
    // An integer of this size is its own shortest form.
    if widened.trunc() == widened && widened.abs() < 1e7 {
        return widened;
    }
    match value.to_string().parse() {
        // That of the largest float is a little more than it: strict readers
        // would refuse it.
        Ok(short) if short <= f64::from(f32::MAX) && short >= f64::from(f32::MIN) => short,
        _ => widened,
    }
}

/// Serializes into a [`Value`].
pub(super) struct ToValue;

pub(super) struct Array(Vec<Value>);

pub(super) struct Object {
    map: Map<String, Value>,
    key: Option<String>,
}

impl Object {
    fn new(len: Option<usize>) -> Self {
        Self {
            map: Map::with_capacity(len.unwrap_or_default()),
            key: None,
        }
    }
}

impl ser::Serializer for ToValue {
    type Ok = Value;
    type Error = NoJson;
    type SerializeSeq = Array;
    type SerializeTuple = Array;
    type SerializeTupleStruct = Array;
    type SerializeTupleVariant = Impossible<Value, NoJson>;
    type SerializeMap = Object;
    type SerializeStruct = Object;
    type SerializeStructVariant = Impossible<Value, NoJson>;

    fn serialize_bool(self, v: bool) -> Result<Value, NoJson> {
        Ok(Value::Bool(v))
    }
    fn serialize_i8(self, v: i8) -> Result<Value, NoJson> {
        Ok(v.into())
    }
    fn serialize_i16(self, v: i16) -> Result<Value, NoJson> {
        Ok(v.into())
    }
    fn serialize_i32(self, v: i32) -> Result<Value, NoJson> {
        Ok(v.into())
    }
    fn serialize_i64(self, v: i64) -> Result<Value, NoJson> {
        Ok(v.into())
    }
    fn serialize_u8(self, v: u8) -> Result<Value, NoJson> {
        Ok(v.into())
    }
    fn serialize_u16(self, v: u16) -> Result<Value, NoJson> {
        Ok(v.into())
    }
    fn serialize_u32(self, v: u32) -> Result<Value, NoJson> {
        Ok(v.into())
    }
    fn serialize_u64(self, v: u64) -> Result<Value, NoJson> {
        Ok(v.into())
    }
    fn serialize_f32(self, v: f32) -> Result<Value, NoJson> {
        Ok(float(shortest(v)))
    }
    fn serialize_f64(self, v: f64) -> Result<Value, NoJson> {
        Ok(float(v))
    }
    fn serialize_char(self, v: char) -> Result<Value, NoJson> {
        Ok(Value::String(v.to_string()))
    }
    fn serialize_str(self, v: &str) -> Result<Value, NoJson> {
        Ok(Value::String(v.to_owned()))
    }
    fn serialize_bytes(self, v: &[u8]) -> Result<Value, NoJson> {
        use base64::Engine;
        Ok(Value::String(
            base64::engine::general_purpose::STANDARD.encode(v),
        ))
    }
    fn serialize_none(self) -> Result<Value, NoJson> {
        Ok(Value::Null)
    }
    fn serialize_some<T: ?Sized + Serialize>(self, v: &T) -> Result<Value, NoJson> {
        v.serialize(self)
    }
    fn serialize_unit(self) -> Result<Value, NoJson> {
        Ok(Value::Null)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, NoJson> {
        Ok(Value::Null)
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Value, NoJson> {
        self.serialize_str(variant)
    }
    fn serialize_newtype_struct<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        v: &T,
    ) -> Result<Value, NoJson> {
        v.serialize(self)
    }
    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        v: &T,
    ) -> Result<Value, NoJson> {
        let mut map = Map::with_capacity(1);
        map.insert(variant.to_owned(), to_value(v)?);
        Ok(Value::Object(map))
    }
    fn serialize_seq(self, len: Option<usize>) -> Result<Array, NoJson> {
        Ok(Array(Vec::with_capacity(len.unwrap_or_default())))
    }
    fn serialize_tuple(self, len: usize) -> Result<Array, NoJson> {
        self.serialize_seq(Some(len))
    }
    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Array, NoJson> {
        self.serialize_seq(Some(len))
    }
    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, NoJson> {
        Err(NoJson(format!("{name}::{variant} is no Protobuf value")))
    }
    fn serialize_map(self, len: Option<usize>) -> Result<Object, NoJson> {
        Ok(Object::new(len))
    }
    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Object, NoJson> {
        Ok(Object::new(Some(len)))
    }
    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, NoJson> {
        Err(NoJson(format!("{name}::{variant} is no Protobuf value")))
    }
}

impl ser::SerializeSeq for Array {
    type Ok = Value;
    type Error = NoJson;
    fn serialize_element<T: ?Sized + Serialize>(&mut self, v: &T) -> Result<(), NoJson> {
        self.0.push(to_value(v)?);
        Ok(())
    }
    fn end(self) -> Result<Value, NoJson> {
        Ok(Value::Array(self.0))
    }
}

impl ser::SerializeTuple for Array {
    type Ok = Value;
    type Error = NoJson;
    fn serialize_element<T: ?Sized + Serialize>(&mut self, v: &T) -> Result<(), NoJson> {
        ser::SerializeSeq::serialize_element(self, v)
    }
    fn end(self) -> Result<Value, NoJson> {
        ser::SerializeSeq::end(self)
    }
}

impl ser::SerializeTupleStruct for Array {
    type Ok = Value;
    type Error = NoJson;
    fn serialize_field<T: ?Sized + Serialize>(&mut self, v: &T) -> Result<(), NoJson> {
        ser::SerializeSeq::serialize_element(self, v)
    }
    fn end(self) -> Result<Value, NoJson> {
        ser::SerializeSeq::end(self)
    }
}

impl ser::SerializeMap for Object {
    type Ok = Value;
    type Error = NoJson;
    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), NoJson> {
        self.key = Some(match key.serialize(ToValue)? {
            Value::String(key) => key,
            Value::Number(key) => key.to_string(),
            Value::Bool(key) => key.to_string(),
            other => return Err(NoJson(format!("{other} cannot be a map key"))),
        });
        Ok(())
    }
    fn serialize_value<T: ?Sized + Serialize>(&mut self, v: &T) -> Result<(), NoJson> {
        let key = self
            .key
            .take()
            .ok_or_else(|| NoJson("map value without a key".to_owned()))?;
        self.map.insert(key, to_value(v)?);
        Ok(())
    }
    fn end(self) -> Result<Value, NoJson> {
        Ok(Value::Object(self.map))
    }
}

impl ser::SerializeStruct for Object {
    type Ok = Value;
    type Error = NoJson;
    fn serialize_field<T: ?Sized + Serialize>(
        &mut self,
        key: &'static str,
        v: &T,
    ) -> Result<(), NoJson> {
        self.map.insert(key.to_owned(), to_value(v)?);
        Ok(())
    }
    fn end(self) -> Result<Value, NoJson> {
        Ok(Value::Object(self.map))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protobuf::{DynamicSchema, ProtoSchema};

    #[test]
    fn floats_print_as_protobuf_wants_them() {
        let cases = [
            (0.1_f32, json!(0.1)),
            (99.99, json!(99.99)),
            (250.0, json!(250.0)),
            (16_777_216.0, json!(16_777_216.0)),
            (f32::MAX, json!(3.4028234663852886e38)),
            (1e-45, json!(1e-45)),
            (f32::NAN, json!("NaN")),
            (f32::INFINITY, json!("Infinity")),
            (f32::NEG_INFINITY, json!("-Infinity")),
        ];
        for (float, expected) in cases {
            assert_eq!(float.serialize(ToValue).unwrap(), expected, "{float}");
        }
        assert_eq!(f64::NAN.serialize(ToValue).unwrap(), json!("NaN"));
    }

    proptest::proptest! {
        #[test]
        fn the_shortest_form_reads_back_as_the_same_float(bits: u32) {
            let float = f32::from_bits(bits);
            if float.is_finite() {
                proptest::prop_assert_eq!((shortest(float) as f32).to_bits(), bits);
            }
        }
    }

    #[test]
    fn map_keys_become_strings() {
        let map = std::collections::BTreeMap::from([(1_u64, true), (2, false)]);
        assert_eq!(
            map.serialize(ToValue).unwrap(),
            json!({"1": true, "2": false})
        );
        let map = std::collections::BTreeMap::from([(true, 1)]);
        assert_eq!(map.serialize(ToValue).unwrap(), json!({"true": 1}));
    }

    #[test]
    fn an_any_without_a_type_is_an_empty_object() {
        let text = "syntax = \"proto3\"; import \"google/protobuf/any.proto\"; message M { \
            google.protobuf.Any one = 1; repeated google.protobuf.Any many = 2; \
            map<string, google.protobuf.Any> named = 3; }";
        let schema = DynamicSchema::from_text("m.proto", text, "M", &[]).unwrap();
        let bytes = [0x0a, 0, 0x12, 0, 0x1a, 3, 0x0a, 1, b'k'];
        let json = json!({"one": {}, "many": [{}], "named": {"k": {}}});
        assert_eq!(schema.deserialize(&bytes).unwrap(), json);
        assert_eq!(schema.serialize(&json).unwrap(), bytes);
        let of_an_unknown_type = b"\x0a\x05\x0a\x03a/X";
        assert!(schema.deserialize(of_an_unknown_type).is_err());
    }
}
