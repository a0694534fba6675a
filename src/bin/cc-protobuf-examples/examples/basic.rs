//! Example 1: one message through serializer, wire format and deserializer.

use crate::generated::com::acme;
use cc_protobuf_examples::protobuf::{ProtoField, ProtoMessage};
use cc_protobuf_examples::schema_registry::entities::Reference;
use cc_protobuf_examples::schema_registry::{Format, Version, VersionQuery};
use cc_protobuf_examples::serdes::SerializerOptions;
use cc_protobuf_examples::wire_format::SchemaRef;
use serde_json::json;

use super::{Context, RecordValue};
use crate::console::hex;
use crate::failure::Failure;
use crate::naming::{import, topic};

/// Registers two schemas, writes a record, reads it back.
#[tracing::instrument(skip_all)]
pub async fn example_basic(ctx: &Context<'_>) -> Result<(), Failure> {
    let narration = &ctx.narration;
    narration.say(
        "MyRecord imports OtherRecord. The registry stores each file as a schema of its own; \
         the import becomes a reference to a subject and version.",
    );
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

    narration.step("Register the imported schema first, then the one that imports it");
    let other_subject = ctx.names.reference_subject(import::OTHER);
    let registered = ctx.register(&other_subject, &*other, vec![]).await?;
    let reference = Reference {
        name: other.file_name().to_owned(),
        subject: other_subject.clone(),
        version: registered.version.unwrap_or(-1),
    };
    let subject = ctx.names.value_subject(topic::BASIC);
    let registered = ctx
        .register(&subject, &*my_record, vec![reference.clone()])
        .await?;
    narration.quote(my_record.schema_text());

    narration.step("Serialize a message");
    let serializer = ctx.serializer(SerializerOptions::new().reference(reference))?;
    let topic = ctx.names.topic(topic::BASIC);
    let mut value = json!({"f1": ctx.value("basic.f1", "hello"), "f2": {"other_id": 42}});
    // An empty string is the default, which JSON omits, as does the wire format.
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, field| field != "");
    }
    let record = serializer
        .serialize_record_json(&*my_record, &topic, &value)
        .await?;
    let message = RecordValue::from(record);
    let envelope = message.envelope()?;
    let named_by = envelope.schema;
    narration.fact("message", value.clone());
    narration.fact("record", hex(message.bytes(), " "));
    match envelope.schema {
        SchemaRef::Id(id) => {
            narration.fact("magic byte", "0x00");
            narration.fact("schema id", id.0);
            let expected = registered.id.and_then(|id| u32::try_from(id).ok());
            narration.check(
                expected == Some(id.0),
                "the record carries the id just registered",
            )?;
        }
        SchemaRef::Guid(guid) => {
            narration.fact("magic byte", "0x01");
            narration.fact("schema guid", guid.to_string());
        }
    }
    narration.fact("message index", json!(envelope.indexes.as_slice()));
    narration.fact("payload length", envelope.payload.len());
    narration.check(
        envelope.indexes == *my_record.message_indexes(),
        "the message index leads to MyRecord, the first message of its file",
    )?;

    narration.step("The same record, byte by byte");
    ctx.show(&message, Some(my_record.descriptor()))?;

    narration.step("Read it back, with nothing but the bytes and the registry");
    let received = ctx.deliver(&topic, "k1", vec![message]).await?;
    let deserializer = ctx.deserializer()?;
    for message in &received {
        let read = deserializer
            .deserialize_json(message.record(&topic))
            .await?;
        narration.fact("read", json!(read));
        narration.check(
            read.as_ref() == Some(&value),
            "what was read is what was written",
        )?;
    }

    narration.step("What the registry holds now");
    let subjects = ctx.registry.subjects().await?;
    for subject in [&other_subject, &subject] {
        narration.check(
            subjects.contains(subject),
            format!("{subject} is among its subjects"),
        )?;
    }
    let stored = ctx
        .registry
        .version(&subject, Version::Latest, VersionQuery::default())
        .await?;
    if let SchemaRef::Guid(guid) = named_by {
        let named = ctx.registry.schema_by_guid(&guid, Format::Default).await?;
        narration.check(
            named.schema == stored.schema,
            "the GUID in the record's header leads to this schema",
        )?;
    }
    narration.fact("version", stored.version.unwrap_or_default());
    for reference in &stored.references {
        let Reference {
            name,
            subject,
            version,
        } = reference;
        narration.fact(
            "reference",
            format!("{name} is version {version} of {subject}"),
        );
    }

    let envelope_is = match named_by {
        SchemaRef::Id(_) => "the 6 bytes in front of it",
        SchemaRef::Guid(_) => "the 18 bytes in its header",
    };
    narration.end(
        &format!(
            "the payload alone cannot be read: {envelope_is} say which schema, and which message \
             in it."
        ),
        "src/bin/cc-protobuf-examples/examples/basic.rs",
        "--set basic.f1=hi (or change \"hello\" in the source). The first field shrinks by three \
         bytes; schema id, index and subjects stay, for the schema is the same.",
    );
    Ok(())
}
