//! `google.protobuf.Any`: JSON → bytes.

use prost::encoding::WireType;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::encode::{Encoder, Written};
use super::encode_message::fields;
use super::path::Part;
use super::plan::{Kind, Plan, Special, Tag};
use super::seed::{ValueSeed, deeper};

const TYPE: &str = "@type";
const VALUE: &str = "value";

/// Writes the fields of an `Any` whose JSON is `map`: `@type`, and the message's
/// fields or `value` beside it.
pub(super) fn any<'de, A: MapAccess<'de>>(
    encoder: &mut Encoder<'_, '_>,
    map: &mut A,
    depth: usize,
) -> Result<(), A::Error> {
    let Some(name) = map.next_key::<String>()? else {
        // What an `Any` is before it is set.
        return Ok(());
    };
    if name == TYPE {
        let url: String = map.next_value()?;
        return typed(encoder, &url, map, depth);
    }
    // The type comes later. What it decides about has to wait.
    let mut rest = Map::new();
    let mut url = None;
    rest.insert(name, map.next_value()?);
    while let Some(name) = map.next_key::<String>()? {
        if name == TYPE {
            url = Some(map.next_value::<String>()?);
        } else {
            rest.insert(name, map.next_value()?);
        }
    }
    let url = url.ok_or_else(|| A::Error::custom("expected '@type' field"))?;
    let rest = Value::Object(rest);
    let waiting = Rest {
        encoder,
        url: &url,
        depth,
    };
    rest.deserialize_any(waiting).map_err(A::Error::custom)
}

/// What came before the type.
struct Rest<'e, 'p, 'o, 'u> {
    encoder: &'e mut Encoder<'p, 'o>,
    url: &'u str,
    depth: usize,
}

impl<'de> Visitor<'de> for Rest<'_, '_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        typed(self.encoder, self.url, &mut map, self.depth)
    }
}

fn typed<'de, A: MapAccess<'de>>(
    encoder: &mut Encoder<'_, '_>,
    url: &str,
    map: &mut A,
    depth: usize,
) -> Result<(), A::Error> {
    let plan = encoder.any.plan(url).map_err(A::Error::custom)?;
    let depth = deeper(depth)?;
    Tag::new(1, WireType::LengthDelimited).write(encoder.out);
    encoder.bytes(url.as_bytes());
    let start = encoder.out.len();
    Tag::new(2, WireType::LengthDelimited).write(encoder.out);
    let at = encoder.open();
    let content = encoder.out.len();
    let mut inner = Encoder {
        plan: &plan,
        any: encoder.any,
        out: &mut *encoder.out,
        options: encoder.options,
        segments: std::mem::take(&mut encoder.segments),
        entries: std::mem::take(&mut encoder.entries),
        spare: std::mem::take(&mut encoder.spare),
        path: std::mem::take(&mut encoder.path),
    };
    let written = payload(&mut inner, &plan, map, depth);
    let Encoder {
        segments,
        entries,
        spare,
        path,
        ..
    } = inner;
    encoder.segments = segments;
    encoder.entries = entries;
    encoder.spare = spare;
    encoder.path = path;
    written?;
    if encoder.out.len() == content {
        encoder.out.truncate(start);
    } else {
        encoder.close(at);
    }
    Ok(())
}

fn payload<'de, A: MapAccess<'de>>(
    encoder: &mut Encoder<'_, '_>,
    plan: &Plan,
    map: &mut A,
    depth: usize,
) -> Result<(), A::Error> {
    let Some(message) = plan.message(0) else {
        return Ok(());
    };
    if message.special == Special::No {
        return fields(encoder, message, map, depth);
    }
    let mut given = false;
    while let Some(name) = map.next_key::<String>()? {
        if name == VALUE {
            if given {
                return Err(A::Error::custom("'value' is given twice"));
            }
            given = true;
            let seed = ValueSeed {
                encoder: &mut *encoder,
                kind: Kind::Message(0),
                nullable: true,
                depth,
            };
            match map.next_value_seed(seed) {
                Ok(Written::Nothing) => {
                    return Err(A::Error::custom("null is no value of this type"));
                }
                Ok(_) => {}
                Err(error) => {
                    encoder.path.within(Part::Field(VALUE.to_owned()));
                    return Err(error);
                }
            }
        } else if encoder.options.skip_unknown_fields {
            map.next_value::<IgnoredAny>()?;
        } else {
            return Err(A::Error::custom(format_args!(
                "unrecognized field name '{name}'"
            )));
        }
    }
    if given || message.special == Special::Empty {
        return Ok(());
    }
    Err(A::Error::custom("expected 'value' field"))
}
