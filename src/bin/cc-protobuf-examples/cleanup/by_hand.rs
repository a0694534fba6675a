//! Shell commands for the user to remove what `clean` could not.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::settings::{RegistryAuth, Settings, names};

/// Everything except RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Builds the commands for the configured backends. Secrets stay variables.
pub(super) struct ByHand<'a> {
    settings: &'a Settings,
}

impl<'a> ByHand<'a> {
    pub(super) fn new(settings: &'a Settings) -> Self {
        Self { settings }
    }

    /// Returns the command that deletes a subject, first softly, then permanently.
    pub(super) fn subject(&self, subject: &str) -> String {
        let path = format!("subjects/{}", encode(subject));
        self.delete(&[path.as_str(), &format!("{path}?permanent=true")])
    }

    /// Returns the command that deletes a KEK and the run's DEKs for `subject`.
    pub(super) fn kek(&self, kek: &str, subject: &str) -> String {
        let kek = format!("dek-registry/v1/keks/{}", encode(kek));
        let deks = format!("{kek}/deks/{}", encode(subject));
        self.delete(&[
            deks.as_str(),
            &kek,
            &format!("{deks}?permanent=true"),
            &format!("{kek}?permanent=true"),
        ])
    }

    /// Returns the command that deletes a topic.
    pub(super) fn topic(&self, topic: &str) -> String {
        self.kafka(&format!("kafka-topics --delete --topic {topic}"))
    }

    /// Returns the command that deletes a consumer group.
    pub(super) fn group(&self, group: &str) -> String {
        self.kafka(&format!("kafka-consumer-groups --delete --group {group}"))
    }

    fn delete(&self, paths: &[&str]) -> String {
        let mut command = "curl -X DELETE".to_owned();
        let Some(registry) = &self.settings.registry else {
            return command;
        };
        match &registry.auth {
            RegistryAuth::Anonymous => {}
            RegistryAuth::Basic { .. } => {
                let (key, secret) = (names::SR_API_KEY.key, names::SR_API_SECRET.key);
                command.push_str(&format!(" -u \"${key}:${secret}\""));
            }
            RegistryAuth::Bearer(_) | RegistryAuth::OAuth { .. } => {
                command.push_str(" -H \"Authorization: Bearer $TOKEN\"");
            }
        }
        let url = registry.urls.first().map_or("", String::as_str);
        for path in paths {
            command.push_str(&format!(" '{url}/{path}'"));
        }
        command
    }

    fn kafka(&self, command: &str) -> String {
        let Some(kafka) = &self.settings.kafka else {
            return command.to_owned();
        };
        let servers = &kafka.bootstrap_servers;
        let mut command = format!("{command} --bootstrap-server {servers}");
        if kafka.security_protocol != "PLAINTEXT" {
            command.push_str(" --command-config client.properties");
        }
        command
    }
}

fn encode(name: &str) -> String {
    utf8_percent_encode(name, ENCODED).to_string()
}
