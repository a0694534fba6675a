//! What the parts of the encoder share.

use super::super::bytes::MAX_DEPTH;
use super::super::fault::{Path, Result};
use super::super::options::JsonOptions;
use super::super::plan::{AnyPlans, Plan};
use super::super::scratch::Scratch;
use super::source::Json;

/// What became of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// There is no value: it was null, or is skipped.
    Nothing,
    /// The value is written, and is its type's default.
    Default,
    /// The value is written, and prost takes it for the default of a field.
    NegativeZero,
    Value,
}

impl Written {
    #[inline]
    pub(super) fn unless_default(is_default: bool) -> Self {
        if is_default {
            Self::Default
        } else {
            Self::Value
        }
    }
}

/// Where a value stands, which decides whether null and defaults are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A field without presence. Null and the default are left out.
    Implicit,
    /// A field with presence. Null is left out, the default is written.
    Explicit,
    /// A list's element. Null is refused, the default is written.
    Element,
    /// A map's or wrapper's value. Null is refused, the default is left out.
    Inner,
}

impl Place {
    #[inline]
    pub(super) fn is_nullable(self) -> bool {
        matches!(self, Self::Implicit | Self::Explicit)
    }

    #[inline]
    pub(super) fn leaves_out(self, written: Written) -> bool {
        match written {
            Written::Nothing => true,
            Written::Default => matches!(self, Self::Implicit | Self::Inner),
            Written::NegativeZero => self == Self::Implicit,
            Written::Value => false,
        }
    }
}

/// Writes JSON as the bytes of a message.
pub(crate) struct Encoder<'a> {
    pub(crate) any: &'a AnyPlans,
    pub(crate) options: JsonOptions,
    pub(crate) out: &'a mut Vec<u8>,
    pub(crate) scratch: Box<Scratch>,
    pub(crate) path: Path,
}

impl Encoder<'_> {
    /// Appends the message that `json` describes.
    pub(crate) fn root<'j>(&mut self, plan: &Plan, json: impl Json<'j>) -> Result<()> {
        self.message(plan, 0, json, Place::Element, 0).map(drop)
    }
}

/// Returns the depth one level further down.
pub(super) fn deeper(depth: usize) -> Result<usize> {
    if depth >= MAX_DEPTH {
        return Err("recursion limit reached".into());
    }
    Ok(depth.saturating_add(1))
}
