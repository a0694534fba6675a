//! The HTTP server: connections, middleware and endpoints.

mod app;
pub(super) mod authentication;
mod blocking;
pub(super) mod connection;
mod endpoints;
mod json;
mod media_type;
mod negotiation;
pub(super) mod origin;
mod query;
pub(super) mod request_log;
mod rewrite;
mod schema_response;
pub(super) mod server;
pub(super) mod state;
