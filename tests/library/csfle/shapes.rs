//! Every shape of a tagged field, compared with a reference implementation that works on
//! decoded messages.

use std::sync::OnceLock;

use aes_siv::KeyInit;
use aes_siv::siv::Aes256Siv;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cc_protobuf_examples::csfle::kms::{KmsDrivers, LocalKms};
use cc_protobuf_examples::csfle::{Algorithm, Direction, PayloadTransform};
use proptest::prelude::*;
use prost_reflect::ReflectMessage;
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

use crate::csfle::stub::Stub;
use crate::csfle::{SECRET, apply, assert_absent, chain, engine, plan, rule, rule_set, schema};

/// A schema in which every field named `pii_…` is tagged.
const TEXT: &str = r#"
syntax = "proto3";
package t;
import "confluent/meta.proto";
message Root {
  string id = 1;
  string pii_name = 2 [(confluent.field_meta).tags = "PII"];
  bytes pii_photo = 3 [(confluent.field_meta).tags = "PII"];
  optional string pii_nick = 4 [(confluent.field_meta).tags = "PII"];
  repeated string pii_notes = 5 [(confluent.field_meta).tags = "PII"];
  repeated bytes pii_scans = 6 [(confluent.field_meta).tags = "PII"];
  Child child = 7;
  repeated Child children = 8;
  map<string, Child> by_name = 9;
  map<int32, string> labels = 10;
  oneof choice {
    string pii_card = 11 [(confluent.field_meta).tags = "PII"];
    bytes pii_token = 12 [(confluent.field_meta).tags = "PII"];
    Child picked = 13;
    int32 voucher = 14;
    Leaf leaf_choice = 15;
    string open = 16;
  }
  Root parent = 17;
  repeated int32 numbers = 18;
  double weight = 19;
  Leaf leaf = 20;
  map<string, Root> tree = 21;
  string pii_last = 2000 [(confluent.field_meta).tags = "PII"];
}
message Child {
  string pii_email = 1 [(confluent.field_meta).tags = "PII"];
  string country = 2;
  Grand grand = 3;
}
message Grand {
  repeated string pii_phones = 1 [(confluent.field_meta).tags = "PII"];
  Child back = 2;
  sint64 n = 3;
}
message Leaf { string text = 1; Leaf more = 2; }
"#;

struct Bench {
    message: MessageDescriptor,
    write: PayloadTransform,
    read: PayloadTransform,
    key: Vec<u8>,
}

/// Returns transforms with cached keys and the deterministic algorithm.
fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let stub = Stub::start().await;
            let csfle = engine(&stub).build();
            let rules = rule_set([rule(&[("encrypt.dek.algorithm", "AES256_SIV")])]);
            let message = schema::message(TEXT, "t.Root");
            let write = plan(&csfle, &rules, None, &message, Direction::Write);
            let read = plan(&csfle, &rules, None, &message, Direction::Read);
            let record = apply(&write, b"").await.unwrap();
            assert_eq!(apply(&read, &record).await.unwrap(), b"");
            let kek = stub.inner().keks[0].clone();
            let dek = stub.inner().deks[0].clone();
            let wrapped = STANDARD
                .decode(dek.encrypted_key_material.unwrap())
                .unwrap();
            let kms = KmsDrivers::new().with(LocalKms::new(SECRET));
            let raw = kms
                .unwrap(&kek, Algorithm::Aes256Siv, &wrapped)
                .await
                .unwrap();
            Bench {
                message,
                write,
                read,
                key: raw.as_bytes()[2..].to_vec(),
            }
        })
    })
}

fn now(
    plan: &PayloadTransform,
    payload: &[u8],
) -> Result<Vec<u8>, cc_protobuf_examples::csfle::Error> {
    let mut out = Vec::new();
    let result = plan
        .apply_now(payload, &mut out)
        .expect("the key is at hand");
    assert!(result.is_ok() || out.is_empty());
    result.map(|()| out)
}

/// The reference: encrypts a decoded message as the official client does.
fn reference(message: &DynamicMessage, key: &[u8]) -> DynamicMessage {
    let seal = |plaintext: &[u8]| {
        Aes256Siv::new_from_slice(key)
            .unwrap()
            .encrypt([b""], plaintext)
            .unwrap()
    };
    let one = |field: &FieldDescriptor, value: Value| match value {
        Value::Message(message) => Value::Message(reference(&message, key)),
        Value::String(text) if field.name().starts_with("pii_") => {
            Value::String(STANDARD.encode(seal(text.as_bytes())))
        }
        Value::Bytes(bytes) if field.name().starts_with("pii_") => {
            Value::Bytes(seal(&bytes).into())
        }
        other => other,
    };
    let mut result = message.clone();
    for field in message.descriptor().fields() {
        if field.supports_presence() && !message.has_field(&field) {
            continue;
        }
        let value = message.get_field(&field).into_owned();
        result.set_field(
            &field,
            match value {
                Value::List(list) => {
                    Value::List(list.into_iter().map(|value| one(&field, value)).collect())
                }
                Value::Map(map) => Value::Map(
                    map.into_iter()
                        .map(|(map_key, value)| (map_key, one(&field, value)))
                        .collect(),
                ),
                value => one(&field, value),
            },
        );
    }
    result
}

/// Decodes a message, and removes differences in how absence is encoded.
fn decode(message: &MessageDescriptor, bytes: &[u8]) -> DynamicMessage {
    let once = DynamicMessage::decode(message.clone(), bytes).unwrap();
    DynamicMessage::decode(message.clone(), &*once.encode_to_vec()).unwrap()
}

/// Creates a message from random bytes.
struct Chance<'a>(&'a [u8]);

impl Chance<'_> {
    fn next(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    fn text(&mut self) -> String {
        let len = usize::from(self.next() % 24);
        (0..len)
            .map(|_| char::from(b'a' + self.next() % 26))
            .collect()
    }

    fn message(&mut self, message: &MessageDescriptor, depth: usize) -> DynamicMessage {
        let mut result = DynamicMessage::new(message.clone());
        for field in message.fields() {
            if !self.next().is_multiple_of(3) {
                continue;
            }
            let count = usize::from(self.next() % 4);
            if field.is_map() {
                let Kind::Message(entry) = field.kind() else {
                    continue;
                };
                let map = (0..count)
                    .filter_map(|_| {
                        let key = match entry.map_entry_key_field().kind() {
                            Kind::String => MapKey::String(self.text()),
                            _ => MapKey::I32(i32::from(self.next())),
                        };
                        Some((key, self.value(&entry.map_entry_value_field(), depth)?))
                    })
                    .collect();
                result.set_field(&field, Value::Map(map));
            } else if field.is_list() {
                let list = (0..count)
                    .filter_map(|_| self.value(&field, depth))
                    .collect();
                result.set_field(&field, Value::List(list));
            } else if let Some(value) = self.value(&field, depth) {
                result.set_field(&field, value);
            }
        }
        result
    }

    fn value(&mut self, field: &FieldDescriptor, depth: usize) -> Option<Value> {
        Some(match field.kind() {
            Kind::String => Value::String(self.text()),
            Kind::Bytes => Value::Bytes(self.text().into_bytes().into()),
            Kind::Int32 => Value::I32(i32::from(self.next())),
            Kind::Sint64 => Value::I64(-i64::from(self.next())),
            Kind::Double => Value::F64(f64::from(self.next())),
            Kind::Message(child) if depth < 5 => Value::Message(self.message(&child, depth + 1)),
            _ => return None,
        })
    }
}

/// Returns the fields of an encoded message, each with its key.
fn pieces(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    fn varint(bytes: &[u8]) -> (u64, usize) {
        let mut value = 0;
        for (i, byte) in bytes.iter().enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * i);
            if *byte < 0x80 {
                return (value, i + 1);
            }
        }
        panic!("bad varint")
    }
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let (key, n) = varint(bytes);
        let len = n + match key & 7 {
            0 => varint(&bytes[n..]).1,
            1 => 8,
            2 => {
                let (len, m) = varint(&bytes[n..]);
                m + usize::try_from(len).unwrap()
            }
            5 => 4,
            other => panic!("wire type {other}"),
        };
        pieces.push(bytes[..len].to_vec());
        bytes = &bytes[len..];
    }
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_message_is_encrypted_as_the_reference_does_and_comes_back(
        chance in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let bench = bench();
        let source = Chance(&chance).message(&bench.message, 0);
        let payload = source.encode_to_vec();
        let record = now(&bench.write, &payload).unwrap();
        let expected = reference(&source, &bench.key);
        prop_assert!(
            decode(&bench.message, &record) == decode(&bench.message, &expected.encode_to_vec())
        );
        prop_assert_eq!(now(&bench.read, &record).unwrap(), payload);
    }

    #[test]
    fn repeated_and_disordered_fields_mean_what_a_parser_takes_them_for(
        chances in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..4),
        shuffle in any::<u64>(),
    ) {
        let bench = bench();
        let mut all: Vec<Vec<u8>> = chances
            .iter()
            .flat_map(|chance| pieces(&Chance(chance).message(&bench.message, 2).encode_to_vec()))
            .collect();
        let mut seed = shuffle;
        for i in (1..all.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            all.swap(i, (seed >> 33) as usize % (i + 1));
        }
        let payload = all.concat();
        let source = decode(&bench.message, &payload);
        let record = now(&bench.write, &payload).unwrap();
        let expected = reference(&source, &bench.key);
        prop_assert!(
            decode(&bench.message, &record) == decode(&bench.message, &expected.encode_to_vec())
        );
        let plain = now(&bench.read, &record).unwrap();
        prop_assert!(decode(&bench.message, &plain) == source);
    }

    #[test]
    fn hostile_bytes_give_errors_or_bytes_but_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        chance in proptest::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
    ) {
        let bench = bench();
        let _ = now(&bench.write, &bytes);
        let _ = now(&bench.read, &bytes);
        let mut payload = Chance(&chance).message(&bench.message, 0).encode_to_vec();
        if !payload.is_empty() {
            let at = at.index(payload.len());
            payload[at] = to;
            if let Ok(record) = now(&bench.write, &payload) {
                prop_assert!(now(&bench.read, &record).is_ok());
            }
        }
        let mut record = now(&bench.write, &[]).unwrap();
        let at = at.index(record.len());
        record[at] ^= to;
        let _ = now(&bench.read, &record);
    }
}

#[test]
fn duplicates_never_leave_an_earlier_value_in_clear() {
    let bench = bench();
    for payload in [
        &b"\x12\x06secret\x12\x05other"[..],
        b"\x5a\x06secret\x62\x05other",
        b"\x5a\x06secret\x70\x01",
        b"\x6a\x08\x0a\x06secret\x70\x01\x6a\x02\x12\x00",
        b"\x3a\x08\x0a\x06secret\x3a\x04\x12\x02de\x3a\x07\x0a\x05other",
    ] {
        let record = now(&bench.write, payload).unwrap();
        assert_absent(b"secret", &record);
        let plain = now(&bench.read, &record).unwrap();
        assert!(decode(&bench.message, &plain) == decode(&bench.message, payload));
    }
}

#[test]
fn unknown_fields_are_refused_on_write_and_stay_where_they_are_on_read() {
    let bench = bench();
    // 100: varint, 101: fixed64, 102: bytes, 103: group with a group inside, 104: fixed32.
    let unknown = b"\xa0\x06\x05\xa9\x06\x01\x02\x03\x04\x05\x06\x07\x08\xb2\x06\x02hi\
        \xbb\x06\x0b\x10\x01\x0c\xbc\x06\xc5\x06\x01\x02\x03\x04";
    let record = now(&bench.write, b"\x0a\x01i").unwrap();
    let record = [record.as_slice(), unknown].concat();
    let plain = now(&bench.read, &record).unwrap();
    assert_eq!(plain, [&b"\x0a\x01i"[..], unknown].concat());

    // In the message itself; in nested messages with and without encrypted fields, also
    // deeply nested; in the entry of a map; and with a wrong wire type, which is unknown too.
    for (payload, place, problem) in [
        (&unknown[..], "the payload", "field number 100"),
        (b"\x3a\x06\xfa\x06\x03abc", "\"child\"", "field number 111"),
        (
            b"\xa2\x01\x06\xfa\x06\x03abc",
            "\"leaf\"",
            "field number 111",
        ),
        (
            b"\xa2\x01\x08\x12\x06\xfa\x06\x03abc",
            "\"leaf.more\"",
            "field number 111",
        ),
        (
            b"\x52\x06\xfa\x06\x03abc",
            "\"labels[0]\"",
            "field number 111",
        ),
        (
            b"\x7a\x06\xfa\x06\x03abc",
            "\"leaf_choice\"",
            "field number 111",
        ),
        (
            b"\x9a\x01\x03abc",
            "\"weight\"",
            "not encoded as its type says",
        ),
        (
            b"\xa2\x01\x02\x0b\x0c",
            "\"leaf.text\"",
            "not encoded as its type says",
        ),
    ] {
        let message = chain(&now(&bench.write, payload).unwrap_err());
        for part in [place, problem, "encryptPII"] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
    // Packed and unpacked encodings are both accepted.
    for payload in [&b"\x92\x01\x02\x05\x06"[..], b"\x90\x01\x05\x90\x01\x06"] {
        let record = now(&bench.write, payload).unwrap();
        assert!(
            record
                .windows(payload.len())
                .any(|window| window == payload)
        );
    }
}

#[test]
fn failures_name_the_field_by_its_path() {
    let bench = bench();
    for (payload, path) in [
        (&b"\x12\x01!"[..], "pii_name"),
        (b"\x12\x00\x1a\x00\x82\x7d\x00\x42\x00", "pii_name"),
        (b"\x2a\x01!", "pii_name"),
    ] {
        let message = chain(&now(&bench.read, payload).unwrap_err());
        assert!(message.contains(&format!("field \"{path}\"")), "{message}");
    }
    let good = now(&bench.write, b"\x42\x00\x42\x07\x1a\x05\x0a\x01a\x0a\x00").unwrap();
    let broken = {
        // The base64 of the last phone, which is almost at the end of the message.
        let fields = pieces(&good);
        let mut fields: Vec<_> = fields.into_iter().collect();
        let child = fields.iter_mut().rfind(|field| field[0] == 0x42).unwrap();
        let end = child.len() - 1;
        child[end] = b'!';
        fields.concat()
    };
    let message = chain(&now(&bench.read, &broken).unwrap_err());
    assert!(
        message.contains("field \"children[1].grand.pii_phones[1]\": the value is not base64"),
        "{message}"
    );
    for (payload, part) in [
        (&b"\x12\x05ab"[..], "cut short"),
        (
            b"\x12\x02\xff\xfe",
            "field \"pii_name\": the string is not valid UTF-8",
        ),
        (
            b"\x10\x05",
            "field \"pii_name\": the field is not encoded as its type says",
        ),
        (b"\x3a\x02\x0b\x0c", "field \"child.pii_email\""),
        (b"\x0f", "wire type 7"),
    ] {
        let message = chain(&now(&bench.write, payload).unwrap_err());
        assert!(message.contains(part), "{part}: {message}");
    }
    // Deeper than any parser accepts.
    let mut deep = Vec::new();
    for _ in 0..150 {
        let mut outer = vec![0x8a, 0x01];
        let mut len = deep.len();
        while len >= 0x80 {
            outer.push((len & 0x7f) as u8 | 0x80);
            len >>= 7;
        }
        outer.push(len as u8);
        outer.extend_from_slice(&deep);
        deep = outer;
    }
    let message = chain(&now(&bench.write, &deep).unwrap_err());
    assert!(message.contains("nested more than 100 deep"), "{message}");
}

#[tokio::test]
async fn groups_and_proto2_presence() {
    let stub = Stub::start().await;
    let csfle = engine(&stub).build();
    let message = schema::message(
        r#"syntax = "proto2"; package t; import "confluent/meta.proto";
           message M {
             required string name = 1 [(confluent.field_meta).tags = "PII"];
             optional string nick = 2 [(confluent.field_meta).tags = "PII", default = "none"];
             optional group Contact = 3 {
               optional string email = 1 [(confluent.field_meta).tags = "PII"];
             }
             repeated group Phone = 4 {
               repeated bytes number = 1 [(confluent.field_meta).tags = "PII"];
               optional M owner = 2;
             }
           }"#,
        "t.M",
    );
    let rules = rule_set([rule(&[])]);
    let writer = plan(&csfle, &rules, None, &message, Direction::Write);
    let reader = plan(&csfle, &rules, None, &message, Direction::Read);
    let payload = b"\x0a\x05alpha\x1b\x0a\x04beta\x1c\
        \x23\x0a\x05gamma\x0a\x00\x24\x23\x12\x07\x0a\x05delta\x24";
    let record = apply(&writer, payload).await.unwrap();
    for hidden in ["alpha", "beta", "gamma", "delta"] {
        assert_absent(hidden.as_bytes(), &record);
    }
    assert_eq!(apply(&reader, &record).await.unwrap(), payload);
    // With explicit presence, an unset field stays unset.
    assert_eq!(apply(&writer, b"").await.unwrap(), b"");
    // Two occurrences of a group are merged.
    let twice = b"\x1b\x0a\x01a\x1c\x1b\x0a\x06secret\x1c";
    let record = apply(&writer, twice).await.unwrap();
    assert_absent(b"secret", &record);
    let plain = apply(&reader, &record).await.unwrap();
    assert!(decode(&message, &plain) == decode(&message, twice));
}
