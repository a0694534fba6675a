//! The listening socket and the thread behind it.
//!
//! The server has its own thread and runtime. It therefore answers even if the
//! caller blocks, as in synchronous tests, and stopping it stops everything
//! that it started.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::app;
use super::connection::{Connection, ConnectionLimits, Listener};
use super::state::SharedState;
use crate::embedded::registry::error::Error;

/// Threads that serve requests. Parsing runs on the blocking pool.
const WORKERS: usize = 2;
/// Maximum number of threads that parse schemas at the same time.
const PARSERS: usize = 8;
/// How long a graceful stop waits for requests in flight.
const GRACE: Duration = Duration::from_secs(5);
/// How long a stop waits for parsers, which cannot be interrupted.
const PARSER_GRACE: Duration = Duration::from_secs(2);

/// How to stop the server.
enum Stop {
    /// Finish the requests in flight first.
    Gracefully,
    /// Drop everything.
    AtOnce,
}

/// A running server. Dropping it stops it, requests in flight included.
pub(crate) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<Stop>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Binds the socket and starts to serve.
    pub(crate) fn start(
        listen: SocketAddr,
        state: SharedState,
        limits: ConnectionLimits,
    ) -> Result<Self, Error> {
        let listener = TcpListener::bind(listen).map_err(|e| Error::listen(listen, e))?;
        let address = listener
            .local_addr()
            .map_err(|e| Error::listen(listen, e))?;
        listener
            .set_nonblocking(true)
            .map_err(|e| Error::listen(listen, e))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .max_blocking_threads(PARSERS)
            .thread_name("embedded-registry")
            .enable_all()
            .build()
            .map_err(Error::Thread)?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("embedded-registry".to_owned())
            .spawn(move || {
                if let Err(error) = runtime.block_on(serve(listener, state, limits, stopped)) {
                    tracing::error!(%error, "the embedded registry stopped serving");
                }
                runtime.shutdown_timeout(PARSER_GRACE);
            })
            .map_err(Error::Thread)?;
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for requests in flight, then stops.
    pub(crate) async fn shutdown(mut self) {
        let Some((stop, thread)) = self.stop.take().zip(self.thread.take()) else {
            return;
        };
        // The send fails if the server has already stopped.
        let _ = stop.send(Stop::Gracefully);
        let (joined, join) = oneshot::channel();
        // Joining blocks, and this may be the only thread of the caller's
        // runtime, so another thread joins.
        let joiner = std::thread::Builder::new().spawn(move || {
            let outcome = thread.join();
            let _ = joined.send(outcome.is_ok());
        });
        if joiner.is_ok() && join.await != Ok(true) {
            tracing::error!("the thread of the embedded registry panicked");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(Stop::AtOnce);
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the embedded registry panicked");
        }
    }
}

/// Serves until a stop is requested.
async fn serve(
    listener: TcpListener,
    state: SharedState,
    limits: ConnectionLimits,
    stopped: oneshot::Receiver<Stop>,
) -> io::Result<()> {
    let listener = Listener::new(tokio::net::TcpListener::from_std(listener)?, limits);
    let app = app::app(state).into_make_service_with_connect_info::<Connection>();
    let (drain, drained) = oneshot::channel::<()>();
    let serving = axum::serve(listener, app).with_graceful_shutdown(async {
        let _ = drained.await;
    });
    let serving = serving.into_future();
    tokio::pin!(serving);
    tokio::select! {
        outcome = &mut serving => outcome,
        stop = stopped => match stop {
            Ok(Stop::Gracefully) => {
                let _ = drain.send(());
                if tokio::time::timeout(GRACE, serving).await.is_err() {
                    tracing::warn!("gave up on requests that did not finish in time");
                }
                Ok(())
            }
            Ok(Stop::AtOnce) | Err(_) => Ok(()),
        },
    }
}
