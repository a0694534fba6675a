//! Consumes the record of `encrypted_producer` with the key and without.
//!
//! Set what `encrypted_producer` needs, then run
//! `cargo run --example encrypted_consumer`.
#![allow(clippy::print_stdout)]

use std::env::var;
use std::time::Duration;

use cc_protobuf_examples::csfle::Csfle;
use cc_protobuf_examples::csfle::kms::{AwsKms, KmsDrivers, LocalKms};
use cc_protobuf_examples::schema_registry::Client;
use cc_protobuf_examples::serdes::{Deserializer, DeserializerOptions};
use rdkafka::ClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use tokio::time::timeout;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client =
        Client::builder(var("SCHEMA_REGISTRY_URL").or(Err("set SCHEMA_REGISTRY_URL"))?).build()?;
    // The rule in the schema says which KMS and key; this only gives access to it.
    let kms = match var("LOCAL_SECRET") {
        Ok(secret) => KmsDrivers::new().with(LocalKms::new(&secret)),
        Err(_) => KmsDrivers::new().with(AwsKms::new()),
    };
    let csfle = Csfle::builder(client.clone()).kms(kms).build();
    let with_key = Deserializer::new(client.clone(), DeserializerOptions::new().csfle(csfle))?;
    let without_key = Deserializer::new(client.clone(), DeserializerOptions::new())?;
    let ciphertext = Deserializer::new(client, DeserializerOptions::new().run_rules(false))?;

    let consumer: StreamConsumer = ClientConfig::new()
        .set(
            "bootstrap.servers",
            var("BOOTSTRAP_SERVERS").or(Err("set BOOTSTRAP_SERVERS"))?,
        )
        .set("group.id", "patients")
        .set("auto.offset.reset", "earliest")
        .create()?;
    consumer.subscribe(&["patients"])?;
    let message = timeout(Duration::from_secs(30), consumer.recv()).await??;

    println!(
        "with the key: {:?}",
        with_key.deserialize_json(&message).await?
    );
    match without_key.deserialize_json(&message).await {
        Ok(value) => println!("without the key: {value:?}"),
        Err(error) => println!("without the key: error: {error}"),
    }
    println!(
        "rules off: {:?}",
        ciphertext.deserialize_json(&message).await?
    );
    Ok(())
}
