//! The Rust side of the scripts under `tests/interop`: workers that read requests from
//! standard input, and steps on a real cluster.
//!
//! The scripts pass the name of one of them. Without a name, as under `cargo test`, this
//! program checks the worker for encryption.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]

#[path = "../support/mod.rs"]
mod support;

mod csfle;
mod descriptors;
mod json;
mod kafka;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["csfle"] => runtime.block_on(csfle::worker()),
        ["descriptors"] => descriptors::worker(),
        ["json"] => json::worker(),
        ["kafka", step] => runtime.block_on(kafka::step(step)),
        _ => {
            runtime.block_on(csfle::tags_survive_the_registry());
            println!("test result: ok. 1 passed; 0 failed");
        }
    }
}
