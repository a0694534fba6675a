//! JSON text.

/// Appends a string in quotes, escaped as serde_json escapes it.
pub(super) fn quote(value: &str, out: &mut String) {
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

/// Decimal digits of a number, without allocation.
pub(super) struct Digits {
    bytes: [u8; 20],
    start: usize,
}

impl Digits {
    pub(super) fn unsigned(value: u64) -> Self {
        let mut digits = Self {
            bytes: [0; 20],
            start: 20,
        };
        let mut rest = value;
        loop {
            digits.prepend(b'0'.saturating_add((rest % 10) as u8));
            rest /= 10;
            if rest == 0 {
                return digits;
            }
        }
    }

    pub(super) fn signed(value: i64) -> Self {
        let mut digits = Self::unsigned(value.unsigned_abs());
        if value < 0 {
            digits.prepend(b'-');
        }
        digits
    }

    fn prepend(&mut self, byte: u8) {
        self.start = self.start.saturating_sub(1);
        if let Some(slot) = self.bytes.get_mut(self.start) {
            *slot = byte;
        }
    }

    pub(super) fn as_str(&self) -> &str {
        let digits = self.bytes.get(self.start..).unwrap_or_default();
        std::str::from_utf8(digits).unwrap_or_default()
    }
}
