//! Example 8: the subjects of schemas and their references.

use std::sync::Arc;

use crate::generated::{Payment, com::acme};
use cc_protobuf_examples::protobuf::{DynamicSchema, Form, ProtoField, ProtoMessage, SchemaFile};
use cc_protobuf_examples::serdes::{
    ReferenceSubjectNameStrategy, SerializerOptions, SubjectNameStrategy,
};
use serde_json::json;

use super::third_party::reference_refused;
use super::{Context, RecordValue, SharedSchema};
use crate::console::Table;
use crate::failure::Failure;
use crate::naming::{import, subject_only, topic};

/// Serializes one payment with each strategy, then a record with an import.
#[tracing::instrument(skip_all)]
pub async fn example_strategies(ctx: &Context<'_>) -> Result<(), Failure> {
    let narration = &ctx.narration;
    narration.say(
        "Two strategies name subjects after the message, and references are named after import \
         paths. So that runs do not meet, the run id is in package and path here; the bytes of a \
         record hold no names and do not change.",
    );
    let payment = ctx.schema::<Payment>(|| {
        ProtoMessage::new("Payment")
            .field(ProtoField::float("amount", 1))
            .field(ProtoField::string("currency", 2))
    })?;
    let path = ctx.names.import_path("Payment.proto");
    let of_run = renamed(&payment, Some(&ctx.names.package()), &path, &[])?;
    ctx.save(&*of_run)?;
    let record = of_run.full_name().to_owned();
    let topic = ctx.names.topic(topic::STRATEGIES);

    narration.step("Serialize the same payment under each subject name strategy");
    let value = json!({"amount": 12.5, "currency": "EUR"});
    // The type compiled for Payment encodes, but the renamed schema is registered.
    let payload = payment.serialize(&value)?;
    let strategies = [
        (
            "TopicName",
            SubjectNameStrategy::TopicName,
            ctx.names.value_subject(topic::STRATEGIES),
        ),
        (
            "RecordName",
            SubjectNameStrategy::RecordName,
            record.clone(),
        ),
        (
            "TopicRecordName",
            SubjectNameStrategy::TopicRecordName,
            format!("{topic}-{record}"),
        ),
    ];
    let mut sent = Vec::new();
    let mut table = Table::new(["strategy", "subject in the registry", "versions"]);
    for (name, strategy, subject) in strategies {
        let subject = ctx.names.subject(subject);
        let serializer =
            ctx.serializer(SerializerOptions::new().subject_name_strategy(strategy))?;
        let record = serializer
            .serialize_record_encoded(&*of_run, &topic, &payload)
            .await?;
        let message = RecordValue::from(record);
        sent.push(message);
        let versions = ctx.registry.versions(&subject).await?;
        table.row([name.to_owned(), subject, json!(versions).to_string()]);
    }
    narration.table(&table);
    narration.check(true, "the serializer registered each subject by itself")?;
    for message in sent.iter().take(1) {
        ctx.show(message, Some(of_run.descriptor()))?;
    }
    narration.check(
        sent.windows(2).all(|pair| pair.first() == pair.last()),
        "one schema has one id, whatever its subjects: the three records are equal",
    )?;

    narration.step("Read them back: the id is enough, no strategy is needed");
    let deserializer = ctx.deserializer()?;
    for message in ctx.deliver(&topic, "p-1", sent).await? {
        let read = deserializer
            .deserialize_json(message.record(&topic))
            .await?;
        if read.as_ref() != Some(&value) {
            narration.check(false, "what was read is what was written")?;
        }
    }
    narration.check(true, "all three were read as they were written")?;

    narration.step("A record with an import, under both reference name strategies");
    let other = ctx.schema::<acme::OtherRecord>(|| {
        ProtoMessage::new("OtherRecord")
            .package("com.acme")
            .file_name("other.proto")
            .field(ProtoField::int32("other_id", 1))
    })?;
    let my_record = ctx.schema::<acme::MyRecord>(|| {
        ProtoMessage::new("MyRecord")
            .package("com.acme")
            .import(&*other)
            .field(ProtoField::string("f1", 1))
            .field(ProtoField::message("f2", "OtherRecord", 2))
    })?;
    let path = ctx.names.import_path(import::OTHER);
    let other = renamed(&other, None, &path, &[])?;
    let importing = ctx.names.import_path("MyRecord.proto");
    let my_record = renamed(&my_record, None, &importing, &[other.file().clone()])?;
    // Also writes the imported file.
    ctx.save(&*my_record)?;
    let payload = my_record.serialize(&json!({"f1": "a", "f2": {"other_id": 1}}))?;
    ctx.names.value_subject(subject_only::REFERENCES);
    let references_topic = ctx.names.unused_topic(subject_only::REFERENCES);
    let qualified = path.trim_end_matches(".proto").replace('/', ".");
    let strategies = [
        (
            "Default",
            ReferenceSubjectNameStrategy::Default,
            path.clone(),
        ),
        (
            "Qualified",
            ReferenceSubjectNameStrategy::Qualified,
            qualified,
        ),
    ];
    let mut table = Table::new(["strategy", "import", "subject in the registry"]);
    for (name, strategy, subject) in strategies {
        let subject = ctx.names.subject(subject);
        let options = SerializerOptions::new().reference_subject_name_strategy(strategy);
        let serializer = ctx.serializer(options)?;
        serializer
            .serialize_record_encoded(&*my_record, &references_topic, &payload)
            .await
            .map_err(|error| reference_refused(&subject, error))?;
        ctx.registry.versions(&subject).await?;
        table.row([name, &path, &subject]);
    }
    narration.table(&table);
    narration.check(
        true,
        "the serializer registered the imported file under both subjects",
    )?;

    narration.end(
        "TopicName is the default and suits one message type per topic. RecordName shares a \
         schema between topics; TopicRecordName allows several types in one.",
        "src/bin/cc-protobuf-examples/examples/strategies.rs",
        "--run-id my-test. The record's name becomes r_my_dtest.Payment, and so do the subjects \
         that carry it; the bytes behind the schema id stay the same.",
    );
    Ok(())
}

/// Returns the schema with another package and file name, and the same messages. Imports
/// are replaced by `dependencies`, in the order of the import lines.
fn renamed(
    schema: &SharedSchema,
    package: Option<&str>,
    file: &str,
    dependencies: &[SchemaFile],
) -> Result<SharedSchema, Failure> {
    let mut proto = schema.file().proto().clone();
    if let Some(package) = package {
        proto.package = Some(package.to_owned());
    }
    proto.name = Some(file.to_owned());
    for (import, dependency) in proto.dependency.iter_mut().zip(dependencies) {
        dependency.name().clone_into(import);
    }
    let text = SchemaFile::from_descriptor(proto, Form::Text).to_text();
    let message = match package {
        Some(package) => format!("{package}.{}", schema.name()),
        None => schema.full_name().to_owned(),
    };
    Ok(Arc::new(DynamicSchema::from_text(
        file,
        &text,
        &message,
        dependencies,
    )?))
}
