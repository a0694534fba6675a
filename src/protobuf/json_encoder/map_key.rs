use prost::encoding::{WireType, encode_key, encode_varint};

use super::plan::KindPlan;
use super::{Result, Unplanned, bytes};

/// Ordered as prost's `BTreeMap`s are.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum MapKey<'a> {
    Signed(i64),
    Unsigned(u64),
    Bool(bool),
    Text(&'a str),
}

impl<'a> MapKey<'a> {
    pub(super) fn parse(kind: &KindPlan, text: &'a str) -> Result<Self> {
        let signed = |fits: fn(i64) -> bool| {
            let value = text.parse().ok().filter(|value| fits(*value));
            value.map(Self::Signed).ok_or(Unplanned)
        };
        let unsigned = |fits: fn(u64) -> bool| {
            let value = text.parse().ok().filter(|value| fits(*value));
            value.map(Self::Unsigned).ok_or(Unplanned)
        };
        match kind {
            KindPlan::Int32 | KindPlan::Sint32 | KindPlan::Sfixed32 => {
                signed(|value| i32::try_from(value).is_ok())
            }
            KindPlan::Int64 | KindPlan::Sint64 | KindPlan::Sfixed64 => signed(|_| true),
            KindPlan::Uint32 | KindPlan::Fixed32 => unsigned(|value| u32::try_from(value).is_ok()),
            KindPlan::Uint64 | KindPlan::Fixed64 => unsigned(|_| true),
            KindPlan::Bool => text.parse().map(Self::Bool).map_err(|_| Unplanned),
            KindPlan::String => Ok(Self::Text(text)),
            _ => Err(Unplanned),
        }
    }

    /// Field 1 of a map entry; nothing for the default.
    pub(super) fn encode(&self, kind: &KindPlan, buffer: &mut Vec<u8>) {
        if matches!(
            self,
            Self::Signed(0) | Self::Unsigned(0) | Self::Bool(false) | Self::Text("")
        ) {
            return;
        }
        encode_key(1, kind.wire_type(), buffer);
        match self {
            Self::Text(text) => bytes(text.as_bytes(), buffer),
            Self::Bool(value) => buffer.push((*value).into()),
            Self::Unsigned(value) => integer(kind, *value, buffer),
            Self::Signed(value) => match kind {
                KindPlan::Sint32 | KindPlan::Sint64 => {
                    encode_varint(((value << 1) ^ (value >> 63)).cast_unsigned(), buffer);
                }
                _ => integer(kind, value.cast_unsigned(), buffer),
            },
        }
    }
}

/// The low bits of `bits` as the kind has them.
fn integer(kind: &KindPlan, bits: u64, buffer: &mut Vec<u8>) {
    let [a, b, c, d, ..] = bits.to_le_bytes();
    match kind.wire_type() {
        WireType::ThirtyTwoBit => buffer.extend_from_slice(&[a, b, c, d]),
        WireType::SixtyFourBit => buffer.extend_from_slice(&bits.to_le_bytes()),
        _ => encode_varint(bits, buffer),
    }
}
