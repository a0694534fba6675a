//! The builder that configures and starts a registry.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::csfle::kms::{Kms, KmsDrivers, LocalKms};

use super::error::Error;
use super::http::authentication::BasicAuth;
use super::http::connection::ConnectionLimits;
use super::http::origin::Origin;
use super::http::request_log::RequestLog;
use super::http::server::Server;
use super::http::state::RegistryState;
use super::keys::DekRegistry;
use super::running::EmbeddedRegistry;
use super::store::Store;
use super::store::budget::Budget;
use super::store::tag_definitions::TagDefinitions;

/// Options of an [`EmbeddedRegistry`]. The defaults suit tests: a free port on
/// the loopback interface, no authentication.
#[must_use = "a builder does nothing until it is started"]
pub struct Builder {
    listen: SocketAddr,
    credentials: Option<BasicAuth>,
    origins: Vec<Origin>,
    kms: KmsDrivers,
    request_log: bool,
    request_timeout: Duration,
    header_timeout: Duration,
    idle_timeout: Duration,
    max_connections: usize,
    max_body_bytes: usize,
    max_stored_bytes: usize,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            credentials: None,
            origins: Vec::new(),
            kms: KmsDrivers::new(),
            request_log: false,
            request_timeout: Duration::from_secs(30),
            header_timeout: Duration::from_secs(20),
            // Many clients keep a connection for 90 seconds. Waiting longer
            // lets the client close it first.
            idle_timeout: Duration::from_secs(100),
            max_connections: 1024,
            max_body_bytes: 1024 * 1024,
            max_stored_bytes: 1024 * 1024 * 1024,
        }
    }
}

impl Builder {
    /// Sets the address and port to listen on; port 0 picks a free one. An address
    /// that is not loopback is open to other machines, and a warning is logged.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Requires these Basic credentials of every request.
    pub fn basic_auth(mut self, user: &str, password: &str) -> Self {
        self.credentials = Some(BasicAuth::new(user, password));
        self
    }

    /// Accepts requests from web pages of this origin. Pages of any other
    /// origin get 403, on every address. Over loopback, so do requests for a
    /// host that is neither an IP address nor `localhost`.
    pub fn allow_origin(mut self, origin: Origin) -> Self {
        self.origins.push(origin);
        self
    }

    /// Sets the secret of the local KMS. The registry can then wrap and unwrap
    /// the keys of shared KEKs of type `local-kms`; see [`Builder::kms`].
    pub fn local_kms_secret(self, secret: &str) -> Self {
        self.kms(LocalKms::new(secret))
    }

    /// Gives the registry access to a KMS, for shared KEKs of its type. The
    /// default is none: everyone who can send requests to the registry can make
    /// a KEK shared and have this driver unwrap its keys.
    pub fn kms(mut self, driver: impl Kms + 'static) -> Self {
        self.kms = self.kms.with(driver);
        self
    }

    /// Enables the request counts of [`EmbeddedRegistry::requests`]. Memory use
    /// grows with the number of different paths.
    pub fn record_requests(mut self) -> Self {
        self.request_log = true;
        self
    }

    /// Sets the maximum time for one request, including reading its body. A
    /// request that takes longer is answered 408. Default: 30 seconds.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Sets the maximum time from the first byte of a request to the end of its
    /// headers. Later, the connection is closed. Default: 20 seconds.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.header_timeout = timeout;
        self
    }

    /// Sets how long a connection may stay open without a request. Default: 100
    /// seconds.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets the maximum number of open connections. Further ones are answered
    /// 503 and closed. Default: 1,024, or 64 below the process's limit of file
    /// descriptors if that is fewer.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// Sets the maximum size of a request body in bytes. A longer one is
    /// answered 413. Default: 1 MiB.
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = bytes;
        self
    }

    /// Sets the maximum number of stored bytes, estimated as memory. A request
    /// that would exceed it is answered 507 with error code 50701. Default: 1
    /// GiB, enough for about 500,000 small schemas.
    pub fn max_stored_bytes(mut self, bytes: usize) -> Self {
        self.max_stored_bytes = bytes;
        self
    }

    /// Starts the registry. It serves requests once this returns.
    ///
    /// # Errors
    ///
    /// [`Error::PortTaken`] or [`Error::Listen`] if the registry cannot listen
    /// on the address, [`Error::Thread`] if the system refuses a thread.
    pub async fn start(self) -> Result<EmbeddedRegistry, Error> {
        if !self.listen.ip().is_loopback() {
            tracing::warn!(
                address = %self.listen,
                authentication = self.credentials.is_some(),
                "the embedded registry listens beyond this machine"
            );
        }
        let request_log = self.request_log.then(Arc::<RequestLog>::default);
        let budget = Arc::new(Budget::new(self.max_stored_bytes));
        let state = RegistryState {
            store: Store::new(Arc::clone(&budget)),
            credentials: Arc::new(self.credentials),
            origins: self.origins.into(),
            dek: DekRegistry::new(self.kms, Arc::clone(&budget)),
            tags: TagDefinitions::new(budget),
            request_log: request_log.clone(),
            request_timeout: self.request_timeout,
            max_body_bytes: self.max_body_bytes,
        };
        let limits = ConnectionLimits {
            header: self.header_timeout,
            idle: self.idle_timeout,
            write: self.request_timeout,
            connections: self.max_connections,
        };
        let server = Server::start(self.listen, Arc::new(state), limits.within_descriptors())?;
        Ok(EmbeddedRegistry::new(server, request_log))
    }
}

impl EmbeddedRegistry {
    /// Starts an empty registry on a free port of the loopback interface.
    ///
    /// # Errors
    ///
    /// Fails if the system refuses a socket or a thread; see
    /// [`Builder::start`].
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// Returns a builder for address, authentication and more.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("listen", &self.listen)
            .field("credentials", &self.credentials)
            .field("origins", &self.origins)
            .field("kms", &self.kms)
            .field("request_log", &self.request_log)
            .field("request_timeout", &self.request_timeout)
            .field("header_timeout", &self.header_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("max_connections", &self.max_connections)
            .field("max_body_bytes", &self.max_body_bytes)
            .field("max_stored_bytes", &self.max_stored_bytes)
            .finish()
    }
}
