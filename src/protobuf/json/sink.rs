//! What JSON is printed to.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value};

use super::plan::FieldName;
use super::text::{Digits, quote};

/// Takes JSON piece by piece. Containers are values of the caller's, so that a
/// sink needs no stack of its own.
pub(super) trait Sink {
    type Value;
    type Object;
    type Array;

    /// Whether bytes are checked only, and values without JSON do not matter.
    const CHECKS_ONLY: bool = false;

    fn null(&mut self) -> Self::Value;
    fn boolean(&mut self, value: bool) -> Self::Value;
    fn signed(&mut self, value: i64) -> Self::Value;
    fn unsigned(&mut self, value: u64) -> Self::Value;
    /// A finite number.
    fn float(&mut self, value: f64) -> Self::Value;
    fn string(&mut self, value: &str) -> Self::Value;
    /// A string without anything to escape.
    fn plain(&mut self, value: &str) -> Self::Value;
    /// Base64.
    fn bytes(&mut self, value: &[u8]) -> Self::Value;

    /// Begins an object of about so many entries.
    fn object(&mut self, len: usize) -> Self::Object;
    fn field<E>(
        &mut self,
        object: &mut Self::Object,
        name: &FieldName,
        print: impl FnOnce(&mut Self) -> Result<Self::Value, E>,
    ) -> Result<(), E>;
    fn entry<E>(
        &mut self,
        object: &mut Self::Object,
        key: &str,
        print: impl FnOnce(&mut Self) -> Result<Self::Value, E>,
    ) -> Result<(), E>;
    fn end_object(&mut self, object: Self::Object) -> Self::Value;

    /// Begins an array of about so many elements.
    fn array(&mut self, len: usize) -> Self::Array;
    fn element<E>(
        &mut self,
        array: &mut Self::Array,
        print: impl FnOnce(&mut Self) -> Result<Self::Value, E>,
    ) -> Result<(), E>;
    fn end_array(&mut self, array: Self::Array) -> Self::Value;
}

/// Makes a [`Value`].
pub(super) struct ToValue;

impl Sink for ToValue {
    type Value = Value;
    type Object = Map<String, Value>;
    type Array = Vec<Value>;

    fn null(&mut self) -> Value {
        Value::Null
    }

    fn boolean(&mut self, value: bool) -> Value {
        Value::Bool(value)
    }

    fn signed(&mut self, value: i64) -> Value {
        Value::from(value)
    }

    fn unsigned(&mut self, value: u64) -> Value {
        Value::from(value)
    }

    fn float(&mut self, value: f64) -> Value {
        Value::from(value)
    }

    fn string(&mut self, value: &str) -> Value {
        Value::String(value.to_owned())
    }

    fn plain(&mut self, value: &str) -> Value {
        Value::String(value.to_owned())
    }

    fn bytes(&mut self, value: &[u8]) -> Value {
        Value::String(STANDARD.encode(value))
    }

    fn object(&mut self, len: usize) -> Self::Object {
        Map::with_capacity(len)
    }

    fn field<E>(
        &mut self,
        object: &mut Self::Object,
        name: &FieldName,
        print: impl FnOnce(&mut Self) -> Result<Value, E>,
    ) -> Result<(), E> {
        self.entry(object, &name.plain, print)
    }

    fn entry<E>(
        &mut self,
        object: &mut Self::Object,
        key: &str,
        print: impl FnOnce(&mut Self) -> Result<Value, E>,
    ) -> Result<(), E> {
        let value = print(self)?;
        object.insert(key.to_owned(), value);
        Ok(())
    }

    fn end_object(&mut self, object: Self::Object) -> Value {
        Value::Object(object)
    }

    fn array(&mut self, len: usize) -> Self::Array {
        Vec::with_capacity(len)
    }

    fn element<E>(
        &mut self,
        array: &mut Self::Array,
        print: impl FnOnce(&mut Self) -> Result<Value, E>,
    ) -> Result<(), E> {
        array.push(print(self)?);
        Ok(())
    }

    fn end_array(&mut self, array: Self::Array) -> Value {
        Value::Array(array)
    }
}

/// Appends text without spaces.
pub(super) struct ToText<'a>(pub(super) &'a mut String);

/// Whether a container has anything in it yet, which takes a comma.
pub(super) struct Begun(bool);

impl ToText<'_> {
    #[inline]
    fn comma(&mut self, begun: &mut Begun) {
        if begun.0 {
            self.0.push(',');
        }
        begun.0 = true;
    }
}

impl Sink for ToText<'_> {
    type Value = ();
    type Object = Begun;
    type Array = Begun;

    fn null(&mut self) {
        self.0.push_str("null");
    }

    fn boolean(&mut self, value: bool) {
        self.0.push_str(if value { "true" } else { "false" });
    }

    fn signed(&mut self, value: i64) {
        self.0.push_str(Digits::signed(value).as_str());
    }

    fn unsigned(&mut self, value: u64) {
        self.0.push_str(Digits::unsigned(value).as_str());
    }

    fn float(&mut self, value: f64) {
        // As serde_json prints it. Writing to a string does not fail.
        if let Some(number) = Number::from_f64(value) {
            let _ = write!(self.0, "{number}");
        }
    }

    fn string(&mut self, value: &str) {
        quote(value, self.0);
    }

    fn plain(&mut self, value: &str) {
        self.0.push('"');
        self.0.push_str(value);
        self.0.push('"');
    }

    fn bytes(&mut self, value: &[u8]) {
        self.0.push('"');
        STANDARD.encode_string(value, self.0);
        self.0.push('"');
    }

    fn object(&mut self, _: usize) -> Begun {
        self.0.push('{');
        Begun(false)
    }

    #[inline]
    fn field<E>(
        &mut self,
        object: &mut Begun,
        name: &FieldName,
        print: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.comma(object);
        self.0.push_str(&name.quoted);
        print(self)
    }

    fn entry<E>(
        &mut self,
        object: &mut Begun,
        key: &str,
        print: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.comma(object);
        quote(key, self.0);
        self.0.push(':');
        print(self)
    }

    fn end_object(&mut self, _: Begun) {
        self.0.push('}');
    }

    fn array(&mut self, _: usize) -> Begun {
        self.0.push('[');
        Begun(false)
    }

    #[inline]
    fn element<E>(
        &mut self,
        array: &mut Begun,
        print: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.comma(array);
        print(self)
    }

    fn end_array(&mut self, _: Begun) {
        self.0.push(']');
    }
}

/// Prints nothing: for values that another one replaces, which have to be valid
/// all the same.
pub(super) struct Nowhere;

impl Sink for Nowhere {
    type Value = ();
    type Object = ();
    type Array = ();

    const CHECKS_ONLY: bool = true;

    fn null(&mut self) {}
    fn boolean(&mut self, _: bool) {}
    fn signed(&mut self, _: i64) {}
    fn unsigned(&mut self, _: u64) {}
    fn float(&mut self, _: f64) {}
    fn string(&mut self, _: &str) {}
    fn plain(&mut self, _: &str) {}
    fn bytes(&mut self, _: &[u8]) {}

    fn object(&mut self, _: usize) {}
    fn field<E>(
        &mut self,
        (): &mut (),
        _: &FieldName,
        print: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        print(self)
    }
    fn entry<E>(
        &mut self,
        (): &mut (),
        _: &str,
        print: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        print(self)
    }
    fn end_object(&mut self, (): ()) {}

    fn array(&mut self, _: usize) {}
    fn element<E>(
        &mut self,
        (): &mut (),
        print: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        print(self)
    }
    fn end_array(&mut self, (): ()) {}
}
