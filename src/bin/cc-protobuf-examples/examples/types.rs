//! Example 7: one record read as a typed message, a dynamic message and JSON.

use crate::generated::{self, io::confluent::examples::proto};
use cc_protobuf_examples::protobuf::{ProtoField, ProtoMessage};
use cc_protobuf_examples::schema_registry::entities::PROTOBUF;
use cc_protobuf_examples::serdes::{ErrorKind, SerializerOptions};
use prost_reflect::ReflectMessage;
use serde_json::{Value, json};

use super::{Context, RecordValue};
use crate::console::Table;
use crate::failure::Failure;
use crate::naming::subject_only;

/// Reads the same bytes in three ways, and in a wrong one.
#[tracing::instrument(skip_all)]
pub async fn example_types(ctx: &Context<'_>) -> Result<(), Failure> {
    let narration = &ctx.narration;
    narration.say(
        "A record says which schema it was written with, not which Rust type to read it into. \
         That is the reader's choice.",
    );
    narration.step("Which schema types does the registry know?");
    let types = ctx.registry.types().await?;
    narration.fact("types", types.join(", "));
    narration.check(
        types.iter().any(|name| name == PROTOBUF),
        "PROTOBUF is among them",
    )?;
    if ctx.embedded_registry() {
        narration
            .note("the embedded registry lists what the real one does, and accepts only PROTOBUF");
    }

    narration.step("Serialize a Customer");
    let customer = ctx.schema::<proto::Customer>(|| {
        ProtoMessage::new("Customer")
            .package("io.confluent.examples.proto")
            .field(ProtoField::int64("customer_id", 1))
            .field(ProtoField::string("customer_name", 2))
            .field(ProtoField::string("customer_email", 3))
            .field(ProtoField::string("customer_address", 4))
    })?;
    ctx.names.value_subject(subject_only::TYPES);
    let topic = ctx.names.unused_topic(subject_only::TYPES);
    let id: i64 = ctx.parsed("types.customer_id", "9007199254740993")?;
    // A typed message is encoded directly, with either kind of schema.
    let sent = proto::Customer {
        customer_id: id,
        customer_name: "Ada".to_owned(),
        ..proto::Customer::default()
    };
    let serializer = ctx.serializer(SerializerOptions::new().schemas(generated::schemas()?))?;
    let record = serializer.serialize_record(&topic, &sent).await?;
    let message = RecordValue::from(record);
    ctx.show(&message, Some(customer.descriptor()))?;

    narration.step("Read the same bytes three ways");
    let deserializer = ctx.deserializer()?;
    let record = message.record(&topic);
    let typed: Option<proto::Customer> = deserializer.deserialize(record).await?;
    let dynamic = deserializer.deserialize_dynamic(record).await?;
    let json = deserializer.deserialize_json(record).await?;
    let mut table = Table::new(["read as", "customer_id", "Rust type"]);
    let typed_id = typed.as_ref().map(|customer| customer.customer_id);
    table.row([
        "typed message",
        &format!("{}", typed_id.unwrap_or_default()),
        "i64, checked by rustc",
    ]);
    let dynamic_id = dynamic
        .as_ref()
        .and_then(|message| message.get_field_by_name("customer_id")?.as_i64());
    table.row([
        "dynamic message",
        &format!("{}", dynamic_id.unwrap_or_default()),
        "prost_reflect::Value::I64",
    ]);
    let json_id = json
        .as_ref()
        .map(|json| json["customer_id"].clone())
        .unwrap_or_default();
    table.row([
        "JSON",
        &json_id.to_string(),
        "string: 64 bits do not fit a JSON number",
    ]);
    narration.table(&table);
    narration.check(
        typed == Some(sent),
        "typed: the very message that was written",
    )?;
    narration.check(
        dynamic_id == Some(id),
        "dynamic: the same fields, by name, without the type",
    )?;
    let (expected, claim) = match id {
        0 => (Value::Null, "JSON: a field with its default is left out"),
        _ => (json!(id.to_string()), "JSON: 64-bit integers are strings"),
    };
    narration.check(json_id == expected, claim)?;

    narration.step("Read them as another type");
    let wrong: Result<Option<proto::Order>, _> = deserializer.deserialize(record).await;
    match wrong {
        Err(error) if matches!(error.kind(), ErrorKind::WrongType { .. }) => {
            narration.fact("error", error.to_string());
            narration.check(
                true,
                "refused: the bytes would have parsed, with the wrong meaning",
            )?;
        }
        Err(error) => return Err(error.into()),
        Ok(_) => narration.check(false, "a Customer is not read as an Order")?,
    }

    narration.step("Choose the type by the name of the writer's message");
    let name = dynamic.as_ref().map(ReflectMessage::descriptor);
    let name = name.as_ref().map_or("", |message| message.full_name());
    let chosen = match name {
        "io.confluent.examples.proto.Customer" => deserializer
            .deserialize::<proto::Customer>(record)
            .await?
            .map(|customer| customer.customer_id),
        "io.confluent.examples.proto.Order" => deserializer
            .deserialize::<proto::Order>(record)
            .await?
            .map(|order| i64::from(order.order_id)),
        _ => None,
    };
    narration.check(
        chosen == Some(id),
        format!("{name} leads to deserialize::<Customer>"),
    )?;

    narration.step("How the Java client's settings are said here");
    let mut table = Table::new(["Java", "Rust"]);
    table.row([
        "specific.protobuf.value.type=Customer",
        "deserializer.deserialize::<Customer>(…)",
    ]);
    table.row([
        "derive.type=true: the generated class",
        "match full_name { … deserialize::<T>(…) }",
    ]);
    table.row([
        "neither: DynamicMessage",
        "deserialize_dynamic(…) or deserialize_json(…)",
    ]);
    table.row([
        "latest.cache.ttl.sec",
        "SerializerOptions::latest_cache_ttl, 60 s",
    ]);
    narration.table(&table);

    narration.end(
        "the typed read needs no reflection and is the fastest; the dynamic one needs no code \
         generation and reads schemas that this program has never seen.",
        "src/bin/cc-protobuf-examples/examples/types.rs",
        "--set types.customer_id=-1. The id then takes ten bytes instead of eight: negative int64 \
         values always do, which is what sint64 is for.",
    );
    Ok(())
}
