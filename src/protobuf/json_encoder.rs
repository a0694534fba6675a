//! JSON → bytes without a message in between.
//!
//! A plan made once per schema says for each field name what to write. At
//! whatever it does not cover (a field under both its names, any mistake) it
//! gives up with [`Unplanned`], and reflection decides what the value means or
//! what is wrong with it. Most well-known types are left to reflection, too.
//!
//! Bytes come in prost's order: fields by number, a oneof where its lowest
//! number belongs, map entries by key.

use std::collections::HashMap;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};

/// The plan does not cover a value.
#[derive(Debug)]
pub(super) struct Unplanned;

type Result<T = ()> = std::result::Result<T, Unplanned>;

/// How messages of one type, and those in them, are written.
#[derive(Clone, Debug)]
pub(super) struct JsonEncoder {
    /// The root comes first.
    messages: Vec<MessagePlan>,
}

#[derive(Clone, Debug, Default)]
struct MessagePlan {
    /// In the order of writing.
    fields: Vec<FieldPlan>,
    /// Names in the file and in JSON, sorted, with positions in `fields`.
    names: Vec<(Box<str>, usize)>,
    special: Special,
}

/// Types with JSON of their own.
#[derive(Clone, Debug, Default)]
enum Special {
    #[default]
    No,
    /// `google.protobuf.Struct`
    Struct,
    /// `google.protobuf.Value`
    Value,
    /// `google.protobuf.ListValue`
    ListValue,
    /// Any other; reflection knows.
    Reflected(MessageDescriptor),
}

#[derive(Clone, Debug)]
struct FieldPlan {
    number: u32,
    kind: KindPlan,
    shape: Shape,
    /// Which declared oneof it belongs to.
    oneof: Option<usize>,
}

#[derive(Clone, Debug)]
enum Shape {
    /// Left out when it holds the default.
    Implicit,
    Explicit,
    Packed,
    Expanded,
    Map {
        key: KindPlan,
    },
}

#[derive(Clone, Debug)]
enum KindPlan {
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
    Enum(HashMap<Box<str>, i32>),
    /// Position in [`JsonEncoder::messages`].
    Message(usize),
}

/// Both alphabets are taken, with or without padding.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// The one value of `google.protobuf.NullValue`.
const NULL_VALUE: &str = "NULL_VALUE";

/// Protobuf's own limit on nesting.
const MAX_DEPTH: usize = 100;

impl KindPlan {
    fn wire_type(&self) -> WireType {
        match self {
            Self::Double | Self::Fixed64 | Self::Sfixed64 => WireType::SixtyFourBit,
            Self::Float | Self::Fixed32 | Self::Sfixed32 => WireType::ThirtyTwoBit,
            Self::String | Self::Bytes | Self::Message(_) => WireType::LengthDelimited,
            _ => WireType::Varint,
        }
    }
}

impl JsonEncoder {
    pub(super) fn new(root: &MessageDescriptor) -> Self {
        let mut encoder = Self {
            messages: Vec::new(),
        };
        let mut known = HashMap::new();
        encoder.plan(root, &mut known);
        encoder
    }

    /// Position of the message's plan, made now if there is none.
    fn plan(&mut self, message: &MessageDescriptor, known: &mut HashMap<String, usize>) -> usize {
        if let Some(&position) = known.get(message.full_name()) {
            return position;
        }
        let position = self.messages.len();
        known.insert(message.full_name().to_owned(), position);
        self.messages.push(MessagePlan::default());

        let special = match message.full_name() {
            "google.protobuf.Struct" => Special::Struct,
            "google.protobuf.Value" => Special::Value,
            "google.protobuf.ListValue" => Special::ListValue,
            name if name.starts_with("google.protobuf.") => Special::Reflected(message.clone()),
            _ => Special::No,
        };
        if !matches!(special, Special::No) {
            self.put(position, |plan| plan.special = special);
            return position;
        }
        let mut ordered: Vec<_> = message.fields().collect();
        ordered.sort_by_key(|field| match field.containing_oneof() {
            Some(oneof) => {
                let numbers = oneof.fields().map(|member| member.number());
                (numbers.min().unwrap_or_default(), field.number())
            }
            None => (field.number(), field.number()),
        });
        let mut names = Vec::with_capacity(ordered.len());
        let mut fields = Vec::with_capacity(ordered.len());
        for (i, field) in ordered.iter().enumerate() {
            names.push((Box::from(field.name()), i));
            if field.json_name() != field.name() {
                names.push((Box::from(field.json_name()), i));
            }
            fields.push(self.plan_field(field, known));
        }
        names.sort();
        self.put(position, |plan| {
            plan.fields = fields;
            plan.names = names;
        });
        position
    }

    fn put(&mut self, position: usize, edit: impl FnOnce(&mut MessagePlan)) {
        if let Some(plan) = self.messages.get_mut(position) {
            edit(plan);
        }
    }

    fn plan_field(
        &mut self,
        field: &FieldDescriptor,
        known: &mut HashMap<String, usize>,
    ) -> FieldPlan {
        let (kind, shape) = match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let key = self.plan_kind(&entry.map_entry_key_field().kind(), known);
                let value = self.plan_kind(&entry.map_entry_value_field().kind(), known);
                (value, Shape::Map { key })
            }
            kind => {
                let shape = if field.is_list() && field.is_packed() {
                    Shape::Packed
                } else if field.is_list() {
                    Shape::Expanded
                } else if field.supports_presence() {
                    Shape::Explicit
                } else {
                    Shape::Implicit
                };
                (self.plan_kind(&kind, known), shape)
            }
        };
        let oneof = field.containing_oneof();
        let oneof = oneof.filter(|oneof| !oneof.is_synthetic());
        FieldPlan {
            number: field.number(),
            kind,
            shape,
            oneof: oneof.and_then(|oneof| {
                let mut all = field.parent_message().oneofs();
                all.position(|other| other == oneof)
            }),
        }
    }

    fn plan_kind(&mut self, kind: &Kind, known: &mut HashMap<String, usize>) -> KindPlan {
        match kind {
            Kind::Double => KindPlan::Double,
            Kind::Float => KindPlan::Float,
            Kind::Int32 => KindPlan::Int32,
            Kind::Int64 => KindPlan::Int64,
            Kind::Uint32 => KindPlan::Uint32,
            Kind::Uint64 => KindPlan::Uint64,
            Kind::Sint32 => KindPlan::Sint32,
            Kind::Sint64 => KindPlan::Sint64,
            Kind::Fixed32 => KindPlan::Fixed32,
            Kind::Fixed64 => KindPlan::Fixed64,
            Kind::Sfixed32 => KindPlan::Sfixed32,
            Kind::Sfixed64 => KindPlan::Sfixed64,
            Kind::Bool => KindPlan::Bool,
            Kind::String => KindPlan::String,
            Kind::Bytes => KindPlan::Bytes,
            Kind::Enum(item) => {
                let values = item.values();
                KindPlan::Enum(values.map(|v| (Box::from(v.name()), v.number())).collect())
            }
            Kind::Message(message) => KindPlan::Message(self.plan(message, known)),
        }
    }

    /// Appends the message to `buffer`; on error the buffer's new part is garbage.
    pub(super) fn encode(&self, json: &Value, buffer: &mut Vec<u8>) -> Result {
        self.message(0, json, buffer, 0)
    }

    fn message(&self, position: usize, json: &Value, buffer: &mut Vec<u8>, depth: usize) -> Result {
        let plan = self.messages.get(position).ok_or(Unplanned)?;
        if depth > MAX_DEPTH {
            return Err(Unplanned);
        }
        match &plan.special {
            Special::No => self.planned(plan, json.as_object().ok_or(Unplanned)?, buffer, depth),
            Special::Struct => any_struct(json.as_object().ok_or(Unplanned)?, buffer, depth),
            Special::Value => any_value(json, buffer, depth),
            Special::ListValue => any_list(json.as_array().ok_or(Unplanned)?, buffer, depth),
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
        // JSON in the order of writing needs no sorting, which is the rule for
        // values that were printed by Protobuf.
        let mut values: Vec<(usize, &Value)> = Vec::with_capacity(json.len());
        let mut sorted = true;
        for (name, value) in json {
            let found = plan
                .names
                .binary_search_by(|(known, _)| (**known).cmp(name.as_str()));
            let &(_, field) = found
                .ok()
                .and_then(|at| plan.names.get(at))
                .ok_or(Unplanned)?;
            if let Some((last, _)) = values.last() {
                sorted &= *last < field;
            }
            values.push((field, value));
        }
        if !sorted {
            values.sort_by_key(|(field, _)| *field);
        }
        let mut before = None;
        let mut oneof = None;
        for (at, value) in values {
            let field = plan.fields.get(at).ok_or(Unplanned)?;
            if before.replace(at) == Some(at) {
                // Both names of one field.
                return Err(Unplanned);
            }
            if value.is_null() && !field.takes_null(self) {
                continue;
            }
            // Members of a oneof are neighbours.
            if field.oneof.is_some() && oneof == field.oneof {
                return Err(Unplanned);
            }
            oneof = field.oneof.or(oneof);
            self.field(field, value, buffer, depth)?;
        }
        Ok(())
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

impl FieldPlan {
    /// To `google.protobuf.Value` and `NullValue` null is a value.
    fn takes_null(&self, encoder: &JsonEncoder) -> bool {
        if !matches!(self.shape, Shape::Implicit | Shape::Explicit) {
            return false;
        }
        match &self.kind {
            KindPlan::Enum(values) => values.contains_key(NULL_VALUE),
            KindPlan::Message(position) => encoder
                .messages
                .get(*position)
                .is_some_and(|plan| matches!(plan.special, Special::Value)),
            _ => false,
        }
    }
}

/// `google.protobuf.Value`
fn any_value(json: &Value, buffer: &mut Vec<u8>, depth: usize) -> Result {
    if depth > MAX_DEPTH {
        return Err(Unplanned);
    }
    match json {
        Value::Null => {
            encode_key(1, WireType::Varint, buffer);
            buffer.push(0);
        }
        Value::Number(number) => {
            encode_key(2, WireType::SixtyFourBit, buffer);
            let number = number.as_f64().ok_or(Unplanned)?;
            buffer.extend_from_slice(&number.to_le_bytes());
        }
        Value::String(text) => {
            encode_key(3, WireType::LengthDelimited, buffer);
            bytes(text.as_bytes(), buffer);
        }
        Value::Bool(value) => {
            encode_key(4, WireType::Varint, buffer);
            buffer.push((*value).into());
        }
        Value::Object(fields) => {
            encode_key(5, WireType::LengthDelimited, buffer);
            delimited(buffer, |buffer| any_struct(fields, buffer, depth + 1))?;
        }
        Value::Array(values) => {
            encode_key(6, WireType::LengthDelimited, buffer);
            delimited(buffer, |buffer| any_list(values, buffer, depth + 1))?;
        }
    }
    Ok(())
}

/// `google.protobuf.Struct`
fn any_struct(fields: &Map<String, Value>, buffer: &mut Vec<u8>, depth: usize) -> Result {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by_key(|(key, _)| *key);
    for (key, value) in fields {
        encode_key(1, WireType::LengthDelimited, buffer);
        delimited(buffer, |buffer| {
            MapKey::Text(key).encode(&KindPlan::String, buffer);
            encode_key(2, WireType::LengthDelimited, buffer);
            delimited(buffer, |buffer| any_value(value, buffer, depth + 1))
        })?;
    }
    Ok(())
}

/// `google.protobuf.ListValue`
fn any_list(values: &[Value], buffer: &mut Vec<u8>, depth: usize) -> Result {
    for value in values {
        encode_key(1, WireType::LengthDelimited, buffer);
        delimited(buffer, |buffer| any_value(value, buffer, depth + 1))?;
    }
    Ok(())
}

/// Ordered as prost's `BTreeMap`s are.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum MapKey<'a> {
    Signed(i64),
    Unsigned(u64),
    Bool(bool),
    Text(&'a str),
}

impl<'a> MapKey<'a> {
    fn parse(kind: &KindPlan, text: &'a str) -> Result<Self> {
        let signed = |fits: fn(i64) -> bool| {
            let value = text.parse().ok().filter(|value| fits(*value));
            value.map(Self::Signed).ok_or(Unplanned)
        };
        let unsigned = |fits: fn(u64) -> bool| {
            let value = text.parse().ok().filter(|value| fits(*value));
            value.map(Self::Unsigned).ok_or(Unplanned)
        };
        match kind {
            KindPlan::Int32 | KindPlan::Sint32 | KindPlan::Sfixed32 => {
                signed(|value| i32::try_from(value).is_ok())
            }
            KindPlan::Int64 | KindPlan::Sint64 | KindPlan::Sfixed64 => signed(|_| true),
            KindPlan::Uint32 | KindPlan::Fixed32 => unsigned(|value| u32::try_from(value).is_ok()),
            KindPlan::Uint64 | KindPlan::Fixed64 => unsigned(|_| true),
            KindPlan::Bool => text.parse().map(Self::Bool).map_err(|_| Unplanned),
            KindPlan::String => Ok(Self::Text(text)),
            _ => Err(Unplanned),
        }
    }

    /// Field 1 of a map entry; nothing for the default.
    fn encode(&self, kind: &KindPlan, buffer: &mut Vec<u8>) {
        if matches!(
            self,
            Self::Signed(0) | Self::Unsigned(0) | Self::Bool(false) | Self::Text("")
        ) {
            return;
        }
        encode_key(1, kind.wire_type(), buffer);
        match self {
            Self::Text(text) => bytes(text.as_bytes(), buffer),
            Self::Bool(value) => buffer.push((*value).into()),
            Self::Unsigned(value) => integer(kind, *value, buffer),
            Self::Signed(value) => match kind {
                KindPlan::Sint32 | KindPlan::Sint64 => {
                    encode_varint(((value << 1) ^ (value >> 63)).cast_unsigned(), buffer);
                }
                _ => integer(kind, value.cast_unsigned(), buffer),
            },
        }
    }
}

/// The low bits of `bits` as the kind has them.
fn integer(kind: &KindPlan, bits: u64, buffer: &mut Vec<u8>) {
    let [a, b, c, d, ..] = bits.to_le_bytes();
    match kind.wire_type() {
        WireType::ThirtyTwoBit => buffer.extend_from_slice(&[a, b, c, d]),
        WireType::SixtyFourBit => buffer.extend_from_slice(&bits.to_le_bytes()),
        _ => encode_varint(bits, buffer),
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

fn double(value: &Value) -> Result<f64> {
    match value {
        Value::String(text) => text.parse().map_err(|_| Unplanned),
        other => other.as_f64().ok_or(Unplanned),
    }
}

fn float(value: &Value) -> Result<f32> {
    match value {
        Value::String(text) => text.parse().map_err(|_| Unplanned),
        other => {
            let wide = other.as_f64().ok_or(Unplanned)?;
            let range = f64::from(f32::MIN)..=f64::from(f32::MAX);
            range
                .contains(&wide)
                .then_some(wide as f32)
                .ok_or(Unplanned)
        }
    }
}

fn int64(value: &Value) -> Result<i64> {
    match value {
        Value::String(text) => text.parse().map_err(|_| Unplanned),
        other => other
            .as_i64()
            .or_else(|| whole(other, i64::MIN as f64, i64::MAX as f64).map(|f| f as i64))
            .ok_or(Unplanned),
    }
}

fn uint64(value: &Value) -> Result<u64> {
    match value {
        Value::String(text) => text.parse().map_err(|_| Unplanned),
        other => other
            .as_u64()
            .or_else(|| whole(other, 0.0, u64::MAX as f64).map(|f| f as u64))
            .ok_or(Unplanned),
    }
}

fn int32(value: &Value) -> Result<i32> {
    int64(value)?.try_into().map_err(|_| Unplanned)
}

fn uint32(value: &Value) -> Result<u32> {
    uint64(value)?.try_into().map_err(|_| Unplanned)
}

/// A number such as 5.0 or 1e3. The upper bound is exclusive: the largest
/// 64-bit integers have no double of their own.
fn whole(value: &Value, from: f64, below: f64) -> Option<f64> {
    let float = value.as_f64()?;
    (float.fract() == 0.0 && float >= from && float < below).then_some(float)
}
