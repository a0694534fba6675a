//! Types generated at build time from the `.proto` files under `schemas/`.
//!
//! Modules follow the packages: `com.acme.MyRecord` is `com::acme::MyRecord`, and a
//! message without a package is at the top. `schemas()` returns the files, and
//! `evolution::v1::schemas()` the files of that version.
#![allow(dead_code, missing_docs, clippy::all)]

include!(concat!(env!("OUT_DIR"), "/schemas.rs"));
