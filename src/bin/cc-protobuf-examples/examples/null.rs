//! Example 5: absent, present and default values; tombstones; wrapper types.

use crate::generated::ExampleMessage;
use cc_protobuf_examples::protobuf::{ProtoField, ProtoMessage, ProtoSchema};
use cc_protobuf_examples::serdes::SerializerOptions;
use prost::encoding::encoded_len_varint;
use serde_json::{Value, json};

use super::{Context, RecordValue};
use crate::console::{Table, hex};
use crate::failure::Failure;
use crate::naming::{subject_only, topic};

/// Shows which of these proto3 can distinguish.
#[tracing::instrument(skip_all)]
pub async fn example_null(ctx: &Context<'_>) -> Result<(), Failure> {
    let narration = &ctx.narration;
    narration.say(
        "A plain proto3 field that is 0, \"\" or false is not sent, so a reader cannot tell it \
         from one that was never set. `optional` gives a field presence.",
    );
    let schema = ctx.schema::<ExampleMessage>(|| {
        ProtoMessage::new("ExampleMessage")
            .field(ProtoField::string("name", 1).optional())
            .field(ProtoField::int32("age", 2).optional())
            .field(ProtoField::bool("isActive", 3).optional())
    })?;
    ctx.names.value_subject(topic::NULL);
    let topic = ctx.names.topic(topic::NULL);
    let serializer = ctx.serializer(SerializerOptions::new())?;

    narration.step("Four values: some fields, all fields, defaults set on purpose, none at all");
    let age: i32 = ctx.parsed("null.age", "0")?;
    let values = [
        json!({"name": "Ada"}),
        json!({"name": "Ada", "age": 36, "isActive": true}),
        json!({"name": "", "age": age, "isActive": false}),
        json!({}),
    ];
    let mut sent = Vec::new();
    let mut table = Table::new(["value", "payload"]);
    for value in &values {
        let record = serializer.serialize_record_json(&*schema, &topic, value);
        let message = RecordValue::from(record.await?);
        table.row([value.to_string(), hex(message.envelope()?.payload, " ")]);
        let descriptor = Some(schema.descriptor());
        narration.keep(message.bytes(), &message.headers, descriptor)?;
        sent.push(message);
    }
    narration.table(&table);
    let lengths: Vec<usize> = sent
        .iter()
        .map(|message| message.envelope().map_or(0, |e| e.payload.len()))
        .collect();
    narration.check(
        lengths
            == [
                5,
                9,
                5 + encoded_len_varint(i64::from(age).cast_unsigned()),
                0,
            ],
        "a default set on purpose takes two bytes, an absent field none",
    )?;

    narration.step("And a tombstone: a record without any value");
    sent.push(RecordValue::default());
    narration.note("not framed: null deletes the key's record from a compacted topic");

    narration.step("Read them back");
    let deserializer = ctx.deserializer()?;
    let mut read = Vec::new();
    for message in ctx.deliver(&topic, "k1", sent).await? {
        read.push(
            deserializer
                .deserialize_json(message.record(&topic))
                .await?,
        );
    }
    let mut table = Table::new(["record", "name", "age", "isActive"]);
    for (index, value) in read.iter().enumerate() {
        let of = |field: &str| match value {
            None => "-".to_owned(),
            Some(value) => value
                .get(field)
                .map_or("absent".to_owned(), Value::to_string),
        };
        let record = if value.is_none() {
            "tombstone".to_owned()
        } else {
            (index + 1).to_string()
        };
        table.row([record, of("name"), of("age"), of("isActive")]);
    }
    narration.table(&table);
    let (values_read, tombstone) = read.split_at(read.len().saturating_sub(1));
    narration.check(
        values_read.iter().flatten().eq(values.iter()),
        "absent, present and default all come back as they were sent",
    )?;
    narration.check(
        tombstone == [None],
        "the tombstone comes back as no value, not as an empty one",
    )?;

    narration.step("The older way: wrapper messages");
    let wrappers = ProtoMessage::new("Wrappers")
        .field(ProtoField::message(
            "name",
            "google.protobuf.StringValue",
            1,
        ))
        .field(ProtoField::message("age", "google.protobuf.Int32Value", 2))
        .build()?;
    ctx.save(&wrappers)?;
    ctx.names.value_subject(subject_only::WRAPPERS);
    let wrappers_topic = ctx.names.unused_topic(subject_only::WRAPPERS);
    let mut table = Table::new(["value", "payload", "read back"]);
    for value in [
        json!({}),
        json!({"name": "", "age": 0}),
        json!({"name": "Ada", "age": 36}),
    ] {
        let record = serializer.serialize_record_json(&wrappers, &wrappers_topic, &value);
        let message = RecordValue::from(record.await?);
        let back = deserializer
            .deserialize_json(message.record(&wrappers_topic))
            .await?;
        let descriptor = Some(wrappers.descriptor());
        narration.keep(message.bytes(), &message.headers, descriptor)?;
        let payload = hex(message.envelope()?.payload, " ");
        table.row([value.to_string(), payload, json!(back).to_string()]);
        if back != Some(value) {
            narration.check(false, "wrapped values come back as they were sent")?;
        }
    }
    narration.table(&table);
    narration.check(
        true,
        "wrapped values come back as they were sent: null, default and value",
    )?;
    narration.note("Kafka Connect maps these to nullable columns with wrapper.for.nullables=true");

    narration.end(
        "both ways keep null apart from the default. `optional` costs nothing extra on the wire; \
         a wrapper costs a nested message.",
        "src/bin/cc-protobuf-examples/examples/null.rs",
        "--set null.age=7. The third payload ends its age in 07 instead of 00; its length stays, \
         because the 0 was sent all along.",
    );
    Ok(())
}
