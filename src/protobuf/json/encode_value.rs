//! Values: JSON → bytes.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use prost::encoding::encode_varint;
use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};

use super::encode::Written;
use super::encode_any;
use super::encode_known::inside;
use super::encode_message::{ListVisitor, fields};
use super::number;
use super::plan::{Kind, Special};
use super::seed::{MapSeed, Scalar, ValueSeed, zigzag};

/// Both alphabets are taken, with or without padding.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

impl<'de> de::DeserializeSeed<'de> for ValueSeed<'_, '_, '_> {
    type Value = Written;

    #[inline]
    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Written, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl ValueSeed<'_, '_, '_> {
    pub(super) fn special(&self) -> Special {
        match self.kind {
            Kind::Message(position) | Kind::Group(position) => {
                let plan = self.encoder.message(position);
                plan.map_or(Special::No, |plan| plan.special)
            }
            _ => Special::No,
        }
    }

    #[cold]
    pub(super) fn wrong<E: de::Error>(&self, scalar: Scalar<'_>) -> E {
        E::invalid_type(scalar.unexpected(), self)
    }

    fn integer<T, E>(&self, scalar: Scalar<'_>) -> Result<T, E>
    where
        T: std::str::FromStr<Err: fmt::Display> + TryFrom<i64> + TryFrom<u64> + TryFrom<i128>,
        E: de::Error,
    {
        let out_of_range = || E::custom("out of range integral type conversion attempted");
        match scalar {
            Scalar::Signed(value) => T::try_from(value).map_err(|_| out_of_range()),
            Scalar::Unsigned(value) => T::try_from(value).map_err(|_| out_of_range()),
            Scalar::Float(value) => number::from_float(value).map_err(E::custom),
            Scalar::Text(text) => number::integer(text).map_err(E::custom),
            Scalar::Null | Scalar::Bool(_) => Err(self.wrong(scalar)),
        }
    }

    fn varint(self, bits: u64) -> Written {
        encode_varint(bits, self.encoder.out);
        Written::unless_default(bits == 0)
    }

    fn fixed<const N: usize>(self, bytes: [u8; N]) -> Written {
        self.encoder.out.extend_from_slice(&bytes);
        Written::unless_default(bytes == [0; N])
    }

    pub(super) fn scalar<E: de::Error>(self, scalar: Scalar<'_>) -> Result<Written, E> {
        if let (Scalar::Null, true) = (scalar, self.nullable) {
            return self.null();
        }
        Ok(match self.kind {
            Kind::Double => {
                let value = match scalar {
                    Scalar::Float(value) => value,
                    Scalar::Signed(value) => value as f64,
                    Scalar::Unsigned(value) => value as f64,
                    Scalar::Text(text) => number::double(text).map_err(E::custom)?,
                    _ => return Err(self.wrong(scalar)),
                };
                self.encoder.out.extend_from_slice(&value.to_le_bytes());
                Written::float(value)
            }
            Kind::Float => {
                let value = match scalar {
                    Scalar::Float(value) => number::narrow(value).map_err(E::custom)?,
                    Scalar::Signed(value) => value as f32,
                    Scalar::Unsigned(value) => value as f32,
                    Scalar::Text(text) => number::float(text).map_err(E::custom)?,
                    _ => return Err(self.wrong(scalar)),
                };
                self.encoder.out.extend_from_slice(&value.to_le_bytes());
                Written::float(value.into())
            }
            Kind::Int32 => {
                let value: i32 = self.integer(scalar)?;
                self.varint(i64::from(value).cast_unsigned())
            }
            Kind::Int64 => {
                let value: i64 = self.integer(scalar)?;
                self.varint(value.cast_unsigned())
            }
            Kind::Uint32 => {
                let value: u32 = self.integer(scalar)?;
                self.varint(value.into())
            }
            Kind::Uint64 => {
                let value = self.integer(scalar)?;
                self.varint(value)
            }
            Kind::Sint32 => {
                let value: i32 = self.integer(scalar)?;
                self.varint(zigzag(value.into()))
            }
            Kind::Sint64 => {
                let value = self.integer(scalar)?;
                self.varint(zigzag(value))
            }
            Kind::Fixed32 => {
                let value: u32 = self.integer(scalar)?;
                self.fixed(value.to_le_bytes())
            }
            Kind::Fixed64 => {
                let value: u64 = self.integer(scalar)?;
                self.fixed(value.to_le_bytes())
            }
            Kind::Sfixed32 => {
                let value: i32 = self.integer(scalar)?;
                self.fixed(value.to_le_bytes())
            }
            Kind::Sfixed64 => {
                let value: i64 = self.integer(scalar)?;
                self.fixed(value.to_le_bytes())
            }
            Kind::Bool => match scalar {
                Scalar::Bool(value) => self.varint(value.into()),
                _ => return Err(self.wrong(scalar)),
            },
            Kind::String => match scalar {
                Scalar::Text(text) => {
                    self.encoder.bytes(text.as_bytes());
                    Written::unless_default(text.is_empty())
                }
                _ => return Err(self.wrong(scalar)),
            },
            Kind::Bytes => match scalar {
                Scalar::Text(text) => self.base64(text)?,
                _ => return Err(self.wrong(scalar)),
            },
            Kind::Enum(position) => match self.enumeration(position, scalar)? {
                Some(number) => self.varint(i64::from(number).cast_unsigned()),
                None => Written::Nothing,
            },
            Kind::Message(position) | Kind::Group(position) => {
                return self.well_known(position, scalar);
            }
        })
    }

    /// Null, where it may stand for no value.
    fn null<E: de::Error>(self) -> Result<Written, E> {
        match self.kind {
            Kind::Enum(position)
                if (self.encoder.plan.enumeration(position)).is_some_and(|plan| plan.null) =>
            {
                Ok(self.varint(0))
            }
            Kind::Message(position) if self.special() == Special::Value => {
                self.well_known(position, Scalar::Null)
            }
            _ => Ok(Written::Nothing),
        }
    }

    fn base64<E: de::Error>(self, text: &str) -> Result<Written, E> {
        let at = self.encoder.open();
        let start = self.encoder.out.len();
        let mut decoded = STANDARD.decode_vec(text, self.encoder.out);
        if decoded.is_err() && text.contains(['-', '_']) {
            self.encoder.out.truncate(start);
            decoded = URL_SAFE.decode_vec(text, self.encoder.out);
        }
        decoded.map_err(|error| E::custom(format_args!("invalid base64: {error}")))?;
        let is_empty = self.encoder.out.len() == start;
        self.encoder.close(at);
        Ok(Written::unless_default(is_empty))
    }

    /// The number of an enum's value, `None` if its name is unknown and unknown
    /// fields are skipped.
    fn enumeration<E: de::Error>(
        &self,
        position: usize,
        scalar: Scalar<'_>,
    ) -> Result<Option<i32>, E> {
        let plan = self.encoder.plan.enumeration(position);
        match scalar {
            Scalar::Text(name) => match plan.and_then(|plan| plan.number(name)) {
                None if !self.encoder.options.skip_unknown_fields => {
                    Err(E::custom(format_args!("unrecognized enum value '{name}'")))
                }
                number => Ok(number),
            },
            Scalar::Signed(_) | Scalar::Unsigned(_) => self.integer(scalar).map(Some),
            Scalar::Null if plan.is_some_and(|plan| plan.null) => Ok(Some(0)),
            _ => Err(self.wrong(scalar)),
        }
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_, '_, '_> {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.kind, self.special()) {
            (Kind::Double, _) => "a 64-bit floating point value",
            (Kind::Float, _) => "a 32-bit floating point value",
            (Kind::Int32 | Kind::Sint32 | Kind::Sfixed32, _) => "a 32-bit signed integer",
            (Kind::Uint32 | Kind::Fixed32, _) => "a 32-bit unsigned integer",
            (Kind::Int64 | Kind::Sint64 | Kind::Sfixed64, _) => {
                "a 64-bit signed integer or decimal string"
            }
            (Kind::Uint64 | Kind::Fixed64, _) => "a 64-bit unsigned integer or decimal string",
            (Kind::Bool, _) => "a boolean",
            (Kind::String, _) => "a string",
            (Kind::Bytes, _) => "a base64-encoded string",
            (Kind::Enum(_), _) => "a string or integer",
            (_, Special::Timestamp) => "a rfc3339 timestamp string",
            (_, Special::Duration) => "a duration string",
            (_, Special::FieldMask) => "a field mask string",
            (_, Special::Value | Special::Wrapper) => "a value",
            (_, Special::ListValue) => "a list",
            (_, Special::Empty) => "an empty map",
            _ => "a map",
        })
    }

    #[inline]
    fn visit_unit<E: de::Error>(self) -> Result<Written, E> {
        self.scalar(Scalar::Null)
    }

    #[inline]
    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Written, E> {
        self.scalar(Scalar::Bool(value))
    }

    #[inline]
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Written, E> {
        self.scalar(Scalar::Signed(value))
    }

    #[inline]
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Written, E> {
        self.scalar(Scalar::Unsigned(value))
    }

    #[inline]
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Written, E> {
        self.scalar(Scalar::Float(value))
    }

    #[inline]
    fn visit_str<E: de::Error>(self, value: &str) -> Result<Written, E> {
        self.scalar(Scalar::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Written, A::Error> {
        let special = self.special();
        let (Kind::Message(position), Special::ListValue | Special::Value) = (self.kind, special)
        else {
            return Err(de::Error::invalid_type(Unexpected::Seq, &self));
        };
        let Some(plan) = self.encoder.message(position) else {
            return Err(de::Error::invalid_type(Unexpected::Seq, &self));
        };
        // A list in a `Value` is its last field.
        let field = match special {
            Special::Value => plan.fields.last(),
            _ => plan.fields.first(),
        };
        let Some(field) = field else {
            return Err(de::Error::invalid_type(Unexpected::Seq, &self));
        };
        if special == Special::Value {
            return inside(self, &field.tag, field.kind, |value| {
                value.visit_seq(elements)
            });
        }
        ListVisitor {
            encoder: self.encoder,
            tag: &field.tag,
            kind: field.kind,
            packed: false,
            nullable: false,
            depth: self.depth,
        }
        .visit_seq(elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Written, A::Error> {
        let (Kind::Message(position) | Kind::Group(position)) = self.kind else {
            return Err(de::Error::invalid_type(Unexpected::Map, &self));
        };
        let Some(plan) = self.encoder.message(position) else {
            return Err(de::Error::invalid_type(Unexpected::Map, &self));
        };
        match plan.special {
            Special::No => fields(self.encoder, plan, &mut map, self.depth)?,
            Special::Any => encode_any::any(self.encoder, &mut map, self.depth)?,
            Special::Struct => {
                if let Some(field) = plan.fields.first() {
                    let entries = MapSeed {
                        encoder: self.encoder,
                        tag: &field.tag,
                        entry: field.kind,
                        nullable: false,
                        depth: self.depth,
                    };
                    entries.visit_map(map)?;
                }
            }
            Special::Value => {
                if let Some(field) = plan.fields.get(4) {
                    return inside(self, &field.tag, field.kind, |value| value.visit_map(map));
                }
            }
            Special::Empty if self.encoder.options.skip_unknown_fields => {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            }
            Special::Empty => {
                if let Some(name) = map.next_key::<String>()? {
                    return Err(de::Error::custom(format_args!(
                        "unrecognized field name '{name}'"
                    )));
                }
            }
            _ => return Err(de::Error::invalid_type(Unexpected::Map, &self)),
        }
        Ok(Written::Value)
    }
}
