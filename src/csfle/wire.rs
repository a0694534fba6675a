//! Walks the fields of an encoded message without decoding it. prost reads the
//! varints. The walk is our own, since prost does not return the bytes of a field.

use prost::encoding::{WireType, decode_varint};

/// Maximum nesting depth of messages, as in the official parsers.
pub(crate) const MAX_DEPTH: usize = 100;

/// Bytes that are not a Protobuf message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("a varint is cut short or does not fit 64 bits")]
    Varint,
    #[error("a field is cut short")]
    Truncated,
    #[error("a field number is not between 1 and 536870911")]
    FieldNumber,
    #[error("a field has the wire type {0}, which does not exist")]
    WireType(u8),
    #[error("a group is not closed, or closed without being open")]
    Group,
    #[error("messages are nested more than {MAX_DEPTH} deep")]
    TooDeep,
}

/// One field of an encoded message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    /// `StartGroup` for a group.
    pub(crate) wire_type: WireType,
    /// The value, without its length; for a group, without its end.
    pub(crate) value: &'a [u8],
    /// The whole field, including its key.
    pub(crate) whole: &'a [u8],
}

/// Iterates over the fields of an encoded message in the order of the bytes. Ends
/// after an error.
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match next_field(self.rest) {
            Ok((field, rest)) => {
                self.rest = rest;
                Some(Ok(field))
            }
            Err(error) => {
                self.rest = &[];
                Some(Err(error))
            }
        }
    }
}

#[inline]
fn next_field(bytes: &[u8]) -> Result<(Field<'_>, &[u8]), Malformed> {
    let (number, wire_type, after_key) = key(bytes)?;
    let (value, rest) = match wire_type {
        WireType::LengthDelimited => {
            let (len, after_len) = varint(after_key)?;
            let len = usize::try_from(len).map_err(|_| Malformed::Truncated)?;
            take(after_len, len)?
        }
        WireType::StartGroup => group(number, after_key)?,
        WireType::EndGroup => return Err(Malformed::Group),
        scalar => take(after_key, scalar_len(scalar, after_key)?)?,
    };
    let (whole, _) = take(bytes, bytes.len().saturating_sub(rest.len()))?;
    let field = Field {
        number,
        wire_type,
        value,
        whole,
    };
    Ok((field, rest))
}

/// Returns the length of the varint or fixed-size number at the start of `bytes`.
#[inline]
fn scalar_len(wire_type: WireType, bytes: &[u8]) -> Result<usize, Malformed> {
    Ok(match wire_type {
        WireType::SixtyFourBit => 8,
        WireType::ThirtyTwoBit => 4,
        _ => bytes.len().saturating_sub(varint(bytes)?.1.len()),
    })
}

/// Splits the body of a group, whose start has been read, from what follows its
/// end. A loop and not a recursion, since the input decides how deep groups nest.
fn group(number: u32, body: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut open = vec![number];
    let mut rest = body;
    loop {
        let at = rest;
        let (number, wire_type, after_key) = key(rest)?;
        rest = match wire_type {
            WireType::StartGroup if open.len() >= MAX_DEPTH => return Err(Malformed::TooDeep),
            WireType::StartGroup => {
                open.push(number);
                after_key
            }
            WireType::EndGroup => {
                if open.pop() != Some(number) {
                    return Err(Malformed::Group);
                }
                if open.is_empty() {
                    let (value, _) = take(body, body.len().saturating_sub(at.len()))?;
                    return Ok((value, after_key));
                }
                after_key
            }
            _ => next_field(at)?.1,
        };
    }
}

/// Reads the number and the wire type of a field.
#[inline]
fn key(bytes: &[u8]) -> Result<(u32, WireType, &[u8]), Malformed> {
    let (key, rest) = varint(bytes)?;
    let number = u32::try_from(key >> 3).map_err(|_| Malformed::FieldNumber)?;
    if number == 0 || number > 536_870_911 {
        return Err(Malformed::FieldNumber);
    }
    let wire_type = key & 7;
    match WireType::try_from(wire_type) {
        Ok(wire_type) => Ok((number, wire_type, rest)),
        // Three bits always fit.
        Err(_) => Err(Malformed::WireType(wire_type as u8)),
    }
}

#[inline]
fn take(bytes: &[u8], len: usize) -> Result<(&[u8], &[u8]), Malformed> {
    bytes.split_at_checked(len).ok_or(Malformed::Truncated)
}

/// Reads a varint. Returns its value and the bytes after it.
#[inline]
pub(crate) fn varint(bytes: &[u8]) -> Result<(u64, &[u8]), Malformed> {
    let mut rest = bytes;
    match decode_varint(&mut rest) {
        Ok(value) => Ok((value, rest)),
        Err(_) => Err(Malformed::Varint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_walked_with_groups_as_one() {
        // 1: varint 150; group 2 { 1: fixed32; group 3 {} }; 4: "ab"
        let bytes = [
            0x08, 0x96, 0x01, 0x13, 0x0d, 1, 2, 3, 4, 0x1b, 0x1c, 0x14, 0x22, 2, b'a', b'b',
        ];
        let fields: Vec<_> = Fields::new(&bytes).collect::<Result<_, _>>().unwrap();
        assert_eq!(
            fields
                .iter()
                .map(|f| (f.number, f.wire_type, f.value.len(), f.whole.len()))
                .collect::<Vec<_>>(),
            [
                (1, WireType::Varint, 2, 3),
                (2, WireType::StartGroup, 7, 9),
                (4, WireType::LengthDelimited, 2, 4)
            ]
        );
    }

    #[test]
    fn malformed_bytes_are_named() {
        for (bytes, expected) in [
            (&[0x80u8][..], Malformed::Varint),
            // The tenth byte has a bit too many for 64.
            (
                b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
                Malformed::Varint,
            ),
            (&[0x0a, 2, 1], Malformed::Truncated),
            (&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], Malformed::Truncated),
            (&[0x00, 1], Malformed::FieldNumber),
            (&[0x0e], Malformed::WireType(6)),
            (&[0x0c], Malformed::Group),
            (&[0x0b, 0x14], Malformed::Group),
            (&[0x0b], Malformed::Varint),
        ] {
            let error = Fields::new(bytes).find_map(Result::err);
            assert_eq!(error, Some(expected), "{bytes:02x?}");
        }
        assert_eq!(
            Fields::new(&[0x0b; 200]).find_map(Result::err),
            Some(Malformed::TooDeep)
        );
    }
}
