//! Calls for the registry itself, contexts, and associations with topics.

use super::client::Client;
use super::entities::{Association, ServerId, ServerVersion};
use super::error::Error;
use super::http::call::Call;
use super::http::path;

impl Client {
    /// Returns version and build of the registry: `GET /v1/metadata/version`.
    pub async fn server_version(&self) -> Result<ServerVersion, Error> {
        self.json(Call::get("/v1/metadata/version")).await
    }

    /// Returns the clusters of the registry: `GET /v1/metadata/id`.
    pub async fn server_id(&self) -> Result<ServerId, Error> {
        self.json(Call::get("/v1/metadata/id")).await
    }

    /// Returns all contexts, `.` being the default: `GET /contexts`.
    pub async fn contexts(&self) -> Result<Vec<String>, Error> {
        self.json(Call::get("/contexts")).await
    }

    /// Deletes an empty context, such as `.staging`: `DELETE /contexts/{ctx}`.
    ///
    /// # Errors
    ///
    /// Fails with 42211 if it has subjects, even soft-deleted ones.
    pub async fn delete_context(&self, context: &str) -> Result<(), Error> {
        let context = path::name("context", context)?;
        self.done(Call::delete(format!("/contexts/{context}")))
            .await
    }

    /// Returns the subjects associated with the keys or values of a topic:
    /// `GET /associations/resources/{namespace}/{topic}`. Empty if the registry has
    /// no associations.
    ///
    /// The namespace is the id of the Kafka cluster; `None` means any.
    pub async fn associations(
        &self,
        topic: &str,
        is_key: bool,
        namespace: Option<&str>,
    ) -> Result<Vec<Association>, Error> {
        let namespace = path::name("namespace", namespace.unwrap_or("-"))?;
        let topic = path::name("topic", topic)?;
        let call = Call::get(format!("/associations/resources/{namespace}/{topic}"))
            .query("resourceType", "topic")
            .query("associationType", if is_key { "key" } else { "value" });
        match self.json(call).await {
            Err(error) if error.is_unsupported() || error.is_not_found() => Ok(Vec::new()),
            answer => answer,
        }
    }
}
