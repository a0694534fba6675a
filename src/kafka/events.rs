use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use super::Error;

/// Listens to librdkafka for its clients: passes its log to tracing, and
/// remembers the last problem, because librdkafka itself goes on retrying and
/// the step that waits only sees that time is up.
#[derive(Clone)]
pub(super) struct Events {
    state: Arc<State>,
}

struct State {
    servers: String,
    last: Mutex<Option<Problem>>,
}

#[derive(Clone)]
struct Problem {
    code: RDKafkaErrorCode,
    reason: String,
}

impl Events {
    pub(super) fn new(servers: &str) -> Self {
        let state = State {
            servers: servers.to_owned(),
            last: Mutex::default(),
        };
        Self {
            state: Arc::new(state),
        }
    }

    fn last(&self) -> MutexGuard<'_, Option<Problem>> {
        self.state
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no problem has been reported.
    pub(super) fn none_yet(&self) -> bool {
        self.last().is_none()
    }

    /// A problem that waiting will not mend: credentials or certificates.
    pub(super) fn refused(&self) -> Option<Error> {
        let problem = self.last().clone()?;
        let servers = self.state.servers.clone();
        let reason = problem.reason;
        match problem.code {
            RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed => {
                Some(Error::Authentication { servers, reason })
            }
            RDKafkaErrorCode::SSL => Some(Error::Tls { servers, reason }),
            _ => None,
        }
    }

    /// The error of a step that got no answer.
    pub(super) fn unreachable(&self, step: &'static str, wait: Duration) -> Error {
        self.refused().unwrap_or_else(|| Error::Unreachable {
            servers: self.state.servers.clone(),
            step,
            wait,
            reason: self.last().as_ref().map(|problem| problem.reason.clone()),
        })
    }
}

impl ClientContext for Events {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // librdkafka mends most of what it calls an error by retrying; what it
        // cannot mend comes back as the result of a call.
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::error!(target: "librdkafka", facility, "{message}");
            }
            RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => {
                tracing::debug!(target: "librdkafka", facility, "{message}");
            }
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
                tracing::trace!(target: "librdkafka", facility, "{message}");
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", %error, "{reason}");
        let Some(code) = error.rdkafka_error_code() else {
            return;
        };
        // `AllBrokersDown` only sums up what was said before.
        let mut last = self.last();
        if code != RDKafkaErrorCode::AllBrokersDown || last.is_none() {
            *last = Some(Problem {
                code,
                reason: first_line(reason),
            });
        }
    }
}

impl ConsumerContext for Events {}

/// librdkafka prefixes the connection's name and appends how long it took and
/// advice of several lines; the first line says it.
fn first_line(reason: &str) -> String {
    reason
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(300)
        .collect()
}
