//! Produces typed orders with a key, and prints a delivery report for each.
//!
//! Set `SCHEMA_REGISTRY_URL` and `BOOTSTRAP_SERVERS`, for example to the values that
//! `cc-protobuf-examples serve --kafka` prints, then run
//! `cargo run --example typed_producer`.

#![allow(clippy::print_stdout)]

use std::env::var;

use cc_protobuf_examples::protobuf::Schemas;
use cc_protobuf_examples::schema_registry::Client;
use cc_protobuf_examples::serdes::{Serializer, SerializerOptions};
use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};

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
const ORDER: &str = r#"
    syntax = "proto3";
    package shop;
    message Order { string id = 1; int64 cents = 2; }
"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry =
        Client::builder(var("SCHEMA_REGISTRY_URL").or(Err("set SCHEMA_REGISTRY_URL"))?).build()?;
    let schemas = Schemas::from_texts([("shop/order.proto", ORDER)])?;
    let serializer = Serializer::new(registry, SerializerOptions::new().schemas(schemas))?;
    let orders = serializer.bind::<Order>("orders").await?;
    let producer: FutureProducer = ClientConfig::new()
        .set(
            "bootstrap.servers",
            var("BOOTSTRAP_SERVERS").or(Err("set BOOTSTRAP_SERVERS"))?,
        )
        .set("enable.idempotence", "true")
        .set("message.timeout.ms", "30000")
        .create()?;

    let mut reports = Vec::new();
    for n in 0..10 {
        let id = format!("order-{n}");
        let value = orders
            .serialize(&Order {
                id: id.clone(),
                cents: 100 * n,
            })
            .await?;
        // Queues the record. The report arrives when all in-sync replicas have it.
        let record = FutureRecord::to("orders").key(&id).payload(&value);
        reports.push(producer.send_result(record).map_err(|(error, _)| error)?);
    }
    for report in reports {
        let delivery = report.await?.map_err(|(error, _)| error)?;
        println!(
            "partition {}, offset {}",
            delivery.partition, delivery.offset
        );
    }
    Ok(())
}
