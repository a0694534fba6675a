//! The envelope around a Protobuf record, in the format of Confluent's
//! serializers.
//!
//! ```text
//! 00 | schema id, 4 bytes big-endian | message indexes | Protobuf payload
//! 01 | schema GUID, 16 bytes         | message indexes | Protobuf payload
//! ```
//!
//! Message indexes are the path from the file to the message type: the position
//! among the top-level messages, then among the nested messages of the previous
//! one. They are encoded as a count and that many indexes, all zig-zag varints.
//! The path `[0]`, by far the most frequent, is the single byte `00`.
//!
//! This module does no I/O. Decoding does not allocate for paths of up to four
//! elements.
//!
//! ```
//! use cc_protobuf_examples::wire_format::{self, MessageIndexes, SchemaId, SchemaRef};
//!
//! let schema = SchemaRef::Id(SchemaId(16909060));
//! let record = wire_format::encode(schema, &MessageIndexes::new(&[1, 1]), b"\x0a\x02\x08\x01");
//! assert_eq!(record, b"\x00\x01\x02\x03\x04\x04\x02\x02\x0a\x02\x08\x01");
//!
//! let envelope = wire_format::decode(&record)?;
//! assert_eq!(envelope.schema, schema);
//! assert_eq!(envelope.indexes.as_slice(), [1, 1]);
//! assert_eq!(envelope.payload, b"\x0a\x02\x08\x01");
//! # Ok::<(), wire_format::Error>(())
//! ```

use std::fmt;
use std::str::FromStr;

use prost::encoding::{decode_varint, encode_varint};
use uuid::Uuid;

/// First byte of a record framed with a schema id.
pub const MAGIC_ID: u8 = 0x00;
/// First byte of a record framed with a schema GUID.
pub const MAGIC_GUID: u8 = 0x01;

/// Record header that carries the key's schema GUID when ids travel in headers.
pub const KEY_SCHEMA_ID_HEADER: &str = "__key_schema_id";
/// Record header that carries the value's schema GUID when ids travel in headers.
pub const VALUE_SCHEMA_ID_HEADER: &str = "__value_schema_id";

/// Bytes of a varint that holds 64 bits.
const MAX_VARINT_LEN: usize = 10;

/// The error for bytes that are not a framed record. Offsets count from the
/// first byte of the input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The first byte is neither 0 nor 1.
    #[error(
        "not a Schema Registry record: magic byte 0x{found:02x} at offset 0 is neither 0x00 (schema id) nor 0x01 (schema GUID)"
    )]
    NotFramed {
        /// The byte found.
        found: u8,
    },
    /// The bytes end inside the envelope.
    #[error(
        "record cut short: the {part} at offset {offset} continues after the end at offset {len}"
    )]
    Truncated {
        /// The part of the envelope that is incomplete.
        part: &'static str,
        /// Where that part begins.
        offset: usize,
        /// Length of the whole input.
        len: usize,
    },
    /// A varint of the message indexes does not fit 64 bits.
    #[error("malformed message indexes: the varint at offset {offset} does not fit 64 bits")]
    VarintTooLong {
        /// Where the varint begins.
        offset: usize,
    },
    /// The count of message indexes is negative or more than the bytes left can hold.
    #[error(
        "malformed message indexes: count {count} at offset {offset} is not between 0 and {left}, the number of bytes left"
    )]
    IndexCount {
        /// Where the count begins.
        offset: usize,
        /// The count read.
        count: i64,
        /// Bytes after the count.
        left: usize,
    },
    /// A message index is negative or does not fit 31 bits.
    #[error(
        "malformed message indexes: index {index} at offset {offset} is not between 0 and 2147483647"
    )]
    IndexRange {
        /// Where the index begins.
        offset: usize,
        /// The index read.
        index: i64,
    },
}

/// Schema id: unique within one registry context, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SchemaId(pub u32);

impl fmt::Display for SchemaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Schema GUID: derived from a schema's content, equal in every registry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SchemaGuid(pub [u8; 16]);

impl fmt::Display for SchemaGuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_bytes(self.0).fmt(f)
    }
}

impl fmt::Debug for SchemaGuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SchemaGuid({self})")
    }
}

/// The error for text that is not a schema GUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a schema GUID (32 hexadecimal digits, with or without dashes)")]
pub struct InvalidGuid(String);

impl FromStr for SchemaGuid {
    type Err = InvalidGuid;

    fn from_str(text: &str) -> Result<Self, InvalidGuid> {
        // By itself the crate also reads UUIDs in braces and URNs.
        let uuid = Some(text).filter(|text| matches!(text.len(), 32 | 36));
        match uuid.map(Uuid::try_parse) {
            Some(Ok(uuid)) => Ok(Self(uuid.into_bytes())),
            _ => Err(InvalidGuid(text.chars().take(64).collect())),
        }
    }
}

/// The reference to the writer's schema in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SchemaRef {
    /// Magic byte 0: the id in the registry that the writer used.
    Id(SchemaId),
    /// Magic byte 1: the schema's GUID.
    Guid(SchemaGuid),
}

impl fmt::Display for SchemaRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "id {id}"),
            Self::Guid(guid) => write!(f, "GUID {guid}"),
        }
    }
}

/// Path from a file to one of its message types. Never empty.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageIndexes(Repr);

const INLINE: usize = 4;

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Repr {
    /// Unused elements are zero, so that the derived equality holds.
    Inline(u8, [u32; INLINE]),
    Heap(Box<[u32]>),
}

impl MessageIndexes {
    /// The first message of the file, `[0]`.
    pub const FIRST: Self = Self(Repr::Inline(1, [0; INLINE]));

    /// Creates a path. An empty one means `[0]`, as on the wire. Values above
    /// 2³¹−1 cannot occur in a descriptor and are capped.
    pub fn new(path: &[u32]) -> Self {
        if path.is_empty() {
            return Self::FIRST;
        }
        let capped = path.iter().map(|i| (*i).min(i32::MAX as u32));
        if path.len() <= INLINE {
            let mut inline = [0; INLINE];
            for (slot, index) in inline.iter_mut().zip(capped) {
                *slot = index;
            }
            Self(Repr::Inline(path.len() as u8, inline))
        } else {
            Self(Repr::Heap(capped.collect()))
        }
    }

    /// Returns the path, outermost message first.
    pub fn as_slice(&self) -> &[u32] {
        match &self.0 {
            Repr::Inline(len, inline) => inline.get(..usize::from(*len)).unwrap_or(inline),
            Repr::Heap(path) => path,
        }
    }

    /// Appends the encoded path: `00` for `[0]`, else count and indexes as
    /// zig-zag varints.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let path = self.as_slice();
        if path == [0] {
            out.push(0);
            return;
        }
        put_zigzag(out, path.len() as u64);
        for index in path {
            put_zigzag(out, u64::from(*index));
        }
    }

    /// Decodes a path from the start of `bytes`. Returns it and its length in
    /// bytes. `base` is added to the offsets in errors.
    #[inline]
    pub fn decode(bytes: &[u8], base: usize) -> Result<(Self, usize), Error> {
        if bytes.first() == Some(&0) {
            return Ok((Self::FIRST, 1));
        }
        Self::decode_path(bytes, base)
    }

    fn decode_path(bytes: &[u8], base: usize) -> Result<(Self, usize), Error> {
        let (count, mut at) = get_zigzag(bytes, 0, base)?;
        if count == 0 {
            return Ok((Self::FIRST, at));
        }
        // Each index takes at least one byte. This bounds the count before any
        // allocation.
        let left = bytes.len() - at;
        let len = usize::try_from(count)
            .ok()
            .filter(|len| *len <= left)
            .ok_or(Error::IndexCount {
                offset: base,
                count,
                left,
            })?;
        let mut inline = [0u32; INLINE];
        let mut heap = if len > INLINE {
            Vec::with_capacity(len)
        } else {
            Vec::new()
        };
        for i in 0..len {
            let (value, next) = get_zigzag(bytes, at, base)?;
            let index = i32::try_from(value)
                .ok()
                .and_then(|v| u32::try_from(v).ok())
                .ok_or(Error::IndexRange {
                    offset: base + at,
                    index: value,
                })?;
            at = next;
            match inline.get_mut(i) {
                Some(slot) if len <= INLINE => *slot = index,
                _ => heap.push(index),
            }
        }
        let repr = if len > INLINE {
            Repr::Heap(heap.into_boxed_slice())
        } else {
            Repr::Inline(len as u8, inline)
        };
        Ok((Self(repr), at))
    }
}

impl fmt::Debug for MessageIndexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

impl fmt::Display for MessageIndexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_slice(), f)
    }
}

/// A decoded record. The payload is borrowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The writer's schema.
    pub schema: SchemaRef,
    /// The message type within that schema.
    pub indexes: MessageIndexes,
    /// The Protobuf encoding of the message.
    pub payload: &'a [u8],
}

/// Appends magic byte, schema id or GUID, and message indexes.
pub fn encode_prefix(schema: SchemaRef, indexes: &MessageIndexes, out: &mut Vec<u8>) {
    match schema {
        SchemaRef::Id(SchemaId(id)) => {
            out.push(MAGIC_ID);
            out.extend_from_slice(&id.to_be_bytes());
        }
        SchemaRef::Guid(SchemaGuid(guid)) => {
            out.push(MAGIC_GUID);
            out.extend_from_slice(&guid);
        }
    }
    indexes.encode(out);
}

/// Frames `payload` in a new buffer.
pub fn encode(schema: SchemaRef, indexes: &MessageIndexes, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(32 + payload.len());
    encode_prefix(schema, indexes, &mut out);
    out.extend_from_slice(payload);
    out
}

/// Decodes a framed record. The payload follows the envelope. An empty payload
/// is a message with every field at its default.
///
/// A schema-id header has the same format, without a payload.
#[inline]
pub fn decode(record: &[u8]) -> Result<Envelope<'_>, Error> {
    let truncated = |part, offset| Error::Truncated {
        part,
        offset,
        len: record.len(),
    };
    let (schema, rest) = match record.split_first() {
        None => return Err(truncated("magic byte", 0)),
        Some((&MAGIC_ID, rest)) => {
            let (id, rest) = rest.split_first_chunk().ok_or(truncated("schema id", 1))?;
            (SchemaRef::Id(SchemaId(u32::from_be_bytes(*id))), rest)
        }
        Some((&MAGIC_GUID, rest)) => {
            let (guid, rest) = rest
                .split_first_chunk()
                .ok_or(truncated("schema GUID", 1))?;
            (SchemaRef::Guid(SchemaGuid(*guid)), rest)
        }
        Some((&found, _)) => return Err(Error::NotFramed { found }),
    };
    let base = record.len() - rest.len();
    let (indexes, len) = MessageIndexes::decode(rest, base)?;
    Ok(Envelope {
        schema,
        indexes,
        payload: rest.get(len..).unwrap_or_default(),
    })
}

fn put_zigzag(out: &mut Vec<u8>, value: u64) {
    encode_varint(value << 1, out);
}

/// Decodes the varint at `at`. Returns its value and the offset after it.
fn get_zigzag(bytes: &[u8], at: usize, base: usize) -> Result<(i64, usize), Error> {
    let left = bytes.get(at..).unwrap_or_default();
    let mut rest = left;
    match decode_varint(&mut rest) {
        Ok(raw) => {
            let value = (raw >> 1) as i64 ^ -((raw & 1) as i64);
            Ok((value, bytes.len() - rest.len()))
        }
        Err(_) if left.len() >= MAX_VARINT_LEN => Err(Error::VarintTooLong { offset: base + at }),
        Err(_) => Err(Error::Truncated {
            part: "message indexes",
            offset: base + at,
            len: base + bytes.len(),
        }),
    }
}
