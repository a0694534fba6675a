//! What the user configured, checked: flags, environment and `.env` become
//! typed settings that keep their origin. Secrets cannot be printed.

pub mod names;
mod secret;
mod sources;

use std::path::PathBuf;

pub use secret::Secret;
pub use sources::{Origin, Sources};

use crate::cli;
use names::Name;

/// Wrong or incomplete configuration. Every variant ends in exit code 2.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Some of the names that belong together are missing.
    #[error("{what} is half configured: {given} set, but not {missing}")]
    HalfConfigured {
        /// What the names configure.
        what: &'static str,
        /// Names that have a value.
        given: String,
        /// Names that need one.
        missing: String,
    },
    /// Names that exclude each other.
    #[error("{first} and {second} are both set; they exclude each other")]
    Conflict {
        /// One name.
        first: &'static str,
        /// The other name.
        second: &'static str,
    },
    /// A value that cannot be used.
    #[error("{name} ({origin}) cannot be used: {reason}")]
    Invalid {
        /// Name of the variable or flag.
        name: &'static str,
        /// Where the value came from.
        origin: Origin,
        /// What is wrong with it.
        reason: String,
    },
    /// Full mode with one real and one embedded backend.
    #[error("--mode full needs both backends or none: {given} is configured, but not {missing}")]
    Mixed {
        /// Name that has a value.
        given: &'static str,
        /// Name that needs one.
        missing: &'static str,
    },
    /// A run id that cannot be part of a name.
    #[error("run id {0:?} cannot be used: it must be 1 to 64 letters, digits, `_` or `-`")]
    RunId(String),
    /// A `--set` that is not `KEY=VALUE`.
    #[error("--set {0:?} is not KEY=VALUE")]
    Set(String),
    /// The `.env` file cannot be read.
    #[error("cannot read {path}", path = path.display())]
    DotEnvUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The `.env` file does not parse.
    #[error("cannot parse {path}, line {line}", path = path.display())]
    DotEnvSyntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },
    /// A value that is not Unicode.
    #[error("environment variable {name} is not valid UTF-8")]
    NotUnicode {
        /// The variable.
        name: &'static str,
    },
    /// The current directory cannot be found out.
    #[error("cannot find the current directory")]
    CurrentDirectory(#[source] std::io::Error),
}

impl Error {
    /// What the user can do.
    pub fn hint(&self) -> String {
        match self {
            Self::HalfConfigured { missing, .. } => format!(
                "set {missing} in the environment or .env, or use --embedded to run without any backend"
            ),
            Self::Conflict { first, second } => format!("unset {first} or {second}"),
            Self::Invalid { name, .. } => {
                format!("correct {name}; `doctor` shows every value and its origin")
            }
            Self::Mixed { missing, .. } => format!(
                "set {missing}, or use --embedded for both, or --mode schema-only to leave Kafka out"
            ),
            Self::RunId(_) => "try --run-id demo-1".to_owned(),
            Self::Set(_) => "try --set basic.greeting=hello".to_owned(),
            Self::DotEnvUnreadable { .. } => {
                "make the file readable, or remove it: real environment variables do as well"
                    .to_owned()
            }
            Self::DotEnvSyntax { .. } => {
                "lines are NAME=\"value\", with \\\" \\\\ \\$ and \\n inside the quotes".to_owned()
            }
            Self::NotUnicode { name } => format!("set {name} to text in UTF-8"),
            Self::CurrentDirectory(_) => "change to a directory that exists".to_owned(),
        }
    }
}

/// How to authenticate with the registry.
#[derive(Clone, Debug)]
pub enum RegistryAuth {
    /// Not at all.
    Anonymous,
    /// HTTP Basic with API key and secret.
    Basic {
        /// API key.
        key: String,
        /// API secret.
        secret: Secret,
    },
    /// A bearer token, as it is.
    Bearer(Secret),
    /// OAuth 2.0 client credentials.
    OAuth {
        /// Token endpoint.
        token_url: String,
        /// Client id.
        client_id: String,
        /// Client secret.
        client_secret: Secret,
        /// Scope.
        scope: Option<String>,
    },
}

/// A Schema Registry to connect to.
#[derive(Clone, Debug)]
pub struct RegistrySettings {
    /// Base URLs, tried in order.
    pub urls: Vec<String>,
    /// Credentials.
    pub auth: RegistryAuth,
    /// Confluent identity pool.
    pub identity_pool: Option<String>,
    /// Confluent logical cluster.
    pub logical_cluster: Option<String>,
    /// Further CA certificates.
    pub ca: Option<PathBuf>,
    /// Client certificate and key.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
}

/// A Kafka cluster to connect to.
#[derive(Clone, Debug)]
pub struct KafkaSettings {
    /// Bootstrap servers.
    pub bootstrap_servers: String,
    /// SASL/PLAIN user and password.
    pub credentials: Option<(String, Secret)>,
    /// `security.protocol`.
    pub security_protocol: String,
    /// CA certificates of the brokers.
    pub ca: Option<PathBuf>,
}

/// Shape of new topics.
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

/// Everything configured.
#[derive(Debug)]
pub struct Settings {
    /// Registry; absent means the embedded one.
    pub registry: Option<RegistrySettings>,
    /// Kafka; absent means the embedded cluster.
    pub kafka: Option<KafkaSettings>,
    /// Shape of new topics.
    pub topics: TopicShape,
    /// AWS KMS key.
    pub kms_key_arn: Option<String>,
    /// Secret of local-kms.
    pub local_secret: Option<Secret>,
    /// Whether `--embedded` overrode what is configured.
    pub forced_embedded: bool,
    /// The values as found, for `doctor`.
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

    /// Checks values that were collected.
    pub fn check(sources: Sources, embedded: bool) -> Result<Self, Error> {
        let topics = TopicShape {
            partitions: number(&sources, &names::KAFKA_PARTITIONS, 6, 10_000)?,
            replication_factor: number(&sources, &names::KAFKA_REPLICATION_FACTOR, 3, 1_000)?,
        };
        let kms_key_arn = kms_key_arn(&sources)?;
        Ok(Self {
            registry: if embedded { None } else { registry(&sources)? },
            kafka: if embedded { None } else { kafka(&sources)? },
            topics,
            kms_key_arn: if embedded { None } else { kms_key_arn },
            local_secret: sources.secret(&names::LOCAL_SECRET),
            forced_embedded: embedded,
            sources,
        })
    }

    /// Refuses full mode with one real and one embedded backend: it would leave
    /// records whose schemas are gone, or the reverse.
    pub fn check_mode(&self, mode: cli::Mode) -> Result<(), Error> {
        match (mode, &self.registry, &self.kafka) {
            (cli::Mode::Full, Some(_), None) => Err(Error::Mixed {
                given: names::SCHEMA_REGISTRY_URL.key,
                missing: names::BOOTSTRAP_SERVERS.key,
            }),
            (cli::Mode::Full, None, Some(_)) => Err(Error::Mixed {
                given: names::BOOTSTRAP_SERVERS.key,
                missing: names::SCHEMA_REGISTRY_URL.key,
            }),
            _ => Ok(()),
        }
    }
}

fn registry(sources: &Sources) -> Result<Option<RegistrySettings>, Error> {
    use names::*;
    let api_key = together(sources, "Schema Registry", &[&SR_API_KEY, &SR_API_SECRET])?;
    let oauth = together(
        sources,
        "OAuth for Schema Registry",
        &[
            &SR_OAUTH_TOKEN_URL,
            &SR_OAUTH_CLIENT_ID,
            &SR_OAUTH_CLIENT_SECRET,
        ],
    )?;
    let certificate = together(
        sources,
        "mutual TLS with Schema Registry",
        &[&SR_SSL_CERT_LOCATION, &SR_SSL_KEY_LOCATION],
    )?;
    exclusive(
        sources,
        &[&SR_API_KEY, &SR_BEARER_TOKEN, &SR_OAUTH_TOKEN_URL],
    )?;
    let auth = if api_key {
        RegistryAuth::Basic {
            key: required(sources, &SR_API_KEY),
            secret: required_secret(sources, &SR_API_SECRET),
        }
    } else if oauth {
        check_url(sources, &SR_OAUTH_TOKEN_URL)?;
        RegistryAuth::OAuth {
            token_url: required(sources, &SR_OAUTH_TOKEN_URL),
            client_id: required(sources, &SR_OAUTH_CLIENT_ID),
            client_secret: required_secret(sources, &SR_OAUTH_CLIENT_SECRET),
            scope: sources.text(&SR_OAUTH_SCOPE),
        }
    } else if let Some(token) = sources.secret(&SR_BEARER_TOKEN) {
        RegistryAuth::Bearer(token)
    } else {
        RegistryAuth::Anonymous
    };
    let Some(urls) = sources.text(&SCHEMA_REGISTRY_URL) else {
        return match auth {
            RegistryAuth::Anonymous => Ok(None),
            _ => Err(half(
                sources,
                "Schema Registry",
                &[
                    &SR_API_KEY,
                    &SR_API_SECRET,
                    &SR_BEARER_TOKEN,
                    &SR_OAUTH_TOKEN_URL,
                ],
                &[&SCHEMA_REGISTRY_URL],
            )),
        };
    };
    check_url(sources, &SCHEMA_REGISTRY_URL)?;
    for name in [&SR_IDENTITY_POOL_ID, &SR_LOGICAL_CLUSTER] {
        if sources.has(name)
            && !matches!(auth, RegistryAuth::Bearer(_) | RegistryAuth::OAuth { .. })
        {
            return Err(half(
                sources,
                "Schema Registry",
                &[name],
                &[&SR_BEARER_TOKEN],
            ));
        }
    }
    Ok(Some(RegistrySettings {
        urls: urls
            .split(',')
            .map(|url| url.trim().trim_end_matches('/').to_owned())
            .filter(|url| !url.is_empty())
            .collect(),
        auth,
        identity_pool: sources.text(&SR_IDENTITY_POOL_ID),
        logical_cluster: sources.text(&SR_LOGICAL_CLUSTER),
        ca: file(sources, &SR_SSL_CA_LOCATION)?,
        client_certificate: if certificate {
            file(sources, &SR_SSL_CERT_LOCATION)?.zip(file(sources, &SR_SSL_KEY_LOCATION)?)
        } else {
            None
        },
    }))
}

fn kafka(sources: &Sources) -> Result<Option<KafkaSettings>, Error> {
    use names::*;
    let keyed = together(sources, "Kafka", &[&KAFKA_API_KEY, &KAFKA_API_SECRET])?;
    let Some(bootstrap_servers) = sources.text(&BOOTSTRAP_SERVERS) else {
        return if keyed {
            Err(half(
                sources,
                "Kafka",
                &[&KAFKA_API_KEY, &KAFKA_API_SECRET],
                &[&BOOTSTRAP_SERVERS],
            ))
        } else {
            Ok(None)
        };
    };
    if bootstrap_servers
        .split(',')
        .any(|server| server.trim().is_empty())
        || bootstrap_servers.contains(char::is_whitespace)
    {
        let reason = "expected host:port, several separated by commas, without spaces".to_owned();
        return Err(invalid(sources, &BOOTSTRAP_SERVERS, reason));
    }
    let security_protocol = match sources.text(&KAFKA_SECURITY_PROTOCOL) {
        None if keyed => "SASL_SSL".to_owned(),
        None => "PLAINTEXT".to_owned(),
        Some(protocol) => {
            let protocol = protocol.to_ascii_uppercase();
            match (protocol.as_str(), keyed) {
                ("PLAINTEXT" | "SSL", false) | ("SASL_PLAINTEXT" | "SASL_SSL", true) => protocol,
                ("PLAINTEXT" | "SSL", true) => {
                    return Err(Error::Conflict {
                        first: "KAFKA_SECURITY_PROTOCOL without SASL",
                        second: KAFKA_API_KEY.key,
                    });
                }
                ("SASL_PLAINTEXT" | "SASL_SSL", false) => {
                    return Err(half(
                        sources,
                        "Kafka",
                        &[&KAFKA_SECURITY_PROTOCOL],
                        &[&KAFKA_API_KEY, &KAFKA_API_SECRET],
                    ));
                }
                _ => {
                    let reason = "expected PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL".to_owned();
                    return Err(invalid(sources, &KAFKA_SECURITY_PROTOCOL, reason));
                }
            }
        }
    };
    Ok(Some(KafkaSettings {
        bootstrap_servers,
        credentials: keyed.then(|| {
            let secret = required_secret(sources, &KAFKA_API_SECRET);
            (required(sources, &KAFKA_API_KEY), secret)
        }),
        security_protocol,
        ca: file(sources, &KAFKA_SSL_CA_LOCATION)?,
    }))
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

/// Whether all of `group` are set; an error if only some are.
fn together(sources: &Sources, what: &'static str, group: &[&Name]) -> Result<bool, Error> {
    let missing: Vec<&Name> = group
        .iter()
        .copied()
        .filter(|name| !sources.has(name))
        .collect();
    if missing.is_empty() {
        Ok(true)
    } else if missing.len() == group.len() {
        Ok(false)
    } else {
        Err(half(sources, what, group, &missing))
    }
}

fn half(sources: &Sources, what: &'static str, group: &[&Name], missing: &[&Name]) -> Error {
    let list = |names: Vec<&Name>| {
        let keys: Vec<&str> = names.iter().map(|name| name.key).collect();
        keys.join(", ")
    };
    Error::HalfConfigured {
        what,
        given: list(
            group
                .iter()
                .copied()
                .filter(|name| sources.has(name))
                .collect(),
        ),
        missing: list(missing.to_vec()),
    }
}

fn exclusive(sources: &Sources, group: &[&'static Name]) -> Result<(), Error> {
    let mut given = group.iter().filter(|name| sources.has(name));
    match (given.next(), given.next()) {
        (Some(first), Some(second)) => Err(Error::Conflict {
            first: first.key,
            second: second.key,
        }),
        _ => Ok(()),
    }
}

fn required(sources: &Sources, name: &Name) -> String {
    sources.text(name).unwrap_or_default()
}

fn required_secret(sources: &Sources, name: &Name) -> Secret {
    sources
        .secret(name)
        .unwrap_or_else(|| Secret::new(String::new()))
}

fn invalid(sources: &Sources, name: &'static Name, reason: String) -> Error {
    Error::Invalid {
        name: name.key,
        origin: sources
            .get(name)
            .map_or(Origin::Default, |value| value.origin.clone()),
        reason,
    }
}

fn number(sources: &Sources, name: &'static Name, default: i32, most: i32) -> Result<i32, Error> {
    let Some(text) = sources.text(name) else {
        return Ok(default);
    };
    text.parse()
        .ok()
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| invalid(sources, name, format!("expected a number from 1 to {most}")))
}

fn file(sources: &Sources, name: &'static Name) -> Result<Option<PathBuf>, Error> {
    let Some(path) = sources.text(name).map(PathBuf::from) else {
        return Ok(None);
    };
    match std::fs::File::open(&path) {
        Ok(_) => Ok(Some(path)),
        Err(error) => Err(invalid(
            sources,
            name,
            format!("cannot read {}: {error}", path.display()),
        )),
    }
}

fn check_url(sources: &Sources, name: &'static Name) -> Result<(), Error> {
    let text = required(sources, name);
    // The value is not repeated: a password may stand in it.
    for url in text.split(',').map(str::trim) {
        let reason = match reqwest::Url::parse(url) {
            Err(error) => format!("not a URL ({error})"),
            Ok(url) if !matches!(url.scheme(), "http" | "https") => {
                "not an http:// or https:// URL".to_owned()
            }
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                "credentials in the URL would end up in logs; use SR_API_KEY and SR_API_SECRET"
                    .to_owned()
            }
            Ok(url) if url.query().is_some() || url.fragment().is_some() => {
                "a base URL has no query or fragment".to_owned()
            }
            Ok(_) => continue,
        };
        return Err(invalid(sources, name, reason));
    }
    Ok(())
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
        assert_eq!(origin(&names::KAFKA_PARTITIONS), Origin::Environment);
        assert!(matches!(origin(&names::SR_API_KEY), Origin::DotEnv(_)));
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
        assert!(registry.check_mode(cli::Mode::Full).is_err());
        assert!(registry.check_mode(cli::Mode::SchemaOnly).is_ok());
        let kafka = check(&[("BOOTSTRAP_SERVERS", "a:9092")]).unwrap();
        assert!(kafka.check_mode(cli::Mode::Full).is_err());
    }
}
