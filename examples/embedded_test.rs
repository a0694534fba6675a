//! A unit test with a registry and brokers inside the process. Run it with
//! `cargo test --example embedded_test`.
#![allow(clippy::print_stdout)]

fn main() {
    println!("cargo test --example embedded_test");
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cc_protobuf_examples::embedded::broker::EmbeddedBroker;
    use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
    use cc_protobuf_examples::protobuf::{ProtoField, ProtoMessage};
    use cc_protobuf_examples::schema_registry::Client;
    use cc_protobuf_examples::serdes::{
        Deserializer, DeserializerOptions, Serializer, SerializerOptions,
    };
    use rdkafka::ClientConfig;
    use rdkafka::consumer::{Consumer, StreamConsumer};
    use rdkafka::producer::{FutureProducer, FutureRecord};
    use serde_json::json;
    use tokio::time::timeout;

    const PATIENCE: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn an_order_comes_back() -> Result<(), Box<dyn std::error::Error>> {
        let (registry, broker) = (
            EmbeddedRegistry::start().await?,
            EmbeddedBroker::start().await?,
        );
        let client = Client::builder(registry.url()).build()?;
        let serializer = Serializer::new(client.clone(), SerializerOptions::new())?;
        let deserializer = Deserializer::new(client, DeserializerOptions::new())?;
        let mut kafka = ClientConfig::new();
        kafka.set("bootstrap.servers", broker.bootstrap_servers());
        kafka
            .set("group.id", "test")
            .set("auto.offset.reset", "earliest");

        let schema = ProtoMessage::new("Order")
            .field(ProtoField::string("id", 1))
            .build()?;
        let order = json!({"id": "o-1"});
        let value = serializer.serialize_json(&schema, "orders", &order).await?;
        let record = FutureRecord::to("orders").key("o-1").payload(&value);
        let producer: FutureProducer = kafka.create()?;
        producer
            .send(record, PATIENCE)
            .await
            .map_err(|(error, _)| error)?;

        let consumer: StreamConsumer = kafka.create()?;
        consumer.subscribe(&["orders"])?;
        let message = timeout(PATIENCE, consumer.recv()).await??;
        assert_eq!(deserializer.deserialize_json(&message).await?, Some(order));
        assert_eq!(client_subjects(&registry).await?, ["orders-value"]);
        Ok(())
    }

    async fn client_subjects(
        registry: &EmbeddedRegistry,
    ) -> Result<Vec<String>, cc_protobuf_examples::schema_registry::Error> {
        Client::builder(registry.url()).build()?.subjects().await
    }
}
