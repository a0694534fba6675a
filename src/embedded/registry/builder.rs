//! How a registry is configured before it starts.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::csfle::kms::{Kms, KmsDrivers, LocalKms};

use super::error::Error;
use super::http::authentication::Credentials;
use super::http::connection::Limits;
use super::http::origin::Origin;
use super::http::request_log::RequestLog;
use super::http::server::Server;
use super::http::state::State;
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
    credentials: Option<Credentials>,
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
            // More than the 90 seconds for which many clients keep a connection,
            // so that it is the client that closes it.
            idle_timeout: Duration::from_secs(100),
            max_connections: 1024,
            max_body_bytes: 1024 * 1024,
            max_stored_bytes: 1024 * 1024 * 1024,
        }
    }
}

impl Builder {
    /// Address and port to listen on; port 0 picks a free one. Anything but a
    /// loopback address lets other machines in, and is warned about in the log.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Lets in only requests with these Basic credentials.
    pub fn basic_auth(mut self, user: &str, password: &str) -> Self {
        self.credentials = Some(Credentials::new(user, password));
        self
    }

    /// Lets web pages of this origin in. Pages of any other origin are answered
    /// 403, whatever the address listened on. Over loopback so are requests for
    /// a host that is neither an IP address nor `localhost`.
    pub fn allow_origin(mut self, origin: Origin) -> Self {
        self.origins.push(origin);
        self
    }

    /// Secret of the local KMS. With it the registry can wrap and unwrap the
    /// keys of shared KEKs of type `local-kms` itself, see [`Builder::kms`].
    pub fn local_kms_secret(self, secret: &str) -> Self {
        self.kms(LocalKms::new(secret))
    }

    /// Gives the registry access to a KMS, for shared KEKs of its type. It has
    /// none by default: everybody who may send requests to the registry can
    /// make a KEK shared, and then has its keys unwrapped by this driver.
    pub fn kms(mut self, driver: impl Kms + 'static) -> Self {
        self.kms = self.kms.with(driver);
        self
    }

    /// Counts requests, see [`EmbeddedRegistry::requests`]. The counts grow with
    /// the number of different paths.
    pub fn record_requests(mut self) -> Self {
        self.request_log = true;
        self
    }

    /// How long one request may take, reading its body included, before it is
    /// answered 408; 30 seconds by default.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// How long the head of a request may take from its first byte on, before
    /// the connection is closed; 20 seconds by default.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.header_timeout = timeout;
        self
    }

    /// How long a connection may be without a request before it is closed;
    /// 100 seconds by default.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Connections open at the same time, 1,024 by default; further ones are
    /// answered 503 and closed. Where the system lets the process have few
    /// descriptors, the limit is their number less 64.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// Longest request body in bytes, 1 MiB by default; a longer one is
    /// answered 413.
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = bytes;
        self
    }

    /// Bytes that the registry may store, roughly as it takes them in memory;
    /// 1 GiB by default, enough for some 500,000 small schemas. What would
    /// exceed it is answered 507 with error code 50701.
    pub fn max_stored_bytes(mut self, bytes: usize) -> Self {
        self.max_stored_bytes = bytes;
        self
    }

    /// Starts the registry. It serves requests when this returns.
    ///
    /// # Errors
    ///
    /// [`Error::PortTaken`] and [`Error::Listen`] when the address cannot be
    /// listened on, [`Error::Thread`] when the system refuses a thread.
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
        let state = State {
            store: Store::new(Arc::clone(&budget)),
            credentials: Arc::new(self.credentials),
            origins: self.origins.into(),
            dek: DekRegistry::new(self.kms, Arc::clone(&budget)),
            tags: TagDefinitions::new(budget),
            request_log: request_log.clone(),
            request_timeout: self.request_timeout,
            max_body_bytes: self.max_body_bytes,
        };
        let limits = Limits {
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
    /// When the system refuses a socket or a thread; see [`Builder::start`].
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// Options: address, authentication, and more.
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
