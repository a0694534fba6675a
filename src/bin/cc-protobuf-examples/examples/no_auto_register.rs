//! Example 10: producers that may use schemas but not register them.

use crate::generated::Invoice;
use cc_protobuf_examples::protobuf::{ProtoField, ProtoMessage};
use cc_protobuf_examples::serdes::SerializerOptions;
use serde_json::json;

use super::{Context, RecordValue};
use crate::failure::{Exit, Failure};
use crate::naming::{subject_only, topic};

/// One schema is registered and works; the other is not, and is refused.
#[tracing::instrument(skip_all)]
pub async fn example_no_auto_register(ctx: &Context<'_>) -> Result<(), Failure> {
    let narration = &ctx.narration;
    narration.say(
        "With auto_register_schemas off, a producer can only use what somebody registered \
         before, say a deployment pipeline after review.",
    );
    let invoice = ctx.schema::<Invoice>(|| {
        ProtoMessage::new("Invoice")
            .field(ProtoField::string("invoice_id", 1))
            .field(ProtoField::string("vendor", 2))
            .field(ProtoField::float("total", 3))
    })?;

    narration.step("The pipeline registers the schema");
    let subject = ctx.names.value_subject(topic::NO_AUTO_REGISTER);
    let registered = ctx.register(&subject, &*invoice, vec![]).await?;
    let versions_before = ctx.registry.versions(&subject).await?;

    narration.step("The producer looks it up and uses it");
    let auto = ctx
        .value("no-auto-register.auto", "false")
        .eq_ignore_ascii_case("true");
    let options = SerializerOptions::new().auto_register_schemas(auto);
    let serializer = ctx.serializer(options)?;
    let topic = ctx.names.topic(topic::NO_AUTO_REGISTER);
    let value = json!({"invoice_id": "inv-1", "vendor": "Babbage & Co", "total": 99.5});
    let record = serializer
        .serialize_record_json(&*invoice, &topic, &value)
        .await?;
    let message = RecordValue::from(record);
    ctx.show(&message, Some(invoice.descriptor()))?;
    narration.check(
        ctx.registry.versions(&subject).await? == versions_before,
        format!(
            "nothing was registered: the subject still ends at version {}",
            registered.version.unwrap_or_default()
        ),
    )?;
    let deserializer = ctx.deserializer()?;
    for message in ctx.deliver(&topic, "inv-1", vec![message]).await? {
        let read = deserializer
            .deserialize_json(message.record(&topic))
            .await?;
        narration.check(
            read.as_ref() == Some(&value),
            "what was read is what was written",
        )?;
    }

    narration.step("The same producer, on a topic whose schema nobody registered");
    let unknown_subject = ctx.names.value_subject(subject_only::UNKNOWN);
    let unknown = ctx.names.unused_topic(subject_only::UNKNOWN);
    if ctx.registry.versions(&unknown_subject).await.is_ok() {
        ctx.registry.delete_subject(&unknown_subject).await?;
        narration.note("an earlier run with this id registered it, with --set; deleted first");
    }
    let refused = serializer.serialize_record_json(&*invoice, &unknown, &value);
    match refused.await {
        Ok(_) => {
            let versions = ctx.registry.versions(&unknown_subject).await?;
            narration.compare(
                "the serializer refuses, and the subject still does not exist",
                "an error",
                &format!("{unknown_subject} was made, with the versions {versions:?}"),
            );
        }
        Err(error) => {
            let failure = Failure::from(error);
            if failure.exit != Exit::Unmet {
                return Err(failure);
            }
            narration.fact("error", failure.to_string());
            let unregistered = ctx.registry.versions(&unknown_subject).await;
            narration.check(
                unregistered.is_err_and(|error| error.is_not_found()),
                "the serializer refuses, and the subject still does not exist",
            )?;
        }
    }

    narration.end(
        "switch auto-registration off wherever schemas are governed: CI registers them, \
         producers hold credentials that can only read.",
        "src/bin/cc-protobuf-examples/examples/no_auto_register.rs",
        "--set no-auto-register.auto=true. The serializer then registers the schema under the \
         unknown topic, and step 3 shows what it expected beside what it found.",
    );
    Ok(())
}
