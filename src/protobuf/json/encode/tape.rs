//! JSON text as a flat list of tokens, which borrow their strings from the text.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::source::{Json, Scalar, Token};

/// The tokens of a JSON text in their order.
#[derive(Debug)]
pub(crate) struct Tape<'t>(Vec<Item<'t>>);

#[derive(Debug)]
enum Item<'t> {
    Scalar(Scalar<'t>),
    /// A string that had escapes.
    Unescaped(String),
    /// Names and values follow, up to this position.
    Map(usize),
    /// Elements follow, up to this position.
    List(usize),
}

impl<'t> Tape<'t> {
    /// Reads a text, which must be one JSON value.
    pub(crate) fn read(text: &'t str) -> Result<Self, serde_json::Error> {
        // Short names and values take about eight bytes each.
        let mut tape = Self(Vec::with_capacity((text.len() / 8).min(1024)));
        let mut source = serde_json::Deserializer::from_str(text);
        Next(&mut tape).deserialize(&mut source)?;
        source.end()?;
        Ok(tape)
    }

    pub(crate) fn root<'j>(&'j self) -> Place<'j, 't> {
        Place { tape: self, at: 0 }
    }

    /// Ends the container that began at `at`.
    fn end(&mut self, at: usize, container: impl FnOnce(usize) -> Item<'t>) {
        let end = self.0.len();
        if let Some(item) = self.0.get_mut(at) {
            *item = container(end);
        }
    }
}

/// Appends the next value to the tape.
struct Next<'a, 't>(&'a mut Tape<'t>);

impl<'t> Next<'_, 't> {
    fn scalar<E>(self, scalar: Scalar<'t>) -> Result<(), E> {
        self.0.0.push(Item::Scalar(scalar));
        Ok(())
    }
}

impl<'t> DeserializeSeed<'t> for Next<'_, 't> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Next<'_, 't> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.scalar(Scalar::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.scalar(Scalar::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.scalar(Scalar::Integer(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.scalar(Scalar::Integer(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.scalar(Scalar::Float(value))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'t str) -> Result<(), E> {
        self.scalar(Scalar::Text(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.0.0.push(Item::Unescaped(value.to_owned()));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut elements: A) -> Result<(), A::Error> {
        let at = self.0.0.len();
        self.0.0.push(Item::List(at));
        while elements.next_element_seed(Next(self.0))?.is_some() {}
        self.0.end(at, Item::List);
        Ok(())
    }

    fn visit_map<A: MapAccess<'t>>(self, mut entries: A) -> Result<(), A::Error> {
        let at = self.0.0.len();
        self.0.0.push(Item::Map(at));
        while entries.next_key_seed(Next(self.0))?.is_some() {
            entries.next_value_seed(Next(self.0))?;
        }
        self.0.end(at, Item::Map);
        Ok(())
    }
}

/// A value on the tape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'j, 't> {
    tape: &'j Tape<'t>,
    at: usize,
}

/// The members of a container that are still to be read.
#[derive(Clone)]
pub(crate) struct Members<'j, 't> {
    next: Place<'j, 't>,
    end: usize,
}

impl<'j, 't> Members<'j, 't> {
    /// Takes the next value off, with all that it contains.
    #[inline]
    fn take(&mut self) -> Option<Place<'j, 't>> {
        let value = self.next;
        if value.at >= self.end {
            return None;
        }
        self.next.at = match value.tape.0.get(value.at)? {
            Item::Map(end) | Item::List(end) => *end,
            _ => value.at.saturating_add(1),
        };
        Some(value)
    }
}

impl<'j, 't> Json<'j> for Place<'j, 't> {
    type Map = Members<'j, 't>;
    type List = Members<'j, 't>;

    #[inline]
    fn read(self) -> Token<'j, Self::Map, Self::List> {
        let members = |end| {
            let at = self.at.saturating_add(1);
            let next = Self { at, ..self };
            Members { next, end }
        };
        match self.tape.0.get(self.at) {
            Some(Item::Map(end)) => Token::Map(members(*end)),
            Some(Item::List(end)) => Token::List(members(*end)),
            Some(Item::Scalar(scalar)) => Token::Scalar(*scalar),
            Some(Item::Unescaped(text)) => Token::Scalar(Scalar::Text(text)),
            None => Token::Scalar(Scalar::Null),
        }
    }

    #[inline]
    fn entry(map: &mut Self::Map) -> Option<(&'j str, Self)> {
        let name = map.take()?;
        match name.tape.0.get(name.at)? {
            Item::Scalar(Scalar::Text(name)) => Some((name, map.take()?)),
            Item::Unescaped(name) => Some((name, map.take()?)),
            _ => None,
        }
    }

    #[inline]
    fn element(list: &mut Self::List) -> Option<Self> {
        list.take()
    }
}
