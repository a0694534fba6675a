//! Writes and reads the measured message with schema-registry-client.

use std::collections::HashMap;

use prost_reflect::{DescriptorPool, MessageDescriptor};
use schema_registry_client::rest::client_config::ClientConfig;
use schema_registry_client::rest::dek_registry_client::DekRegistryClient;
use schema_registry_client::rest::schema_registry_client::{Client, SchemaRegistryClient};
use schema_registry_client::rules::encryption::encrypt_executor::FieldEncryptionExecutor;
use schema_registry_client::rules::encryption::localkms::local_driver::LocalKmsDriver;
use schema_registry_client::serdes::config::{
    DeserializerConfig, SchemaSelector, SerializerConfig,
};
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

/// The message measured with encryption. It has no nested message, because this client
/// walks nested messages by the fields of the outer one.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Person {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub card: String,
    #[prost(int64, tag = "4")]
    pub amount: i64,
    #[prost(string, tag = "5")]
    pub note: String,
}

/// A serializer and a deserializer of the client.
pub struct Serdes {
    serializer: ProtobufSerializer<'static, SchemaRegistryClient>,
    deserializer: ProtobufDeserializer<'static, SchemaRegistryClient>,
    message: MessageDescriptor,
    context: SerializationContext,
}

impl Serdes {
    /// Looks up schemas, because by default this client registers at every message.
    /// `files` are serialized descriptors, the message's own last.
    pub fn new(url: &str, topic: &str, message: &str, files: &[Vec<u8>]) -> Self {
        Self::with(url, topic, message, files, None, HashMap::new())
    }

    /// Creates both for a topic whose latest schema has an encryption rule.
    pub fn encrypting(
        url: &str,
        topic: &str,
        message: &str,
        files: &[Vec<u8>],
        secret: &str,
    ) -> Self {
        LocalKmsDriver::register();
        FieldEncryptionExecutor::<DekRegistryClient>::register();
        let rules = HashMap::from([("secret".to_owned(), secret.to_owned())]);
        let latest = Some(SchemaSelector::LatestVersion);
        Self::with(url, topic, message, files, latest, rules)
    }

    fn with(
        url: &str,
        topic: &str,
        message: &str,
        files: &[Vec<u8>],
        use_schema: Option<SchemaSelector>,
        rules: HashMap<String, String>,
    ) -> Self {
        let client = SchemaRegistryClient::new(ClientConfig::new(vec![url.to_owned()]));
        // Leaked, because both borrow it during the whole measurement.
        let client: &'static SchemaRegistryClient = Box::leak(Box::new(client));
        let mut writing = SerializerConfig::new(false, use_schema, false, false, rules.clone());
        writing.subject_name_strategy_type = SubjectNameStrategyType::Topic;
        let mut reading = DeserializerConfig::new(None, false, rules);
        reading.subject_name_strategy_type = SubjectNameStrategyType::Topic;
        let mut pool = DescriptorPool::global();
        for file in files {
            pool.decode_file_descriptor_proto(&file[..]).unwrap();
        }
        Self {
            serializer: ProtobufSerializer::new(client, None, writing).unwrap(),
            deserializer: ProtobufDeserializer::new(client, None, reading).unwrap(),
            message: pool.get_message_by_name(message).unwrap(),
            context: SerializationContext {
                topic: topic.to_owned(),
                serde_type: SerdeType::Value,
                serde_format: SerdeFormat::Protobuf,
                headers: None,
            },
        }
    }

    pub async fn serialize<M: prost::Message>(&self, message: &M) -> Vec<u8> {
        let written =
            self.serializer
                .serialize_with_message_desc(&self.context, message, &self.message);
        written.await.unwrap()
    }

    pub async fn deserialize<M: prost::Message + Default>(&self, record: &[u8]) -> M {
        self.deserializer
            .deserialize(&self.context, record)
            .await
            .unwrap()
    }
}
