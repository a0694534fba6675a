//! Probes a cluster: retries a request until it answers, refuses or times out.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaResult;
use rdkafka::producer::{FutureProducer, Producer as _};
use tokio::time::Instant;

use super::events::Events;
use super::{ConnectionConfig, Error};

/// Timeout of one attempt; shorter than any deadline, so that a refusal is
/// noticed in between.
const LOOK: Duration = Duration::from_secs(2);
/// Wait between two attempts.
const PAUSE: Duration = Duration::from_millis(50);
/// How long to retry while no broker can be used: a cluster that is starting
/// may come up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connects, authenticates, asks for the cluster's metadata and disconnects.
/// Returns the number of brokers.
///
/// # Errors
/// Returns [`Error::Unreachable`], [`Error::Authentication`] or [`Error::Tls`]
/// within the deadline of `config`.
pub async fn reach(config: &ConnectionConfig) -> Result<usize, Error> {
    let events = Events::new(&config.bootstrap_servers);
    // A producer receives events without being polled.
    let client: FutureProducer<Events> = config
        .base()
        .create_with_context(events.clone())
        .map_err(|e| Error::Client {
            reason: e.to_string(),
        })?;
    let ask = move |look| {
        let metadata = client.client().fetch_metadata(None, look)?;
        Ok(metadata.brokers().len())
    };
    patiently(&events, config.deadline, "look up the brokers", ask).await
}

/// Retries `ask` with a short timeout until there is an answer. Gives up if the
/// cluster refuses, if no broker becomes usable, or at the deadline.
pub(super) async fn patiently<T: Send + 'static>(
    events: &Events,
    deadline: Duration,
    step: &'static str,
    ask: impl Fn(Duration) -> KafkaResult<T> + Send + Sync + 'static,
) -> Result<T, Error> {
    let ask = Arc::new(ask);
    let start = Instant::now();
    loop {
        let ask = Arc::clone(&ask);
        match tokio::task::spawn_blocking(move || ask(LOOK)).await {
            Ok(Ok(answer)) => {
                events.answered();
                return Ok(answer);
            }
            Ok(Err(error)) => tracing::debug!(%error, "no answer yet, trying to {step}"),
            Err(error) => {
                return Err(Error::Client {
                    reason: error.to_string(),
                });
            }
        }
        if let Some(refused) = events.refused() {
            return Err(refused);
        }
        let waited = start.elapsed();
        if waited >= deadline || waited >= PATIENCE && events.none_usable() {
            return Err(events.unreachable(step, waited));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Returns whether librdkafka was built with a feature, such as `ssl` or `sasl_plain`.
pub fn has_feature(name: &str) -> bool {
    let config = ClientConfig::new().create_native_config();
    let features = config.and_then(|config| config.get("builtin.features"));
    features.is_ok_and(|features| features.split(',').any(|feature| feature == name))
}
