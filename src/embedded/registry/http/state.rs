//! What all handlers share.

use std::sync::Arc;
use std::time::Duration;

use super::authentication::Credentials;
use super::origin::Origin;
use super::request_log::RequestLog;
use crate::embedded::registry::keys::DekRegistry;
use crate::embedded::registry::store::Store;
use crate::embedded::registry::store::tag_definitions::TagDefinitions;

/// Handle to the state, as axum hands it to handlers.
pub(crate) type Shared = Arc<State>;

/// Everything one registry holds.
pub(crate) struct State {
    /// Subjects, schemas, configuration, modes.
    pub(crate) store: Store,
    /// Who is let in; anyone when absent.
    pub(crate) credentials: Arc<Option<Credentials>>,
    /// Origins of the web pages that are let in.
    pub(crate) origins: Arc<[Origin]>,
    /// KEKs and DEKs.
    pub(crate) dek: DekRegistry,
    /// Tag definitions of the catalog.
    pub(crate) tags: TagDefinitions,
    /// Counts of requests, when asked for.
    pub(crate) request_log: Option<Arc<RequestLog>>,
    /// How long one request may take, reading its body included.
    pub(crate) request_timeout: Duration,
    /// Longest body accepted, in bytes.
    pub(crate) max_body_bytes: usize,
}
