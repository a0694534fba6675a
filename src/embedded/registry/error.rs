//! Why the server could not be started.

use std::io;
use std::net::SocketAddr;

/// Why the embedded registry did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process listens on that port already.
    #[error("cannot listen on {address}: the port is taken by another process")]
    PortTaken {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The server's thread or runtime could not be made.
    #[error("cannot start the thread of the embedded registry")]
    Thread(#[source] io::Error),
}

impl Error {
    pub(crate) fn listen(address: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::PortTaken { address, source },
            _ => Self::Listen { address, source },
        }
    }
}
