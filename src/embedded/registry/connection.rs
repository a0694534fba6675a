//! Connections: how many there may be, and how long each may keep the server
//! waiting.
//!
//! The deadlines are kept by the socket, because the HTTP implementation under
//! axum has no deadlines unless it is given a timer, and then the same one for
//! an idle connection as for a half-sent request.

use std::future::Future as _;
use std::io::{self, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::Next;
use axum::response::Response;
use axum::serve::IncomingStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::api_error::ApiError;
use super::negotiation::V1_JSON;

/// Descriptors left to the rest of the process.
const RESERVED_DESCRIPTORS: usize = 64;
/// Refused connections that wait for their client to read why, at most. They
/// are part of the reserve.
const MAX_LINGERING: usize = 32;
/// How long a refused client may take to read why.
const LINGER: Duration = Duration::from_secs(1);
/// Pause after the system refused a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Least time between two log lines about one kind of refusal.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// What connections may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How long a request's head may take from its first byte on.
    pub(super) header: Duration,
    /// How long a connection may be without a request.
    pub(super) idle: Duration,
    /// How long a client may take nothing of an answer.
    pub(super) write: Duration,
    /// Connections open at the same time.
    pub(super) connections: usize,
}

impl Limits {
    /// The least time after which a connection may be closed.
    fn shortest_wait(self) -> Duration {
        self.header.min(self.idle)
    }

    /// Leaves descriptors to the rest of the process where the system gives
    /// it few.
    pub(super) fn within_descriptors(self) -> Self {
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

/// Accepts connections, as many as may be open, and says so to the others.
pub(super) struct Listener {
    tcp: TcpListener,
    limits: Limits,
    open: Arc<Semaphore>,
    lingering: Arc<Semaphore>,
    refusal: Vec<u8>,
    refused: Occasional,
    failed: Occasional,
}

impl Listener {
    pub(super) fn new(tcp: TcpListener, limits: Limits) -> Self {
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
                "the embedded registry has as many connections as it may have, and refuses others"
            );
        }
        let Ok(mut tcp) = tcp.into_std() else { return };
        // The buffers of a new socket are empty: this does not block.
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
                // Without it the client loses nothing but perhaps the reason.
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

/// The whole answer to a connection beyond the limit.
fn refusal(limit: usize) -> Vec<u8> {
    let error = ApiError::new(
        503,
        format!(
            "The registry has {limit} connections open, as many as it may have; close some, or try again later"
        ),
    );
    let body = error.to_json();
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: {V1_JSON}\r\ncontent-length: {}\r\nretry-after: 1\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

/// Waits until the client has closed the connection: closing it first could
/// reset it before the answer is read.
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

/// Counts what happens, and says now and then how often it happened.
#[derive(Default)]
struct Occasional {
    times: u64,
    reported: Option<Instant>,
}

impl Occasional {
    /// Counts one more. Returns the number since the last report if it is time
    /// for another one.
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

/// What the application and the socket know of one connection.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    loopback: bool,
    activity: Arc<Activity>,
}

#[derive(Debug)]
struct Activity {
    accepted: Instant,
    /// Requests that are being served.
    requests: AtomicUsize,
    /// When the last one was answered, in nanoseconds after `accepted`.
    answered: AtomicU64,
}

impl Activity {
    fn answered(&self) -> Instant {
        let after = Duration::from_nanos(self.answered.load(Ordering::Relaxed));
        self.accepted.checked_add(after).unwrap_or(self.accepted)
    }
}

impl Connection {
    /// Whether the client is on this machine and reached it over loopback.
    pub(super) fn is_loopback(&self) -> bool {
        self.loopback
    }
}

impl Connected<IncomingStream<'_, Listener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        stream.io().connection.clone()
    }
}

/// A request being served; the connection is not idle meanwhile.
struct Serving(Arc<Activity>);

impl Serving {
    fn new(activity: Arc<Activity>) -> Self {
        activity.requests.fetch_add(1, Ordering::Relaxed);
        Self(activity)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let elapsed = self.0.accepted.elapsed().as_nanos();
        let elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX);
        self.0.answered.store(elapsed, Ordering::Relaxed);
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Lets the socket know while a request is being served.
pub(super) async fn track(
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let _serving = Serving::new(connection.activity);
    next.run(request).await
}

/// A socket that fails when its client keeps the server waiting.
pub(super) struct Stream {
    tcp: TcpStream,
    limits: Limits,
    connection: Connection,
    /// When the first byte came that no request has claimed yet.
    head: Option<Instant>,
    /// When something of an answer was last taken.
    written: Instant,
    /// Fires at the deadline for reading, or before it.
    timer: Pin<Box<Sleep>>,
    /// Fires when the client has taken nothing for too long.
    stalled: Option<Pin<Box<Sleep>>>,
    _permit: OwnedSemaphorePermit,
}

impl Stream {
    fn new(tcp: TcpStream, limits: Limits, permit: OwnedSemaphorePermit) -> Self {
        // Without it small answers wait for the client's delayed acknowledgement.
        if let Err(error) = tcp.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let accepted = Instant::now();
        let loopback = |address: SocketAddr| address.ip().to_canonical().is_loopback();
        Self {
            connection: Connection {
                // In doubt it counts as loopback, where more is checked.
                loopback: tcp.local_addr().map_or(true, loopback),
                activity: Arc::new(Activity {
                    accepted,
                    requests: AtomicUsize::new(0),
                    answered: AtomicU64::new(0),
                }),
            },
            tcp,
            limits,
            head: None,
            written: accepted,
            timer: Box::pin(sleep(limits.shortest_wait())),
            stalled: None,
            _permit: permit,
        }
    }

    /// When the client must have sent more; `None` while it is the server's turn.
    fn deadline(&self) -> Option<Instant> {
        if self.connection.activity.requests.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let answered = self.connection.activity.answered();
        match self.head {
            Some(began) if began > answered => began.checked_add(self.limits.header),
            _ => answered.max(self.written).checked_add(self.limits.idle),
        }
    }

    /// Waits for the deadline where there was nothing to read.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            let deadline = self.deadline();
            if deadline.is_some_and(|deadline| deadline < self.timer.deadline()) {
                self.reset(deadline);
            }
            ready!(self.timer.as_mut().poll(cx));
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.reset(deadline);
        }
    }

    /// Sets the timer for the deadline, or for another look before it: nothing
    /// is read when an answer brings the deadline nearer.
    fn reset(&mut self, deadline: Option<Instant>) {
        let look = Instant::now().checked_add(self.limits.shortest_wait());
        let next = deadline.into_iter().chain(look).min();
        if let Some(next) = next {
            self.timer.as_mut().reset(next);
        }
    }

    /// Takes note of what became of a write.
    fn written<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match outcome {
            Poll::Ready(outcome) => {
                self.written = Instant::now();
                self.stalled = None;
                Poll::Ready(outcome)
            }
            Poll::Pending => {
                let write = self.limits.write;
                let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(write)));
                ready!(stalled.as_mut().poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.tcp).poll_read(cx, buffer) {
            Poll::Ready(outcome) => {
                let activity = &self.connection.activity;
                if activity.requests.load(Ordering::Relaxed) == 0
                    && self.head.is_none_or(|began| began <= activity.answered())
                {
                    self.head = Some(Instant::now());
                }
                Poll::Ready(outcome)
            }
            Poll::Pending => self.poll_deadline(cx).map(Err),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.tcp).poll_write(cx, bytes);
        self.written(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.tcp).poll_write_vectored(cx, slices);
        self.written(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
