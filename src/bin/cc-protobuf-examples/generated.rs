//! Types generated at build time from the `.proto` files under `schemas/`.
//!
//! Modules follow the packages: `com.acme.MyRecord` is `com::acme::MyRecord`, and a
//! message without a package is at the top. Each type implements
//! `CompiledMessage`, which returns its schema.
#![allow(dead_code, missing_docs, clippy::all)]

include!(concat!(env!("OUT_DIR"), "/schemas.rs"));
