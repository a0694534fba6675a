//! The embedded registry under load: how long a client waits, and whether it waits longer
//! with 20,000 subjects.
//!
//! `cargo bench --bench registry`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use criterion::Criterion;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Subjects registered before the second round.
#[path = "../tests/support/http.rs"]
mod http;

const SUBJECTS: u32 = 20_000;
/// Number of measurements per median.
const SAMPLES: usize = 1000;
/// Maximum accepted growth.
const MAX_RATIO: f64 = 1.5;
/// Maximum accepted memory of a registered schema.
const MAX_BYTES: f64 = 20_000.0;

/// A client of one registry.
struct Bench {
    runtime: Runtime,
    registry: EmbeddedRegistry,
    client: reqwest::Client,
    next: AtomicU32,
}

impl Bench {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let registry = runtime.block_on(EmbeddedRegistry::start()).unwrap();
        let client = http::client();
        Self {
            runtime,
            registry,
            client,
            next: AtomicU32::new(0),
        }
    }

    fn post(&self, path: &str, schema: &str) -> Value {
        let body = json!({"schemaType": "PROTOBUF", "schema": schema}).to_string();
        let request = self.client.post(format!("{}{path}", self.registry.url()));
        self.runtime.block_on(async {
            let request = request.header("content-type", "application/json");
            let response = request.body(body).send().await.unwrap();
            assert_eq!(response.status(), 200);
            serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
        })
    }

    /// Registers a new schema under a new subject.
    fn register_new(&self) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let schema = format!(
            "syntax = \"proto3\";\npackage acme.orders.v{number};\n\nmessage Order {{\n  string id = 1;\n  int64 amount = 2;\n  string currency = 3;\n}}\n"
        );
        black_box(self.post(
            &format!("/subjects/orders-{number}-value/versions"),
            &schema,
        ));
    }

    fn get_by_id(&self, id: u32) {
        let request = self
            .client
            .get(format!("{}/schemas/ids/{id}", self.registry.url()));
        let schema: Value = self.runtime.block_on(async {
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 200);
            serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
        });
        black_box(schema);
    }
}

/// A message with this many fields.
fn wide(fields: u32) -> String {
    let mut text = "syntax = \"proto3\";\n\nmessage Wide {\n".to_owned();
    for number in 1..=fields {
        text.push_str(&format!("  string field_{number} = {number};\n"));
    }
    text.push_str("}\n");
    text
}

/// Returns the medians of two operations, run alternately so that other load on the
/// machine affects both.
fn medians(mut one: impl FnMut(), mut other: impl FnMut()) -> (Duration, Duration) {
    let timed = |work: &mut dyn FnMut()| {
        let started = Instant::now();
        work();
        started.elapsed()
    };
    let (mut ones, mut others): (Vec<_>, Vec<_>) = (0..SAMPLES)
        .map(|_| (timed(&mut one), timed(&mut other)))
        .unzip();
    ones.sort();
    others.sort();
    (ones[SAMPLES / 2], others[SAMPLES / 2])
}

/// Returns the resident memory of this process in bytes, if the system provides it.
fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024.0)
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let bench = Bench::new();
    bench.post("/subjects/wide-value/versions", &wide(500));
    let wider = wide(501);
    criterion.bench_function("registry/register a new schema", |b| {
        b.iter(|| bench.register_new());
    });
    criterion.bench_function("registry/get by id", |b| b.iter(|| bench.get_by_id(1)));
    criterion.bench_function("registry/test 500 fields", |b| {
        let path = "/compatibility/subjects/wide-value/versions/latest";
        b.iter(|| black_box(bench.post(path, &wider)));
    });
    drop(bench);

    let small = Bench::new();
    let full = Bench::new();
    small.register_new();
    full.register_new();
    let resident_before = resident();
    while full.next.load(Ordering::Relaxed) < SUBJECTS {
        full.register_new();
    }
    let resident_after = resident();
    let (get_before, get_after) = medians(|| small.get_by_id(1), || full.get_by_id(SUBJECTS / 2));
    let (register_before, register_after) =
        medians(|| small.register_new(), || full.register_new());

    println!("with {SUBJECTS} subjects, medians of {SAMPLES}:");
    for (what, before, after) in [
        ("register a new schema", register_before, register_after),
        ("get by id", get_before, get_after),
    ] {
        let ratio = after.as_secs_f64() / before.as_secs_f64();
        let verdict = if ratio <= MAX_RATIO { "ok" } else { "TOO SLOW" };
        println!("  {what}: {before:?} -> {after:?}, ratio {ratio:.2} ({verdict})");
    }
    match resident_before.zip(resident_after) {
        Some((before, after)) => {
            let per_schema = (after - before) / f64::from(SUBJECTS);
            let verdict = if per_schema <= MAX_BYTES {
                "ok"
            } else {
                "TOO MUCH"
            };
            println!("  memory per schema: {per_schema:.0} bytes ({verdict})");
        }
        None => println!("  memory per schema: not known on this system"),
    }
}
