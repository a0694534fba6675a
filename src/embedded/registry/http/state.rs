//! The state that all handlers share.

use std::sync::Arc;
use std::time::Duration;

use super::authentication::BasicAuth;
use super::origin::Origin;
use super::request_log::RequestLog;
use crate::embedded::registry::keys::DekRegistry;
use crate::embedded::registry::store::Store;
use crate::embedded::registry::store::tag_definitions::TagDefinitions;

/// Handle to the state that axum passes to handlers.
pub(crate) type SharedState = Arc<RegistryState>;

/// Everything that one registry holds.
pub(crate) struct RegistryState {
    /// Subjects, schemas, configuration, modes.
    pub(crate) store: Store,
    /// The required credentials; `None` lets everyone in.
    pub(crate) credentials: Arc<Option<BasicAuth>>,
    /// Allowed origins of web pages.
    pub(crate) origins: Arc<[Origin]>,
    /// KEKs and DEKs.
    pub(crate) dek: DekRegistry,
    /// Tag definitions of the catalog.
    pub(crate) tags: TagDefinitions,
    /// Request counts, if enabled.
    pub(crate) request_log: Option<Arc<RequestLog>>,
    /// Maximum time for one request, including reading its body.
    pub(crate) request_timeout: Duration,
    /// Maximum size of a request body, in bytes.
    pub(crate) max_body_bytes: usize,
}
