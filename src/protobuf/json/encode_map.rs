//! Maps: JSON → bytes.

use std::cmp::Ordering;
use std::fmt;

use prost::encoding::encode_varint;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Unexpected, Visitor};

use super::encode::{Encoder, Entry, Key, Written, rearrange};
use super::number;
use super::path::Part;
use super::plan::{FieldPlan, Kind};
use super::seed::{MapSeed, Tagged, deeper, zigzag};

impl Key {
    fn text(self, out: &[u8]) -> &[u8] {
        match self {
            Self::Text { at, len } => out.get(at..at.saturating_add(len)).unwrap_or_default(),
            _ => &[],
        }
    }

    fn compare(self, other: Self, out: &[u8]) -> Ordering {
        match (self, other) {
            (Self::Signed(a), Self::Signed(b)) => a.cmp(&b),
            (Self::Unsigned(a), Self::Unsigned(b)) => a.cmp(&b),
            _ => self.text(out).cmp(other.text(out)),
        }
    }

    #[cold]
    fn name(self, out: &[u8], kind: Kind) -> String {
        match self {
            Self::Unsigned(value) if kind == Kind::Bool => (value != 0).to_string(),
            Self::Signed(value) => value.to_string(),
            Self::Unsigned(value) => value.to_string(),
            Self::Text { .. } => String::from_utf8_lossy(self.text(out)).into_owned(),
        }
    }
}

impl<'de> Visitor<'de> for MapSeed<'_, '_, '_, '_> {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Written, E> {
        if self.nullable {
            return Ok(Written::Nothing);
        }
        Err(E::invalid_type(Unexpected::Unit, &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Written, A::Error> {
        let fields = match self.entry {
            Kind::Message(entry) => self.encoder.message(entry).map(|entry| &entry.fields[..]),
            _ => None,
        };
        let Some([key_field, value_field]) = fields else {
            return Err(de::Error::invalid_type(Unexpected::Map, &self));
        };
        let Self { encoder, tag, .. } = self;
        let depth = deeper(self.depth)?;
        let (first, begin) = (encoder.entries.len(), encoder.out.len());
        let mut sorted = true;
        loop {
            let start = encoder.out.len();
            tag.write(encoder.out);
            let at = encoder.open();
            let seed = KeySeed {
                encoder: &mut *encoder,
                field: key_field,
            };
            let Some(key) = map.next_key_seed(seed)? else {
                encoder.out.truncate(start);
                break;
            };
            match map.next_value_seed(EntryValue {
                encoder: &mut *encoder,
                field: value_field,
                depth,
            }) {
                Ok(Written::Nothing) => {
                    encoder.out.truncate(start);
                    continue;
                }
                Ok(_) => {}
                Err(error) => {
                    let name = key.name(encoder.out, key_field.kind);
                    encoder.path.within(Part::Key(name));
                    return Err(error);
                }
            }
            let moved = encoder.close(at);
            let key = match key {
                Key::Text { at, len } => Key::Text {
                    at: at.saturating_add(moved),
                    len,
                },
                number => number,
            };
            if let Some(last) = encoder.entries.get(first..).and_then(<[_]>::last) {
                sorted &= last.key.compare(key, encoder.out) == Ordering::Less;
            }
            encoder.entries.push(Entry {
                start,
                end: encoder.out.len(),
                key,
            });
        }
        if !sorted {
            sort(encoder, first, begin);
        }
        encoder.entries.truncate(first);
        Ok(Written::Value)
    }
}

/// Sorts what was written behind `begin`; of equal keys the last entry counts.
#[cold]
fn sort(encoder: &mut Encoder<'_, '_>, first: usize, begin: usize) {
    let Encoder {
        out,
        spare,
        entries,
        ..
    } = encoder;
    let entries = entries.get_mut(first..).unwrap_or_default();
    entries.sort_unstable_by(|a, b| a.key.compare(b.key, out).then(a.start.cmp(&b.start)));
    let mut kept = 0;
    for i in 0..entries.len() {
        let Some(entry) = entries.get(i).copied() else {
            break;
        };
        let next = entries.get(i.saturating_add(1));
        if next.is_some_and(|next| next.key.compare(entry.key, out) == Ordering::Equal) {
            continue;
        }
        if let Some(slot) = entries.get_mut(kept) {
            *slot = entry;
        }
        kept = kept.saturating_add(1);
    }
    let ranges = entries
        .iter()
        .take(kept)
        .map(|entry| entry.start..entry.end);
    rearrange(out, spare, begin, ranges);
}

/// Writes a key, unless it is the default.
struct KeySeed<'e, 'p, 'o, 'f> {
    encoder: &'e mut Encoder<'p, 'o>,
    field: &'f FieldPlan,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_, '_, '_, '_> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_, '_, '_, '_> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map key")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Key, E> {
        let Self { encoder, field } = self;
        let kind = field.kind;
        let out = &mut *encoder.out;
        let key = match kind {
            Kind::String => {
                if !text.is_empty() {
                    field.tag.write(out);
                    encoder.bytes(text.as_bytes());
                }
                return Ok(Key::Text {
                    at: encoder.out.len().saturating_sub(text.len()),
                    len: text.len(),
                });
            }
            Kind::Bool => Key::Unsigned(text.parse::<bool>().map_err(E::custom)?.into()),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                Key::Signed(number::integer::<i32>(text).map_err(E::custom)?.into())
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                Key::Signed(number::integer(text).map_err(E::custom)?)
            }
            Kind::Uint32 | Kind::Fixed32 => {
                Key::Unsigned(number::integer::<u32>(text).map_err(E::custom)?.into())
            }
            _ => Key::Unsigned(number::integer(text).map_err(E::custom)?),
        };
        let (signed, bits) = match key {
            Key::Signed(value) => (value, value.cast_unsigned()),
            Key::Unsigned(value) => (0, value),
            Key::Text { .. } => (0, 0),
        };
        if bits == 0 {
            return Ok(key);
        }
        field.tag.write(out);
        match kind {
            Kind::Sint32 | Kind::Sint64 => encode_varint(zigzag(signed), out),
            Kind::Fixed32 | Kind::Sfixed32 => {
                out.extend_from_slice(&(bits as u32).to_le_bytes());
            }
            Kind::Fixed64 | Kind::Sfixed64 => out.extend_from_slice(&bits.to_le_bytes()),
            _ => encode_varint(bits, out),
        }
        Ok(key)
    }
}

/// Writes a value, unless it is the default.
struct EntryValue<'e, 'p, 'o, 'f> {
    encoder: &'e mut Encoder<'p, 'o>,
    field: &'f FieldPlan,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for EntryValue<'_, '_, '_, '_> {
    type Value = Written;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Written, D::Error> {
        let start = self.encoder.out.len();
        // A reader takes a missing value for the type's default, which for an
        // enum is not always zero.
        let keep_default = match self.field.kind {
            Kind::Enum(position) => {
                let plan = self.encoder.plan.enumeration(position);
                plan.is_some_and(|plan| plan.default != 0)
            }
            _ => false,
        };
        let value = Tagged {
            encoder: &mut *self.encoder,
            tag: &self.field.tag,
            kind: self.field.kind,
            keep_default,
            nullable: false,
            depth: self.depth,
        };
        let written = value.deserialize(deserializer)?;
        // prost leaves out an empty message.
        if self.encoder.out.get(start..) == Some(&[0x12, 0])
            && matches!(self.field.kind, Kind::Message(_))
        {
            self.encoder.out.truncate(start);
        }
        Ok(written)
    }
}
