//! The command `doctor`: shows the configuration and its origins, and checks it.

use std::time::Duration;

use serde_json::{Value, json};

use cc_protobuf_examples::kafka::{has_feature, reach};
use cc_protobuf_examples::schema_registry::Client;

use crate::backends::{self, KmsKey, kafka_config, try_kms};
use crate::console::{Console, Output, Spinner, TITLE, Table, counted, snake_case};
use crate::failure::{Exit, Failure};
use crate::settings::names::{self, Name};
use crate::settings::{Error, Settings, Sources};

/// The result of a check.
enum Finding {
    /// The backend works.
    Good(String),
    /// The backend is needed and does not work.
    Bad(Failure),
    /// The backend is not configured or does not exist, and is not always needed.
    Absent(String),
}

/// Shows names, values and origins before the checks, because they help to
/// understand an error. Without `all`, names that are not set and change nothing
/// are left out.
pub fn show_configuration(
    sources: Sources,
    embedded: bool,
    all: bool,
    console: &Console,
) -> Result<Settings, Error> {
    console.result(&format!("{TITLE}Configuration{TITLE:#}"));
    let shown = |name: &Name| all || matters(name, &sources);
    for line in configuration(&sources, shown).lines(0, console.width()) {
        console.result(&line);
    }
    let hidden = names::ALL.iter().filter(|name| !shown(name)).count();
    if hidden > 0 {
        let more = counted(hidden, "more name");
        console.say(&format!("  not set: {more}, which `doctor -v` lists"));
    }
    match &sources.dot_env {
        Some(path) => console.say(&format!("  .env file: {}", path.display())),
        None => console.say("  .env file: none in this directory or above it"),
    }
    Settings::check(sources, embedded)
}

/// Checks every backend.
pub async fn doctor(settings: &Settings, console: &Console) -> Result<Exit, Failure> {
    let mut findings: Vec<(&str, Finding)> = Vec::new();
    match &settings.registry {
        Some(remote) => registry(&backends::client(remote)?, &mut findings).await,
        None => findings.push((
            "Schema Registry",
            Finding::Absent(format!(
                "not configured ({}); using the embedded one",
                names::SCHEMA_REGISTRY_URL.key
            )),
        )),
    }
    findings.push(("Kafka", kafka(settings).await));
    findings.push(("TLS", tls()));
    findings.push(("KMS", kms(settings).await));

    let mut checks = Table::new(["check", "result", "detail"]);
    let mut reports: Vec<Value> = Vec::new();
    for (name, finding) in &findings {
        let (mark, result, detail) = match finding {
            Finding::Good(detail) => ("✓", "ok", detail.clone()),
            Finding::Absent(detail) => ("-", "absent", detail.clone()),
            Finding::Bad(failure) => ("✗", "failed", failure.to_string()),
        };
        checks.row([*name, &format!("{mark} {result}"), &detail]);
        reports.push(json!({"check": snake_case(name), "result": result, "detail": detail}));
    }
    console.result("");
    console.result(&format!("{TITLE}Backends{TITLE:#}"));
    for line in checks.lines(0, console.width()) {
        console.result(&line);
    }
    let exit = Exit::of_all(findings.iter().map(|(_, finding)| match finding {
        Finding::Bad(failure) => failure.exit,
        _ => Exit::Met,
    }));
    for (_, finding) in &findings {
        if let Finding::Bad(failure) = finding {
            failure.print();
        }
    }
    if console.output() == Output::Json {
        let body = json!({
            "configuration": configuration(&settings.sources, |_| true).to_json(),
            "checks": reports,
            "exit_code": exit.code(),
        });
        console.document("doctor", &body)?;
    }
    Ok(exit)
}

/// Lists names with values and origins, secrets masked, and names that look like
/// a misspelling of one of them.
fn configuration(sources: &Sources, shown: impl Fn(&Name) -> bool) -> Table {
    let mut table = Table::new(["name", "value", "from"]);
    for name in names::ALL.iter().filter(|name| shown(name)) {
        match sources.get(name) {
            Some(found) => {
                let value = if name.secret {
                    "***"
                } else {
                    found.value.expose()
                };
                table.row([name.key, value, &found.origin.to_string()]);
            }
            None => table.row([name.key, "", default(name.key, sources)]),
        }
    }
    let environment = std::env::vars_os().filter_map(|(key, _)| key.into_string().ok());
    let environment = environment.map(|key| (key, "environment"));
    let dot_env = sources.unread.iter().map(|key| (key.clone(), ".env"));
    for (key, origin) in environment.chain(dot_env) {
        if let Some(meant) = names::misspelled(&key) {
            // The value may be a secret.
            let problem = format!("{origin}, not read; did you mean {}?", meant.key);
            table.row([key.as_str(), "", &problem]);
        }
    }
    table
}

/// Returns whether a name affects this configuration: it has a value, chooses
/// between embedded and remote, or its default is in effect.
fn matters(name: &Name, sources: &Sources) -> bool {
    let kafka = sources.has(&names::BOOTSTRAP_SERVERS);
    sources.has(name)
        || match name.key {
            "SCHEMA_REGISTRY_URL" | "BOOTSTRAP_SERVERS" => true,
            "AWS_KMS_KEY_ARN" => !sources.has(&names::LOCAL_SECRET),
            "LOCAL_SECRET" => !sources.has(&names::AWS_KMS_KEY_ARN),
            "KAFKA_SECURITY_PROTOCOL" | "KAFKA_REPLICATION_FACTOR" | "KAFKA_PARTITIONS" => kafka,
            _ => false,
        }
}

fn default(key: &str, sources: &Sources) -> &'static str {
    let configured = |name| sources.get(name).is_some();
    match key {
        "KAFKA_REPLICATION_FACTOR" => "default: 3",
        "KAFKA_PARTITIONS" => "default: 6",
        "KAFKA_SECURITY_PROTOCOL" if configured(&names::KAFKA_API_KEY) => "default: SASL_SSL",
        "KAFKA_SECURITY_PROTOCOL" => "default: PLAINTEXT",
        "SCHEMA_REGISTRY_URL" => "default: embedded",
        // With a configured registry, there is no embedded cluster.
        "BOOTSTRAP_SERVERS" if !configured(&names::SCHEMA_REGISTRY_URL) => "default: embedded",
        _ => "not set",
    }
}

/// Checks which features librdkafka was built with. HTTP always has rustls.
fn tls() -> Finding {
    let missing: Vec<&str> = ["ssl", "sasl_plain"]
        .into_iter()
        .filter(|feature| !has_feature(feature))
        .collect();
    if missing.is_empty() {
        Finding::Good("rustls for HTTP; librdkafka with ssl and sasl_plain".to_owned())
    } else {
        Finding::Bad(Failure::new(
            Exit::Usage,
            format!("librdkafka was built without {}", missing.join(" and ")),
        ))
    }
}

async fn registry(client: &Client, findings: &mut Vec<(&'static str, Finding)>) {
    let _spinner = Spinner::start("asking the Schema Registry".to_owned());
    let reached = match client.types().await {
        Ok(types) => {
            let version = match client.server_version().await {
                Ok(server) => format!(", version {}", server.version),
                // Confluent Cloud does not have this endpoint.
                Err(_) => String::new(),
            };
            Finding::Good(format!("answers; types {}{version}", types.join(", ")))
        }
        Err(error) => Finding::Bad(error.into()),
    };
    let works = matches!(reached, Finding::Good(_));
    findings.push(("Schema Registry", reached));
    if !works {
        return;
    }
    findings.push((
        "credentials",
        match client.compatibility(None).await {
            Ok(level) => Finding::Good(format!("accepted; global level {}", level.as_str())),
            // The key is limited to some subjects, which is enough for the examples.
            Err(error) if error.is_forbidden() => {
                Finding::Good("accepted; not allowed to read the global level".to_owned())
            }
            Err(error) => Finding::Bad(error.into()),
        },
    ));
    let optional = |error: cc_protobuf_examples::schema_registry::Error, needed: &str| {
        if error.is_unsupported() || error.is_not_found() || error.is_forbidden() {
            Finding::Absent(format!("{error}; {needed}"))
        } else {
            Finding::Bad(error.into())
        }
    };
    findings.push((
        "DEK Registry",
        match client.keks(false).await {
            Ok(keks) => Finding::Good(counted(keks.len(), "KEK")),
            Err(error) => optional(error, "the csfle example needs it"),
        },
    ));
    findings.push((
        "catalog",
        match client.tags().await {
            Ok(tags) => Finding::Good(counted(tags.len(), "tag definition")),
            Err(error) => optional(error, "tags are then only inside schemas"),
        },
    ));
}

async fn kafka(settings: &Settings) -> Finding {
    let Some(remote) = &settings.kafka else {
        let name = names::BOOTSTRAP_SERVERS.key;
        // Full mode does not combine a remote registry with the embedded cluster.
        let full = match settings.registry {
            Some(_) => "full mode needs it",
            None => "full mode uses an embedded cluster",
        };
        return Finding::Absent(format!("not configured ({name}); {full}"));
    };
    let _spinner = Spinner::start(format!("connecting to {}", remote.bootstrap_servers));
    let result = async {
        let mut config = kafka_config(remote)?;
        config.deadline = Duration::from_secs(15);
        Ok::<_, Failure>(reach(&config).await?)
    };
    match result.await {
        Ok(brokers) => Finding::Good(format!(
            "{} at {} ({})",
            counted(brokers, "broker"),
            remote.bootstrap_servers,
            remote.security_protocol
        )),
        Err(failure) => Finding::Bad(failure),
    }
}

async fn kms(settings: &Settings) -> Finding {
    let kms = match KmsKey::decide(settings) {
        Err(failure) => return Finding::Bad(failure),
        Ok(kms) => kms,
    };
    if let KmsKey::Missing = kms {
        return Finding::Absent(kms.describe());
    }
    match try_kms(&kms).await {
        Ok(()) => Finding::Good(kms.describe()),
        Err(failure) => Finding::Bad(failure),
    }
}
