//! How many connections there may be, and how long each may keep the server
//! waiting.

use std::time::Duration;

use tokio::sync::Semaphore;

/// Descriptors left to the rest of the process.
const RESERVED_DESCRIPTORS: usize = 64;

/// What connections may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How long a request's head may take from its first byte on.
    pub(crate) header: Duration,
    /// How long a connection may be without a request.
    pub(crate) idle: Duration,
    /// How long a client may take nothing of an answer.
    pub(crate) write: Duration,
    /// Connections open at the same time.
    pub(crate) connections: usize,
}

impl Limits {
    /// The least time after which a connection may be closed.
    pub(super) fn shortest_wait(self) -> Duration {
        self.header.min(self.idle)
    }

    /// Leaves descriptors to the rest of the process where the system gives
    /// it few.
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

/// Descriptors that this process may have open; `None` means any number.
#[cfg(unix)]
fn descriptors() -> Option<usize> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current.and_then(|limit| usize::try_from(limit).ok())
}

#[cfg(not(unix))]
fn descriptors() -> Option<usize> {
    None
}
