//! Types generated at build time from the `.proto` files under `schemas/`.
//!
//! Modules follow the packages: `com.acme.MyRecord` is
//! [`com::acme::MyRecord`], a message without a package stands here. Each type
//! implements [`CompiledMessage`](super::CompiledMessage), which leads to its
//! schema, and serde's traits in Protobuf's canonical JSON mapping, with field
//! names as in the `.proto` file.
#![allow(missing_docs, rustdoc::all, clippy::all)]

include!(concat!(env!("OUT_DIR"), "/schemas.rs"));
