//! Types generated at build time from the `.proto` files under `schemas/`.
//!
//! Modules follow the packages: `com.acme.MyRecord` is
//! [`com::acme::MyRecord`], a message without a package stands here. Each type
//! implements [`CompiledMessage`](super::CompiledMessage), which leads to its
//! schema, and serde's traits in Protobuf's canonical JSON mapping, with field
//! names as in the `.proto` file. [`schema`] finds a type's schema by file and
//! name, where the type is not known before the program runs.
#![allow(missing_docs, rustdoc::all, clippy::all)]

use std::sync::Arc;

type Schema = Arc<dyn super::ProtoSchema>;

/// The schema of the message `message` that file `file` declares: the path below
/// `schemas/`, and the full name or the name within the file's package.
///
/// ```
/// use cc_protobuf_examples::protobuf::ProtoSchema;
/// use cc_protobuf_examples::protobuf::generated::schema;
///
/// let schema = schema("evolution/MyRecord_v2.proto", "MyRecord")?;
/// assert_eq!(schema.full_name(), "MyRecord");
/// # Ok::<(), cc_protobuf_examples::protobuf::Error>(())
/// ```
///
/// # Errors
/// [`Error::NoMessage`](super::Error::NoMessage) if no such file was compiled in
/// or it does not declare the message.
pub fn schema(file: &str, message: &str) -> Result<Schema, super::Error> {
    find(file, message).unwrap_or_else(|| {
        Err(super::Error::NoMessage {
            file: file.to_owned(),
            message: message.to_owned(),
        })
    })
}

fn schema_of<M: super::CompiledMessage + 'static>() -> Result<Schema, super::Error> {
    Ok(M::schema()?)
}

include!(concat!(env!("OUT_DIR"), "/schemas.rs"));
