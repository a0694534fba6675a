use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaResult;

use super::events::Events;
use super::{Config, Error};

const LOOK: Duration = Duration::from_secs(2);

/// Connects, authenticates, asks for the cluster's metadata and disconnects.
/// Returns the number of brokers.
///
/// # Errors
/// [`Error::Unreachable`], [`Error::Authentication`] or [`Error::Tls`], within
/// the deadline of `config`.
pub async fn reach(config: &Config) -> Result<usize, Error> {
    let events = Events::new(&config.bootstrap_servers);
    let client: BaseConsumer<Events> =
        config
            .base()
            .create_with_context(events.clone())
            .map_err(|e| Error::Client {
                reason: e.to_string(),
            })?;
    let client = Arc::new(client);
    let ask = move |look| Ok(client.client().fetch_metadata(None, look)?.brokers().len());
    patiently(&events, config.deadline, "look up the brokers", ask).await
}

/// Asks again and again, in short looks, so that a refusal is noticed while time
/// remains.
pub(super) async fn patiently<T: Send + 'static>(
    events: &Events,
    deadline: Duration,
    step: &'static str,
    ask: impl Fn(Duration) -> KafkaResult<T> + Send + Sync + 'static,
) -> Result<T, Error> {
    let ask = Arc::new(ask);
    let end = tokio::time::Instant::now() + deadline;
    loop {
        let ask = Arc::clone(&ask);
        match tokio::task::spawn_blocking(move || ask(LOOK)).await {
            Ok(Ok(answer)) => return Ok(answer),
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
        if tokio::time::Instant::now() >= end {
            return Err(events.unreachable(step, deadline));
        }
    }
}

/// Whether librdkafka was built with a feature, such as `ssl` or `sasl_plain`.
pub fn has_feature(name: &str) -> bool {
    let config = ClientConfig::new().create_native_config();
    let features = config.and_then(|config| config.get("builtin.features"));
    features.is_ok_and(|features| features.split(',').any(|feature| feature == name))
}
