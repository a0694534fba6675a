//! Prints the Protobuf records of any topic as JSON, one per line. It needs no types,
//! because the schemas come from the registry.
//!
//! Set `SCHEMA_REGISTRY_URL` and `BOOTSTRAP_SERVERS`, then run
//! `cargo run --example dynamic_reader TOPIC`. It ends after ten seconds without a
//! record.

#![allow(clippy::print_stdout)]

use std::env::{args, var};
use std::time::Duration;

use cc_protobuf_examples::schema_registry::Client;
use cc_protobuf_examples::serdes::{Deserializer, DeserializerOptions};
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::{ClientConfig, Message};
use serde_json::json;
use tokio::time::timeout;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let topic = args().nth(1).ok_or("usage: dynamic_reader TOPIC")?;
    let registry =
        Client::builder(var("SCHEMA_REGISTRY_URL").or(Err("set SCHEMA_REGISTRY_URL"))?).build()?;
    // Encrypted fields stay encrypted, because this program has no key.
    let deserializer = Deserializer::new(registry, DeserializerOptions::new().run_rules(false))?;
    let consumer: StreamConsumer = ClientConfig::new()
        .set(
            "bootstrap.servers",
            var("BOOTSTRAP_SERVERS").or(Err("set BOOTSTRAP_SERVERS"))?,
        )
        .set("group.id", "dynamic-reader")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .create()?;
    consumer.subscribe(&[&topic])?;

    while let Ok(message) = timeout(Duration::from_secs(10), consumer.recv()).await {
        let message = message?;
        let (value, error) = match deserializer.deserialize_json(&message).await {
            Ok(value) => (value, None),
            Err(error) => (None, Some(error.to_string())),
        };
        let line = json!({
            "partition": message.partition(),
            "offset": message.offset(),
            "key": message.key().map(String::from_utf8_lossy),
            "value": value,
            "error": error,
        });
        println!("{line}");
    }
    Ok(())
}
