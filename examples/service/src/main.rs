//! Produces a typed order to topic `orders`, and consumes it.

use std::env::var;
use std::time::{Duration, SystemTime};

use cc_protobuf_examples::protobuf::Schemas;
use cc_protobuf_examples::schema_registry::Client;
use cc_protobuf_examples::serdes::{
    Deserializer, DeserializerOptions, Serializer, SerializerOptions,
};
use rdkafka::ClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::producer::{FutureProducer, FutureRecord};

include!(concat!(env!("OUT_DIR"), "/shop.rs"));
const SCHEMAS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/schemas.bin"));

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Client::builder(var("SCHEMA_REGISTRY_URL")?).build()?;
    let schemas = SerializerOptions::new().schemas(Schemas::from_descriptor_set(SCHEMAS)?);
    let serializer = Serializer::new(registry.clone(), schemas)?;
    let deserializer = Deserializer::new(registry, DeserializerOptions::new())?;
    let mut kafka = ClientConfig::new();
    kafka.set("bootstrap.servers", var("BOOTSTRAP_SERVERS")?).set("group.id", "orders-service");
    kafka.set("auto.offset.reset", "earliest");
    if let Ok(key) = var("KAFKA_API_KEY") {
        kafka.set("security.protocol", "SASL_SSL").set("sasl.mechanisms", "PLAIN");
        kafka.set("sasl.username", key).set("sasl.password", var("KAFKA_API_SECRET")?);
    }
    let (price, placed_at) = (Some(Money { cents: 1999 }), Some(SystemTime::now().into()));
    let order = Order { id: "o-1".to_owned(), price, placed_at };
    let bytes = serializer.serialize("orders", &order).await?;
    let record = FutureRecord::to("orders").key(&order.id).payload(&bytes);
    let producer: FutureProducer = kafka.create()?;
    producer.send(record, Duration::from_secs(30)).await.map_err(|(error, _)| error)?;
    let consumer: StreamConsumer = kafka.create()?;
    consumer.subscribe(&["orders"])?;
    let message = tokio::time::timeout(Duration::from_secs(30), consumer.recv()).await??;
    let read: Option<Order> = deserializer.deserialize(&message).await?;
    Ok(println!("{read:#?}"))
}
