//! Calls for configuration and modes, global and per subject.

use serde::Deserialize;

use super::client::Client;
use super::entities::{Config, ConfigUpdate, ModeBody};
use super::error::Error;
use super::http::call::Call;
use super::http::path;
use crate::registry_settings::{CompatibilityLevel, Mode};

/// The compatibility level alone, so that unknown values elsewhere do not matter.
#[derive(Deserialize)]
struct Level {
    #[serde(rename = "compatibilityLevel", alias = "compatibility")]
    level: CompatibilityLevel,
}

fn config_path(subject: Option<&str>) -> Result<String, Error> {
    scoped("/config", subject)
}

fn scoped(root: &str, subject: Option<&str>) -> Result<String, Error> {
    Ok(match subject {
        None => root.to_owned(),
        Some(subject) => format!("{root}/{}", path::subject(subject)?),
    })
}

impl Client {
    /// Returns the compatibility level of a subject, or the global one: `GET /config`.
    ///
    /// # Errors
    ///
    /// Fails with 40408 if the subject has no level of its own; see
    /// [`Client::effective_compatibility`].
    pub async fn compatibility(&self, subject: Option<&str>) -> Result<CompatibilityLevel, Error> {
        let answer: Level = self.json(Call::get(config_path(subject)?)).await?;
        Ok(answer.level)
    }

    /// Returns the level that applies to a subject, its own or inherited.
    pub async fn effective_compatibility(
        &self,
        subject: &str,
    ) -> Result<CompatibilityLevel, Error> {
        let call = Call::get(config_path(Some(subject))?).flag("defaultToGlobal", true);
        let answer: Level = self.json(call).await?;
        Ok(answer.level)
    }

    /// Sets the compatibility level of a subject, which need not exist yet, or
    /// the global one: `PUT /config`. Returns the level now in force.
    pub async fn set_compatibility(
        &self,
        level: CompatibilityLevel,
        subject: Option<&str>,
    ) -> Result<CompatibilityLevel, Error> {
        let update = ConfigUpdate {
            compatibility: Some(level),
            ..ConfigUpdate::default()
        };
        let call = Call::put(config_path(subject)?).json(&update)?;
        let answer: Level = self.json(call).await?;
        Ok(answer.level)
    }

    /// Returns the configuration of a subject, or the global one: `GET /config`.
    /// With `default_to_global`, a subject without one returns what it inherits.
    pub async fn config(
        &self,
        subject: Option<&str>,
        default_to_global: bool,
    ) -> Result<Config, Error> {
        let call = Call::get(config_path(subject)?).flag("defaultToGlobal", default_to_global);
        self.json(call).await
    }

    /// Changes members of the configuration and leaves the others unchanged:
    /// `PUT /config`. Returns the merged configuration.
    pub async fn set_config(
        &self,
        update: &ConfigUpdate,
        subject: Option<&str>,
    ) -> Result<Config, Error> {
        self.json(Call::put(config_path(subject)?).json(update)?)
            .await
    }

    /// Removes the configuration of a subject, or resets the global one, and
    /// returns the old one: `DELETE /config`.
    ///
    /// # Errors
    ///
    /// Fails with 40401 if the subject has none.
    pub async fn delete_config(&self, subject: Option<&str>) -> Result<Config, Error> {
        self.json(Call::delete(config_path(subject)?)).await
    }

    /// Returns the mode of a subject, or the global one: `GET /mode`.
    ///
    /// # Errors
    ///
    /// Fails with 40409 if the subject has no mode of its own, unless
    /// `default_to_global`.
    pub async fn mode(
        &self,
        subject: Option<&str>,
        default_to_global: bool,
    ) -> Result<Mode, Error> {
        let call = Call::get(scoped("/mode", subject)?).flag("defaultToGlobal", default_to_global);
        let answer: ModeBody = self.json(call).await?;
        Ok(answer.mode)
    }

    /// Sets the mode of a subject, or the global one: `PUT /mode`. `force` allows
    /// [`Mode::Import`] even if schemas are registered.
    pub async fn set_mode(
        &self,
        mode: Mode,
        subject: Option<&str>,
        force: bool,
    ) -> Result<Mode, Error> {
        let call = Call::put(scoped("/mode", subject)?)
            .flag("force", force)
            .json(&ModeBody { mode })?;
        let answer: ModeBody = self.json(call).await?;
        Ok(answer.mode)
    }

    /// Removes the mode of a subject, or resets the global one, and returns the
    /// old one: `DELETE /mode`.
    pub async fn delete_mode(&self, subject: Option<&str>) -> Result<Mode, Error> {
        let answer: ModeBody = self.json(Call::delete(scoped("/mode", subject)?)).await?;
        Ok(answer.mode)
    }
}
