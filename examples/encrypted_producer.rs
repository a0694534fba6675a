//! Produces a record whose tagged field is encrypted.
//!
//! Set `SCHEMA_REGISTRY_URL`, `BOOTSTRAP_SERVERS`, and either `AWS_KMS_KEY_ARN`, with
//! AWS credentials where the AWS CLI has them, or `LOCAL_SECRET`, then run
//! `cargo run --example encrypted_producer`.
#![allow(clippy::print_stdout)]

use std::env::var;
use std::time::Duration;

use cc_protobuf_examples::csfle::Csfle;
use cc_protobuf_examples::csfle::kms::{AwsKms, KmsDrivers, LocalKms};
use cc_protobuf_examples::protobuf::Schemas;
use cc_protobuf_examples::schema_registry::entities::{Rule, RuleSet, SchemaRequest};
use cc_protobuf_examples::schema_registry::{Client, Normalization};
use cc_protobuf_examples::serdes::{Serializer, SerializerOptions};
use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};

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

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client =
        Client::builder(var("SCHEMA_REGISTRY_URL").or(Err("set SCHEMA_REGISTRY_URL"))?).build()?;
    let (kms_type, key, kms) = match var("AWS_KMS_KEY_ARN") {
        Ok(arn) => ("aws-kms", arn, KmsDrivers::new().with(AwsKms::new())),
        Err(_) => {
            let kms = KmsDrivers::new().with(LocalKms::new(
                &var("LOCAL_SECRET").or(Err("set AWS_KMS_KEY_ARN or LOCAL_SECRET"))?,
            ));
            ("local-kms", "any-name".to_owned(), kms)
        }
    };
    client
        .register(
            "patients-value",
            &schema(kms_type, key),
            Normalization::AsSent,
        )
        .await?;

    // The registered version has the rule, so write with that version. Should the rule
    // be missing, encryption_required refuses to write.
    let csfle = Csfle::builder(client.clone())
        .kms(kms)
        .encryption_required(true)
        .build();
    let options = SerializerOptions::new()
        .schemas(Schemas::from_texts([("patient.proto", PATIENT)])?)
        .auto_register_schemas(false)
        .use_latest_version(true)
        .csfle(csfle);
    let serializer = Serializer::new(client, options)?;
    let patient = Patient {
        id: "p-1".to_owned(),
        ssn: "123-45-6789".to_owned(),
    };
    let value = serializer.serialize("patients", &patient).await?;

    let producer: FutureProducer = ClientConfig::new()
        .set(
            "bootstrap.servers",
            var("BOOTSTRAP_SERVERS").or(Err("set BOOTSTRAP_SERVERS"))?,
        )
        .create()?;
    let record = FutureRecord::to("patients")
        .key(&patient.id)
        .payload(&value);
    let sent = producer.send(record, Duration::from_secs(30)).await;
    let delivery = sent.map_err(|(error, _)| error)?;
    println!("{} bytes at offset {}", value.len(), delivery.offset);
    Ok(())
}

/// The schema with the rule that encrypts fields with tag PII. Usually it is registered
/// by a deployment and not by the producer.
fn schema(kms_type: &str, key: String) -> SchemaRequest {
    let parameters = [
        ("encrypt.kek.name", "patients".to_owned()),
        ("encrypt.kms.type", kms_type.to_owned()),
        ("encrypt.kms.key.id", key),
    ];
    let rule = Rule {
        name: "encryptPII".to_owned(),
        rule_type: Some("ENCRYPT".to_owned()),
        kind: Some("TRANSFORM".to_owned()),
        mode: Some("WRITEREAD".to_owned()),
        tags: vec!["PII".to_owned()],
        params: parameters
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        ..Rule::default()
    };
    SchemaRequest {
        schema: PATIENT.to_owned(),
        schema_type: Some("PROTOBUF".to_owned()),
        rule_set: Some(RuleSet {
            domain_rules: vec![rule],
            ..RuleSet::default()
        }),
        ..SchemaRequest::default()
    }
}
