//! Example 2: a schema that others reference cannot be deleted.

use crate::generated::com::acme;
use cc_protobuf_examples::protobuf::{ProtoField, ProtoMessage};
use cc_protobuf_examples::schema_registry::entities::Reference;
use cc_protobuf_examples::schema_registry::{Format, Version};
use cc_protobuf_examples::wire_format::SchemaId;
use serde_json::json;

use super::Context;
use crate::failure::Failure;
use crate::naming::{import, subject_only};

/// Error code of the registry for "One or more references exist to the schema".
const REFERENCE_EXISTS: i32 = 42206;

/// Tries to delete in the wrong order, then in the right one.
#[tracing::instrument(skip_all)]
pub async fn example_delete(ctx: &Context<'_>) -> Result<(), Failure> {
    let narration = &ctx.narration;
    let for_good = ctx
        .value("delete.permanent", "yes")
        .eq_ignore_ascii_case("yes");
    narration.say(
        "Records written with a schema can be read only while the registry has it and \
         everything that it imports. So the registry guards referenced schemas.",
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

    narration.step("Register two schemas, one referencing the other");
    let referenced = ctx.names.reference_subject(import::DELETE);
    let referencing = ctx.names.value_subject(subject_only::DELETE);
    let target = ctx.register(&referenced, &*other, vec![]).await?;
    let version = target.version.unwrap_or(-1);
    let reference = Reference {
        name: other.file_name().to_owned(),
        subject: referenced.clone(),
        version,
    };
    let referrer = ctx
        .register(&referencing, &*my_record, vec![reference.clone()])
        .await?;
    let referrer_id = referrer.id.unwrap_or_default();

    narration.step("Ask who references it");
    let by = ctx
        .registry
        .referenced_by(&referenced, Version::Number(version))
        .await?;
    narration.fact("referenced by schema ids", json!(by));
    narration.check(
        by.contains(&referrer_id),
        format!("schema {referrer_id} references it"),
    )?;

    narration.step("Delete the referenced subject first: the wrong order");
    let refusal = ctx.registry.delete_subject(&referenced).await;
    match &refusal {
        Ok(_) => narration.check(false, "the registry refuses")?,
        Err(error) if error.error_code() == Some(REFERENCE_EXISTS) => {
            narration.fact("status", error.status().unwrap_or_default());
            narration.fact("error code", REFERENCE_EXISTS);
            narration.fact("message", error.message().unwrap_or_default());
            narration.check(true, "the registry refuses, for the reason expected")?;
        }
        // Another refusal would prove nothing about references.
        Err(_) => {
            return Err(refusal
                .err()
                .map_or_else(|| Failure::expectation(""), Failure::from));
        }
    }

    narration.step("Delete the referencing subject first: the right order");
    let versions = ctx.registry.delete_subject(&referencing).await?;
    narration.fact("softly deleted versions", json!(versions));
    let gone = ctx.registry.versions(&referencing).await;
    narration.check(
        gone.is_err_and(|error| error.is_not_found()),
        "a soft delete hides the subject …",
    )?;
    let id = SchemaId(u32::try_from(referrer_id).unwrap_or_default());
    narration.check(
        ctx.registry
            .schema_by_id(id, None, Format::Default)
            .await
            .is_ok(),
        "… but the schema still answers by its id, so old records can be read",
    )?;

    if for_good {
        narration.step("Delete both for good, the referenced one last");
        ctx.registry.delete_subject_permanent(&referencing).await?;
        ctx.registry.delete_subject(&referenced).await?;
        ctx.registry.delete_subject_permanent(&referenced).await?;
        let by_id = ctx.registry.schema_by_id(id, None, Format::Default).await;
        narration.check(
            by_id.is_err_and(|error| error.is_not_found()),
            "now the id is unknown: records written with it are lost to every reader",
        )?;
    } else {
        narration.step("Leave it at the soft delete");
        let again = ctx.registry.versions_including(&referencing, true).await?;
        narration.check(
            !again.is_empty(),
            "the versions can still be listed with deleted=true",
        )?;
        let again = ctx
            .register(&referencing, &*my_record, vec![reference])
            .await?;
        narration.check(
            again.id == referrer.id && again.version > referrer.version,
            "registered once more, the schema is a new version with the old id",
        )?;
    }

    narration.end(
        "delete in the order opposite to registration, and for good only when no topic holds a \
         record of the schema any more.",
        "src/bin/cc-protobuf-examples/examples/delete.rs",
        "--set delete.permanent=no. The schemas stay readable by id, and the one registered \
         again is version 2 with the old id.",
    );
    Ok(())
}
