//! Formats and parses literals of `.proto` source.

use std::fmt::Write;
use std::iter::Peekable;
use std::str::Chars;

/// Returns `"…"`: valid UTF-8 is copied, everything else is escaped as in C.
pub(in crate::protobuf) fn quoted(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().saturating_add(2));
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\x07' => out.push_str("\\a"),
                '\x08' => out.push_str("\\b"),
                '\x0c' => out.push_str("\\f"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\x0b' => out.push_str("\\v"),
                '\\' => out.push_str("\\\\"),
                '\'' => out.push_str("\\'"),
                '"' => out.push_str("\\\""),
                c if c.is_ascii_control() => octal(&mut out, c as u8),
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            octal(&mut out, *byte);
        }
    }
    out.push('"');
    out
}

fn octal(out: &mut String, byte: u8) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\\{byte:03o}");
}

/// Resolves the escapes inside a literal. Returns `None` if one is malformed.
pub(in crate::protobuf) fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let escape = chars.next()?;
        match escape {
            'a' => out.push(7),
            'b' => out.push(8),
            'f' => out.push(12),
            'n' => out.push(10),
            'r' => out.push(13),
            't' => out.push(9),
            'v' => out.push(11),
            '\\' | '\'' | '"' | '?' => out.push(escape as u8),
            '0'..='7' => {
                out.push(u8::try_from(digits(&mut chars, 8, escape.to_digit(8)?, 2)).ok()?)
            }
            'x' | 'X' => {
                if !chars.peek().is_some_and(char::is_ascii_hexdigit) {
                    return None;
                }
                out.push(u8::try_from(digits(&mut chars, 16, 0, 2)).ok()?);
            }
            'u' | 'U' => {
                let c =
                    char::from_u32(digits(&mut chars, 16, 0, if escape == 'u' { 4 } else { 8 }))?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return None,
        }
    }
    Some(out)
}

/// Parses the number of `first` and up to `max` further digits.
fn digits(chars: &mut Peekable<Chars<'_>>, radix: u32, first: u32, max: usize) -> u32 {
    let mut value = first;
    for _ in 0..max {
        let Some(digit) = chars.peek().and_then(|c| c.to_digit(radix)) else {
            break;
        };
        // At most eight hexadecimal digits: this cannot overflow.
        value = value.wrapping_mul(radix).wrapping_add(digit);
        chars.next();
    }
    value
}

/// Returns a literal that parses as the same double. Infinity has no literal outside
/// braces, but parsers read a number that overflows as infinity.
pub(in crate::protobuf) fn double(value: f64) -> String {
    if value.is_nan() {
        "nan".to_owned()
    } else if value.is_infinite() {
        let overflowing = if value < 0.0 { "-1e999" } else { "1e999" };
        overflowing.to_owned()
    } else {
        format!("{value:?}")
    }
}
