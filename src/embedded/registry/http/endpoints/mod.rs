//! The endpoints, one file per group of paths.

pub(super) mod compatibility;
pub(super) mod config;
pub(super) mod contexts;
pub(super) mod keys;
pub(super) mod mode;
pub(super) mod schemas;
pub(super) mod service;
pub(super) mod subjects;
pub(super) mod tag_definitions;
