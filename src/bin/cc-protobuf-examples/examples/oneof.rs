//! Example 4: several event types in one topic, distinguished by a oneof.

use crate::generated::io::confluent::examples::proto;
use cc_protobuf_examples::protobuf::{ProtoField, ProtoMessage, ProtoOneof};
use cc_protobuf_examples::schema_registry::entities::Reference;
use cc_protobuf_examples::serdes::SerializerOptions;
use prost_reflect::ReflectMessage;
use serde_json::{Value, json};

use super::{Context, RecordValue, SharedSchema};
use crate::failure::Failure;
use crate::naming::topic;

const PACKAGE: &str = "io.confluent.examples.proto";

/// Sends three kinds of events through one topic and routes them.
#[tracing::instrument(skip_all)]
pub async fn example_oneof(ctx: &Context<'_>) -> Result<(), Failure> {
    let narration = &ctx.narration;
    narration.say(
        "Events that belong together should keep their order, so they share a topic. A wrapper \
         with a oneof gives that topic one schema that lists every kind of event.",
    );
    let customer = ctx.schema::<proto::Customer>(|| {
        ProtoMessage::new("Customer")
            .package(PACKAGE)
            .field(ProtoField::int64("customer_id", 1))
            .field(ProtoField::string("customer_name", 2))
            .field(ProtoField::string("customer_email", 3))
            .field(ProtoField::string("customer_address", 4))
    })?;
    let product = ctx.schema::<proto::Product>(|| {
        ProtoMessage::new("Product")
            .package(PACKAGE)
            .field(ProtoField::int32("product_id", 1))
            .field(ProtoField::string("product_name", 2))
    })?;
    let order = ctx.schema::<proto::Order>(|| {
        ProtoMessage::new("Order")
            .package(PACKAGE)
            .field(ProtoField::int32("order_id", 1))
            .field(ProtoField::string("order_date", 2))
            .field(ProtoField::int32("order_amount", 3))
    })?;
    let all_types = ctx.schema::<proto::AllTypes>(|| {
        ProtoMessage::new("AllTypes")
            .package(PACKAGE)
            .import(&*customer)
            .import(&*product)
            .import(&*order)
            .oneof(
                ProtoOneof::new("oneof_type")
                    .field(ProtoField::message("customer", "Customer", 1))
                    .field(ProtoField::message("product", "Product", 2))
                    .field(ProtoField::message("order", "Order", 3)),
            )
    })?;

    narration.step("Register the events, then the wrapper that references them");
    let mut references = Vec::new();
    for schema in [&customer, &product, &order] {
        references.push(register_event(ctx, schema).await?);
    }
    let subject = ctx.names.value_subject(topic::ONEOF);
    ctx.register(&subject, &*all_types, references.clone())
        .await?;

    narration.step("Serialize events of different kinds for one topic");
    let options = references
        .into_iter()
        .fold(SerializerOptions::new(), SerializerOptions::reference);
    let serializer = ctx.serializer(options)?;
    let topic = ctx.names.topic(topic::ONEOF);
    let kinds: Vec<&str> = ctx
        .value("oneof.events", "customer,product,order")
        .split(',')
        .collect();
    let mut sent = Vec::new();
    for kind in &kinds {
        let event = event(kind).unwrap_or_default();
        let record = serializer.serialize_record_json(&*all_types, &topic, &event);
        let message = RecordValue::from(record.await?);
        narration.fact(kind, event);
        ctx.show_hex("record", &message, Some(all_types.descriptor()))?;
        sent.push(message);
    }
    let mut ids = Vec::new();
    for message in &sent {
        ids.push(message.envelope()?.schema);
    }
    ids.dedup();
    narration.check(
        ids.len() == 1,
        "all of them carry the same schema id, that of AllTypes",
    )?;

    narration.step("Consume them and route each by the case that is set");
    let deserializer = ctx.deserializer()?;
    let mut routed = Vec::new();
    for message in ctx.deliver(&topic, "account-1", sent).await? {
        let read = deserializer
            .deserialize_dynamic(message.record(&topic))
            .await?;
        let Some(read) = read else {
            return Err(Failure::expectation("every event has a value"));
        };
        let oneof = read.descriptor().oneofs().next();
        let case = oneof.and_then(|oneof| oneof.fields().find(|field| read.has_field(field)));
        let case = case
            .map(|field| field.name().to_owned())
            .unwrap_or_default();
        let handler = match case.as_str() {
            "customer" => "customer handler",
            "product" => "catalogue handler",
            "order" => "fulfilment handler",
            _ => "dead letter queue",
        };
        narration.fact(&format!("case {case}"), handler);
        routed.push(case);
    }
    narration.check(
        routed == kinds,
        "each event came back as the kind that it was sent as, in order",
    )?;

    narration.end(
        "a consumer learns the kind from the message itself, not from the schema id. A new kind \
         is a new member of the oneof: BACKWARD compatible, and old consumers see no case set.",
        "src/bin/cc-protobuf-examples/examples/oneof.rs",
        "--set oneof.events=order,order. Two events go out, and the fulfilment handler gets both.",
    );
    Ok(())
}

/// Registers one kind of event and returns the reference to it.
async fn register_event(ctx: &Context<'_>, schema: &SharedSchema) -> Result<Reference, Failure> {
    let name = schema.file_name().to_owned();
    let subject = ctx.names.reference_subject(&name);
    let registered = ctx.register(&subject, &**schema, vec![]).await?;
    let version = registered.version.unwrap_or(-1);
    Ok(Reference {
        name,
        subject,
        version,
    })
}

/// Returns an event of this kind, or `None` for an unknown kind.
pub fn event(kind: &str) -> Option<Value> {
    Some(match kind {
        "customer" => json!({"customer": {
            "customer_id": "1", "customer_name": "Ada", "customer_email": "ada@example.com",
            "customer_address": "1 Engine Street",
        }}),
        "product" => json!({"product": {"product_id": 7, "product_name": "Analytical engine"}}),
        "order" => json!({"order": {
            "order_id": 99, "order_date": "2026-01-31", "order_amount": 3,
        }}),
        _ => return None,
    })
}
