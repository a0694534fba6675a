//! What the engine knows of a field.

use prost::encoding::WireType;

use super::super::notation::quote;

#[derive(Debug)]
pub(crate) struct FieldPlan {
    /// The name in the `.proto` file; `[pkg.name]` for an extension.
    pub(crate) name: FieldName,
    pub(crate) json_name: FieldName,
    pub(crate) tag: Tag,
    pub(crate) kind: Kind,
    pub(crate) shape: Shape,
    /// The wire type of a value that is not packed.
    pub(crate) wire_type: WireType,
    pub(crate) is_extension: bool,
    /// Position among the message's fields in the order of writing.
    pub(crate) rank: u32,
    /// Position of the field's oneof among the message's oneofs.
    pub(crate) oneof: Option<usize>,
}

/// A name: as it is, and as JSON text with quotes and colon.
#[derive(Debug)]
pub(crate) struct FieldName {
    pub(crate) plain: Box<str>,
    pub(crate) quoted: Box<str>,
}

impl FieldName {
    pub(crate) fn new(name: &str) -> Self {
        let mut quoted = String::with_capacity(name.len().saturating_add(3));
        quote(name, &mut quoted);
        quoted.push(':');
        Self {
            plain: name.into(),
            quoted: quoted.into(),
        }
    }
}

/// Number and wire type of a field as bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tag {
    bytes: [u8; 5],
    len: u8,
    wire_type: WireType,
    number: u32,
}

impl Tag {
    pub(crate) fn new(number: u32, wire_type: WireType) -> Self {
        let mut bytes = [0; 5];
        let mut rest = &mut bytes[..];
        prost::encoding::encode_key(number, wire_type, &mut rest);
        let unused = rest.len();
        Self {
            bytes,
            len: bytes.len().saturating_sub(unused) as u8,
            wire_type,
            number,
        }
    }

    #[inline]
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self.single_byte() {
            Some(byte) => out.push(byte),
            None => {
                let bytes = self.bytes.get(..self.len.into());
                out.extend_from_slice(bytes.unwrap_or_default());
            }
        }
    }

    /// Returns the tag if it is a single byte, as most are.
    #[inline]
    pub(crate) fn single_byte(&self) -> Option<u8> {
        let [first, ..] = self.bytes;
        (self.len == 1).then_some(first)
    }

    #[inline]
    pub(crate) fn wire_type(&self) -> WireType {
        self.wire_type
    }

    #[inline]
    pub(crate) fn number(&self) -> u32 {
        self.number
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A single value without presence.
    Implicit,
    /// A single value with presence.
    Explicit,
    Packed,
    Expanded,
    /// The field's kind is the message of an entry.
    Map,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Bytes,
    /// Position in the plan's enums.
    Enum(u32),
    /// Position in the plan's messages.
    Message(u32),
    /// A message between two tags instead of behind a length.
    Group(u32),
}

impl Kind {
    #[inline]
    pub(crate) fn wire_type(self) -> WireType {
        match self {
            Self::Double | Self::Fixed64 | Self::Sfixed64 => WireType::SixtyFourBit,
            Self::Float | Self::Fixed32 | Self::Sfixed32 => WireType::ThirtyTwoBit,
            Self::String | Self::Bytes | Self::Message(_) => WireType::LengthDelimited,
            Self::Group(_) => WireType::StartGroup,
            _ => WireType::Varint,
        }
    }

    /// Whether a repeated field of this kind may be packed.
    pub(crate) fn packable(self) -> bool {
        !matches!(
            self.wire_type(),
            WireType::LengthDelimited | WireType::StartGroup
        )
    }
}
