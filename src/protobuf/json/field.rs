//! What the engine knows of a field and of an enum.

use hashbrown::HashMap;
use prost::encoding::WireType;
use prost_reflect::EnumDescriptor;

use super::text;

#[derive(Debug)]
pub(super) struct FieldPlan {
    /// The name in the `.proto` file; `[pkg.name]` for an extension.
    pub(super) name: FieldName,
    pub(super) json_name: FieldName,
    pub(super) tag: Tag,
    pub(super) kind: Kind,
    pub(super) shape: Shape,
    /// Where among its siblings it is written: by number, a oneof where its
    /// lowest number belongs.
    pub(super) rank: usize,
    /// Position of its oneof in its message's oneofs.
    pub(super) oneof: Option<usize>,
}

/// A name as it is, and as JSON text with quotes and colon.
#[derive(Debug)]
pub(super) struct FieldName {
    pub(super) plain: Box<str>,
    pub(super) quoted: Box<str>,
}

impl FieldName {
    pub(super) fn new(name: &str) -> Self {
        let mut quoted = String::with_capacity(name.len().saturating_add(3));
        text::quote(name, &mut quoted);
        quoted.push(':');
        Self {
            plain: name.into(),
            quoted: quoted.into(),
        }
    }
}

/// Number and wire type of a field as bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag {
    bytes: [u8; 5],
    len: usize,
    number: u32,
}

impl Tag {
    pub(super) fn new(number: u32, wire_type: WireType) -> Self {
        let mut bytes = [0; 5];
        let mut rest = &mut bytes[..];
        prost::encoding::encode_key(number, wire_type, &mut rest);
        let unused = rest.len();
        Self {
            bytes,
            len: bytes.len().saturating_sub(unused),
            number,
        }
    }

    #[inline]
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.bytes.get(..self.len).unwrap_or_default());
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Left out when it holds the default.
    Implicit,
    Explicit,
    Packed,
    Expanded,
    /// The kind is the message of an entry.
    Map,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
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
    Enum(usize),
    /// Position in the plan's messages.
    Message(usize),
    /// A message between two tags instead of behind a length.
    Group(usize),
}

impl Kind {
    pub(super) fn wire_type(self) -> WireType {
        match self {
            Self::Double | Self::Fixed64 | Self::Sfixed64 => WireType::SixtyFourBit,
            Self::Float | Self::Fixed32 | Self::Sfixed32 => WireType::ThirtyTwoBit,
            Self::String | Self::Bytes | Self::Message(_) => WireType::LengthDelimited,
            Self::Group(_) => WireType::StartGroup,
            _ => WireType::Varint,
        }
    }

    /// Whether a repeated field of it may be packed.
    pub(super) fn packable(self) -> bool {
        !matches!(
            self.wire_type(),
            WireType::LengthDelimited | WireType::StartGroup
        )
    }
}

impl FieldPlan {
    pub(super) fn is_extension(&self) -> bool {
        self.name.plain.starts_with('[')
    }
}

#[derive(Debug)]
pub(super) struct EnumPlan {
    by_name: HashMap<Box<str>, i32>,
    /// Sorted; of several names the one declared first.
    by_number: Vec<(i32, Box<str>)>,
    /// The value declared first.
    pub(super) default: i32,
    /// Whether it is `google.protobuf.NullValue`.
    pub(super) null: bool,
}

impl EnumPlan {
    pub(super) fn new(item: &EnumDescriptor) -> Self {
        let mut by_number: Vec<(i32, Box<str>)> = Vec::new();
        // Descriptors give values by number; a stable sort keeps aliases in order.
        let declared = item.enum_descriptor_proto();
        for value in &declared.value {
            by_number.push((value.number(), value.name().into()));
        }
        let by_name = by_number.iter().map(|(n, name)| (name.clone(), *n));
        let by_name = by_name.collect();
        by_number.sort_by_key(|(number, _)| *number);
        by_number.dedup_by_key(|(number, _)| *number);
        Self {
            by_name,
            by_number,
            default: declared.value.first().map_or(0, |value| value.number()),
            null: item.full_name() == "google.protobuf.NullValue",
        }
    }

    pub(super) fn number(&self, name: &str) -> Option<i32> {
        self.by_name.get(name).copied()
    }

    pub(super) fn name(&self, number: i32) -> Option<&str> {
        let found = self.by_number.binary_search_by_key(&number, |(n, _)| *n);
        let (_, name) = self.by_number.get(found.ok()?)?;
        Some(name)
    }
}
