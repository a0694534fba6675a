//! The message measured, written and read by schema-registry-client.

use std::collections::HashMap;

use prost_reflect::{DescriptorPool, MessageDescriptor};
use schema_registry_client::rest::client_config::ClientConfig;
use schema_registry_client::rest::schema_registry_client::{Client, SchemaRegistryClient};
use schema_registry_client::serdes::config::{DeserializerConfig, SerializerConfig};
use schema_registry_client::serdes::protobuf::{ProtobufDeserializer, ProtobufSerializer};
use schema_registry_client::serdes::serde::{
    SerdeFormat, SerdeType, SerializationContext, SubjectNameStrategyType,
};

#[derive(Clone, PartialEq, prost::Message)]
pub struct Order {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub customer: String,
    #[prost(int64, tag = "3")]
    pub placed_at: i64,
    #[prost(double, tag = "4")]
    pub total: f64,
    #[prost(message, repeated, tag = "5")]
    pub items: Vec<Item>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Item {
    #[prost(string, tag = "1")]
    pub sku: String,
    #[prost(int32, tag = "2")]
    pub quantity: i32,
}

/// Serializer and deserializer. Schemas are looked up: with its defaults, this
/// client registers at every message.
pub struct Serdes {
    serializer: ProtobufSerializer<'static, SchemaRegistryClient>,
    deserializer: ProtobufDeserializer<'static, SchemaRegistryClient>,
    message: MessageDescriptor,
    context: SerializationContext,
}

impl Serdes {
    /// `file` is the serialized descriptor of the message's file.
    pub fn new(url: &str, file: &[u8]) -> Self {
        let client = SchemaRegistryClient::new(ClientConfig::new(vec![url.to_owned()]));
        // Borrowed by both for as long as the measurement runs.
        let client: &'static SchemaRegistryClient = Box::leak(Box::new(client));
        let mut writing = SerializerConfig::new(false, None, false, false, HashMap::new());
        writing.subject_name_strategy_type = SubjectNameStrategyType::Topic;
        let mut reading = DeserializerConfig::new(None, false, HashMap::new());
        reading.subject_name_strategy_type = SubjectNameStrategyType::Topic;
        let mut pool = DescriptorPool::new();
        pool.decode_file_descriptor_proto(file).unwrap();
        Self {
            serializer: ProtobufSerializer::new(client, None, writing).unwrap(),
            deserializer: ProtobufDeserializer::new(client, None, reading).unwrap(),
            message: pool.get_message_by_name("shop.bench.Order").unwrap(),
            context: SerializationContext {
                topic: "orders".to_owned(),
                serde_type: SerdeType::Value,
                serde_format: SerdeFormat::Protobuf,
                headers: None,
            },
        }
    }

    pub async fn serialize(&self, order: &Order) -> Vec<u8> {
        let written =
            self.serializer
                .serialize_with_message_desc(&self.context, order, &self.message);
        written.await.unwrap()
    }

    pub async fn deserialize(&self, record: &[u8]) -> Order {
        self.deserializer
            .deserialize(&self.context, record)
            .await
            .unwrap()
    }
}
