//! Well-known types: JSON → bytes.

use prost::encoding::{WireType, encode_varint};
use serde::de;

use super::encode::Written;
use super::field_mask;
use super::plan::{Kind, Special, Tag};
use super::seed::{Scalar, ValueSeed, deeper};
use super::time::{parse_duration, parse_timestamp};

impl ValueSeed<'_, '_, '_> {
    /// A scalar that stands for a message.
    pub(super) fn well_known<E: de::Error>(
        self,
        position: usize,
        scalar: Scalar<'_>,
    ) -> Result<Written, E> {
        let special = self.special();
        match (special, scalar) {
            (Special::Timestamp | Special::Duration, Scalar::Text(text)) => {
                let (seconds, nanos) = if special == Special::Timestamp {
                    parse_timestamp(text)
                } else {
                    parse_duration(text)
                }
                .map_err(E::custom)?;
                let out = &mut *self.encoder.out;
                prost_number(1, seconds, out);
                prost_number(2, nanos.into(), out);
            }
            (Special::FieldMask, Scalar::Text(text)) => {
                let tag = Tag::new(1, WireType::LengthDelimited);
                for path in text.split(',').filter(|path| !path.is_empty()) {
                    let path = field_mask::read(path).map_err(E::custom)?;
                    tag.write(self.encoder.out);
                    self.encoder.bytes(path.as_bytes());
                }
            }
            (Special::Wrapper, scalar) => {
                let plan = self.encoder.message(position);
                let Some(field) = plan.and_then(|plan| plan.fields.first()) else {
                    return Err(self.wrong(scalar));
                };
                let start = self.encoder.out.len();
                field.tag.write(self.encoder.out);
                let value = ValueSeed {
                    encoder: &mut *self.encoder,
                    kind: field.kind,
                    nullable: false,
                    depth: self.depth,
                };
                if value.scalar(scalar)? == Written::Default {
                    self.encoder.out.truncate(start);
                }
            }
            (Special::Value, scalar) => {
                let (number, kind) = match scalar {
                    Scalar::Null => (1, Kind::Bool),
                    Scalar::Signed(_) | Scalar::Unsigned(_) | Scalar::Float(_) => (2, Kind::Double),
                    Scalar::Text(_) => (3, Kind::String),
                    Scalar::Bool(_) => (4, Kind::Bool),
                };
                Tag::new(number, kind.wire_type()).write(self.encoder.out);
                let scalar = match scalar {
                    Scalar::Null => Scalar::Bool(false),
                    other => other,
                };
                let value = ValueSeed {
                    kind,
                    nullable: false,
                    ..self
                };
                value.scalar(scalar)?;
            }
            (_, scalar) => return Err(self.wrong(scalar)),
        }
        Ok(Written::Value)
    }
}

/// A varint field without presence.
fn prost_number(number: u32, value: i64, out: &mut Vec<u8>) {
    if value != 0 {
        Tag::new(number, WireType::Varint).write(out);
        encode_varint(value.cast_unsigned(), out);
    }
}

/// Writes a container as the member of a `google.protobuf.Value`.
pub(super) fn inside<'p, 'o, E: de::Error>(
    value: ValueSeed<'_, 'p, 'o>,
    tag: &Tag,
    kind: Kind,
    write: impl FnOnce(ValueSeed<'_, 'p, 'o>) -> Result<Written, E>,
) -> Result<Written, E> {
    let encoder = value.encoder;
    tag.write(encoder.out);
    let at = encoder.open();
    let written = write(ValueSeed {
        encoder: &mut *encoder,
        kind,
        nullable: false,
        depth: deeper(value.depth)?,
    })?;
    encoder.close(at);
    Ok(written)
}
