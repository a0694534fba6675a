//! The embedded registry with counted requests.

use std::collections::BTreeMap;

use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use cc_protobuf_examples::protobuf::{DynamicSchema, SchemaFile};
use cc_protobuf_examples::schema_registry::Client;
use cc_protobuf_examples::schema_registry::entities::{
    Metadata, PROTOBUF, Reference, RuleSet, Schema, SchemaRequest,
};
use cc_protobuf_examples::serdes::{
    Deserializer, DeserializerOptions, Serializer, SerializerOptions,
};

pub struct Registry {
    pub server: EmbeddedRegistry,
    pub client: Client,
}

impl Registry {
    pub async fn start() -> Self {
        let server = EmbeddedRegistry::builder()
            .record_requests()
            .start()
            .await
            .unwrap();
        let client = crate::support::stub::client(server.url());
        Self { server, client }
    }

    pub fn serializer(&self, options: SerializerOptions) -> Serializer {
        Serializer::new(self.client.clone(), options).unwrap()
    }

    pub fn deserializer(&self, options: DeserializerOptions) -> Deserializer {
        Deserializer::new(self.client.clone(), options).unwrap()
    }

    /// Returns `METHOD path × count` since the last call.
    pub fn requests(&self) -> Vec<String> {
        let log = self.server.requests().unwrap();
        let entries = log.entries().into_iter();
        let lines = entries.map(|(method, path, count)| format!("{method} {path} × {count}"));
        let lines = lines.collect();
        log.reset();
        lines
    }

    pub async fn register(&self, subject: &str, text: &str) -> Schema {
        self.register_with(subject, text, &[], None, None).await
    }

    pub async fn register_with(
        &self,
        subject: &str,
        text: &str,
        references: &[(&str, &str, i32)],
        properties: Option<(&str, &str)>,
        rule_set: Option<RuleSet>,
    ) -> Schema {
        let references = references.iter().map(|(name, subject, version)| Reference {
            name: (*name).to_owned(),
            subject: (*subject).to_owned(),
            version: *version,
        });
        let metadata = properties.map(|(key, value)| Metadata {
            properties: BTreeMap::from([(key.to_owned(), value.to_owned())]),
            ..Metadata::default()
        });
        let request = SchemaRequest {
            schema: text.to_owned(),
            schema_type: Some(PROTOBUF.to_owned()),
            references: references.collect(),
            metadata,
            rule_set,
            ..SchemaRequest::default()
        };
        let registered = self
            .client
            .register(subject, &request, false)
            .await
            .unwrap();
        self.server.requests().unwrap().reset();
        registered
    }
}

/// Returns a schema with the message `full_name`.
pub fn schema(text: &str, full_name: &str, dependencies: &[(&str, &str)]) -> DynamicSchema {
    let files = dependencies
        .iter()
        .map(|(name, text)| SchemaFile::from_text(name, text).unwrap());
    let files: Vec<_> = files.collect();
    DynamicSchema::from_text("main.proto", text, full_name, &files).unwrap()
}

pub fn id_of(record: &[u8]) -> u32 {
    assert_eq!(record[0], 0);
    u32::from_be_bytes(record[1..5].try_into().unwrap())
}
