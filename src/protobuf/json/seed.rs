//! What the parts of the encoder hand each other: a place in the output, and what
//! belongs there. Each part implements how its own is read.

use serde::de::{self, Unexpected};

use super::encode::Encoder;
use super::plan::{Kind, Tag};
use super::wire::MAX_DEPTH;

/// Writes one value, without its tag and length.
pub(super) struct ValueSeed<'e, 'p, 'o> {
    pub(super) encoder: &'e mut Encoder<'p, 'o>,
    pub(super) kind: Kind,
    /// Whether null stands for no value.
    pub(super) nullable: bool,
    pub(super) depth: usize,
}

/// Writes tag and value, or nothing if there is no value.
pub(super) struct Tagged<'e, 'p, 'o, 'f> {
    pub(super) encoder: &'e mut Encoder<'p, 'o>,
    pub(super) tag: &'f Tag,
    pub(super) kind: Kind,
    /// Whether the default is written as well.
    pub(super) keep_default: bool,
    /// Whether null stands for no value.
    pub(super) nullable: bool,
    pub(super) depth: usize,
}

/// Writes the entries of a map in the order of their keys.
pub(super) struct MapSeed<'e, 'p, 'o, 'f> {
    pub(super) encoder: &'e mut Encoder<'p, 'o>,
    pub(super) tag: &'f Tag,
    /// The message that an entry is.
    pub(super) entry: Kind,
    pub(super) nullable: bool,
    pub(super) depth: usize,
}

/// A JSON value that is no container.
#[derive(Clone, Copy)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(&'a str),
}

impl Scalar<'_> {
    pub(super) fn unexpected(&self) -> Unexpected<'_> {
        match *self {
            Self::Null => Unexpected::Unit,
            Self::Bool(value) => Unexpected::Bool(value),
            Self::Signed(value) => Unexpected::Signed(value),
            Self::Unsigned(value) => Unexpected::Unsigned(value),
            Self::Float(value) => Unexpected::Float(value),
            Self::Text(value) => Unexpected::Str(value),
        }
    }
}

/// One level further down.
///
/// # Errors
/// If the limit is reached.
pub(super) fn deeper<E: de::Error>(depth: usize) -> Result<usize, E> {
    if depth >= MAX_DEPTH {
        return Err(E::custom("recursion limit reached"));
    }
    Ok(depth.saturating_add(1))
}

/// The zigzag form of a signed integer.
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}
