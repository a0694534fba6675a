//! Tag definitions in the catalog of Confluent Cloud.
//!
//! With a registry that has no catalog, every call here returns
//! [`Error::Unsupported`](super::Error::Unsupported).

use serde::Deserialize;

use super::client::Client;
use super::entities::TagDefinition;
use super::error::{Answer, Error};
use super::error_text::sanitized;
use super::http::call::Call;
use super::http::path;

const TAGDEFS: &str = "/catalog/v1/types/tagdefs";

/// Apache Atlas' error 409-00-001 without dashes: the type exists already.
const EXISTS: i32 = 4_090_001;

/// The result of [`Client::create_tag`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagOutcome {
    /// The tag was created.
    Created,
    /// The tag existed already and is unchanged.
    AlreadyExists,
}

/// One element of an answer; it can fail although the request succeeds.
#[derive(Deserialize)]
struct Outcome {
    error: Option<OutcomeError>,
}

#[derive(Deserialize)]
struct OutcomeError {
    error_code: Option<i32>,
    message: Option<String>,
}

impl Client {
    /// Defines a tag for any entity (`cf_entity`), unless it exists:
    /// `POST /catalog/v1/types/tagdefs`.
    pub async fn create_tag(&self, name: &str) -> Result<TagOutcome, Error> {
        self.define_tag(&TagDefinition {
            name: name.to_owned(),
            description: None,
            entity_types: vec!["cf_entity".to_owned()],
        })
        .await
    }

    /// Defines a tag with description and entity types, unless it exists.
    pub async fn define_tag(&self, tag: &TagDefinition) -> Result<TagOutcome, Error> {
        let call = Call::post(TAGDEFS).json(&[tag])?;
        let reply = match self.reply(call).await {
            Err(error) if error.error_code() == Some(EXISTS) => {
                return Ok(TagOutcome::AlreadyExists);
            }
            reply => reply?,
        };
        let (exchange, status) = (reply.exchange.clone(), reply.status);
        let outcomes: Vec<Outcome> = reply.json()?;
        let failure = outcomes.into_iter().find_map(|outcome| outcome.error);
        let Some(OutcomeError {
            error_code,
            message,
        }) = failure
        else {
            return Ok(TagOutcome::Created);
        };
        let message = message.unwrap_or_default();
        match error_code {
            Some(EXISTS) => Ok(TagOutcome::AlreadyExists),
            code => {
                let code = code.unwrap_or(i32::from(status));
                Err(Error::Answer(Box::new(Answer {
                    // Atlas' codes begin with the HTTP status.
                    status: u16::try_from(code / 10_000)
                        .ok()
                        .filter(|status| (400..600).contains(status))
                        .unwrap_or(status),
                    exchange,
                    error_code: code,
                    message: sanitized(&message, &[]),
                    retry_after: None,
                    about_schemas: false,
                })))
            }
        }
    }

    /// Returns all tag definitions: `GET /catalog/v1/types/tagdefs`.
    pub async fn tags(&self) -> Result<Vec<TagDefinition>, Error> {
        self.json(Call::get(TAGDEFS)).await
    }

    /// Returns one tag definition: `GET /catalog/v1/types/tagdefs/{name}`.
    pub async fn tag(&self, name: &str) -> Result<TagDefinition, Error> {
        let name = path::name("tag", name)?;
        self.json(Call::get(format!("{TAGDEFS}/{name}"))).await
    }

    /// Deletes a tag definition: `DELETE /catalog/v1/types/tagdefs/{name}`.
    pub async fn delete_tag(&self, name: &str) -> Result<(), Error> {
        let name = path::name("tag", name)?;
        self.done(Call::delete(format!("{TAGDEFS}/{name}"))).await
    }
}
