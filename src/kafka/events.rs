//! Receives librdkafka's log and error events, and finds their cause.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use super::{Error, ErrorKind};

/// Receives the events of librdkafka's clients: writes its log to tracing, and
/// remembers the last problem. librdkafka itself keeps retrying, so a step that
/// waits for it would only see a timeout.
///
/// Events arrive only while the client is polled. A producer has a thread for
/// that; a consumer is polled while it receives.
#[derive(Clone)]
pub(super) struct Events {
    state: Arc<State>,
}

struct State {
    servers: String,
    trouble: Mutex<Trouble>,
}

/// The problems since the cluster last answered.
#[derive(Default)]
struct Trouble {
    /// The last problem with a known kind, or else the last one.
    last: Option<Problem>,
    /// Whether librdkafka reported that all brokers are down.
    all_down: bool,
}

#[derive(Clone)]
struct Problem {
    kind: ErrorKind,
    reason: String,
}

impl Events {
    pub(super) fn new(servers: &str) -> Self {
        let state = State {
            servers: servers.to_owned(),
            trouble: Mutex::default(),
        };
        Self {
            state: Arc::new(state),
        }
    }

    fn trouble(&self) -> MutexGuard<'_, Trouble> {
        self.state
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the bootstrap servers of the client.
    pub(super) fn servers(&self) -> &str {
        &self.state.servers
    }

    /// Returns whether no known broker can be used: all are down, or each closes
    /// the connection at the first request that needs credentials.
    pub(super) fn none_usable(&self) -> bool {
        let trouble = self.trouble();
        let last = trouble.last.as_ref();
        trouble.all_down || last.is_some_and(|problem| problem.kind == ErrorKind::SaslRequired)
    }

    /// Clears the problems, because the cluster has answered.
    pub(super) fn answered(&self) {
        *self.trouble() = Trouble::default();
    }

    /// Returns a problem that no retry can fix: credentials or certificates.
    pub(super) fn refused(&self) -> Option<Error> {
        let Problem { kind, reason } = self.trouble().last.clone()?;
        let servers = self.state.servers.clone();
        match kind {
            ErrorKind::Credentials => Some(Error::Authentication { servers, reason }),
            ErrorKind::Certificate | ErrorKind::Tls => Some(Error::Tls {
                servers,
                kind,
                reason,
            }),
            _ => None,
        }
    }

    /// Returns the error of a step that got no answer within `waited`.
    pub(super) fn unreachable(&self, step: &'static str, waited: Duration) -> Error {
        if let Some(refused) = self.refused() {
            return refused;
        }
        let problem = self.trouble().last.clone();
        Error::Unreachable {
            servers: self.state.servers.clone(),
            step,
            wait: waited,
            kind: problem
                .as_ref()
                .map_or(ErrorKind::NoAnswer, |found| found.kind),
            reason: problem.map(|found| found.reason),
        }
    }

    fn note(&self, code: Option<RDKafkaErrorCode>, text: &str) {
        let kind = kind(code, text);
        let mut trouble = self.trouble();
        let better = kind != ErrorKind::Other
            || trouble
                .last
                .as_ref()
                .is_none_or(|known| known.kind == ErrorKind::Other);
        if better {
            trouble.last = Some(Problem {
                kind,
                reason: essence(text),
            });
        }
    }
}

impl ClientContext for Events {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // librdkafka retries most of what it logs as an error. What it cannot
        // fix is returned by a call.
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
        // A listener that closes the connection is only logged, as information.
        if facility == "FAIL" {
            self.note(None, message);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", %error, "{reason}");
        match error.rdkafka_error_code() {
            // Sums up earlier events and has no cause of its own.
            Some(RDKafkaErrorCode::AllBrokersDown) => self.trouble().all_down = true,
            code => self.note(code, reason),
        }
    }
}

impl ConsumerContext for Events {}

/// Finds the kind of a problem. librdkafka has few error codes, so most causes
/// are only in the text.
fn kind(code: Option<RDKafkaErrorCode>, text: &str) -> ErrorKind {
    let says = |words: &str| text.contains(words);
    if says("Failed to resolve") {
        ErrorKind::UnknownHost
    } else if says("Connection refused") {
        ErrorKind::ConnectionRefused
    } else if says("SASL Handshake not supported") || says("mechanism handshake failed") {
        ErrorKind::SaslNotOffered
    } else if says("SASL authentication error") {
        ErrorKind::Credentials
    } else if says("certificate verify failed") {
        ErrorKind::Certificate
    } else if says("PLAINTEXT broker listener")
        || says("wrong version number")
        || says("Disconnected") && says("in state SSL_HANDSHAKE")
    {
        ErrorKind::PlaintextListener
    } else if says("Disconnected") && says("in state APIVERSION_QUERY") && !says("ssl://") {
        // TLS listeners close a plain connection at its first request.
        ErrorKind::TlsListener
    } else if says("Disconnected") && just_up(text) && !says("sasl") {
        // Closed at the first request that needs credentials.
        ErrorKind::SaslRequired
    } else if says("Invalid response size") {
        ErrorKind::NotKafka
    } else if says("imed out") {
        ErrorKind::NoAnswer
    } else {
        match code {
            Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed) => {
                ErrorKind::Credentials
            }
            Some(RDKafkaErrorCode::SSL) => ErrorKind::Tls,
            _ => ErrorKind::Other,
        }
    }
}

/// Returns whether the connection was up for less than two seconds.
fn just_up(text: &str) -> bool {
    let state = text.rsplit_once(" (after ").map(|(_, state)| state);
    let time = state.and_then(|state| state.split_once("ms in state UP"));
    time.and_then(|(time, _)| time.parse::<u32>().ok())
        .is_some_and(|time| time < 2_000)
}

/// Returns the first line, without librdkafka's thread name at its start and
/// the connection state at its end.
fn essence(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = match line.strip_prefix("[thrd:") {
        Some(rest) => rest.split_once("]: ").map_or(rest, |(_, rest)| rest),
        None => line,
    };
    let line = line.rsplit_once(" (after ").map_or(line, |(line, _)| line);
    // Misleading advice: the server is not a broker.
    let line = line
        .strip_suffix(": increase receive.message.max.bytes")
        .unwrap_or(line);
    line.chars().take(300).collect()
}
