//! Strings and digits as JSON text.

use std::fmt;

/// Appends a string in quotes, escaped as serde_json escapes it.
pub(crate) fn quote(value: &str, out: &mut String) {
    out.reserve(value.len().saturating_add(2));
    out.push('"');
    let mut clean = 0;
    for (at, byte) in value.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        // What is escaped is ASCII, so both ends are between characters.
        out.push_str(value.get(clean..at).unwrap_or_default());
        clean = at.saturating_add(1);
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            control => {
                out.push_str("\\u00");
                for digit in [control >> 4, control & 0xf] {
                    out.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
                }
            }
        }
    }
    out.push_str(value.get(clean..).unwrap_or_default());
    out.push('"');
}

/// The decimal digits of an integer, without allocation.
pub(crate) struct Digits {
    bytes: [u8; 20],
    start: usize,
}

impl Digits {
    #[inline]
    pub(crate) fn new(value: i128) -> Self {
        let mut digits = Self {
            bytes: [0; 20],
            start: 20,
        };
        // The integers of Protobuf have 64 bits.
        let mut rest = value.unsigned_abs() as u64;
        loop {
            digits.prepend(b'0'.saturating_add((rest % 10) as u8));
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            digits.prepend(b'-');
        }
        digits
    }

    #[inline]
    fn prepend(&mut self, byte: u8) {
        self.start = self.start.saturating_sub(1);
        if let Some(slot) = self.bytes.get_mut(self.start) {
            *slot = byte;
        }
    }

    #[inline]
    pub(crate) fn as_str(&self) -> &str {
        let digits = self.bytes.get(self.start..).unwrap_or_default();
        std::str::from_utf8(digits).unwrap_or_default()
    }
}

/// A text of at most 32 bytes, without allocation.
#[derive(Default)]
pub(crate) struct Short {
    bytes: [u8; 32],
    len: usize,
}

impl Short {
    pub(crate) fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len.checked_add(text.len()).ok_or(fmt::Error)?;
        let slot = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        slot.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}
