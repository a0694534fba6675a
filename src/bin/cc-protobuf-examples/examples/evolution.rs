//! Example 3: a schema changes while old and new programs are running.

use crate::generated::evolution::{v1, v2};
use cc_protobuf_examples::protobuf::{ProtoField, ProtoMessage};
use cc_protobuf_examples::schema_registry::{CompatibilityLevel, Version};
use cc_protobuf_examples::serdes::SerializerOptions;
use serde_json::json;

use super::{Context, RecordValue};
use crate::failure::Failure;
use crate::naming::topic;

/// Registers v1 and v2, checks that v3 is refused, and reads in both directions.
#[tracing::instrument(skip_all)]
pub async fn example_evolution(ctx: &Context<'_>) -> Result<(), Failure> {
    let narration = &ctx.narration;
    narration.say(
        "Under BACKWARD_TRANSITIVE a new version must be able to read the records of every \
         version before it.",
    );
    let v1 = ctx.schema_in::<v1::MyRecord>(v1::schemas, || {
        ProtoMessage::new("MyRecord")
            .file_name("evolution/MyRecord_v1.proto")
            .field(ProtoField::string("id", 1))
            .field(ProtoField::float("amount", 2))
    })?;
    let v2 = ctx.schema_in::<v2::MyRecord>(v2::schemas, || {
        ProtoMessage::new("MyRecord")
            .file_name("evolution/MyRecord_v2.proto")
            .field(ProtoField::string("id", 1))
            .field(ProtoField::float("amount", 2))
            .field(ProtoField::string("customer_id", 3))
    })?;
    // This version is not compiled; it is only there to be refused.
    let v3 = ProtoMessage::new("MyRecord")
        .file_name("evolution/MyRecord_v3.proto")
        .field(ProtoField::string("id", 1))
        .field(ProtoField::string("amount", 2))
        .build()?;
    ctx.save(&v3)?;

    narration.step("Register v1 and set the subject's compatibility level");
    let subject = ctx.names.value_subject(topic::EVOLUTION);
    ctx.register(&subject, &*v1, vec![]).await?;
    let wanted: CompatibilityLevel = ctx.parsed("evolution.level", "BACKWARD_TRANSITIVE")?;
    let level = ctx
        .registry
        .set_compatibility(wanted, Some(&subject))
        .await?;
    narration.check(level == wanted, format!("{subject} is under {level}"))?;

    narration.step("v2 adds customer_id: ask first, then register");
    let request = ctx.request(&*v2, vec![]);
    let answer = ctx
        .registry
        .test_compatibility(&subject, Version::Latest, &request)
        .await?;
    narration.check(answer.is_compatible, "the registry calls v2 compatible")?;
    ctx.register(&subject, &*v2, vec![]).await?;

    narration.step("v3 makes amount a string: the registry says why not");
    let request = ctx.request(&v3, vec![]);
    let answer = ctx
        .registry
        .test_compatibility(&subject, Version::Latest, &request)
        .await?;
    for reason in answer.messages.iter().take(1) {
        narration.fact("reason", reason.as_str());
    }
    let verdict = match answer.is_compatible {
        true => "compatible",
        false => "incompatible",
    };
    narration.compare(
        "the registry calls v3 incompatible",
        "incompatible",
        verdict,
    );
    let outcome = match ctx.registry.register(&subject, &request, false).await {
        Ok(_) => "registered",
        Err(error) if error.is_incompatible() => {
            narration.fact("error code", error.error_code().unwrap_or_default());
            "refused"
        }
        Err(error) => return Err(error.into()),
    };
    narration.compare("and refuses to register it", "refused", outcome);

    narration.step("An old and a new producer write to the same topic");
    let topic = ctx.names.topic(topic::EVOLUTION);
    let serializer = ctx.serializer(SerializerOptions::new())?;
    let old_value = json!({"id": "t-1", "amount": 9.5});
    let new_value = json!({"id": "t-2", "amount": 12.25, "customer_id": "c-7"});
    let mut sent = Vec::new();
    for (schema, value) in [(&v1, &old_value), (&v2, &new_value)] {
        let record = serializer.serialize_record_json(&**schema, &topic, value);
        let message = RecordValue::from(record.await?);
        let name = value["id"].as_str().unwrap_or_default();
        ctx.show_hex(name, &message, Some(schema.descriptor()))?;
        sent.push(message);
    }
    let received = ctx.deliver(&topic, "account-1", sent).await?;
    let [old, new] = received.as_slice() else {
        return Err(Failure::expectation("two records come back"));
    };
    narration.check(
        old.envelope()?.schema != new.envelope()?.schema,
        "each record names the version that it was written with",
    )?;

    narration.step("Each reader reads the other's record");
    let with_new = v2.deserialize(old.envelope()?.payload)?;
    narration.fact("old record, read with v2", with_new.clone());
    narration.check(
        with_new == old_value,
        "v2 finds no customer_id and takes its default, \"\"",
    )?;
    let with_old = v1.deserialize(new.envelope()?.payload)?;
    narration.fact("new record, read with v1", with_old.clone());
    narration.check(
        with_old == json!({"id": "t-2", "amount": 12.25}),
        "v1 skips customer_id, a field that it does not know",
    )?;

    narration.end(
        "fields are found by number. Adding one under a new number is safe both ways; giving a \
         number another type is not.",
        "src/bin/cc-protobuf-examples/examples/evolution.rs",
        "--set evolution.level=NONE. The registry then accepts v3, and step 3 shows what it \
         expected beside what it found: the level alone stood between v3 and your consumers.",
    );
    Ok(())
}
