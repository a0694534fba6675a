//! Consumes typed orders in a group, and commits each after processing it. It needs no
//! schema: each record names its schema, which the registry has.
//!
//! Set `SCHEMA_REGISTRY_URL` and `BOOTSTRAP_SERVERS`, then run
//! `cargo run --example typed_consumer`. It ends after ten seconds without a record.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::env::var;
use std::time::Duration;

use cc_protobuf_examples::schema_registry::Client;
use cc_protobuf_examples::serdes::{Deserializer, DeserializerOptions};
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::{ClientConfig, Message};
use tokio::time::timeout;

#[derive(Clone, PartialEq, prost::Message)]
struct Order {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(int64, tag = "2")]
    cents: i64,
}
impl prost::Name for Order {
    const PACKAGE: &'static str = "shop";
    const NAME: &'static str = "Order";
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry =
        Client::builder(var("SCHEMA_REGISTRY_URL").or(Err("set SCHEMA_REGISTRY_URL"))?).build()?;
    let deserializer = Deserializer::new(registry, DeserializerOptions::new())?;
    let consumer: StreamConsumer = ClientConfig::new()
        .set(
            "bootstrap.servers",
            var("BOOTSTRAP_SERVERS").or(Err("set BOOTSTRAP_SERVERS"))?,
        )
        .set("group.id", "order-handlers")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .create()?;
    consumer.subscribe(&["orders"])?;

    while let Ok(message) = timeout(Duration::from_secs(10), consumer.recv()).await {
        let message = message?;
        match deserializer.deserialize::<Order>(&message).await {
            Ok(Some(order)) => println!("{}: {} cents", order.id, order.cents),
            Ok(None) => println!("{:?}: deleted", message.key()),
            // Skip a record that can never be read. Stop for an error that a retry can fix,
            // before the record is committed.
            Err(error) if error.is_retryable() => return Err(error.into()),
            Err(error) => eprintln!("offset {}: skipped: {error}", message.offset()),
        }
        consumer.commit_message(&message, CommitMode::Sync)?;
    }
    Ok(())
}
