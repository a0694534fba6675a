use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaResult;
use rdkafka::producer::{FutureProducer, Producer as _};
use tokio::time::Instant;

use super::events::Events;
use super::{ConnectionConfig, Error};

/// How long one look at the cluster may take; shorter than any deadline, so
/// that a refusal is noticed while it waits.
const LOOK: Duration = Duration::from_secs(2);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a cluster is waited for of which no broker can be used: one that
/// just starts may come up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connects, authenticates, asks for the cluster's metadata and disconnects.
/// Returns the number of brokers.
///
/// # Errors
/// [`Error::Unreachable`], [`Error::Authentication`] or [`Error::Tls`], within
/// the deadline of `config`.
pub async fn reach(config: &ConnectionConfig) -> Result<usize, Error> {
    let events = Events::new(&config.bootstrap_servers);
    // A producer, because it hears of problems without being polled.
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

/// Asks again and again, in short looks, until there is an answer. Gives up when
/// the cluster refuses, when no broker can be used and that stays so, and at the
/// deadline.
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

/// Whether librdkafka was built with a feature, such as `ssl` or `sasl_plain`.
pub fn has_feature(name: &str) -> bool {
    let config = ClientConfig::new().create_native_config();
    let features = config.and_then(|config| config.get("builtin.features"));
    features.is_ok_and(|features| features.split(',').any(|feature| feature == name))
}
