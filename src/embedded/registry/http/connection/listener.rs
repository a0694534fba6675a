//! The listening socket: accepts connections up to the limit and refuses others.

use std::io::{self, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use super::limits::ConnectionLimits;
use super::stream::{Connection, Stream};
use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::http::media_type::V1_JSON;

/// Maximum number of refused connections that wait for their client to read the
/// reason. They use the reserved descriptors.
const MAX_LINGERING: usize = 32;
/// Maximum time for a refused client to read the reason.
const LINGER: Duration = Duration::from_secs(1);
/// Pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Minimum time between two log lines about the same kind of refusal.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Accepts connections up to the limit, and answers 503 to the others.
pub(crate) struct Listener {
    tcp: TcpListener,
    limits: ConnectionLimits,
    open: Arc<Semaphore>,
    lingering: Arc<Semaphore>,
    refusal: Vec<u8>,
    refused: Occasional,
    failed: Occasional,
}

impl Listener {
    pub(crate) fn new(tcp: TcpListener, limits: ConnectionLimits) -> Self {
        Self {
            tcp,
            limits,
            open: Arc::new(Semaphore::new(limits.connections)),
            lingering: Arc::new(Semaphore::new(MAX_LINGERING)),
            refusal: refusal(limits.connections),
            refused: Occasional::default(),
            failed: Occasional::default(),
        }
    }

    fn refuse(&mut self, tcp: TcpStream) {
        let limit = self.limits.connections;
        if let Some(refused) = self.refused.count() {
            tracing::warn!(
                limit,
                refused,
                "the embedded registry reached its limit of connections and refuses further ones"
            );
        }
        let Ok(mut tcp) = tcp.into_std() else { return };
        // This does not block, because the buffers of a new socket are empty.
        let explained = tcp.write_all(&self.refusal);
        if explained
            .and_then(|()| tcp.shutdown(Shutdown::Write))
            .is_err()
        {
            return;
        }
        if let Ok(permit) = Arc::clone(&self.lingering).try_acquire_owned()
            && let Ok(tcp) = TcpStream::from_std(tcp)
        {
            tokio::spawn(async move {
                // If this fails, the client only misses the reason.
                let _ = timeout(LINGER, closed_by_client(tcp)).await;
                drop(permit);
            });
        }
    }
}

impl axum::serve::Listener for Listener {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Stream, SocketAddr) {
        loop {
            let (tcp, peer) = match self.tcp.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    if let Some(times) = self.failed.count() {
                        tracing::warn!(%error, times, "the embedded registry cannot accept connections");
                    }
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            match Arc::clone(&self.open).try_acquire_owned() {
                Ok(permit) => return (Stream::new(tcp, self.limits, permit), peer),
                Err(_) => self.refuse(tcp),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// Builds the whole answer to a connection beyond the limit.
fn refusal(limit: usize) -> Vec<u8> {
    let error = ApiError::new(
        503,
        format!(
            "The registry has reached its limit of {limit} open connections; close some, or try again later"
        ),
    );
    let body = error.to_json();
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: {V1_JSON}\r\ncontent-length: {}\r\nretry-after: 1\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

/// Waits until the client closes the connection. If the server closed it first,
/// a reset could discard the answer before the client reads it.
async fn closed_by_client(tcp: TcpStream) -> io::Result<()> {
    let mut ignored = [0; 1024];
    loop {
        tcp.readable().await?;
        match tcp.try_read(&mut ignored) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Counts events and limits how often they are logged.
#[derive(Default)]
struct Occasional {
    times: u64,
    reported: Option<Instant>,
}

impl Occasional {
    /// Counts one event. If a new report is due, returns the number of events
    /// since the last one.
    fn count(&mut self) -> Option<u64> {
        self.times = self.times.saturating_add(1);
        let now = Instant::now();
        if self
            .reported
            .is_some_and(|last| now.duration_since(last) < LOG_INTERVAL)
        {
            return None;
        }
        self.reported = Some(now);
        Some(std::mem::take(&mut self.times))
    }
}

impl Connected<IncomingStream<'_, Listener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        stream.io().connection()
    }
}
