//! What all handlers share.

use std::sync::Arc;
use std::time::Duration;

use super::auth::Credentials;
use super::catalog::TagDefinitions;
use super::dek::DekRegistry;
use super::origin::Origin;
use super::request_log::RequestLog;
use super::store::Store;

/// Handle to the state, as axum hands it to handlers.
pub(super) type Shared = Arc<State>;

/// Everything one registry holds.
pub(super) struct State {
    /// Subjects, schemas, configuration, modes.
    pub(super) store: Store,
    /// Who is let in; anyone when absent.
    pub(super) credentials: Option<Credentials>,
    /// Origins of the web pages that are let in.
    pub(super) origins: Vec<Origin>,
    /// KEKs and DEKs.
    pub(super) dek: DekRegistry,
    /// Tag definitions of the catalog.
    pub(super) tags: TagDefinitions,
    /// Counts of requests, when asked for.
    pub(super) request_log: Option<Arc<RequestLog>>,
    /// How long one request may take, reading its body included.
    pub(super) request_timeout: Duration,
    /// Longest body accepted, in bytes.
    pub(super) max_body_bytes: usize,
}
