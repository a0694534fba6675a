//! Waits for Ctrl-C and SIGTERM.

use std::io;

use crate::failure::{Exit, Failure};

/// Receives Ctrl-C and, on Unix, SIGTERM from the moment it is armed.
pub struct StopSignal {
    last: Exit,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl StopSignal {
    /// Installs the signal handlers.
    pub fn arm() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                last: Exit::Interrupted,
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {
            last: Exit::Interrupted,
        })
    }

    /// Waits for the next signal.
    pub async fn received(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => self.last = Exit::Interrupted,
            _ = self.terminate.recv() => self.last = Exit::Terminated,
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Returns the failure for the last received signal.
    pub fn failure(&self) -> Failure {
        match self.last {
            Exit::Terminated => Failure::new(self.last, "terminated by SIGTERM"),
            last => Failure::new(last, "interrupted"),
        }
    }
}
