//! Settings of the Kafka cluster.

use std::path::PathBuf;

use super::checks::{file, half, invalid, required, required_secret, together};
use super::names;
use super::{Error, Secret, Sources};

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

pub(super) fn kafka(sources: &Sources) -> Result<Option<KafkaSettings>, Error> {
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
    if !bootstrap_servers.split(',').all(is_server) {
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

/// Returns whether the text is `host:port`, optionally after a protocol, as the
/// Confluent CLI prints endpoints; librdkafka accepts both.
fn is_server(server: &str) -> bool {
    let address = match server.split_once("://") {
        Some(("SASL_SSL" | "SASL_PLAINTEXT" | "SSL" | "PLAINTEXT", address)) => address,
        Some(_) => return false,
        None => server,
    };
    !address.is_empty() && !address.contains(|c: char| c.is_whitespace() || "/@?#".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers() {
        for server in ["broker:9092", "SASL_SSL://pkc-1.cloud:9092", "[::1]:9092"] {
            assert!(is_server(server), "{server}");
        }
        for server in [
            "",
            "a b:1",
            "http://broker:9092",
            "SSL://",
            "u@broker:9092",
            "a:1/",
        ] {
            assert!(!is_server(server), "{server}");
        }
    }
}
