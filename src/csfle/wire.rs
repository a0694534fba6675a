//! Protobuf's wire format: just enough to walk the fields of a message without
//! decoding it.

/// Largest depth of messages within messages, as in the official parsers.
pub(super) const MAX_DEPTH: usize = 100;

/// Bytes that are not a Protobuf message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("a varint is cut short or longer than ten bytes")]
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

/// How a field's value is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireType {
    Varint,
    Fixed64,
    Len,
    Group,
    Fixed32,
}

/// One field of an encoded message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    pub(crate) wire_type: WireType,
    /// The value: for `Len` without its length, for `Group` without its end.
    pub(crate) value: &'a [u8],
    /// The whole field, from its key on.
    pub(crate) whole: &'a [u8],
}

/// The fields of an encoded message, in the order of the bytes. Stops for good
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
    let (key, after_key) = varint(bytes)?;
    let (number, kind) = split_key(key)?;
    let (wire_type, value, rest) = match kind {
        0 => {
            let (_, rest) = varint(after_key)?;
            let used = after_key.len().saturating_sub(rest.len());
            let (value, rest) = take(after_key, used)?;
            (WireType::Varint, value, rest)
        }
        1 => {
            let (value, rest) = take(after_key, 8)?;
            (WireType::Fixed64, value, rest)
        }
        2 => {
            let (len, after_len) = varint(after_key)?;
            let len = usize::try_from(len).map_err(|_| Malformed::Truncated)?;
            let (value, rest) = take(after_len, len)?;
            (WireType::Len, value, rest)
        }
        3 => {
            let (value, rest) = group(number, after_key)?;
            (WireType::Group, value, rest)
        }
        4 => return Err(Malformed::Group),
        5 => {
            let (value, rest) = take(after_key, 4)?;
            (WireType::Fixed32, value, rest)
        }
        other => return Err(Malformed::WireType(other)),
    };
    let (whole, _) = take(bytes, bytes.len().saturating_sub(rest.len()))?;
    Ok((
        Field {
            number,
            wire_type,
            value,
            whole,
        },
        rest,
    ))
}

/// The body of a group whose start has been read, and what follows its end.
/// Does not recurse: groups nest as deep as the input likes, up to the limit.
fn group(number: u32, body: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut open = vec![number];
    let mut rest = body;
    loop {
        let at = rest;
        let (key, after_key) = varint(rest)?;
        let (number, kind) = split_key(key)?;
        rest = match kind {
            0 => varint(after_key)?.1,
            1 => take(after_key, 8)?.1,
            2 => {
                let (len, after_len) = varint(after_key)?;
                let len = usize::try_from(len).map_err(|_| Malformed::Truncated)?;
                take(after_len, len)?.1
            }
            3 => {
                if open.len() >= MAX_DEPTH {
                    return Err(Malformed::TooDeep);
                }
                open.push(number);
                after_key
            }
            4 => {
                if open.pop() != Some(number) {
                    return Err(Malformed::Group);
                }
                if open.is_empty() {
                    let (value, _) = take(body, body.len().saturating_sub(at.len()))?;
                    return Ok((value, after_key));
                }
                after_key
            }
            5 => take(after_key, 4)?.1,
            other => return Err(Malformed::WireType(other)),
        };
    }
}

fn split_key(key: u64) -> Result<(u32, u8), Malformed> {
    let number = u32::try_from(key >> 3).map_err(|_| Malformed::FieldNumber)?;
    if number == 0 || number > 536_870_911 {
        return Err(Malformed::FieldNumber);
    }
    // Three bits always fit.
    Ok((number, (key & 7) as u8))
}

#[inline]
fn take(bytes: &[u8], len: usize) -> Result<(&[u8], &[u8]), Malformed> {
    bytes.split_at_checked(len).ok_or(Malformed::Truncated)
}

/// Reads a varint; gives it and what follows.
#[inline]
pub(crate) fn varint(bytes: &[u8]) -> Result<(u64, &[u8]), Malformed> {
    let mut value = 0u64;
    for (i, &byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            let rest = bytes.get(i.saturating_add(1)..);
            return Ok((value, rest.ok_or(Malformed::Varint)?));
        }
    }
    Err(Malformed::Varint)
}

/// Length of `value` as a varint.
pub(crate) const fn varint_len(value: u64) -> usize {
    // 1 bit or none needs one byte, each further 7 bits another one.
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// Appends `value` as a varint.
#[inline]
pub(crate) fn push_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends the key of a field.
#[inline]
pub(crate) fn push_key(number: u32, wire_type: WireType, out: &mut Vec<u8>) {
    let kind = match wire_type {
        WireType::Varint => 0,
        WireType::Fixed64 => 1,
        WireType::Len => 2,
        WireType::Group => 3,
        WireType::Fixed32 => 5,
    };
    push_varint(u64::from(number) << 3 | kind, out);
}

/// Appends the end of a group.
pub(crate) fn push_group_end(number: u32, out: &mut Vec<u8>) {
    push_varint(u64::from(number) << 3 | 4, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_round_trip_and_know_their_length() {
        for value in [0, 1, 127, 128, 16383, 16384, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            push_varint(value, &mut out);
            assert_eq!(out.len(), varint_len(value), "{value}");
            assert_eq!(varint(&out).unwrap(), (value, &[][..]));
        }
    }

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
                (2, WireType::Group, 7, 9),
                (4, WireType::Len, 2, 4)
            ]
        );
    }

    #[test]
    fn malformed_bytes_are_named() {
        for (bytes, expected) in [
            (&[0x80u8][..], Malformed::Varint),
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
