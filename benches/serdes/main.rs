//! Serializer and deserializer compared with the minimal work: encoding and decoding by
//! prost and by prost-reflect.
//!
//! `cargo bench --bench serdes` prints ratios from interleaved rounds, then criterion's
//! measurements. The embedded registry is asked before the measurements and not during
//! them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod json;
mod order;
mod rounds;

use std::fmt::Debug;
use std::hint::black_box;
use std::time::{Duration, Instant};

use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use cc_protobuf_examples::protobuf::{CompiledSchema, ProtoSchema};
use cc_protobuf_examples::schema_registry::Client;
use cc_protobuf_examples::serdes::{
    Bound, Deserializer, DeserializerOptions, Destination, Error, Record, Serializer,
    SerializerOptions,
};
use criterion::Criterion;
use order::Order;
use prost::Message;
use prost_reflect::DynamicMessage;
use rounds::{Contender, measure};
use tokio::runtime::{Builder, Runtime};

struct Bench {
    runtime: Runtime,
    _server: EmbeddedRegistry,
    serializer: Serializer,
    bound: Bound<Order>,
    /// As `bound`, with a plan that expires.
    expiring: Bound<Order>,
    deserializer: Deserializer,
    schema: CompiledSchema<Order>,
    order: Order,
    record: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let server = runtime.block_on(EmbeddedRegistry::start()).unwrap();
        let registry = Client::builder(server.url()).build().unwrap();
        let options = SerializerOptions::new().schemas(order::schemas());
        let serializer = Serializer::new(registry.clone(), options.clone()).unwrap();
        let options = options
            .auto_register_schemas(false)
            .use_latest_version(true);
        let latest = Serializer::new(registry.clone(), options).unwrap();
        let deserializer = Deserializer::new(registry, DeserializerOptions::new()).unwrap();
        let (schema, order) = (order::schema(), order::order());
        let record = runtime.block_on(async {
            let to = Destination::value("orders");
            let record = serializer.serialize(to, &order).await.unwrap();
            let read = deserializer
                .deserialize(Record::value("orders", &record))
                .await
                .unwrap();
            assert_eq!(read.as_ref(), Some(&order));
            let read = deserializer
                .deserialize_json(Record::value("orders", &record))
                .await
                .unwrap();
            assert_eq!(read, Some(order::json()));
            record
        });
        let bound = runtime.block_on(serializer.bind("orders")).unwrap();
        let expiring = runtime.block_on(latest.bind("orders")).unwrap();
        Self {
            runtime,
            _server: server,
            serializer,
            bound,
            expiring,
            deserializer,
            schema,
            order,
            record,
        }
    }

    /// Repeats `work` within one task.
    fn in_task<R, E: Debug, F: Future<Output = Result<R, E>>>(
        &self,
        iterations: u32,
        work: impl Fn() -> F,
    ) -> Duration {
        self.runtime.block_on(async {
            let start = Instant::now();
            for _ in 0..iterations {
                // Like a caller's `?`.
                match work().await {
                    Ok(done) => drop(black_box(done)),
                    Err(error) => panic!("{error:?}"),
                }
            }
            start.elapsed()
        })
    }

    fn serialize(&self) -> impl Future<Output = Result<Vec<u8>, Error>> {
        let to = Destination::value("orders");
        let order = black_box(&self.order);
        self.serializer.serialize(to, order)
    }

    fn serialize_with(&self) -> impl Future<Output = Result<Vec<u8>, Error>> {
        let order = black_box(&self.order);
        self.serializer
            .serialize_with(&self.schema, "orders", order)
    }

    /// Writes the header by hand, as a program without a serializer would.
    fn raw_encode(&self) -> Vec<u8> {
        let order = black_box(&self.order);
        let mut record = Vec::with_capacity(6 + order.encoded_len());
        record.extend_from_slice(black_box(&[0, 0, 0, 0, 1, 0]));
        order.encode(&mut record).unwrap();
        record
    }

    /// The minimal work: computes the length once.
    fn raw_encode_once(&self) -> Vec<u8> {
        let order = black_box(&self.order);
        let mut record = Vec::with_capacity(6 + order.encoded_len());
        record.extend_from_slice(black_box(&[0, 0, 0, 0, 1, 0]));
        order.encode_raw(&mut record);
        record
    }

    fn raw_decode(&self) -> Order {
        Order::decode(&black_box(&self.record)[6..]).unwrap()
    }

    fn deserialize(&self) -> impl Future<Output = Result<Option<Order>, Error>> {
        let record = black_box(&self.record);
        self.deserializer
            .deserialize(Record::value("orders", record))
    }

    fn reflect_decode(&self) -> DynamicMessage {
        let message = self.schema.descriptor().clone();
        DynamicMessage::decode(message, &black_box(&self.record)[6..]).unwrap()
    }

    fn deserialize_dynamic(&self) -> impl Future<Output = Result<Option<DynamicMessage>, Error>> {
        let record = black_box(&self.record);
        self.deserializer
            .deserialize_dynamic(Record::value("orders", record))
    }
}

/// Prints ratios to the minimal work, each with a control pair.
fn ratios() {
    let bench = Bench::new();
    println!("message of {} bytes\n", bench.record.len() - 6);
    bench.runtime.block_on(async {
        for topic in 0..200 {
            let topic = format!("topic-{topic}");
            bench
                .serializer
                .serialize(&topic, &bench.order)
                .await
                .unwrap();
        }
    });

    let writing = measure(vec![
        Contender::plain("prost encode + header", || bench.raw_encode()),
        Contender::plain("prost encode + header, length once", || {
            bench.raw_encode_once()
        }),
        Contender::plain("prost encode + header, length once, clock read", || {
            black_box(Instant::now());
            bench.raw_encode_once()
        }),
        Contender::new("serialize", |n| bench.in_task(n, || bench.serialize())),
        Contender::new("serialize_with", |n| {
            bench.in_task(n, || bench.serialize_with())
        }),
        Contender::new("bound serialize", |n| {
            bench.in_task(n, || bench.bound.serialize(black_box(&bench.order)))
        }),
        Contender::new("bound serialize, plan expires", |n| {
            bench.in_task(n, || bench.expiring.serialize(black_box(&bench.order)))
        }),
        Contender::new("serialize to the last of 200 topics", |n| {
            bench.in_task(n, || {
                bench
                    .serializer
                    .serialize("topic-199", black_box(&bench.order))
            })
        }),
        Contender::plain("control of prost encode + header", || bench.raw_encode()),
    ]);
    writing.print();
    writing.ratio(
        "control of prost encode + header",
        "prost encode + header",
        None,
    );
    writing.ratio("serialize", "prost encode + header", Some(1.2));
    let once = "prost encode + header, length once";
    writing.ratio("serialize", once, Some(1.06));
    writing.ratio("serialize_with", once, Some(1.06));
    writing.ratio("bound serialize", once, Some(1.03));
    writing.ratio(
        "bound serialize, plan expires",
        "prost encode + header, length once, clock read",
        Some(1.03),
    );
    writing.ratio("serialize to the last of 200 topics", once, Some(1.06));

    println!();
    let reading = measure(vec![
        Contender::plain("prost decode", || bench.raw_decode()),
        Contender::new("deserialize", |n| bench.in_task(n, || bench.deserialize())),
        Contender::plain("control of prost decode", || bench.raw_decode()),
    ]);
    reading.print();
    reading.ratio("control of prost decode", "prost decode", None);
    reading.ratio("deserialize", "prost decode", Some(1.15));

    println!();
    let dynamic = measure(vec![
        Contender::plain("prost-reflect decode", || bench.reflect_decode()),
        Contender::new("deserialize_dynamic", |n| {
            bench.in_task(n, || bench.deserialize_dynamic())
        }),
        Contender::plain("control of prost-reflect decode", || bench.reflect_decode()),
    ]);
    dynamic.print();
    dynamic.ratio(
        "control of prost-reflect decode",
        "prost-reflect decode",
        None,
    );
    dynamic.ratio("deserialize_dynamic", "prost-reflect decode", Some(1.05));

    println!();
    let value = order::json();
    let message = bench.reflect_decode();
    let measured = measure(vec![
        Contender::plain("prost-reflect JSON to bytes", || {
            let message = bench.schema.descriptor().clone();
            let message = DynamicMessage::deserialize(message, black_box(&value)).unwrap();
            message.encode_to_vec()
        }),
        Contender::new("serialize_json", |n| {
            bench.in_task(n, || async {
                let to = Destination::value("orders");
                let value = black_box(&value);
                bench
                    .serializer
                    .serialize_json(bench.schema.as_dynamic(), to, value)
                    .await
            })
        }),
        Contender::plain("prost-reflect encode", || {
            black_box(&message).encode_to_vec()
        }),
        Contender::new("serialize_dynamic", |n| {
            bench.in_task(n, || async {
                let to = Destination::value("orders");
                let message = black_box(&message);
                bench
                    .serializer
                    .serialize_dynamic(bench.schema.as_dynamic(), to, message)
                    .await
            })
        }),
        Contender::plain("prost-reflect bytes to JSON", || {
            json::reflect_value(&bench.reflect_decode())
        }),
        Contender::new("deserialize_json", |n| {
            bench.in_task(n, || async {
                let record = black_box(&bench.record);
                bench
                    .deserializer
                    .deserialize_json(Record::value("orders", record))
                    .await
            })
        }),
    ]);
    measured.print();
    measured.ratio("serialize_json", "prost-reflect JSON to bytes", None);
    measured.ratio("serialize_dynamic", "prost-reflect encode", None);
    measured.ratio("deserialize_json", "prost-reflect bytes to JSON", None);

    println!();
    precompiled();
    println!();
    json::ratios(order::schema().as_dynamic(), &order::json());
    println!();
    json::ratios(&json::basket(), &json::basket_json());

    println!();
    rebuilt_schema(&bench);
    println!();
    two_tasks(&bench);
}

/// JSON to bytes through the prost type, as the schema of such a type writes it.
fn precompiled() {
    let (dynamic, value) = (order::schema(), order::json());
    let schema: CompiledSchema<Order> = order::schema();
    let mut buffer = Vec::new();
    let measured = measure(vec![
        Contender::plain("prost-reflect JSON to bytes", || {
            let message = dynamic.descriptor().clone();
            let message = DynamicMessage::deserialize(message, black_box(&value)).unwrap();
            message.encode_to_vec()
        }),
        Contender::plain("JSON to bytes, precompiled", || {
            buffer.clear();
            schema
                .serialize_into(black_box(&value), &mut buffer)
                .unwrap();
        }),
    ]);
    measured.print();
    measured.ratio(
        "JSON to bytes, precompiled",
        "prost-reflect JSON to bytes",
        Some(0.25),
    );
}

/// Measures a schema that is created anew for each message, which the serializer treats
/// as a different one each time, compared with the creation alone.
fn rebuilt_schema(bench: &Bench) {
    let rebuilt = measure(vec![
        Contender::plain("schema made anew", order::schema),
        Contender::new("serialize, schema made anew", |n| {
            bench.in_task(n, || async {
                let schema = order::schema();
                let to = Destination::value("orders");
                let order = black_box(&bench.order);
                bench.serializer.serialize_with(&schema, to, order).await
            })
        }),
        Contender::plain("control of schema made anew", order::schema),
    ]);
    rebuilt.print();
    rebuilt.ratio("control of schema made anew", "schema made anew", None);
    rebuilt.ratio("serialize, schema made anew", "schema made anew", None);
}

/// Measures messages per second of two tasks that share a serializer, and of one task.
fn two_tasks(bench: &Bench) {
    const EACH: u32 = 400_000;
    let threads = Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let run = |tasks: u32| {
        let tasks: Vec<_> = (0..tasks)
            .map(|_| {
                let serializer = bench.serializer.clone();
                let deserializer = bench.deserializer.clone();
                let order = bench.order.clone();
                let record = bench.record.clone();
                async move {
                    let start = Instant::now();
                    for _ in 0..EACH {
                        let to = Destination::value("orders");
                        black_box(serializer.serialize(to, &order).await.unwrap());
                    }
                    let wrote = start.elapsed();
                    let start = Instant::now();
                    for _ in 0..EACH {
                        let read = deserializer
                            .deserialize::<Order>(Record::value("orders", &record))
                            .await;
                        black_box(read.unwrap());
                    }
                    let read = start.elapsed();
                    let start = Instant::now();
                    for _ in 0..EACH {
                        black_box(black_box(&order).encode_to_vec());
                    }
                    [wrote, read, start.elapsed()]
                }
            })
            .collect();
        threads.block_on(async {
            let mut set = tokio::task::JoinSet::new();
            let tasks_now = tasks.len() as f64;
            for task in tasks {
                set.spawn(task);
            }
            let took = set.join_all().await;
            // Messages per second, based on the slowest task.
            [0, 1, 2].map(|part| {
                let slowest = took.iter().map(|took| took[part]).max().unwrap_or_default();
                tasks_now * f64::from(EACH) / slowest.as_secs_f64()
            })
        })
    };
    let mut ratios = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..9 {
        let (one, two) = (run(1), run(2));
        for (part, ratios) in ratios.iter_mut().enumerate() {
            ratios.push(two[part] / one[part]);
        }
    }
    for (ratios, what) in ratios.iter_mut().zip([
        "serialize (bound 1.80)",
        "deserialize",
        "encode with prost alone: what this machine can give",
    ]) {
        ratios.sort_by(f64::total_cmp);
        println!(
            "{:>6.3} × the throughput of one task: two that {what}",
            ratios[4]
        );
    }
}

fn criterion(criterion: &mut Criterion) {
    let bench = Bench::new();
    let mut group = criterion.benchmark_group("serdes");
    group.bench_function("prost encode + header", |b| b.iter(|| bench.raw_encode()));
    group.bench_function("serialize", |b| {
        b.iter_custom(|n| bench.in_task(n as u32, || bench.serialize()));
    });
    group.bench_function("prost decode", |b| b.iter(|| bench.raw_decode()));
    group.bench_function("deserialize", |b| {
        b.iter_custom(|n| bench.in_task(n as u32, || bench.deserialize()));
    });
    group.bench_function("prost-reflect decode", |b| {
        b.iter(|| bench.reflect_decode())
    });
    group.bench_function("deserialize_dynamic", |b| {
        b.iter_custom(|n| bench.in_task(n as u32, || bench.deserialize_dynamic()));
    });
    group.finish();
}

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    // `cargo test --benches` runs everything once, to check that it runs.
    if !arguments.iter().any(|argument| argument == "--test") {
        ratios();
    }
    if !arguments.iter().any(|argument| argument == "--ratios") {
        let mut all = Criterion::default().configure_from_args();
        criterion(&mut all);
        all.final_summary();
    }
}
