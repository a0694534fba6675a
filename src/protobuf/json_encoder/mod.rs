//! JSON → bytes without a message in between.
//!
//! A plan made once per schema says for each field name what to write. At
//! whatever it does not cover (a field under both its names, any mistake) it
//! gives up with [`Unplanned`], and reflection decides what the value means or
//! what is wrong with it. Most well-known types are left to reflection, too.
//!
//! Bytes come in prost's order: fields by number, a oneof where its lowest
//! number belongs, map entries by key.

mod any_value;
mod map_key;
mod number;
mod plan;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde_json::{Map, Value};

use self::any_value::{any_list, any_struct, any_value};
use self::map_key::MapKey;
use self::number::{double, float, int32, int64, uint32, uint64};
use self::plan::{FieldPlan, KindPlan, MessagePlan, NULL_VALUE, Plan, Shape, Special};

/// The plan does not cover a value.
#[derive(Debug)]
pub(super) struct Unplanned;

type Result<T = ()> = std::result::Result<T, Unplanned>;

/// Both alphabets are taken, with or without padding.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
/// Protobuf's own limit on nesting.
const MAX_DEPTH: usize = 100;

/// Writes messages of one type.
#[derive(Clone, Debug)]
pub(super) struct JsonEncoder {
    plan: Plan,
}

/// How far writing a message has come.
#[derive(Default)]
struct Cursor {
    /// Position of the field written last.
    last: Option<usize>,
    /// The oneof a member of which was written last.
    oneof: Option<usize>,
}

impl MessagePlan {
    /// Position of the field of this name. The one behind the last is tried first.
    fn find(&self, name: &str, cursor: &Cursor) -> Result<usize> {
        let next = cursor.last.map_or(0, |last| last + 1);
        if self
            .fields
            .get(next)
            .is_some_and(|field| *field.name == *name)
        {
            return Ok(next);
        }
        let found = self
            .names
            .binary_search_by(|(known, _)| (**known).cmp(name));
        let found = found.ok().and_then(|i| self.names.get(i));
        found.map(|(_, at)| *at).ok_or(Unplanned)
    }
}

impl JsonEncoder {
    pub(super) fn new(root: &MessageDescriptor) -> Self {
        Self {
            plan: Plan::new(root),
        }
    }

    /// Appends the message to `buffer`; on error the buffer's new part is garbage.
    pub(super) fn encode(&self, json: &Value, buffer: &mut Vec<u8>) -> Result {
        self.message(0, json, buffer, 0)
    }

    fn message(&self, position: usize, json: &Value, buffer: &mut Vec<u8>, depth: usize) -> Result {
        let plan = self.plan.message(position).ok_or(Unplanned)?;
        if depth > MAX_DEPTH {
            return Err(Unplanned);
        }
        match &plan.special {
            Special::No => self.planned(plan, json.as_object().ok_or(Unplanned)?, buffer, depth),
            Special::Struct => any_struct(json.as_object().ok_or(Unplanned)?, buffer, depth),
            Special::Value => any_value(json, buffer, depth),
            Special::ListValue => any_list(json.as_array().ok_or(Unplanned)?, buffer, depth),
            // An `Any` that is not set; reflection asks for a type.
            Special::Reflected(descriptor)
                if descriptor.full_name() == "google.protobuf.Any"
                    && json.as_object().is_some_and(Map::is_empty) =>
            {
                Ok(())
            }
            Special::Reflected(descriptor) => {
                let message = DynamicMessage::deserialize(descriptor.clone(), json);
                message.map_err(|_| Unplanned)?.encode_raw(buffer);
                Ok(())
            }
        }
    }

    fn planned(
        &self,
        plan: &MessagePlan,
        json: &Map<String, Value>,
        buffer: &mut Vec<u8>,
        depth: usize,
    ) -> Result {
        // What Protobuf printed is in the order of writing; only the rest has to
        // be sorted.
        let start = buffer.len();
        let mut cursor = Cursor::default();
        let mut sorted = true;
        for (name, value) in json {
            let at = plan.find(name, &cursor)?;
            if cursor.last.is_some_and(|last| at < last) {
                sorted = false;
                break;
            }
            self.next(plan, at, value, &mut cursor, buffer, depth)?;
        }
        if sorted {
            return Ok(());
        }
        buffer.truncate(start);
        let mut values = Vec::with_capacity(json.len());
        for (name, value) in json {
            values.push((plan.find(name, &Cursor::default())?, value));
        }
        values.sort_by_key(|(at, _)| *at);
        let mut cursor = Cursor::default();
        for (at, value) in values {
            self.next(plan, at, value, &mut cursor, buffer, depth)?;
        }
        Ok(())
    }

    /// Writes the field at position `at`, which is not before the last one.
    fn next(
        &self,
        plan: &MessagePlan,
        at: usize,
        value: &Value,
        cursor: &mut Cursor,
        buffer: &mut Vec<u8>,
        depth: usize,
    ) -> Result {
        let field = plan.fields.get(at).ok_or(Unplanned)?;
        if cursor.last.replace(at) == Some(at) {
            // Both names of one field.
            return Err(Unplanned);
        }
        if value.is_null() && !field.takes_null(&self.plan) {
            return Ok(());
        }
        if field.oneof.is_some() {
            // Members of a oneof are neighbours.
            if cursor.oneof == field.oneof {
                return Err(Unplanned);
            }
            cursor.oneof = field.oneof;
        }
        self.field(field, value, buffer, depth)
    }

    fn field(
        &self,
        field: &FieldPlan,
        value: &Value,
        buffer: &mut Vec<u8>,
        depth: usize,
    ) -> Result {
        let number = field.number;
        match &field.shape {
            Shape::Implicit => self.single(number, &field.kind, value, true, buffer, depth),
            Shape::Explicit => self.single(number, &field.kind, value, false, buffer, depth),
            Shape::Packed => {
                let values = value.as_array().ok_or(Unplanned)?;
                if values.is_empty() {
                    return Ok(());
                }
                encode_key(number, WireType::LengthDelimited, buffer);
                delimited(buffer, |buffer| {
                    for value in values {
                        self.value(&field.kind, value, buffer, depth)?;
                    }
                    Ok(())
                })
            }
            Shape::Expanded => {
                let wire_type = field.kind.wire_type();
                for value in value.as_array().ok_or(Unplanned)? {
                    encode_key(number, wire_type, buffer);
                    self.value(&field.kind, value, buffer, depth)?;
                }
                Ok(())
            }
            Shape::Map { key } => self.map(number, key, &field.kind, value, buffer, depth),
        }
    }

    fn map(
        &self,
        number: u32,
        key_kind: &KindPlan,
        value_kind: &KindPlan,
        value: &Value,
        buffer: &mut Vec<u8>,
        depth: usize,
    ) -> Result {
        let map = value.as_object().ok_or(Unplanned)?;
        let mut entries = Vec::with_capacity(map.len());
        for (key, value) in map {
            entries.push((MapKey::parse(key_kind, key)?, value));
        }
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        let twice = entries.windows(2).any(|pair| match pair {
            [(a, _), (b, _)] => a == b,
            _ => false,
        });
        if twice {
            // "1" and "01": the last one wins, but sorting has lost which.
            return Err(Unplanned);
        }
        for (key, value) in entries {
            encode_key(number, WireType::LengthDelimited, buffer);
            delimited(buffer, |buffer| {
                key.encode(key_kind, buffer);
                let start = buffer.len();
                self.single(2, value_kind, value, true, buffer, depth)?;
                // prost leaves out a value that is an empty message.
                if buffer.get(start..) == Some(&[0x12, 0]) {
                    buffer.truncate(start);
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Key and value, or nothing if that is the default and not wanted.
    fn single(
        &self,
        number: u32,
        kind: &KindPlan,
        value: &Value,
        skip_default: bool,
        buffer: &mut Vec<u8>,
        depth: usize,
    ) -> Result {
        let before = buffer.len();
        encode_key(number, kind.wire_type(), buffer);
        let start = buffer.len();
        self.value(kind, value, buffer, depth)?;
        if skip_default && !matches!(kind, KindPlan::Message(_)) {
            let written = buffer.get(start..).unwrap_or_default();
            // A string that holds a NUL has a length before it. Negative zero
            // is left out by prost.
            let zero = match written.split_last() {
                Some((last, rest)) => {
                    let float = matches!(kind, KindPlan::Double | KindPlan::Float);
                    rest.iter().all(|byte| *byte == 0) && (*last == 0 || float && *last == 0x80)
                }
                None => true,
            };
            if zero {
                buffer.truncate(before);
            }
        }
        Ok(())
    }

    fn value(&self, kind: &KindPlan, value: &Value, buffer: &mut Vec<u8>, depth: usize) -> Result {
        match kind {
            KindPlan::Double => buffer.extend_from_slice(&double(value)?.to_le_bytes()),
            KindPlan::Float => buffer.extend_from_slice(&float(value)?.to_le_bytes()),
            KindPlan::Int32 => encode_varint(i64::from(int32(value)?).cast_unsigned(), buffer),
            KindPlan::Int64 => encode_varint(int64(value)?.cast_unsigned(), buffer),
            KindPlan::Uint32 => encode_varint(uint32(value)?.into(), buffer),
            KindPlan::Uint64 => encode_varint(uint64(value)?, buffer),
            KindPlan::Sint32 => {
                let value = int32(value)?;
                encode_varint(
                    ((value << 1) ^ (value >> 31)).cast_unsigned().into(),
                    buffer,
                );
            }
            KindPlan::Sint64 => {
                let value = int64(value)?;
                encode_varint(((value << 1) ^ (value >> 63)).cast_unsigned(), buffer);
            }
            KindPlan::Fixed32 => buffer.extend_from_slice(&uint32(value)?.to_le_bytes()),
            KindPlan::Fixed64 => buffer.extend_from_slice(&uint64(value)?.to_le_bytes()),
            KindPlan::Sfixed32 => buffer.extend_from_slice(&int32(value)?.to_le_bytes()),
            KindPlan::Sfixed64 => buffer.extend_from_slice(&int64(value)?.to_le_bytes()),
            KindPlan::Bool => buffer.push(value.as_bool().ok_or(Unplanned)?.into()),
            KindPlan::String => bytes(value.as_str().ok_or(Unplanned)?.as_bytes(), buffer),
            KindPlan::Bytes => {
                let text = value.as_str().ok_or(Unplanned)?;
                let decoded = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text));
                bytes(&decoded.map_err(|_| Unplanned)?, buffer);
            }
            KindPlan::Enum(values) => {
                let number = match value {
                    Value::String(name) => *values.get(name.as_str()).ok_or(Unplanned)?,
                    Value::Null => *values.get(NULL_VALUE).ok_or(Unplanned)?,
                    number => {
                        i32::try_from(number.as_i64().ok_or(Unplanned)?).map_err(|_| Unplanned)?
                    }
                };
                encode_varint(i64::from(number).cast_unsigned(), buffer);
            }
            KindPlan::Message(position) => {
                delimited(buffer, |buffer| {
                    self.message(*position, value, buffer, depth + 1)
                })?;
            }
        }
        Ok(())
    }
}

fn bytes(bytes: &[u8], buffer: &mut Vec<u8>) {
    encode_varint(bytes.len() as u64, buffer);
    buffer.extend_from_slice(bytes);
}

/// Writes the length before what `write` appends. One byte is set aside for
/// it; only longer contents have to move.
fn delimited(buffer: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Result) -> Result {
    let at = buffer.len();
    buffer.push(0);
    write(buffer)?;
    let len = (buffer.len() - at - 1) as u64;
    if let (Ok(short @ 0..0x80), Some(byte)) = (u8::try_from(len), buffer.get_mut(at)) {
        *byte = short;
        return Ok(());
    }
    let mut prefix = [0; 10];
    let mut rest = &mut prefix[..];
    encode_varint(len, &mut rest);
    let unused = rest.len();
    let used = prefix.len() - unused;
    buffer.splice(at..=at, prefix.into_iter().take(used));
    Ok(())
}
