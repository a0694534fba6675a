//! An open connection.
//!
//! The socket keeps the deadlines. The HTTP implementation under axum has none
//! without a timer, and with a timer it treats an idle connection like a
//! half-sent request.

use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::{ConnectInfo, Request};
use axum::middleware::Next;
use axum::response::Response;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep};

use super::limits::ConnectionLimits;

/// State of one connection, shared by the application and the socket.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    loopback: bool,
    activity: Arc<Activity>,
}

#[derive(Debug)]
struct Activity {
    accepted: Instant,
    /// Number of requests in flight.
    requests: AtomicUsize,
    /// When the last request was answered, in nanoseconds after `accepted`.
    answered: AtomicU64,
}

impl Activity {
    fn answered(&self) -> Instant {
        let after = Duration::from_nanos(self.answered.load(Ordering::Relaxed));
        self.accepted.checked_add(after).unwrap_or(self.accepted)
    }
}

impl Connection {
    /// Returns whether the client connected over loopback.
    pub(crate) fn is_loopback(&self) -> bool {
        self.loopback
    }
}

/// A request in flight. While it lives, the connection is not idle.
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

/// Tells the socket that a request is in flight.
pub(crate) async fn track(
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let _serving = Serving::new(connection.activity);
    next.run(request).await
}

/// A socket that fails when its client keeps the server waiting.
pub(crate) struct Stream {
    tcp: TcpStream,
    limits: ConnectionLimits,
    connection: Connection,
    /// When the first byte of the next request arrived.
    head: Option<Instant>,
    /// When the client last read part of an answer.
    written: Instant,
    /// Fires at the read deadline or earlier.
    timer: Pin<Box<Sleep>>,
    /// Fires when the client has read nothing for too long.
    stalled: Option<Pin<Box<Sleep>>>,
    _permit: OwnedSemaphorePermit,
}

impl Stream {
    pub(super) fn new(
        tcp: TcpStream,
        limits: ConnectionLimits,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        // Otherwise small answers wait for the client's delayed
        // acknowledgement.
        if let Err(error) = tcp.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let accepted = Instant::now();
        let loopback = |address: SocketAddr| address.ip().to_canonical().is_loopback();
        Self {
            connection: Connection {
                // If unknown, it counts as loopback, where more is checked.
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

    /// Returns the state that the connection's requests need.
    pub(super) fn connection(&self) -> Connection {
        self.connection.clone()
    }

    /// Returns when the client must have sent more; `None` while a request is
    /// in flight.
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

    /// Waits for the deadline when there is nothing to read.
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

    /// Sets the timer to the deadline, or earlier to check again: an answer can
    /// bring the deadline nearer without a read.
    fn reset(&mut self, deadline: Option<Instant>) {
        let look = Instant::now().checked_add(self.limits.shortest_wait());
        let next = deadline.into_iter().chain(look).min();
        if let Some(next) = next {
            self.timer.as_mut().reset(next);
        }
    }

    /// Records the outcome of a write.
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
