//! Produces a record whose tagged field is encrypted, and consumes it with the key
//! and without.
//!
//! Set `SCHEMA_REGISTRY_URL`, `BOOTSTRAP_SERVERS`, and either `AWS_KMS_KEY_ARN`, with
//! AWS credentials where the AWS CLI has them, or `LOCAL_SECRET`, then run
//! `cargo run --example encrypted`.

#![allow(clippy::print_stdout)]

use std::env::var;
use std::time::Duration;

use cc_protobuf_examples::csfle::Csfle;
use cc_protobuf_examples::csfle::kms::{AwsKms, KmsDrivers, LocalKms};
use cc_protobuf_examples::protobuf::Schemas;
use cc_protobuf_examples::schema_registry::ClientBuilder;
use cc_protobuf_examples::schema_registry::entities::{Rule, RuleSet, SchemaRequest};
use cc_protobuf_examples::serdes::{
    Deserializer, DeserializerOptions, Serializer, SerializerOptions,
};
use rdkafka::ClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::producer::{FutureProducer, FutureRecord};
use tokio::time::timeout;

#[derive(Clone, PartialEq, prost::Message)]
struct Patient {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    ssn: String,
}
impl prost::Name for Patient {
    const PACKAGE: &'static str = "clinic";
    const NAME: &'static str = "Patient";
}
const PATIENT: &str = r#"
    syntax = "proto3";
    package clinic;
    import "confluent/meta.proto";
    message Patient {
      string id = 1;
      string ssn = 2 [(confluent.field_meta).tags = "PII"];
    }
"#;
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = ClientBuilder::new(var("SCHEMA_REGISTRY_URL")?).build()?;
    let (kms_type, key, kms) = match var("AWS_KMS_KEY_ARN") {
        Ok(arn) => ("aws-kms", arn, KmsDrivers::new().with(AwsKms::new())),
        Err(_) => {
            let kms = KmsDrivers::new().with(LocalKms::new(&var("LOCAL_SECRET")?));
            ("local-kms", "a-key".to_owned(), kms)
        }
    };

    // Usually a deployment does this: the schema with the rule that encrypts.
    let parameters = [
        ("encrypt.kek.name", "patients"),
        ("encrypt.kms.type", kms_type),
        ("encrypt.kms.key.id", &key),
    ];
    let rule = Rule {
        name: "encryptPII".to_owned(),
        rule_type: Some("ENCRYPT".to_owned()),
        kind: Some("TRANSFORM".to_owned()),
        mode: Some("WRITEREAD".to_owned()),
        tags: vec!["PII".to_owned()],
        params: parameters
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..Rule::default()
    };
    let request = SchemaRequest {
        schema: PATIENT.to_owned(),
        schema_type: Some("PROTOBUF".to_owned()),
        rule_set: Some(RuleSet {
            domain_rules: vec![rule],
            ..RuleSet::default()
        }),
        ..SchemaRequest::default()
    };
    client.register("patients-value", &request, false).await?;

    // The rule is part of the registered version, so the serializer writes with that.
    // encryption_required refuses to write if the rule is not there.
    let csfle = Csfle::builder(client.clone())
        .kms(kms)
        .encryption_required(true)
        .build();
    let options = SerializerOptions::new()
        .schemas(Schemas::from_texts([("patient.proto", PATIENT)])?)
        .auto_register_schemas(false)
        .use_latest_version(true)
        .csfle(csfle.clone());
    let serializer = Serializer::new(client.clone(), options)?;
    let patient = Patient {
        id: "p-1".to_owned(),
        ssn: "123-45-6789".to_owned(),
    };
    let value = serializer.serialize("patients", &patient).await?;

    let mut kafka = ClientConfig::new();
    kafka.set("bootstrap.servers", var("BOOTSTRAP_SERVERS")?);
    kafka
        .set("group.id", "patients")
        .set("auto.offset.reset", "earliest");
    let producer: FutureProducer = kafka.create()?;
    let record = FutureRecord::to("patients")
        .key(&patient.id)
        .payload(&value);
    producer
        .send(record, PATIENCE)
        .await
        .map_err(|(error, _)| error)?;
    let consumer: StreamConsumer = kafka.create()?;
    consumer.subscribe(&["patients"])?;
    let message = timeout(PATIENCE, consumer.recv()).await??;

    let with_key = DeserializerOptions::new().csfle(csfle);
    let with_key = Deserializer::new(client.clone(), with_key)?;
    println!(
        "with the key: {:?}",
        with_key.deserialize::<Patient>(&message).await?
    );
    let without_key = Deserializer::new(client, DeserializerOptions::new())?;
    match without_key.deserialize::<Patient>(&message).await {
        Ok(read) => println!("without the key: {read:?}"),
        Err(error) => println!("without the key: {error}"),
    }
    Ok(())
}
