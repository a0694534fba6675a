//! A running registry.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use super::http::request_log::RequestLog;
use super::http::server::Server;

/// A running registry. Dropping it stops the server and frees the port.
pub struct EmbeddedRegistry {
    server: Server,
    url: String,
    request_log: Option<Arc<RequestLog>>,
}

impl EmbeddedRegistry {
    pub(super) fn new(server: Server, request_log: Option<Arc<RequestLog>>) -> Self {
        let url = format!("http://{}", server.address());
        Self {
            server,
            url,
            request_log,
        }
    }

    /// Returns the base URL, such as `http://127.0.0.1:41907`, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the address that the registry listens on.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Returns the request counts if [`Builder::record_requests`](super::Builder::record_requests) was called.
    pub fn requests(&self) -> Option<&RequestLog> {
        self.request_log.as_deref()
    }

    /// Stops the registry. Requests in flight get up to five seconds to finish.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

impl fmt::Debug for EmbeddedRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedRegistry")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}
