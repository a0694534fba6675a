use std::sync::Arc;

use rdkafka::consumer::{BaseConsumer, Consumer as _};

use super::events::Events;
use super::{Config, Error};

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
    let end = tokio::time::Instant::now() + config.deadline;
    loop {
        let asked = Arc::clone(&client);
        // Short looks, so that a refusal is noticed while time remains.
        let answer = tokio::task::spawn_blocking(move || {
            let look = std::time::Duration::from_secs(2);
            let metadata = asked.client().fetch_metadata(None, look)?;
            Ok::<_, rdkafka::error::KafkaError>(metadata.brokers().len())
        });
        match answer.await {
            Ok(Ok(brokers)) => return Ok(brokers),
            Ok(Err(error)) => tracing::debug!(%error, "no metadata yet"),
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
            return Err(events.unreachable("look up the brokers", config.deadline));
        }
    }
}
