//! Writes values as Protobuf's bytes.

use prost::encoding::WireType;

use super::plan::{Kind, Tag};

/// How deep messages may be nested: Protobuf's own limit.
pub(super) const MAX_DEPTH: usize = 100;

#[inline]
pub(super) fn varint(bits: u64, out: &mut Vec<u8>) {
    if bits < 0x80 {
        out.push(bits as u8);
    } else {
        long_varint(bits, out);
    }
}

fn long_varint(mut bits: u64, out: &mut Vec<u8>) {
    out.reserve(10);
    while bits >= 0x80 {
        out.push(bits as u8 | 0x80);
        bits >>= 7;
    }
    out.push(bits as u8);
}

/// Appends a string or bytes behind their length.
#[inline]
pub(super) fn delimited(bytes: &[u8], out: &mut Vec<u8>) {
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Appends a number whose bits are as [`integer`] gives them, or a float's.
#[inline]
pub(super) fn number(kind: Kind, bits: u64, out: &mut Vec<u8>) {
    match kind.wire_type() {
        WireType::SixtyFourBit => out.extend_from_slice(&bits.to_le_bytes()),
        WireType::ThirtyTwoBit => out.extend_from_slice(&(bits as u32).to_le_bytes()),
        _ => varint(bits, out),
    }
}

/// Returns the bits of an integer as a field of this kind holds them, `None` if it
/// is out of the kind's range.
#[inline]
pub(super) fn integer(kind: Kind, value: i128) -> Option<u64> {
    let small = || i32::try_from(value).ok().map(i64::from);
    let large = || i64::try_from(value).ok();
    match kind {
        Kind::Int32 | Kind::Sfixed32 | Kind::Enum(_) => small().map(i64::cast_unsigned),
        Kind::Int64 | Kind::Sfixed64 => large().map(i64::cast_unsigned),
        Kind::Sint32 => small().map(zigzag),
        Kind::Sint64 => large().map(zigzag),
        Kind::Uint32 | Kind::Fixed32 => u32::try_from(value).ok().map(u64::from),
        _ => u64::try_from(value).ok(),
    }
}

/// Returns the integer whose bits a field of this kind holds. The upper bits of a
/// varint wider than the kind do not count.
#[inline]
pub(super) fn value(kind: Kind, bits: u64) -> i128 {
    let low = bits as u32;
    match kind {
        Kind::Int32 | Kind::Sfixed32 | Kind::Enum(_) => low.cast_signed().into(),
        Kind::Int64 | Kind::Sfixed64 => bits.cast_signed().into(),
        Kind::Sint32 => unzigzag(low.into()).into(),
        Kind::Sint64 => unzigzag(bits).into(),
        Kind::Uint32 | Kind::Fixed32 => low.into(),
        Kind::Bool => (bits != 0).into(),
        _ => bits.into(),
    }
}

/// Whether the bits of a number are its kind's default.
#[inline]
pub(super) fn is_default(kind: Kind, bits: u64) -> bool {
    match kind {
        Kind::Double => f64::from_bits(bits) == 0.0,
        Kind::Float => f32::from_bits(bits as u32) == 0.0,
        Kind::Int32 | Kind::Uint32 | Kind::Sint32 | Kind::Enum(_) => bits as u32 == 0,
        _ => bits == 0,
    }
}

pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn unzigzag(bits: u64) -> i64 {
    (bits >> 1).cast_signed() ^ -(bits & 1).cast_signed()
}

/// Reserves one byte for a length that is not known yet, and returns where.
#[inline]
pub(super) fn open(out: &mut Vec<u8>) -> usize {
    let at = out.len();
    out.push(0);
    at
}

/// Writes the length of what was appended since [`open`]. Returns by how many
/// bytes this had to move: lengths above 127 take more than one byte.
#[inline]
pub(super) fn close(out: &mut Vec<u8>, at: usize) -> usize {
    let len = out.len().saturating_sub(at).saturating_sub(1);
    match (len, out.get_mut(at)) {
        (0..0x80, Some(byte)) => {
            *byte = len as u8;
            0
        }
        _ => close_long(out, at, len as u64),
    }
}

fn close_long(out: &mut Vec<u8>, at: usize, len: u64) -> usize {
    let mut length = Vec::with_capacity(10);
    varint(len, &mut length);
    let moved = length.len().saturating_sub(1);
    out.splice(at..=at, length);
    moved
}

/// Appends the tag that ends a group.
pub(super) fn end_group(tag: &Tag, out: &mut Vec<u8>) {
    Tag::new(tag.number(), WireType::EndGroup).write(out);
}
