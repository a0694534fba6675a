//! Asynchronous REST client for Schema Registry, DEK Registry and catalog.

pub mod entities;
