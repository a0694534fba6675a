//! Parses hex, base64 and schema GUIDs from text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use cc_protobuf_examples::wire_format::{self, Envelope, MAGIC_GUID, SchemaGuid};

use crate::failure::Failure;

/// A text encoding of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Two hex digits per byte.
    Hex,
    /// Base64 with padding.
    Base64,
}

impl Encoding {
    /// Returns the name of the encoding.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::Base64 => "base64",
        }
    }

    /// Decodes a text; `None` if it is invalid or empty.
    pub fn parse(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Hex => from_hex(text),
            Self::Base64 => {
                let bytes = STANDARD.decode(text.trim()).ok()?;
                (!bytes.is_empty()).then_some(bytes)
            }
        }
    }

    /// Returns whether a line has the full width at which tools break long texts:
    /// `xxd -p` for hex, `base64` and `openssl base64` for base64.
    pub fn is_full_line(self, line: &[u8]) -> bool {
        match self {
            Self::Hex => line.len() == 60,
            Self::Base64 => matches!(line.len(), 64 | 76),
        }
    }
}

/// Parses hex digits, with optional `0x` in front and spaces or colons between.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let text = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("\\x"))
        .unwrap_or(text);
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b' ' | b':' | b'\t'))
        .map(|byte| {
            char::from(byte)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect::<Option<_>>()?;
    let (pairs, odd) = digits.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    (odd.is_empty() && !pairs.is_empty()).then_some(bytes)
}

/// The value of a record header that carries a schema id or GUID.
pub struct Header {
    bytes: Vec<u8>,
}

impl Header {
    /// Parses the header's bytes in hex, or a GUID alone. Without message indexes
    /// it means the first message.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let guid = text.parse::<SchemaGuid>().ok();
        let given = guid.map(|guid| guid.0.to_vec()).or_else(|| from_hex(text));
        let mut bytes = given.unwrap_or_default();
        if bytes.len() == size_of::<SchemaGuid>() {
            bytes.insert(0, MAGIC_GUID);
        }
        let ends_before_the_indexes = match bytes.first() {
            Some(&MAGIC_GUID) => bytes.len() == 17,
            _ => bytes.len() == 5,
        };
        if ends_before_the_indexes {
            bytes.push(0);
        }
        match wire_format::decode(&bytes) {
            Ok(_) => Ok(Self { bytes }),
            Err(_) => Err(Failure::usage(
                "--header-guid is neither a GUID nor a header value in hex",
            )
            .hint(
                "give the 32 hex digits of the GUID, or the header's bytes: 01 and the GUID, or \
                 00 and the 4 bytes of the id",
            )),
        }
    }

    /// Returns the bytes of the header.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the envelope of a record with this payload.
    pub fn envelope<'a>(&'a self, payload: &'a [u8]) -> Result<Envelope<'a>, wire_format::Error> {
        let envelope = wire_format::decode(&self.bytes)?;
        Ok(Envelope {
            payload,
            ..envelope
        })
    }
}

#[cfg(test)]
mod tests {
    use cc_protobuf_examples::wire_format::{MessageIndexes, SchemaId, SchemaRef};

    use super::*;

    #[test]
    fn hex_in_the_forms_that_tools_print() {
        for text in ["000102ff", "00 01 02 FF", "0x000102ff", "00:01:02:ff"] {
            assert_eq!(from_hex(text).unwrap(), [0, 1, 2, 255], "{text}");
        }
        for text in ["", "0", "0g", "00 0", "ü1"] {
            assert!(from_hex(text).is_none(), "{text}");
        }
    }

    #[test]
    fn header_values() {
        let guid = "58c404f7-f0ec-4ab2-8d4f-7dc18b9d1b3e";
        let bare = guid.replace('-', "");
        let expected = Header::parse(guid).unwrap().bytes;
        assert_eq!(expected.len(), 18);
        for same in [&bare, &format!("01{bare}"), &format!("01{bare}00")] {
            assert_eq!(Header::parse(same).unwrap().bytes, expected);
        }
        let second = Header::parse(&format!("01{bare}0202")).unwrap();
        assert_eq!(second.bytes.len(), 19);
        for id in ["0000000002", "000000000200", "00 00 00 00 02 00"] {
            let header = Header::parse(id).unwrap();
            let envelope = header.envelope(b"ab").unwrap();
            assert_eq!(envelope.schema, SchemaRef::Id(SchemaId(2)), "{id}");
            assert_eq!(envelope.indexes, MessageIndexes::FIRST);
            assert_eq!(envelope.payload, b"ab");
        }
        for bad in ["", "hello", "00", "02", "00000002", &format!("02{bare}")] {
            assert!(Header::parse(bad).is_err(), "{bad}");
        }
    }
}
