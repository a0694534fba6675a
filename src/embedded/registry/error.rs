//! The error of starting a registry.

use std::io;
use std::net::SocketAddr;

/// Why the embedded registry did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process already listens on the port.
    #[error("cannot listen on {address}: the port is taken by another process")]
    PortTaken {
        /// The requested address.
        address: SocketAddr,
        /// The error of the system.
        source: io::Error,
    },
    /// The registry cannot listen on the address.
    #[error("cannot listen on {address}")]
    Listen {
        /// The requested address.
        address: SocketAddr,
        /// The error of the system.
        source: io::Error,
    },
    /// The server's thread or runtime could not be created.
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
