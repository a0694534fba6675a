//! Cost of the serializer when producing: CPU time per record of a loop that serializes
//! and produces, compared with a loop over bytes that are encoded already.
//!
//! Uses the cluster of `BOOTSTRAP_SERVERS` (with `KAFKA_API_KEY`, `KAFKA_API_SECRET` and
//! `KAFKA_SSL_CA_LOCATION` if set), or else the embedded one. CPU time includes all
//! threads of this process, and so the embedded brokers. The loops alternate, and the
//! second one runs twice per round as a control.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]

use std::hint::black_box;
use std::time::Instant;

use cc_protobuf_examples::embedded::broker::EmbeddedBroker;
use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use cc_protobuf_examples::kafka::{
    AdminTopics, ConnectionConfig, Credentials, Kafka, ProducerRecord, TopicCreator, TopicSpec,
};

use cc_protobuf_examples::schema_registry::Client;
use cc_protobuf_examples::serdes::{Destination, Serializer, SerializerOptions};
use prost::Message;
use types::{HasSchema, MyRecord, OtherRecord};

#[path = "../tests/support/types.rs"]
mod types;

const TOPIC: &str = "produce-bench";
const RECORDS: usize = 200_000;
/// Number of records produced at once.
const BATCH: usize = 10_000;
const ROUNDS: usize = 9;

/// Returns the CPU time of this process's threads in nanoseconds. Ended threads are
/// included, but none ends during a round.
fn cpu_nanos() -> u64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return 0;
    };
    tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
        .filter_map(|stat| stat.split_whitespace().next()?.parse::<u64>().ok())
        .sum()
}

fn message(i: usize) -> MyRecord {
    MyRecord {
        f1: format!("record number {i}"),
        f2: Some(OtherRecord {
            other_id: i32::try_from(i).unwrap_or(0),
        }),
    }
}

fn record(value: Vec<u8>) -> ProducerRecord {
    ProducerRecord {
        topic: TOPIC.into(),
        value: Some(value),
        ..ProducerRecord::default()
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[tokio::main]
async fn main() {
    // `cargo test` runs benches too, to check that they start.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let get = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let broker = EmbeddedBroker::start().await.unwrap();
    let (config, creator): (ConnectionConfig, Box<dyn TopicCreator>) =
        match get("BOOTSTRAP_SERVERS") {
            None => (
                ConnectionConfig::new(broker.bootstrap_servers(), None),
                Box::new(broker),
            ),
            Some(servers) => {
                let credentials = get("KAFKA_API_KEY").map(|username| Credentials {
                    username,
                    password: get("KAFKA_API_SECRET").unwrap_or_default(),
                });
                let mut config = ConnectionConfig::new(servers, credentials);
                config.ca_location = get("KAFKA_SSL_CA_LOCATION").map(Into::into);
                let admin = AdminTopics::new(&config).unwrap();
                (config, Box::new(admin))
            }
        };
    let spec = TopicSpec {
        name: TOPIC.into(),
        partitions: 6,
        replication_factor: 3,
    };
    let (kafka, _) = Kafka::connect(&config, "produce-bench", &[spec], &*creator)
        .await
        .unwrap();

    let registry = EmbeddedRegistry::start().await.unwrap();
    let client = Client::builder(registry.url()).build().unwrap();
    let serializer = Serializer::new(client, SerializerOptions::new()).unwrap();
    let schema = MyRecord::schema().unwrap();
    let messages: Vec<MyRecord> = (0..RECORDS).map(message).collect();
    let mut encoded = Vec::with_capacity(RECORDS);
    for message in &messages {
        let context = Destination::value(TOPIC);
        encoded.push(
            serializer
                .serialize_with(&schema, context, message)
                .await
                .unwrap(),
        );
    }

    // The minimum: Protobuf's own encoding.
    let mut raw = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for message in &messages {
            black_box(message.encode_to_vec());
        }
        raw.push(start.elapsed().as_nanos() as f64 / RECORDS as f64);
    }
    let raw = median(&mut raw);

    let mut columns: [Vec<f64>; 3] = Default::default();
    for round in 0..=ROUNDS {
        for (kind, column) in columns.iter_mut().enumerate() {
            let start = cpu_nanos();
            for at in (0..RECORDS).step_by(BATCH) {
                let mut batch = Vec::with_capacity(BATCH);
                for i in at..(at + BATCH).min(RECORDS) {
                    batch.push(record(if kind == 0 {
                        let context = Destination::value(TOPIC);
                        serializer
                            .serialize_with(&schema, context, &messages[i])
                            .await
                            .unwrap()
                    } else {
                        encoded[i].clone()
                    }));
                }
                kafka.produce(&batch).await.unwrap();
            }
            let nanos = (cpu_nanos() - start) as f64 / RECORDS as f64;
            // The first round is for warming up.
            if round > 0 {
                column.push(nanos);
            }
        }
    }
    let [serialized, plain, control] = columns.map(|mut column| median(&mut column));
    println!("CPU time per record, median of {ROUNDS} rounds of {RECORDS} records:");
    println!("  serialize and produce   {serialized:8.0} ns");
    println!("  produce encoded bytes   {plain:8.0} ns");
    println!(
        "  the same, control       {control:8.0} ns  ({:.3} of the former)",
        control / plain
    );
    println!("  raw prost encode        {raw:8.0} ns");
    println!(
        "  growth                  {:8.1} %",
        (serialized / plain - 1.0) * 100.0
    );
    println!(
        "  growth beyond encoding  {:8.1} %",
        ((serialized - raw) / plain - 1.0) * 100.0
    );
    kafka.close().await;
}
