use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use super::{Error, ErrorKind};

/// Listens to librdkafka for its clients: passes its log to tracing, and
/// remembers the last problem, because librdkafka itself goes on retrying and
/// the step that waits only sees that time is up.
///
/// Events arrive only while somebody polls the client: a producer has a thread
/// for that, a consumer does it while it receives.
#[derive(Clone)]
pub(super) struct Events {
    state: Arc<State>,
}

struct State {
    servers: String,
    trouble: Mutex<Trouble>,
}

/// What is wrong since the cluster last answered.
#[derive(Default)]
struct Trouble {
    /// The last problem whose kind is known, else the last one.
    last: Option<Problem>,
    /// Whether no known broker can be used.
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

    /// The bootstrap servers of the client.
    pub(super) fn servers(&self) -> &str {
        &self.state.servers
    }

    /// Whether no known broker can be used: all are down, or each connection is
    /// up only until the first request that needs credentials.
    pub(super) fn none_usable(&self) -> bool {
        let trouble = self.trouble();
        let last = trouble.last.as_ref();
        trouble.all_down || last.is_some_and(|problem| problem.kind == ErrorKind::SaslRequired)
    }

    /// Forgets the problems: the cluster has answered.
    pub(super) fn answered(&self) {
        *self.trouble() = Trouble::default();
    }

    /// A problem that waiting will not mend: credentials or certificates.
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

    /// The error of a step that got no answer in `waited`.
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
        // A listener that hangs up is in the log only, as information.
        if facility == "FAIL" {
            self.note(None, message);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", %error, "{reason}");
        match error.rdkafka_error_code() {
            // It only sums up what was said before.
            Some(RDKafkaErrorCode::AllBrokersDown) => self.trouble().all_down = true,
            code => self.note(code, reason),
        }
    }
}

impl ConsumerContext for Events {}

/// What a report of librdkafka is about. Its codes are few, so most of it is
/// only in the text.
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
        // The first request of a plain connection: TLS listeners hang up on it.
        ErrorKind::TlsListener
    } else if says("Disconnected") && just_up(text) && !says("sasl") {
        // The first request that needs credentials.
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

/// Whether the connection was usable for less than two seconds.
fn just_up(text: &str) -> bool {
    let state = text.rsplit_once(" (after ").map(|(_, state)| state);
    let time = state.and_then(|state| state.split_once("ms in state UP"));
    time.and_then(|(time, _)| time.parse::<u32>().ok())
        .is_some_and(|time| time < 2_000)
}

/// The problem itself: the first line, without the thread's name that librdkafka
/// puts in front, and without its own state behind.
fn essence(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = match line.strip_prefix("[thrd:") {
        Some(rest) => rest.split_once("]: ").map_or(rest, |(_, rest)| rest),
        None => line,
    };
    let line = line.rsplit_once(" (after ").map_or(line, |(line, _)| line);
    // Advice that helps only where a broker has answered.
    let line = line
        .strip_suffix(": increase receive.message.max.bytes")
        .unwrap_or(line);
    line.chars().take(300).collect()
}
