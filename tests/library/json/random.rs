//! Random messages in every valid encoding: fields in any order and more than once,
//! packed or not, messages in several parts, unknown fields.

use prost::encoding::{WireType, encode_key, encode_varint};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub fn next(&mut self) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() >> 33) as usize % end
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn bits(&mut self) -> u64 {
        match self.below(4) {
            0 => self.pick(&[0, 1, 127, 128, u64::MAX, 1 << 31, 1 << 32, 1 << 63]),
            1 => self.next() >> self.below(64),
            2 => (self.next() as i32 as i64) as u64,
            _ => self.next(),
        }
    }

    fn double(&mut self) -> f64 {
        match self.below(4) {
            0 => self.pick(&[
                0.0,
                1.5,
                f64::NAN,
                f64::INFINITY,
                f64::NEG_INFINITY,
                1e-320,
                -7.0,
            ]),
            1 => f64::from(self.next() as i32) / 100.0,
            _ => f64::from_bits(self.next()),
        }
    }

    fn text(&mut self) -> String {
        let letters = [
            'a', 'B', '_', '0', '"', '\\', '\n', '\u{1}', '\u{7f}', 'é', '𝄞', '/',
        ];
        (0..self.below(6)).map(|_| self.pick(&letters)).collect()
    }

    fn some_bytes(&mut self) -> Vec<u8> {
        (0..self.below(8)).map(|_| self.next() as u8).collect()
    }
}

pub fn message(random: &mut Random, descriptor: &MessageDescriptor, depth: usize) -> Vec<u8> {
    let mut out = Vec::new();
    match descriptor.full_name() {
        "google.protobuf.Timestamp" => {
            let seconds = random.next() as i64 % 300_000_000_000;
            let seconds = seconds.clamp(-62_135_596_800, 253_402_300_799);
            varint(1, seconds as u64, &mut out);
            let nanos = random.pick(&[0, 500_000_000, 1_000, 999_999_999]);
            varint(2, nanos, &mut out);
            return out;
        }
        "google.protobuf.Duration" => {
            let sign = random.pick(&[1, -1]);
            let seconds = (random.next() % 315_576_000_000) as i64 * sign;
            varint(1, seconds as u64, &mut out);
            let nanos = random.pick(&[0, 1, 20_000_000, 999_999_999]) * sign;
            varint(2, nanos as u64, &mut out);
            return out;
        }
        "google.protobuf.FieldMask" => {
            for _ in 0..random.below(3) {
                let path = random.pick(&["foo", "foo_bar.baz", "a_b_c"]);
                delimited(1, path.as_bytes(), &mut out);
            }
            return out;
        }
        "google.protobuf.Any" => {
            let pool = descriptor.parent_pool();
            let name = random.pick(&[
                "kinds.Three",
                "google.protobuf.Duration",
                "google.protobuf.Int32Value",
                "google.protobuf.Value",
                "google.protobuf.Empty",
            ]);
            // prost-reflect has no JSON for an `Any` without a type.
            let name = if depth < 3 {
                name
            } else {
                "google.protobuf.Duration"
            };
            if let Some(inner) = pool.get_message_by_name(name) {
                delimited(1, format!("a.b/{name}").as_bytes(), &mut out);
                delimited(2, &message(random, &inner, depth + 2), &mut out);
            }
            return out;
        }
        _ => {}
    }
    let fields: Vec<_> = descriptor.fields().collect();
    let extensions: Vec<_> = descriptor.extensions().collect();
    let count = if depth > 3 { 0 } else { random.below(9) };
    for _ in 0..count {
        let any = random.below(fields.len() + extensions.len() + 1);
        if let Some(one) = fields.get(any) {
            field(random, one, depth, &mut out);
        } else if let Some(one) = extensions.get(any - fields.len()) {
            let number = one.number();
            value(random, number, &one.kind(), one.is_list(), depth, &mut out);
        } else {
            varint(99_999, random.next(), &mut out);
            encode_key(99_998, WireType::StartGroup, &mut out);
            delimited(1, b"x", &mut out);
            encode_key(99_998, WireType::EndGroup, &mut out);
        }
    }
    out
}

fn field(random: &mut Random, field: &FieldDescriptor, depth: usize, out: &mut Vec<u8>) {
    let number = field.number();
    if field.is_group() {
        let kind = field.kind();
        encode_key(number, WireType::StartGroup, out);
        out.extend(message(random, kind.as_message().unwrap(), depth + 1));
        encode_key(number, WireType::EndGroup, out);
    } else {
        value(random, number, &field.kind(), field.is_list(), depth, out);
    }
}

fn value(
    random: &mut Random,
    number: u32,
    kind: &Kind,
    list: bool,
    depth: usize,
    out: &mut Vec<u8>,
) {
    match kind {
        Kind::Message(inner) => {
            delimited(number, &message(random, inner, depth + 1), out);
        }
        Kind::String => delimited(number, random.text().as_bytes(), out),
        Kind::Bytes => delimited(number, &random.some_bytes(), out),
        kind => {
            let write = |random: &mut Random, out: &mut Vec<u8>| match kind {
                Kind::Double => out.extend(random.double().to_le_bytes()),
                Kind::Float => out.extend((random.double() as f32).to_le_bytes()),
                Kind::Fixed64 | Kind::Sfixed64 => out.extend(random.bits().to_le_bytes()),
                Kind::Fixed32 | Kind::Sfixed32 => out.extend((random.bits() as u32).to_le_bytes()),
                Kind::Bool => encode_varint(random.below(2) as u64, out),
                // JSON can only express null for this type.
                Kind::Enum(item) if item.full_name() == "google.protobuf.NullValue" => {
                    encode_varint(0, out);
                }
                Kind::Enum(_) => {
                    let number = random.pick(&[0, 1, -2, 5, 77, i64::from(i32::MIN)]);
                    encode_varint(number as u64, out);
                }
                _ => encode_varint(random.bits(), out),
            };
            if list && random.below(2) == 0 {
                let mut packed = Vec::new();
                for _ in 0..random.below(4) {
                    write(random, &mut packed);
                }
                delimited(number, &packed, out);
                return;
            }
            let wire_type = match kind {
                Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => WireType::SixtyFourBit,
                Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => WireType::ThirtyTwoBit,
                _ => WireType::Varint,
            };
            encode_key(number, wire_type, out);
            write(random, out);
        }
    }
}

fn varint(number: u32, value: u64, out: &mut Vec<u8>) {
    encode_key(number, WireType::Varint, out);
    encode_varint(value, out);
}

fn delimited(number: u32, bytes: &[u8], out: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, out);
    encode_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}
