//! JSON that is read: a [`Value`], or what the [tape](super::tape) keeps of a text.

use serde_json::{Value, map};

/// A JSON value, and its members one after the other.
pub(crate) trait Json<'j>: Copy {
    /// The entries still to be read.
    type Map: Clone;
    /// The elements still to be read.
    type List;

    fn read(self) -> Token<'j, Self::Map, Self::List>;
    fn entry(map: &mut Self::Map) -> Option<(&'j str, Self)>;
    fn element(list: &mut Self::List) -> Option<Self>;
}

pub(crate) enum Token<'j, M, L> {
    Scalar(Scalar<'j>),
    Map(M),
    List(L),
}

/// A JSON value that is not a container.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scalar<'j> {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(&'j str),
}

impl<'j> Json<'j> for &'j Value {
    type Map = map::Iter<'j>;
    type List = std::slice::Iter<'j, Value>;

    #[inline]
    fn read(self) -> Token<'j, Self::Map, Self::List> {
        Token::Scalar(match self {
            Value::Object(map) => return Token::Map(map.iter()),
            Value::Array(list) => return Token::List(list.iter()),
            Value::String(text) => Scalar::Text(text),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Scalar::Integer(value.into()),
                (_, Some(value)) => Scalar::Integer(value.into()),
                // Without the feature arbitrary_precision, each number has one.
                _ => Scalar::Float(number.as_f64().unwrap_or_default()),
            },
            Value::Bool(value) => Scalar::Bool(*value),
            Value::Null => Scalar::Null,
        })
    }

    #[inline]
    fn entry(map: &mut Self::Map) -> Option<(&'j str, Self)> {
        let (name, value) = map.next()?;
        Some((name, value))
    }

    #[inline]
    fn element(list: &mut Self::List) -> Option<Self> {
        list.next()
    }
}
