//! Annotates a framed record: what each byte means.

use prost::encoding::{WireType, decode_key, decode_varint};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Value, json};

use cc_protobuf_examples::wire_format::{Envelope, SchemaRef};

use super::{DIM, counted, wrap};

/// Maximum number of characters shown of a string.
const LONGEST_TEXT: usize = 36;
/// Maximum number of bytes per line.
const PER_LINE: usize = 8;
/// Minimum columns for a part's meaning; if fewer are left, half the bytes are shown per line.
const LEAST_MEANING: usize = 16;

/// A range of bytes and its meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Position of the first byte in the record.
    pub offset: usize,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The meaning of the bytes.
    pub meaning: String,
}

/// Splits a record into its parts: magic byte, schema id or GUID, message
/// indexes, and the fields of the payload. A descriptor adds the fields' names.
pub fn annotate(
    record: &[u8],
    envelope: &Envelope<'_>,
    message: Option<&MessageDescriptor>,
) -> Vec<Part> {
    let payload_at = record.len().saturating_sub(envelope.payload.len());
    let before = record.get(..payload_at).unwrap_or_default();
    let mut parts = annotate_header(before, envelope, message);
    parts.extend(annotate_payload(envelope.payload, payload_at, message));
    parts
}

/// Splits the bytes before the payload: magic byte, schema id or GUID, message
/// indexes. A descriptor adds the message's name.
pub fn annotate_header(
    header: &[u8],
    envelope: &Envelope<'_>,
    message: Option<&MessageDescriptor>,
) -> Vec<Part> {
    let path: Vec<String> = envelope
        .indexes
        .as_slice()
        .iter()
        .map(u32::to_string)
        .collect();
    let name = message.map(|message| format!(": {}", message.full_name()));
    let name = name.unwrap_or_default();
    let indexes = format!("message index [{}]{name}", path.join(","));
    let parts = match &envelope.schema {
        SchemaRef::Id(id) => [
            (0..1, "magic byte 0: a schema id follows".to_owned()),
            (1..5, format!("schema id {id}, 4 bytes big-endian")),
            (5..header.len(), indexes),
        ],
        SchemaRef::Guid(guid) => [
            (0..1, "magic byte 1: a schema GUID follows".to_owned()),
            (1..17, format!("schema GUID {guid}")),
            (17..header.len(), indexes),
        ],
    };
    parts
        .into_iter()
        .map(|(range, meaning)| Part {
            offset: range.start,
            bytes: header.get(range).unwrap_or_default().to_vec(),
            meaning,
        })
        .collect()
}

/// Formats bytes as hex, with `between` after each byte but the last.
pub fn hex(bytes: &[u8], between: &str) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(between)
}

/// Splits a Protobuf message into its fields.
pub fn annotate_payload(
    payload: &[u8],
    base: usize,
    message: Option<&MessageDescriptor>,
) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < payload.len() {
        let (length, meaning) = match field(payload.get(at..).unwrap_or_default(), message) {
            Some(found) => found,
            None => (payload.len() - at, "not a Protobuf field".to_owned()),
        };
        let end = at.saturating_add(length).min(payload.len());
        parts.push(Part {
            offset: base + at,
            bytes: payload.get(at..end).unwrap_or_default().to_vec(),
            meaning,
        });
        at = end.max(at + 1);
    }
    if payload.is_empty() {
        parts.push(Part {
            offset: base,
            bytes: Vec::new(),
            meaning: "empty payload: every field has its default".to_owned(),
        });
    }
    parts
}

/// Returns the length and meaning of the field at the start of `bytes`.
fn field(bytes: &[u8], message: Option<&MessageDescriptor>) -> Option<(usize, String)> {
    let mut rest = bytes;
    let (number, wire_type) = decode_key(&mut rest).ok()?;
    let descriptor = message.and_then(|message| message.get_field(number));
    let name = match &descriptor {
        Some(field) => format!("field {number} {}", field.name()),
        None if message.is_some() => format!("field {number}, unknown to this schema"),
        None => format!("field {number}"),
    };
    let descriptor = descriptor.as_ref();
    let value = match wire_type {
        WireType::Varint => scalar(decode_varint(&mut rest).ok()?, descriptor),
        WireType::SixtyFourBit => fixed64(rest.split_off(..8)?.try_into().ok()?, descriptor),
        WireType::ThirtyTwoBit => fixed32(rest.split_off(..4)?.try_into().ok()?, descriptor),
        WireType::LengthDelimited => {
            let size = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
            delimited(rest.split_off(..size)?, descriptor)
        }
        WireType::StartGroup | WireType::EndGroup => return None,
    };
    Some((bytes.len() - rest.len(), format!("{name}{value}")))
}

fn scalar(value: u64, field: Option<&FieldDescriptor>) -> String {
    match field.map(FieldDescriptor::kind) {
        Some(Kind::Bool) => format!(" = {}", value != 0),
        Some(Kind::Int32 | Kind::Int64) => format!(" = {}", value.cast_signed()),
        Some(Kind::Sint32 | Kind::Sint64) => {
            format!(
                " = {}",
                (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
            )
        }
        Some(Kind::Enum(kind)) => {
            let number = value.cast_signed() as i32;
            let name = kind.get_value(number).map(|value| value.name().to_owned());
            format!(" = {}", name.unwrap_or_else(|| number.to_string()))
        }
        _ => format!(" = {value}"),
    }
}

fn fixed64(raw: [u8; 8], field: Option<&FieldDescriptor>) -> String {
    match field.map(FieldDescriptor::kind) {
        Some(Kind::Double) => format!(" = {}", f64::from_le_bytes(raw)),
        Some(Kind::Sfixed64) => format!(" = {}", i64::from_le_bytes(raw)),
        Some(_) => format!(" = {}", u64::from_le_bytes(raw)),
        None => ", 8 bytes".to_owned(),
    }
}

fn fixed32(raw: [u8; 4], field: Option<&FieldDescriptor>) -> String {
    match field.map(FieldDescriptor::kind) {
        Some(Kind::Float) => format!(" = {}", f32::from_le_bytes(raw)),
        Some(Kind::Sfixed32) => format!(" = {}", i32::from_le_bytes(raw)),
        Some(_) => format!(" = {}", u32::from_le_bytes(raw)),
        None => ", 4 bytes".to_owned(),
    }
}

fn delimited(value: &[u8], field: Option<&FieldDescriptor>) -> String {
    let count = counted(value.len(), "byte");
    match field.map(FieldDescriptor::kind) {
        Some(Kind::String) => match std::str::from_utf8(value) {
            Ok(text) => format!(" = {:?}", shorten(text, LONGEST_TEXT)),
            Err(_) => format!(": {count}, not UTF-8"),
        },
        Some(Kind::Message(kind)) => format!(": {}, {count}", kind.name()),
        Some(Kind::Bytes) => format!(": {count}"),
        Some(_) => format!(": packed, {count}"),
        None => format!(", {count}"),
    }
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most).chain(['…']).collect()
}

/// Formats the parts in at most `width` columns: offset, bytes, meaning. Omits the
/// middle of a part that takes more than `most_lines` lines, and says so.
pub fn parts_to_lines(
    parts: &[Part],
    indent: usize,
    width: usize,
    most_lines: usize,
) -> Vec<String> {
    let margin = " ".repeat(indent);
    let columns_of_hex = |bytes: usize| bytes * 3 - 1;
    let left = |hex_width| width.saturating_sub(indent + 6 + hex_width + 2);
    let per_line = match left(columns_of_hex(PER_LINE)) {
        LEAST_MEANING.. => PER_LINE,
        _ => PER_LINE / 2,
    };
    let hex_width = columns_of_hex(per_line);
    let meaning_width = left(hex_width);
    let mut lines = Vec::new();
    for part in parts {
        let meaning = wrap(&part.meaning, meaning_width);
        let rows = part.bytes.chunks(per_line).count();
        let shown = rows.min(most_lines.max(1));
        for index in 0..shown.max(meaning.len()) {
            let start = index * per_line;
            let bytes = part.bytes.get(start..).unwrap_or_default();
            let bytes = if index < shown { bytes } else { &[] };
            let shown_bytes = bytes.get(..per_line).unwrap_or(bytes);
            let offset = if shown_bytes.is_empty() && index > 0 {
                "    ".to_owned()
            } else {
                format!("{:04x}", part.offset + start)
            };
            let text = meaning.get(index).map_or("", String::as_str);
            let line = format!("{:<hex_width$}  {text}", hex(shown_bytes, " "));
            lines.push(format!("{margin}{DIM}{offset}{DIM:#}  {}", line.trim_end()));
        }
        if shown < rows {
            let more = part.bytes.len() - shown * per_line;
            let more = counted(more, "more byte");
            lines.push(format!("{margin}      {DIM}… {more}{DIM:#}"));
        }
    }
    lines
}

/// Formats the parts as JSON.
pub fn parts_to_json(parts: &[Part]) -> Value {
    let parts = parts.iter().map(
        |part| json!({"offset": part.offset, "hex": hex(&part.bytes, ""), "meaning": part.meaning}),
    );
    Value::Array(parts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_protobuf_examples::wire_format;

    #[test]
    fn every_byte_is_accounted_for_once() {
        let record = [0, 0, 0, 0, 2, 0, 0x0a, 2, b'h', b'i', 0x12, 2, 8, 42];
        let envelope = wire_format::decode(&record).unwrap();
        let parts = annotate(&record, &envelope, None);
        let joined: Vec<u8> = parts.iter().flat_map(|part| part.bytes.clone()).collect();
        assert_eq!(joined, record);
        assert_eq!(parts.len(), 5);
    }

    #[test]
    fn damaged_payloads_are_shown_as_they_are() {
        for payload in [&[0x0a, 0xff][..], &[0x00], &[0xff; 20], &[0x0d, 1], &[0x0f]] {
            let parts = annotate_payload(payload, 0, None);
            let joined: Vec<u8> = parts.iter().flat_map(|part| part.bytes.clone()).collect();
            assert_eq!(joined, payload);
        }
    }

    #[test]
    fn long_parts_are_cut_and_lines_keep_to_the_width() {
        let part = Part {
            offset: 6,
            bytes: vec![0xab; 100],
            meaning: "a meaning that is long enough to need more than one line".to_owned(),
        };
        for (width, more) in [(40, 88), (80, 76), (120, 76)] {
            let lines = parts_to_lines(std::slice::from_ref(&part), 5, width, 3);
            assert!(
                lines
                    .last()
                    .unwrap()
                    .contains(&format!("{more} more bytes"))
            );
            for line in lines {
                let plain = super::super::style::render(&line, false);
                assert!(plain.chars().count() <= width, "{plain}");
            }
        }
    }
}
