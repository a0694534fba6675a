//! Messages and their fields: JSON → bytes.

use std::fmt;

use prost::encoding::WireType;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::encode::{Encoder, Segment, Written, two_members};
use super::path::Part;
use super::plan::{FieldPlan, Kind, MessagePlan, Shape, Tag};
use super::seed::{MapSeed, Tagged, ValueSeed, deeper};

/// Writes the fields of a message.
pub(super) fn fields<'de, A: MapAccess<'de>>(
    encoder: &mut Encoder<'_, '_>,
    plan: &MessagePlan,
    map: &mut A,
    depth: usize,
) -> Result<(), A::Error> {
    let first = encoder.segments.len();
    let mut sorted = true;
    let mut expected = 0;
    let (mut last, mut last_oneof) = (None, None);
    while let Some(name) = map.next_key_seed(NameSeed { plan, expected })? {
        let position = match name {
            Name::Field(position) => position,
            Name::Unknown(_) if encoder.options.skip_unknown_fields => {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            Name::Unknown(name) => {
                return Err(de::Error::custom(format_args!(
                    "unrecognized field name '{name}'"
                )));
            }
        };
        let Some(field) = plan.fields.get(position) else {
            continue;
        };
        expected = position.saturating_add(1);
        let start = encoder.out.len();
        let seed = FieldSeed {
            encoder: &mut *encoder,
            field,
            depth,
        };
        let written = match map.next_value_seed(seed) {
            Ok(written) => written,
            Err(error) => {
                encoder
                    .path
                    .within(Part::Field(field.name.plain.to_string()));
                return Err(error);
            }
        };
        let set = written != Written::Nothing;
        encoder.segments.push(Segment {
            rank: field.rank,
            field: position,
            start,
            end: encoder.out.len(),
            set,
        });
        sorted &= last.is_none_or(|last| last < field.rank);
        last = Some(field.rank);
        if let Some(oneof) = field.oneof.filter(|_| set) {
            // Members are neighbours, once they are sorted.
            if sorted && last_oneof == Some(oneof) {
                return Err(two_members(plan, oneof));
            }
            last_oneof = Some(oneof);
        }
    }
    encoder.settle(plan, first, sorted)
}

enum Name {
    Field(usize),
    Unknown(String),
}

/// Finds the field of a name.
struct NameSeed<'a> {
    plan: &'a MessagePlan,
    expected: usize,
}

impl<'de> DeserializeSeed<'de> for NameSeed<'_> {
    type Value = Name;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed<'_> {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    #[inline]
    fn visit_str<E: de::Error>(self, name: &str) -> Result<Name, E> {
        Ok(match self.plan.find(name, self.expected) {
            Some(position) => Name::Field(position),
            None => Name::Unknown(name.to_owned()),
        })
    }
}

/// Writes a field, its tags included.
struct FieldSeed<'e, 'p, 'o, 'f> {
    encoder: &'e mut Encoder<'p, 'o>,
    field: &'f FieldPlan,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for FieldSeed<'_, '_, '_, '_> {
    type Value = Written;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Written, D::Error> {
        let Self {
            encoder,
            field,
            depth,
        } = self;
        match field.shape {
            Shape::Implicit | Shape::Explicit => {
                let seed = Tagged {
                    encoder,
                    tag: &field.tag,
                    kind: field.kind,
                    keep_default: field.shape == Shape::Explicit,
                    nullable: true,
                    depth,
                };
                seed.deserialize(deserializer)
            }
            Shape::Packed | Shape::Expanded => deserializer.deserialize_any(ListVisitor {
                encoder,
                tag: &field.tag,
                kind: field.kind,
                packed: field.shape == Shape::Packed,
                nullable: true,
                depth,
            }),
            Shape::Map => deserializer.deserialize_any(MapSeed {
                encoder,
                tag: &field.tag,
                entry: field.kind,
                nullable: true,
                depth,
            }),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Tagged<'_, '_, '_, '_> {
    type Value = Written;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Written, D::Error> {
        let start = self.encoder.out.len();
        self.tag.write(self.encoder.out);
        let Self {
            encoder,
            kind,
            nullable,
            ..
        } = self;
        let mut seed = ValueSeed {
            encoder: &mut *encoder,
            kind,
            nullable,
            depth: self.depth,
        };
        let written = match kind {
            Kind::Message(_) => {
                seed.depth = deeper(self.depth)?;
                let at = seed.encoder.open();
                let written = deserializer.deserialize_any(seed)?;
                encoder.close(at);
                written
            }
            Kind::Group(_) => {
                seed.depth = deeper(self.depth)?;
                let written = deserializer.deserialize_any(seed)?;
                Tag::new(self.tag.number(), WireType::EndGroup).write(encoder.out);
                written
            }
            _ => deserializer.deserialize_any(seed)?,
        };
        let left_out = match written {
            Written::Nothing => true,
            Written::Default => !self.keep_default,
            // Maps, whose values are not nullable, keep it.
            Written::NegativeZero => !self.keep_default && nullable,
            Written::Value => false,
        };
        if left_out {
            encoder.out.truncate(start);
        }
        Ok(written)
    }
}

/// Writes the elements of a list.
pub(super) struct ListVisitor<'e, 'p, 'o, 'f> {
    pub(super) encoder: &'e mut Encoder<'p, 'o>,
    pub(super) tag: &'f Tag,
    pub(super) kind: Kind,
    pub(super) packed: bool,
    pub(super) nullable: bool,
    pub(super) depth: usize,
}

impl<'de> Visitor<'de> for ListVisitor<'_, '_, '_, '_> {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Written, E> {
        if self.nullable {
            return Ok(Written::Nothing);
        }
        Err(E::invalid_type(de::Unexpected::Unit, &self))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Written, A::Error> {
        let Self {
            encoder,
            tag,
            kind,
            packed,
            depth,
            ..
        } = self;
        let start = encoder.out.len();
        let length = packed.then(|| {
            tag.write(encoder.out);
            encoder.open()
        });
        let first = encoder.out.len();
        let mut index = 0_usize;
        loop {
            let element = if packed {
                elements.next_element_seed(ValueSeed {
                    encoder: &mut *encoder,
                    kind,
                    nullable: false,
                    depth,
                })
            } else {
                elements.next_element_seed(Tagged {
                    encoder: &mut *encoder,
                    tag,
                    kind,
                    keep_default: true,
                    nullable: false,
                    depth,
                })
            };
            match element {
                Ok(Some(_)) => index = index.saturating_add(1),
                Ok(None) => break,
                Err(error) => {
                    encoder.path.within(Part::Index(index));
                    return Err(error);
                }
            }
        }
        if let Some(at) = length {
            if encoder.out.len() == first {
                encoder.out.truncate(start);
            } else {
                encoder.close(at);
            }
        }
        Ok(Written::Value)
    }
}
