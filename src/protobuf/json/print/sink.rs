//! What JSON is printed to: a [`Value`], text, or nothing.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value};

use super::super::notation::{Digits, quote};
use super::super::plan::FieldName;

/// The place of one JSON value.
pub(crate) trait Sink: Sized {
    type Object: Container;
    type Array: Container;

    /// Whether bytes are only checked, and values without JSON do not matter.
    const CHECKS_ONLY: bool = false;

    fn null(self);
    fn boolean(self, value: bool);
    fn integer(self, value: i128);
    /// Prints a finite number.
    fn float(self, value: f64);
    fn string(self, value: &str);
    /// Prints a string without anything to escape.
    fn plain(self, value: &str);
    /// Prints base64.
    fn bytes(self, value: &[u8]);
    /// Begins an object of about so many entries.
    fn object(self, len: usize) -> Self::Object;
    /// Begins an array of about so many elements.
    fn array(self, len: usize) -> Self::Array;
}

/// An object or array that has begun.
pub(crate) trait Container {
    type Place<'a>: Sink
    where
        Self: 'a;

    fn field(&mut self, name: &FieldName) -> Self::Place<'_>;
    fn entry(&mut self, key: &str) -> Self::Place<'_>;
    fn element(&mut self) -> Self::Place<'_>;
    fn end(self);
}

/// Where a [`Value`] is printed to. It would be `None` only in a container that is not
/// of the type that was begun.
type Slot<'v> = Option<&'v mut Value>;

#[inline]
fn set<'v>(slot: Slot<'v>, value: Value) -> Slot<'v> {
    let slot = slot?;
    // Null is replaced, which has nothing to drop.
    std::mem::forget(std::mem::replace(slot, value));
    Some(slot)
}

impl<'v> Sink for Slot<'v> {
    type Object = Self;
    type Array = Self;

    fn null(self) {
        set(self, Value::Null);
    }

    fn boolean(self, value: bool) {
        set(self, Value::Bool(value));
    }

    fn integer(self, value: i128) {
        set(
            self,
            Number::from_i128(value).map_or(Value::Null, Value::Number),
        );
    }

    fn float(self, value: f64) {
        set(self, Value::from(value));
    }

    fn string(self, value: &str) {
        set(self, Value::String(value.to_owned()));
    }

    fn plain(self, value: &str) {
        self.string(value);
    }

    fn bytes(self, value: &[u8]) {
        set(self, Value::String(STANDARD.encode(value)));
    }

    fn object(self, len: usize) -> Self {
        set(self, Value::Object(Map::with_capacity(len)))
    }

    fn array(self, len: usize) -> Self {
        set(self, Value::Array(Vec::with_capacity(len)))
    }
}

impl Container for Slot<'_> {
    type Place<'a>
        = Slot<'a>
    where
        Self: 'a;

    #[inline]
    fn field(&mut self, name: &FieldName) -> Slot<'_> {
        self.entry(&name.plain)
    }

    #[inline]
    fn entry(&mut self, key: &str) -> Slot<'_> {
        let map = self.as_mut()?.as_object_mut()?;
        Some(map.entry(key).or_insert(Value::Null))
    }

    #[inline]
    fn element(&mut self) -> Slot<'_> {
        let list = self.as_mut()?.as_array_mut()?;
        list.push(Value::Null);
        list.last_mut()
    }

    fn end(self) {}
}

impl<'t> Sink for &'t mut String {
    type Object = Text<'t>;
    type Array = Text<'t>;

    fn null(self) {
        self.push_str("null");
    }

    fn boolean(self, value: bool) {
        self.push_str(if value { "true" } else { "false" });
    }

    fn integer(self, value: i128) {
        self.push_str(Digits::new(value).as_str());
    }

    fn float(self, value: f64) {
        // As serde_json prints it. Writing to a string does not fail.
        if let Some(number) = Number::from_f64(value) {
            let _ = write!(self, "{number}");
        }
    }

    fn string(self, value: &str) {
        quote(value, self);
    }

    fn plain(self, value: &str) {
        self.push('"');
        self.push_str(value);
        self.push('"');
    }

    fn bytes(self, value: &[u8]) {
        self.push('"');
        STANDARD.encode_string(value, self);
        self.push('"');
    }

    fn object(self, _: usize) -> Text<'t> {
        Text::begin(self, '{', '}')
    }

    fn array(self, _: usize) -> Text<'t> {
        Text::begin(self, '[', ']')
    }
}

/// An object or array as text without spaces.
pub(crate) struct Text<'t> {
    out: &'t mut String,
    is_empty: bool,
    end: char,
}

impl<'t> Text<'t> {
    fn begin(out: &'t mut String, begin: char, end: char) -> Self {
        out.push(begin);
        Self {
            out,
            is_empty: true,
            end,
        }
    }
}

impl Container for Text<'_> {
    type Place<'a>
        = &'a mut String
    where
        Self: 'a;

    #[inline]
    fn field(&mut self, name: &FieldName) -> &mut String {
        let out = self.element();
        out.push_str(&name.quoted);
        out
    }

    fn entry(&mut self, key: &str) -> &mut String {
        let out = self.element();
        quote(key, out);
        out.push(':');
        out
    }

    #[inline]
    fn element(&mut self) -> &mut String {
        if !self.is_empty {
            self.out.push(',');
        }
        self.is_empty = false;
        self.out
    }

    fn end(self) {
        self.out.push(self.end);
    }
}

/// Prints nothing: for values that a later one replaces, which have to be valid
/// all the same.
pub(crate) struct Nowhere;

impl Sink for Nowhere {
    type Object = Self;
    type Array = Self;

    const CHECKS_ONLY: bool = true;

    fn null(self) {}
    fn boolean(self, _: bool) {}
    fn integer(self, _: i128) {}
    fn float(self, _: f64) {}
    fn string(self, _: &str) {}
    fn plain(self, _: &str) {}
    fn bytes(self, _: &[u8]) {}
    fn object(self, _: usize) -> Self {
        self
    }
    fn array(self, _: usize) -> Self {
        self
    }
}

impl Container for Nowhere {
    type Place<'a> = Self;

    fn field(&mut self, _: &FieldName) -> Self {
        Self
    }
    fn entry(&mut self, _: &str) -> Self {
        Self
    }
    fn element(&mut self) -> Self {
        Self
    }
    fn end(self) {}
}
