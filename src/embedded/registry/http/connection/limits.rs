//! Limits on connections: their number, and the times after which they are
//! closed.

use std::time::Duration;

use tokio::sync::Semaphore;

/// File descriptors reserved for the rest of the process.
const RESERVED_DESCRIPTORS: usize = 64;

/// Limits on connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionLimits {
    /// Maximum time from the first byte of a request to the end of its head.
    pub(crate) header: Duration,
    /// Maximum time without a request.
    pub(crate) idle: Duration,
    /// Maximum time in which a client may read nothing of an answer.
    pub(crate) write: Duration,
    /// Maximum number of open connections.
    pub(crate) connections: usize,
}

impl ConnectionLimits {
    /// Returns the shortest time after which a connection can be closed.
    pub(super) fn shortest_wait(self) -> Duration {
        self.header.min(self.idle)
    }

    /// Lowers the number of connections so that the process keeps some file
    /// descriptors.
    pub(crate) fn within_descriptors(self) -> Self {
        let most = descriptors().map_or(usize::MAX, |limit| {
            limit.saturating_sub(RESERVED_DESCRIPTORS).max(1)
        });
        Self {
            connections: self.connections.min(most).min(Semaphore::MAX_PERMITS),
            ..self
        }
    }
}

/// Returns how many file descriptors the process may open; `None` means no
/// limit.
#[cfg(unix)]
fn descriptors() -> Option<usize> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current.and_then(|limit| usize::try_from(limit).ok())
}

#[cfg(not(unix))]
fn descriptors() -> Option<usize> {
    None
}
