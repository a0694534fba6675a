//! The client of a registry, and how its calls treat answers.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::entities::Schema;
use super::error::Error;
use super::http::call::Call;
use super::http::response::Reply;
use super::http::transport::Transport;

/// Client of a Schema Registry, built by [`ClientBuilder`](super::ClientBuilder).
///
/// Clones share the same connections.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Arc<Transport>,
}

impl Client {
    pub(super) fn over(transport: Transport) -> Self {
        Self {
            transport: Arc::new(transport),
        }
    }

    /// Returns the base URLs in the given order, without credentials.
    pub fn base_urls(&self) -> impl Iterator<Item = &str> {
        self.transport
            .endpoints
            .iter()
            .map(|endpoint| endpoint.base.as_str())
    }

    /// Sends a call whose answer has no content of interest.
    pub(super) async fn done(&self, call: Call) -> Result<(), Error> {
        self.reply(call).await.map(drop)
    }

    pub(super) async fn json<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        self.reply(call).await?.json()
    }

    pub(super) async fn text(&self, call: Call) -> Result<String, Error> {
        self.reply(call).await?.text()
    }

    /// Sends a call whose answer must have certain members, to detect servers that
    /// answer every request with JSON. `missing` returns the first missing member.
    pub(super) async fn json_with<T: DeserializeOwned>(
        &self,
        call: Call,
        missing: impl Fn(&T) -> Option<&'static str>,
    ) -> Result<T, Error> {
        let reply = self.reply(call).await?;
        let (exchange, status) = (reply.exchange.clone(), reply.status);
        let entity = reply.json()?;
        match missing(&entity) {
            None => Ok(entity),
            Some(member) => Err(Error::NotARegistry {
                exchange: Box::new(exchange),
                status,
                reason: format!("JSON without {member:?}"),
            }),
        }
    }

    pub(super) async fn schema(&self, call: Call) -> Result<Schema, Error> {
        self.json_with(call, |schema: &Schema| {
            schema.schema.is_none().then_some("schema")
        })
        .await
    }

    /// Sends a call that returns a schema with id and version.
    pub(super) async fn placed_schema(&self, call: Call) -> Result<Schema, Error> {
        self.json_with(call, |schema: &Schema| {
            if schema.id.is_none() {
                Some("id")
            } else if schema.version.is_none() {
                Some("version")
            } else {
                None
            }
        })
        .await
    }

    pub(super) async fn reply(&self, call: Call) -> Result<Reply, Error> {
        self.transport.send(&call).await
    }
}

#[cfg(test)]
mod tests {
    use crate::schema_registry::{Client, Error};

    #[test]
    fn calls_and_errors_may_cross_threads() {
        fn crosses_threads<T: Send>(_: &T) {}
        fn is_shared<T: Send + Sync + 'static>() {}

        let client = Client::builder("http://localhost").build().unwrap();
        crosses_threads(&client.subjects());
        crosses_threads(&client.create_tag("PII"));
        is_shared::<super::Client>();
        is_shared::<Error>();
    }
}
