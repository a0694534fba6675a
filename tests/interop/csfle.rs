//! The worker of `tests/interop/csfle/run`: reads one JSON request per line on standard
//! input, and writes one answer per line, after `>>> `, on standard output.

use cc_protobuf_examples::schema_registry::Deleted;
use cc_protobuf_examples::schema_registry::Normalization;
use std::io::{BufRead, IsTerminal, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cc_protobuf_examples::csfle::kms::{AwsKms, KmsDrivers, LocalKms};
use cc_protobuf_examples::csfle::{Csfle, RawDek};
use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use cc_protobuf_examples::protobuf::{DynamicSchema, ProtoSchema, SchemaFile};
use cc_protobuf_examples::schema_registry::entities::DekRequest;
use cc_protobuf_examples::schema_registry::{Client, Format, Version, VersionQuery};
use cc_protobuf_examples::serdes::{
    Deserializer, DeserializerOptions, Destination, Record, Serializer, SerializerOptions,
};
use prost::Message;
use prost_reflect::DynamicMessage;
use serde_json::{Value, json};

use crate::support::chain;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

struct Worker {
    client: Client,
    drivers: KmsDrivers,
    csfle: Csfle,
    serializer: Serializer,
    /// Read with the writer's schema, and with the latest one.
    deserializers: [Deserializer; 2],
}

impl Worker {
    fn new(request: &Value) -> Result<Self> {
        let client = Client::builder(text(request, "url")?).build()?;
        let drivers = KmsDrivers::new()
            .with(LocalKms::new(
                request["secret"].as_str().unwrap_or_default(),
            ))
            .with(AwsKms::new());
        let csfle = Csfle::builder(client.clone())
            .kms(drivers.clone())
            .encryption_required(true)
            .build();
        let options = SerializerOptions::new()
            .auto_register_schemas(false)
            .use_latest_version(true)
            .csfle(csfle.clone());
        let serializer = Serializer::new(client.clone(), options)?;
        let options = DeserializerOptions::new().csfle(csfle.clone());
        let deserializers = [
            Deserializer::new(client.clone(), options.clone())?,
            Deserializer::new(client.clone(), options.use_latest_version(true))?,
        ];
        Ok(Self {
            client,
            drivers,
            csfle,
            serializer,
            deserializers,
        })
    }

    /// Returns a record of the encoded message, and one of the decoded message.
    async fn encrypt(&self, request: &Value) -> Result<Value> {
        let topic = text(request, "topic")?;
        let registered = self
            .client
            .version(
                &format!("{topic}-value"),
                Version::Latest,
                VersionQuery::default(),
            )
            .await?;
        let file = SchemaFile::parse("main.proto", &registered.schema.unwrap_or_default())?;
        let schema = DynamicSchema::new(file, text(request, "message")?, &[])?;
        let payload = STANDARD.decode(text(request, "payload")?)?;
        let to = || Destination::value(topic);
        let encoded = self.serializer.serialize_encoded(&schema, to(), &payload);
        let encoded = encoded.await?;
        let message = DynamicMessage::decode(schema.descriptor().clone(), &payload[..])?;
        let dynamic = self.serializer.serialize_dynamic(&schema, to(), &message);
        let records = [encoded, dynamic.await?].map(|record| STANDARD.encode(record));
        Ok(json!({"records": records}))
    }

    async fn decrypt(&self, request: &Value) -> Result<Value> {
        let record = STANDARD.decode(text(request, "record")?)?;
        let mut payloads = Vec::new();
        for deserializer in &self.deserializers {
            let message = deserializer
                .deserialize_dynamic(Record::value(text(request, "topic")?, &record))
                .await?
                .ok_or("a tombstone")?;
            payloads.push(STANDARD.encode(message.encode_to_vec()));
        }
        Ok(json!({"payloads": payloads}))
    }

    /// Stores the successor of the latest DEK.
    async fn rotate(&self, request: &Value) -> Result<Value> {
        let (kek, subject) = (text(request, "kek")?, text(request, "subject")?);
        let algorithm = text(request, "algorithm")?;
        let latest = self
            .client
            .dek(kek, subject, algorithm, Version::Latest, Deleted::Exclude)
            .await?;
        let version = latest.version.unwrap_or(1) + 1;
        let kek = self.client.kek(kek, Deleted::Exclude).await?;
        let raw = RawDek::generate(algorithm.parse()?)?;
        let wrapped = self.drivers.wrap(&kek, &raw).await?;
        let new = DekRequest {
            subject: subject.to_owned(),
            version: Some(version),
            algorithm: Some(algorithm.to_owned()),
            encrypted_key_material: Some(STANDARD.encode(wrapped)),
            ..DekRequest::default()
        };
        self.client.create_dek(&kek.name, &new).await?;
        self.csfle.clear_caches();
        Ok(json!({"version": version}))
    }
}

fn text<'a>(request: &'a Value, name: &str) -> Result<&'a str> {
    Ok(request[name].as_str().ok_or_else(|| format!("no {name}"))?)
}

pub async fn worker() {
    let stdin = std::io::stdin();
    assert!(!stdin.is_terminal(), "tests/interop/csfle/run drives this");
    let mut worker = None;
    let mut registry = None;
    for answered in 0_usize.. {
        let mut line = String::new();
        if stdin.lock().read_line(&mut line).unwrap() == 0 {
            assert!(answered > 0, "tests/interop/csfle/run drives this");
            return;
        }
        let request: Value = serde_json::from_str(&line).unwrap();
        let answer = match (request["op"].as_str().unwrap(), &worker) {
            ("registry", _) => {
                let started = registry.insert(EmbeddedRegistry::start().await.unwrap());
                Ok(json!({"url": started.url()}))
            }
            ("connect", _) => Worker::new(&request).map(|new| {
                worker = Some(new);
                json!({})
            }),
            ("encrypt", Some(worker)) => worker.encrypt(&request).await,
            ("decrypt", Some(worker)) => worker.decrypt(&request).await,
            ("rotate", Some(worker)) => worker.rotate(&request).await,
            (other, _) => panic!("cannot {other}"),
        };
        let answer = answer.unwrap_or_else(|error| json!({"error": chain(error.as_ref())}));
        println!("\n>>> {answer}");
        std::io::stdout().flush().unwrap();
    }
}

/// Checks the worker: the registry returns a schema with its inline tags, and the worker
/// answers requests.
pub async fn tags_survive_the_registry() {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let connect = json!({"url": registry.url(), "secret": "secret"});
    let worker = Worker::new(&connect).unwrap();
    let fixture: Value =
        serde_json::from_str(include_str!("../fixtures/csfle-local-kms.json")).unwrap();
    for form in ["proto", "serialized_base64"] {
        let case = &fixture["cases"][0];
        let request = serde_json::from_value(json!({
            "schemaType": "PROTOBUF",
            "schema": fixture["schemas"]["customer"][form],
            "ruleSet": case["rule_set"],
        }))
        .unwrap();
        let subject = format!("{form}-value");
        let client = &worker.client;
        client
            .register(&subject, &request, Normalization::AsSent)
            .await
            .unwrap();
        for format in [Format::Default, Format::Serialized] {
            let query = VersionQuery {
                format,
                ..VersionQuery::default()
            };
            let stored = client.version(&subject, Version::Latest, query).await;
            cc_protobuf_examples::csfle::verify_rules_stored(
                &subject,
                request.rule_set.as_ref(),
                stored.unwrap().rule_set.as_ref(),
            )
            .unwrap();
        }
        let payload = STANDARD.encode(b"\x0a\x01i\x12\x03Ada\x1a\x03\x01\x02\x03\x20\x2a");
        let request = json!({
            "topic": form, "message": "interop.v1.Customer", "payload": payload,
        });
        let answer = worker.encrypt(&request).await.unwrap();
        for record in answer["records"].as_array().unwrap() {
            let bytes = STANDARD.decode(record.as_str().unwrap()).unwrap();
            assert!(!bytes.windows(3).any(|window| window == b"Ada"));
            let request = json!({"topic": form, "record": record});
            let answer = worker.decrypt(&request).await.unwrap();
            assert_eq!(answer["payloads"], json!([payload, payload]));
        }
    }
}
