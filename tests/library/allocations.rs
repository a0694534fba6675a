//! Allocations for a message once everything is cached: one buffer of the exact size on
//! write, and prost's own allocations on read.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use crate::support::types::HasSchema;
use crate::support::types::{MyRecord, OtherRecord};
use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use cc_protobuf_examples::protobuf::{JsonCodec, JsonOptions, ProtoSchema};
use cc_protobuf_examples::schema_registry::Client;
use cc_protobuf_examples::serdes::{
    Deserializer, DeserializerOptions, Destination, Record, Serializer, SerializerOptions,
    SubjectNameStrategy,
};
use prost::Message;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is forwarded to the system's allocator unchanged. Counting uses a
// thread-local that neither allocates nor needs a drop.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ROUNDS: usize = 50;

fn message() -> MyRecord {
    let f2 = OtherRecord { other_id: 70_000 };
    MyRecord {
        f1: "twenty-five bytes of text".to_owned(),
        f2: Some(f2),
    }
}

#[tokio::test]
async fn a_warm_typed_message_costs_one_allocation_to_write_and_prosts_own_to_read() {
    let server = EmbeddedRegistry::start().await.unwrap();
    let registry = Client::builder(server.url()).build().unwrap();
    let schema = MyRecord::schema().unwrap();
    let message = message();
    for strategy in [
        SubjectNameStrategy::TopicName,
        SubjectNameStrategy::RecordName,
    ] {
        let options = SerializerOptions::new().subject_name_strategy(strategy.clone());
        let serializer = Serializer::new(registry.clone(), options).unwrap();
        let options = DeserializerOptions::new().subject_name_strategy(strategy);
        let deserializer = Deserializer::new(registry.clone(), options).unwrap();
        for _ in 0..2 {
            let to = Destination::value("shop");
            let record = serializer
                .serialize_with(&schema, to, &message)
                .await
                .unwrap();
            let read = deserializer
                .deserialize::<MyRecord>(Record::value("shop", &record))
                .await
                .unwrap();
            assert_eq!(read.as_ref(), Some(&message));
        }

        let before = ALLOCATIONS.get();
        for _ in 0..ROUNDS {
            let to = Destination::value("shop");
            let record = serializer
                .serialize_with(&schema, to, &message)
                .await
                .unwrap();
            assert_eq!(record.capacity(), record.len());
        }
        assert_eq!(ALLOCATIONS.get() - before, ROUNDS);

        let to = Destination::value("shop");
        let record = serializer
            .serialize_with(&schema, to, &message)
            .await
            .unwrap();
        let before = ALLOCATIONS.get();
        for _ in 0..ROUNDS {
            MyRecord::decode(&record[6..]).unwrap();
        }
        let prost = ALLOCATIONS.get() - before;
        assert!(prost >= ROUNDS, "the count works");
        let before = ALLOCATIONS.get();
        for _ in 0..ROUNDS {
            deserializer
                .deserialize::<MyRecord>(Record::value("shop", &record))
                .await
                .unwrap();
        }
        assert_eq!(ALLOCATIONS.get() - before, prost);
    }
}

#[test]
fn printing_json_text_takes_no_memory_but_the_text() {
    let schema = MyRecord::schema().unwrap();
    let codec = JsonCodec::new(schema.descriptor());
    let bytes = message().encode_to_vec();
    let mut text = String::new();
    let options = JsonOptions::default();
    codec.print_text(&bytes, options, &mut text).unwrap();
    assert_eq!(
        text,
        r#"{"f1":"twenty-five bytes of text","f2":{"other_id":70000}}"#
    );
    let before = ALLOCATIONS.get();
    for _ in 0..ROUNDS {
        text.clear();
        codec.print_text(&bytes, options, &mut text).unwrap();
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
}
