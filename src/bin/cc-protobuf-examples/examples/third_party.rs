//! Handles registries that lack a feature of Confluent's.

use std::error::Error;

use cc_protobuf_examples::protobuf::builtin;
use cc_protobuf_examples::schema_registry;
use cc_protobuf_examples::schema_registry::entities::{Reference, SchemaRequest};

use super::Context;
use crate::failure::{Failure, of_type};
use crate::naming::import;

/// The file that defines field tags.
const META: &str = "confluent/meta.proto";
/// Error code of the registry for "Invalid schema".
const INVALID_SCHEMA: i32 = 42201;

/// Registers a schema that imports `confluent/meta.proto`. If the registry does not have
/// this file built in, it is registered under a subject of the run and referenced.
pub(super) async fn register_tagged(
    ctx: &Context<'_>,
    file: &str,
    subject: &str,
    request: &SchemaRequest,
) -> Result<(), Failure> {
    let refused = match ctx.registry.register(subject, request, false).await {
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    let text = builtin::file(META).map(|file| file.to_text());
    let (INVALID_SCHEMA, Some(schema)) = (refused.error_code().unwrap_or_default(), text) else {
        return Err(ctx.not_registered(file, subject, refused));
    };
    let under = ctx.names.reference_subject(import::META);
    let meta = SchemaRequest {
        schema,
        references: Vec::new(),
        rule_set: None,
        ..request.clone()
    };
    let registered = ctx
        .registry
        .register_with_version(&under, &meta, false)
        .await;
    let version = match registered {
        Ok(registered) => registered.version,
        Err(error) => {
            tracing::debug!("{META} cannot be registered under {under}: {error}");
            None
        }
    };
    let lacking = |error| {
        ctx.not_registered(file, subject, error).hint(format!(
            "this registry may lack {META}, which Confluent's has built in, and it does not accept \
             it as a reference either"
        ))
    };
    let Some(version) = version else {
        return Err(lacking(refused));
    };
    let mut request = request.clone();
    request.references.push(Reference {
        name: META.to_owned(),
        subject: under.clone(),
        version,
    });
    let registered = ctx.registry.register(subject, &request, false).await;
    registered.map_err(lacking)?;
    ctx.narration.note(&format!(
        "this registry does not have {META} built in: it is registered under {under}, and the \
         schema references it"
    ));
    Ok(())
}

/// Returns the failure to register a schema that references `subject`.
pub(super) fn reference_refused(
    subject: &str,
    error: impl Error + Send + Sync + 'static,
) -> Failure {
    let invalid = registry_code(&error) == Some(INVALID_SCHEMA);
    let failure = Failure::from(error);
    if !invalid || !subject.contains('/') {
        return failure;
    }
    failure.hint(format!(
        "unlike Confluent's, this registry does not seem to find references under subjects with a \
         `/` ({subject}); ReferenceSubjectNameStrategy::Qualified uses subjects without it"
    ))
}

/// Returns the registry's error code from an error's causes.
fn registry_code(error: &(dyn Error + 'static)) -> Option<i32> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = of_type::<schema_registry::Error>(error) {
            return error.error_code();
        }
        next = error.source();
    }
    None
}
