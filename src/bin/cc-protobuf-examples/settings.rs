//! Settings: flags, environment and `.env`, checked and typed, with their origins.
//! Secrets cannot be printed.

mod checks;
mod dot_env;
mod error;
mod kafka;
pub mod names;
mod origin;
mod registry;
mod sources;

pub use error::Error;
pub use kafka::KafkaSettings;
pub use origin::SettingOrigin;
pub use registry::{RegistryAuth, RegistrySettings};
pub use sources::Sources;

use crate::cli;
pub use cc_protobuf_examples::schema_registry::Secret;
use checks::{invalid, number};

/// Partitions and replication of new topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicShape {
    /// Partitions.
    pub partitions: i32,
    /// Replication factor.
    pub replication_factor: i32,
}

impl Default for TopicShape {
    fn default() -> Self {
        Self {
            partitions: 6,
            replication_factor: 3,
        }
    }
}

/// All settings.
#[derive(Debug)]
pub struct Settings {
    /// The registry; `None` for the embedded one.
    pub registry: Option<RegistrySettings>,
    /// The Kafka cluster; `None` for the embedded one.
    pub kafka: Option<KafkaSettings>,
    /// Partitions and replication of new topics.
    pub topics: TopicShape,
    /// AWS KMS key.
    pub kms_key_arn: Option<String>,
    /// Secret of local-kms.
    pub local_secret: Option<Secret>,
    /// Whether `--embedded` overrode configured backends.
    pub forced_embedded: bool,
    /// The values before checking, for `doctor`.
    pub sources: Sources,
}

impl Settings {
    /// Collects the values of this process, unchecked.
    pub fn collect(common: &cli::CommonArgs) -> Result<Sources, Error> {
        let directory = std::env::current_dir().map_err(Error::CurrentDirectory)?;
        let flags = [
            (
                &names::SCHEMA_REGISTRY_URL,
                "--schema-registry-url",
                common.schema_registry_url.as_deref(),
            ),
            (
                &names::BOOTSTRAP_SERVERS,
                "--bootstrap-servers",
                common.bootstrap_servers.as_deref(),
            ),
        ];
        Sources::collect(&flags, |key| std::env::var_os(key), &directory)
    }

    /// Checks collected values.
    pub fn check(sources: Sources, embedded: bool) -> Result<Self, Error> {
        let topics = TopicShape {
            partitions: number(&sources, &names::KAFKA_PARTITIONS, 6, 10_000)?,
            replication_factor: number(&sources, &names::KAFKA_REPLICATION_FACTOR, 3, 1_000)?,
        };
        let kms_key_arn = kms_key_arn(&sources)?;
        Ok(Self {
            registry: if embedded {
                None
            } else {
                registry::registry(&sources)?
            },
            kafka: if embedded {
                None
            } else {
                kafka::kafka(&sources)?
            },
            topics,
            kms_key_arn: if embedded { None } else { kms_key_arn },
            local_secret: sources.secret(&names::LOCAL_SECRET),
            forced_embedded: embedded,
            sources,
        })
    }

    /// Refuses full mode with one remote and one embedded backend: one of them
    /// would keep records or schemas that are useless without the other.
    pub fn check_mode(&self, mode: cli::RunMode) -> Result<(), Error> {
        match (mode, &self.registry, &self.kafka) {
            (cli::RunMode::Full, Some(_), None) => Err(Error::Mixed {
                given: names::SCHEMA_REGISTRY_URL.key,
                missing: names::BOOTSTRAP_SERVERS.key,
            }),
            (cli::RunMode::Full, None, Some(_)) => Err(Error::Mixed {
                given: names::BOOTSTRAP_SERVERS.key,
                missing: names::SCHEMA_REGISTRY_URL.key,
            }),
            _ => Ok(()),
        }
    }
}

fn kms_key_arn(sources: &Sources) -> Result<Option<String>, Error> {
    let Some(arn) = sources.text(&names::AWS_KMS_KEY_ARN) else {
        return Ok(None);
    };
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let sound = matches!(
        parts.as_slice(),
        ["arn", partition, "kms", region, account, resource]
            if partition.starts_with("aws") && !region.is_empty() && !account.is_empty()
                && (resource.starts_with("key/") || resource.starts_with("alias/"))
    );
    if sound {
        return Ok(Some(arn));
    }
    let reason = "expected arn:aws:kms:REGION:ACCOUNT:key/ID".to_owned();
    Err(invalid(sources, &names::AWS_KMS_KEY_ARN, reason))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use super::*;

    fn collect(directory: &Path, environment: &[(&str, &str)]) -> Result<Sources, Error> {
        let lookup = |key: &str| {
            let found = environment.iter().find(|(name, _)| *name == key);
            found.map(|(_, value)| OsString::from(value))
        };
        Sources::collect(&[], lookup, directory)
    }

    fn check(environment: &[(&str, &str)]) -> Result<Settings, Error> {
        let directory = tempfile::tempdir().unwrap();
        Settings::check(collect(directory.path(), environment)?, false)
    }

    #[test]
    fn half_configured_names_what_is_missing() {
        let cases: &[(&[&str], &str)] = &[
            (&["SR_API_KEY"], "SR_API_SECRET"),
            (&["SR_API_SECRET"], "SR_API_KEY"),
            (&["SR_API_KEY", "SR_API_SECRET"], "SCHEMA_REGISTRY_URL"),
            (&["SR_BEARER_TOKEN"], "SCHEMA_REGISTRY_URL"),
            (
                &["SR_OAUTH_TOKEN_URL"],
                "SR_OAUTH_CLIENT_ID, SR_OAUTH_CLIENT_SECRET",
            ),
            (&["SR_SSL_CERT_LOCATION"], "SR_SSL_KEY_LOCATION"),
            (&["KAFKA_API_KEY"], "KAFKA_API_SECRET"),
            (&["KAFKA_API_KEY", "KAFKA_API_SECRET"], "BOOTSTRAP_SERVERS"),
        ];
        for (given, expected) in cases {
            let environment: Vec<_> = given.iter().map(|name| (*name, "http://x")).collect();
            match check(&environment) {
                Err(Error::HalfConfigured { missing, .. }) => assert_eq!(&missing, expected),
                other => panic!("{given:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_url_alone_is_anonymous_access_and_nothing_is_embedded() {
        let settings = check(&[("SCHEMA_REGISTRY_URL", "http://a:1/, http://b:2")]).unwrap();
        let registry = settings.registry.unwrap();
        assert_eq!(registry.urls, ["http://a:1", "http://b:2"]);
        assert!(matches!(registry.auth, RegistryAuth::Anonymous));
        assert!(
            check(&[("SCHEMA_REGISTRY_URL", " ")])
                .unwrap()
                .registry
                .is_none()
        );
    }

    #[test]
    fn bad_values_are_refused_without_repeating_them() {
        let cases = [
            ("SCHEMA_REGISTRY_URL", "http://user:hunter2@host"),
            ("SCHEMA_REGISTRY_URL", "ftp://hunter2"),
            ("SCHEMA_REGISTRY_URL", "hunter2"),
            ("KAFKA_PARTITIONS", "0"),
            ("KAFKA_REPLICATION_FACTOR", "hunter2"),
            ("AWS_KMS_KEY_ARN", "hunter2"),
            ("BOOTSTRAP_SERVERS", "a b"),
        ];
        for (name, value) in cases {
            let error = check(&[(name, value)]).unwrap_err();
            assert!(
                matches!(error, Error::Invalid { name: n, .. } if n == name),
                "{error:?}"
            );
            assert!(!format!("{error} {error:?} {}", error.hint()).contains("hunter2"));
        }
    }

    #[test]
    fn environment_wins_over_a_dot_env_found_upward_and_empty_counts_as_unset() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(
            directory.path().join(".env"),
            "SR_API_KEY=\"from file\"\nLOCAL_SECRET=\"a\\\"b\\\\c\\$d\\ne\"\nKAFKA_PARTITIONS=3\n",
        )
        .unwrap();
        let below = directory.path().join("a/b");
        std::fs::create_dir_all(&below).unwrap();
        let environment = [("KAFKA_PARTITIONS", "9"), ("SR_API_KEY", "")];
        let sources = collect(&below, &environment).unwrap();
        assert_eq!(sources.text(&names::SR_API_KEY).unwrap(), "from file");
        assert_eq!(sources.text(&names::KAFKA_PARTITIONS).unwrap(), "9");
        assert_eq!(sources.text(&names::LOCAL_SECRET).unwrap(), "a\"b\\c$d\ne");
        let origin = |name| sources.get(name).unwrap().origin.clone();
        assert_eq!(origin(&names::KAFKA_PARTITIONS), SettingOrigin::Environment);
        assert!(matches!(
            origin(&names::SR_API_KEY),
            SettingOrigin::DotEnv(_)
        ));
        assert!(!format!("{sources:?}").contains("from file"));
    }

    #[test]
    fn a_broken_dot_env_is_named_by_line_only() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(
            directory.path().join(".env"),
            "A=1\nSR_API_SECRET=\"hunter2\n",
        )
        .unwrap();
        let error = collect(directory.path(), &[]).unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("hunter2"),
            "{error:?}"
        );
        assert!(
            matches!(error, Error::DotEnvSyntax { line: 2, .. }),
            "{error:?}"
        );
    }

    #[test]
    fn full_mode_refuses_a_mixture() {
        let registry = check(&[("SCHEMA_REGISTRY_URL", "http://a")]).unwrap();
        assert!(registry.check_mode(cli::RunMode::Full).is_err());
        assert!(registry.check_mode(cli::RunMode::SchemaOnly).is_ok());
        let kafka = check(&[("BOOTSTRAP_SERVERS", "a:9092")]).unwrap();
        assert!(kafka.check_mode(cli::RunMode::Full).is_err());
    }
}
