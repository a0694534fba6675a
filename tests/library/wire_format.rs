//! The record envelope: bytes of confluent-kafka-python, and random bytes.

use cc_protobuf_examples::wire_format::{
    self, Envelope, Error, KEY_SCHEMA_ID_HEADER, MessageIndexes, SchemaGuid, SchemaId, SchemaRef,
    VALUE_SCHEMA_ID_HEADER,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::unhex;

fn fixture() -> Value {
    let fixture: Value =
        serde_json::from_str(include_str!("../fixtures/wire-format.json")).unwrap();
    let count = |key: &str| fixture[key].as_array().unwrap().len();
    assert_eq!((count("vectors"), count("malformed")), (18, 18));
    fixture
}

fn hex(value: &Value) -> Vec<u8> {
    unhex(value.as_str().unwrap())
}

fn path(value: &Value) -> Vec<u32> {
    let indexes = value.as_array().unwrap().iter();
    indexes.map(|i| i.as_u64().unwrap() as u32).collect()
}

#[test]
fn every_vector_of_the_official_client_is_written_and_read() {
    let fixture = fixture();
    let vectors = fixture["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 18);
    for vector in vectors {
        let name = vector["name"].as_str().unwrap();
        let id = SchemaRef::Id(SchemaId(vector["schema_id"].as_u64().unwrap() as u32));
        let guid: SchemaGuid = vector["schema_guid"].as_str().unwrap().parse().unwrap();
        let guid = SchemaRef::Guid(guid);
        let indexes = MessageIndexes::new(&path(&vector["message_indexes"]));
        let payload = hex(&vector["payload_hex"]);

        for (schema, wire) in [(id, "wire_hex"), (guid, "guid_prefix_wire_hex")] {
            let wire = hex(&vector[wire]);
            assert_eq!(
                wire_format::encode(schema, &indexes, &payload),
                wire,
                "{name}"
            );
            let expected = Envelope {
                schema,
                indexes: indexes.clone(),
                payload: &payload,
            };
            assert_eq!(wire_format::decode(&wire), Ok(expected), "{name}");
        }

        let header = hex(&vector["header"]["value_hex"]);
        let mut written = Vec::new();
        wire_format::encode_prefix(guid, &indexes, &mut written);
        assert_eq!(written, header, "{name}");
        let expected = Envelope {
            schema: guid,
            indexes: indexes.clone(),
            payload: &[],
        };
        assert_eq!(wire_format::decode(&header), Ok(expected), "{name}");
        assert_eq!(
            hex(&vector["header"]["record_bytes_hex"]),
            payload,
            "{name}"
        );
        let header_name = match vector["message_field"].as_str().unwrap() {
            "key" => KEY_SCHEMA_ID_HEADER,
            _ => VALUE_SCHEMA_ID_HEADER,
        };
        assert_eq!(vector["header"]["name"], header_name, "{name}");

        let mut zigzag = Vec::new();
        indexes.encode(&mut zigzag);
        assert_eq!(zigzag, hex(&vector["indexes_zigzag_hex"]), "{name}");
        assert_eq!(
            MessageIndexes::decode(&zigzag, 0),
            Ok((indexes, zigzag.len())),
            "{name}"
        );
    }
}

/// The result of decoding the envelope of each malformed record. `Ok` means that the
/// fault, if there is one, is in the schema or the payload.
fn verdict(name: &str) -> Result<&'static [u32], Error> {
    let truncated = |part, offset, len| Err(Error::Truncated { part, offset, len });
    match name {
        "empty record" => truncated("magic byte", 0, 0),
        "magic only" => truncated("schema id", 1, 1),
        "id cut short" => truncated("schema id", 1, 4),
        "no index bytes" => truncated("message indexes", 5, 5),
        "magic byte 2" => Err(Error::NotFramed { found: 2 }),
        "JSON text" => Err(Error::NotFramed { found: b'{' }),
        "guid cut short" => truncated("schema GUID", 1, 11),
        "count 1, index missing" => Err(Error::IndexCount {
            offset: 5,
            count: 1,
            left: 0,
        }),
        "count -1" => Err(Error::IndexCount {
            offset: 5,
            count: -1,
            left: 0,
        }),
        "count 100001" => Err(Error::IndexCount {
            offset: 5,
            count: 100_001,
            left: 0,
        }),
        "index -1" => Err(Error::IndexRange {
            offset: 6,
            index: -1,
        }),
        "unterminated varint" => truncated("message indexes", 5, 7),
        "index 99 of 3" => Ok(&[99]),
        "nested index in a leaf" => Ok(&[0, 0]),
        "unknown id"
        | "corrupt payload"
        | "[0] in the long form (accepted)"
        | "framing only (accepted, all defaults)" => Ok(&[0]),
        other => panic!("no verdict for {other:?}"),
    }
}

#[test]
fn every_malformed_record_gets_its_own_verdict() {
    let fixture = fixture();
    let cases = fixture["malformed"].as_array().unwrap();
    assert_eq!(cases.len(), 18);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let wire = hex(&case["wire_hex"]);
        let read = wire_format::decode(&wire).map(|e| e.indexes);
        assert_eq!(read, verdict(name).map(MessageIndexes::new), "{name}");
        if case["outcome"] == "ok" {
            assert!(read.is_ok(), "{name}");
        }
    }
}

#[test]
fn absurd_counts_and_varints_are_refused_before_anything_is_reserved() {
    let record = |tail: &[u8]| [&[0, 0, 0, 0, 1], tail].concat();
    // Count 2^31, and the largest count that a varint of ten bytes can have.
    let huge = record(&[0x80, 0x80, 0x80, 0x80, 0x10, 0, 0]);
    assert!(matches!(
        wire_format::decode(&huge),
        Err(Error::IndexCount {
            offset: 5,
            count: 2_147_483_648,
            left: 2
        })
    ));
    let most = record(&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    assert!(matches!(
        wire_format::decode(&most),
        Err(Error::IndexCount {
            offset: 5,
            count: i64::MAX,
            ..
        })
    ));
    // Eleven bytes, and a tenth byte with one bit too many for 64.
    let eleven = [0x80; 11];
    let bits = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02];
    for varint in [&eleven[..], &bits] {
        assert_eq!(
            wire_format::decode(&record(varint)),
            Err(Error::VarintTooLong { offset: 5 })
        );
    }
    // One index of 2^31, one above the maximum of a descriptor.
    let index = record(&[2, 0x80, 0x80, 0x80, 0x80, 0x10]);
    assert!(matches!(
        wire_format::decode(&index),
        Err(Error::IndexRange {
            offset: 6,
            index: 2_147_483_648
        })
    ));
}

#[test]
fn the_old_unsigned_form_of_an_index_is_not_mistaken_for_the_current_one() {
    let fixture = fixture();
    let mut different = 0;
    for vector in fixture["vectors"].as_array().unwrap() {
        let unsigned = hex(&vector["wire_hex_unsigned"]);
        if unsigned != hex(&vector["wire_hex"]) {
            different += 1;
            let indexes = MessageIndexes::new(&path(&vector["message_indexes"]));
            let read = wire_format::decode(&unsigned).map(|e| e.indexes);
            assert_ne!(read, Ok(indexes), "{}", vector["name"]);
        }
    }
    assert_eq!(different, 14);
}

#[test]
fn a_guid_is_read_with_and_without_dashes_and_printed_with_them() {
    let text = "a10f36f1-2a4d-452c-a2eb-06a2a2bd1934";
    let guid: SchemaGuid = text.parse().unwrap();
    assert_eq!(guid.to_string(), text);
    assert_eq!(text.replace('-', "").to_uppercase().parse(), Ok(guid));
    for bad in [
        "",
        "a10f",
        "a10f36f1-2a4d-452c-a2eb-06a2a2bd193",
        &format!("{text}0"),
        "gg",
    ] {
        assert!(bad.parse::<SchemaGuid>().is_err(), "{bad:?}");
    }
}

/// Runs thousands of cases, or at night `FUZZ_CASES=1000000`.
fn fuzz(default: u32) -> ProptestConfig {
    let cases = std::env::var("FUZZ_CASES")
        .ok()
        .and_then(|n| n.parse().ok());
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases.unwrap_or(default))
    }
}

fn any_schema() -> impl Strategy<Value = SchemaRef> {
    prop_oneof![
        any::<u32>().prop_map(|id| SchemaRef::Id(SchemaId(id))),
        any::<[u8; 16]>().prop_map(|guid| SchemaRef::Guid(SchemaGuid(guid))),
    ]
}

fn any_index() -> impl Strategy<Value = u32> {
    prop_oneof![0..4u32, 60..70u32, 0..=i32::MAX as u32]
}

/// Bytes similar enough to a record to pass the first checks.
fn almost_a_record() -> impl Strategy<Value = Vec<u8>> {
    let magic = prop_oneof![Just(0u8), Just(1u8), any::<u8>()];
    let byte = prop_oneof![0..8u8, 0x7e..0x84u8, any::<u8>()];
    (magic, prop::collection::vec(byte, 0..40)).prop_map(|(magic, mut rest)| {
        rest.insert(0, magic);
        rest
    })
}

proptest! {
    #![proptest_config(fuzz(4096))]

    #[test]
    fn fuzz_what_is_written_is_read(
        schema in any_schema(),
        path in prop::collection::vec(any_index(), 0..9),
        payload in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let indexes = MessageIndexes::new(&path);
        let path = if path.is_empty() { vec![0] } else { path };
        prop_assert_eq!(indexes.as_slice(), &path[..]);
        let wire = wire_format::encode(schema, &indexes, &payload);
        let envelope = wire_format::decode(&wire).unwrap();
        prop_assert_eq!(envelope, Envelope { schema, indexes, payload: &payload });
    }

    #[test]
    fn fuzz_every_cut_of_an_envelope_is_an_error_within_its_bounds(
        schema in any_schema(),
        path in prop::collection::vec(any_index(), 0..9),
    ) {
        let wire = wire_format::encode(schema, &MessageIndexes::new(&path), &[]);
        for end in 0..wire.len() {
            match wire_format::decode(&wire[..end]) {
                Err(Error::Truncated { offset, len, .. }) => {
                    prop_assert!(offset <= end && len == end);
                }
                Err(Error::IndexCount { offset, left, .. }) => {
                    prop_assert!(offset < end && left < end);
                }
                other => prop_assert!(false, "{:?} cut at {} gave {:?}", wire, end, other),
            }
        }
    }

    #[test]
    fn fuzz_no_bytes_panic_and_what_is_accepted_is_within_them(record in almost_a_record()) {
        match wire_format::decode(&record) {
            Ok(envelope) => {
                prop_assert!(record.ends_with(envelope.payload));
                prop_assert!(!envelope.indexes.as_slice().is_empty());
                // Encoded again, the envelope decodes to the same.
                let again = wire_format::encode(envelope.schema, &envelope.indexes, envelope.payload);
                prop_assert_eq!(wire_format::decode(&again).unwrap(), envelope);
            }
            Err(Error::NotFramed { found }) => prop_assert_eq!(found, record[0]),
            Err(Error::Truncated { offset, len, .. }) => prop_assert!(offset <= len && len == record.len()),
            Err(Error::VarintTooLong { offset }
                | Error::IndexCount { offset, .. }
                | Error::IndexRange { offset, .. }) => prop_assert!(offset < record.len()),
            Err(other) => prop_assert!(false, "{:?}", other),
        }
    }
}
