//! Sends calls over HTTP: connection pools, authentication, retries, fail-over and
//! the interpretation of answers.

pub(super) mod address;
pub(super) mod auth;
mod authorization;
pub(super) mod call;
pub(super) mod oauth;
pub(super) mod path;
pub(super) mod pools;
pub(super) mod response;
pub(super) mod retry;
pub(super) mod transport;
