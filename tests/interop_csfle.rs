//! A worker that `tests/interop/csfle/run` drives: one JSON request per line on
//! standard input, one answer per line on standard output, after `>>> `.
#![cfg(all(feature = "embedded", feature = "aws-kms"))]

use std::io::{BufRead, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cc_protobuf_examples::csfle::kms::{AwsKms, KmsDrivers, LocalKms};
use cc_protobuf_examples::csfle::{Csfle, Direction, Plan, RawDek};
use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use cc_protobuf_examples::protobuf::SchemaFile;
use cc_protobuf_examples::schema_registry::entities::{DekRequest, Schema};
use cc_protobuf_examples::schema_registry::{Client, ClientBuilder, Format, Version, VersionQuery};
use cc_protobuf_examples::wire_format::{self, MessageIndexes, SchemaId, SchemaRef};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

struct Worker {
    client: Client,
    drivers: KmsDrivers,
    csfle: Csfle,
}

impl Worker {
    fn new(request: &Value) -> Result<Self> {
        let client = ClientBuilder::new(text(request, "url")?).build()?;
        let drivers = KmsDrivers::new()
            .with(LocalKms::new(
                request["secret"].as_str().unwrap_or_default(),
            ))
            .with(AwsKms::new());
        let csfle = Csfle::builder(client.clone()).kms(drivers.clone()).build();
        Ok(Self {
            client,
            drivers,
            csfle,
        })
    }

    /// The registered schema and the message of the record.
    fn plan(&self, subject: &str, schema: &Schema, name: &str, way: Direction) -> Result<Plan> {
        let text = schema.schema.as_deref().unwrap_or_default();
        let file = SchemaFile::parse("default", text)?.resolve(&[])?;
        let message = file
            .parent_pool()
            .get_message_by_name(name)
            .ok_or("no such message")?;
        let (rules, metadata) = (schema.rule_set.as_ref(), schema.metadata.as_ref());
        Ok(self
            .csfle
            .plan(subject, rules, metadata, &message, way)?
            .ok_or("no rule runs")?)
    }

    async fn encrypt(&self, request: &Value) -> Result<Value> {
        let subject = text(request, "subject")?;
        let schema = self
            .client
            .version(subject, Version::Latest, VersionQuery::default())
            .await?;
        let name = text(request, "message")?;
        let plan = self.plan(subject, &schema, name, Direction::Write)?;
        let payload = STANDARD.decode(text(request, "payload")?)?;
        let mut record = Vec::new();
        let id = u32::try_from(schema.id.ok_or("no id")?)?;
        wire_format::encode_prefix(
            SchemaRef::Id(SchemaId(id)),
            &MessageIndexes::FIRST,
            &mut record,
        );
        plan.apply(&payload, &mut record).await?;
        Ok(json!({"record": STANDARD.encode(record)}))
    }

    async fn decrypt(&self, request: &Value) -> Result<Value> {
        let subject = text(request, "subject")?;
        let record = STANDARD.decode(text(request, "record")?)?;
        let envelope = wire_format::decode(&record)?;
        let SchemaRef::Id(id) = envelope.schema else {
            return Err("the record names its schema by GUID".into());
        };
        let schema = self
            .client
            .schema_by_id(id, Some(subject), Format::Default)
            .await?;
        let name = text(request, "message")?;
        let plan = self.plan(subject, &schema, name, Direction::Read)?;
        let mut payload = Vec::new();
        plan.apply(envelope.payload, &mut payload).await?;
        Ok(json!({"payload": STANDARD.encode(payload)}))
    }

    /// Stores the successor of the latest DEK.
    async fn rotate(&self, request: &Value) -> Result<Value> {
        let (kek, subject) = (text(request, "kek")?, text(request, "subject")?);
        let algorithm = text(request, "algorithm")?;
        let latest = self
            .client
            .dek(kek, subject, algorithm, Version::Latest, false)
            .await?;
        let version = latest.version.unwrap_or(1) + 1;
        let kek = self.client.kek(kek, false).await?;
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

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "driven by tests/interop/csfle/run"]
async fn worker() {
    let mut worker = None;
    let mut registry = None;
    loop {
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line).unwrap() == 0 {
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

/// What the worker builds on: a schema with inline tags comes back from the
/// registry with them.
#[tokio::test]
async fn tags_survive_the_registry() {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let client = ClientBuilder::new(registry.url()).build().unwrap();
    let fixture: Value =
        serde_json::from_str(include_str!("fixtures/csfle-local-kms.json")).unwrap();
    for form in ["proto", "serialized_base64"] {
        let case = &fixture["cases"][0];
        let request = serde_json::from_value(json!({
            "schemaType": "PROTOBUF",
            "schema": fixture["schemas"]["customer"][form],
            "ruleSet": case["rule_set"],
        }))
        .unwrap();
        client.register(form, &request, false).await.unwrap();
        for format in [Format::Default, Format::Serialized] {
            let query = VersionQuery {
                format,
                ..VersionQuery::default()
            };
            let schema = client.version(form, Version::Latest, query).await.unwrap();
            cc_protobuf_examples::csfle::verify_rules_stored(
                form,
                request.rule_set.as_ref(),
                schema.rule_set.as_ref(),
            )
            .unwrap();
            let drivers = KmsDrivers::new().with(LocalKms::new("secret"));
            let worker = Worker {
                client: client.clone(),
                csfle: Csfle::builder(client.clone()).kms(drivers.clone()).build(),
                drivers,
            };
            let name = "interop.v1.Customer";
            let write = worker.plan(form, &schema, name, Direction::Write).unwrap();
            let mut record = Vec::new();
            let payload = b"\x0a\x01i\x12\x03Ada\x1a\x03\x01\x02\x03\x20\x2a";
            write.apply(payload, &mut record).await.unwrap();
            assert!(!record.windows(3).any(|window| window == b"Ada"));
            let read = worker.plan(form, &schema, name, Direction::Read).unwrap();
            let mut plain = Vec::new();
            read.apply(&record, &mut plain).await.unwrap();
            assert_eq!(plain, payload);
        }
    }
}
