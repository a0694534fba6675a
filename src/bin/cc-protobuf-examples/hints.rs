//! Hints: what the user can do about a failure, by the names of the settings.

use cc_protobuf_examples::{kafka, schema_registry};

/// The registry client's name for the API that defines tags.
const CATALOG: &str = "catalog";

/// Returns a hint for a failure of the Kafka cluster, if there is one.
pub fn kafka(kind: kafka::ErrorKind) -> Option<&'static str> {
    use kafka::ErrorKind;

    Some(match kind {
        ErrorKind::UnknownHost => {
            "check the host names in BOOTSTRAP_SERVERS, and that this network can resolve them (DNS, VPN)"
        }
        ErrorKind::ConnectionRefused => {
            "check host and port in BOOTSTRAP_SERVERS, and that the broker is running"
        }
        ErrorKind::NoAnswer => {
            "check BOOTSTRAP_SERVERS and KAFKA_SECURITY_PROTOCOL, and that no firewall drops the traffic"
        }
        ErrorKind::TlsListener => {
            "set KAFKA_SECURITY_PROTOCOL to SSL, or to SASL_SSL if there is a KAFKA_API_KEY, or use the port of a listener without TLS"
        }
        ErrorKind::PlaintextListener => {
            "use the port of the TLS listener in BOOTSTRAP_SERVERS, or set KAFKA_SECURITY_PROTOCOL to PLAINTEXT, or to SASL_PLAINTEXT if there is a KAFKA_API_KEY"
        }
        ErrorKind::NotKafka => {
            "check the port in BOOTSTRAP_SERVERS: another service uses it, such as a web server or the Schema Registry"
        }
        ErrorKind::Certificate => {
            "for a private certificate authority set KAFKA_SSL_CA_LOCATION to its PEM file; the certificate must contain the host name in BOOTSTRAP_SERVERS"
        }
        ErrorKind::Tls => {
            "check KAFKA_SECURITY_PROTOCOL and the port in BOOTSTRAP_SERVERS; client certificates are not supported"
        }
        ErrorKind::Credentials => {
            "check KAFKA_API_KEY and KAFKA_API_SECRET: the key must belong to this Kafka cluster, not to the Schema Registry"
        }
        ErrorKind::SaslNotOffered => {
            "unset KAFKA_API_KEY and KAFKA_API_SECRET, or use the port of a listener with SASL/PLAIN in BOOTSTRAP_SERVERS"
        }
        ErrorKind::SaslRequired => {
            "set KAFKA_API_KEY and KAFKA_API_SECRET; without TLS also set KAFKA_SECURITY_PROTOCOL to SASL_PLAINTEXT"
        }
        ErrorKind::NotAuthorized => {
            "grant the permission to the API key's principal, or use a key that has it"
        }
        ErrorKind::NoAdminApi => {
            "stop the process that runs the brokers, such as serve --kafka: topics and groups disappear with it"
        }
        ErrorKind::CreateTopic => {
            "set KAFKA_REPLICATION_FACTOR and KAFKA_PARTITIONS to values that the cluster allows, or create the topic beforehand"
        }
        ErrorKind::NotReady => "check the topic's partitions and in-sync replicas",
        ErrorKind::TooLarge => {
            "send smaller records or fewer at once, or increase max.message.bytes of the topic"
        }
        _ => return None,
    })
}

/// Returns a hint for a failure of the Schema Registry, if there is one.
pub fn registry(error: &schema_registry::Error) -> Option<&'static str> {
    use schema_registry::{Error, ErrorKind};

    Some(match error.kind() {
        ErrorKind::Connect | ErrorKind::Interrupted if error.is_tls() => {
            "the TLS handshake failed: check whether SCHEMA_REGISTRY_URL should begin with http:// or https://, SR_SSL_CA_LOCATION (trusted certificates), SR_SSL_CERT_LOCATION and SR_SSL_KEY_LOCATION (your client certificate)"
        }
        ErrorKind::Connect => match error {
            Error::Token { .. } => {
                "check SR_OAUTH_TOKEN_URL, and that it can be reached from here (proxy, firewall)"
            }
            _ => {
                "check SCHEMA_REGISTRY_URL, that the registry is running, and that it can be reached from here (proxy, firewall, SR_SSL_CA_LOCATION)"
            }
        },
        ErrorKind::Interrupted | ErrorKind::Server => match error {
            Error::Token { .. } => {
                "check that SR_OAUTH_TOKEN_URL is a token endpoint; if it is, try again later"
            }
            _ => "the registry has an internal problem; try again later",
        },
        ErrorKind::Timeout => {
            "the registry is slow, or a proxy or firewall drops the traffic; check them, or try again later"
        }
        ErrorKind::Unauthorized => match error {
            Error::Token { .. } => {
                "check SR_OAUTH_CLIENT_ID, SR_OAUTH_CLIENT_SECRET and SR_OAUTH_SCOPE"
            }
            Error::Answer(answer) if answer.status == 407 => {
                "the proxy requires credentials: add them to the URL in HTTPS_PROXY or HTTP_PROXY"
            }
            _ => {
                "check SR_API_KEY and SR_API_SECRET: the key must belong to this Schema Registry, not to the Kafka cluster; or check SR_BEARER_TOKEN or the SR_OAUTH settings, SR_IDENTITY_POOL_ID and SR_LOGICAL_CLUSTER"
            }
        },
        ErrorKind::Forbidden => match error.error_code() {
            Some(40370) => "the KMS does not let the registry use its key: check the key's policy",
            _ => "the credentials are valid but lack a permission: ask for the role that grants it",
        },
        ErrorKind::NotFound => match error.error_code() {
            Some(404) => {
                "the registry does not know this path: check the path of SCHEMA_REGISTRY_URL; older registries lack some endpoints"
            }
            _ => "check the name, and that it was not deleted",
        },
        ErrorKind::Incompatible => {
            "change the schema compatibly (test it first), or set another compatibility level on the subject"
        }
        ErrorKind::Conflict => {
            "it exists already: use it unchanged, choose another name, or delete it first"
        }
        ErrorKind::Invalid => match error.error_code() {
            Some(42201) => "the registry cannot use the schema: check its text and its references",
            Some(42205) => "the mode of the subject or the registry does not allow this",
            Some(42206 | 42272) => "something references it: delete that first",
            Some(42210) => "check the rule set: names, modes and types of its rules",
            _ => return None,
        },
        ErrorKind::Throttled => {
            "the registry limits the rate of requests: try again later, with fewer requests"
        }
        ErrorKind::NotARegistry => {
            "check SCHEMA_REGISTRY_URL: it must be the address of the registry itself, not of a web console or proxy"
        }
        ErrorKind::Unsupported => match error {
            Error::Unsupported { api, .. } if *api == CATALOG => {
                "tags are defined in the catalog of Confluent Cloud; without one, tags inside schemas still work"
            }
            _ => {
                "encryption needs a DEK Registry: Confluent Cloud, Confluent Platform with the DEK Registry enabled, or the embedded registry"
            }
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use cc_protobuf_examples::schema_registry::Deleted;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use cc_protobuf_examples::schema_registry::{Client, Error};

    use super::registry;

    /// Returns a client that gets the same answer to every request.
    fn client(status: u16, body: &'static str) -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]);
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n\
                     content-length: {length}\r\nconnection: close\r\n\r\n"
                );
                let _ = stream.write_all((head + body).as_bytes());
            }
        });
        Client::builder(url).retries(0).build().unwrap()
    }

    fn hint(error: &Error) -> &'static str {
        registry(error).unwrap_or_else(|| panic!("no hint for {error}"))
    }

    #[tokio::test]
    async fn hints_say_what_to_look_at() {
        for (status, body, words) in [
            (401, r#"{"error_code": 401}"#, "SR_API_SECRET"),
            (403, r#"{"error_code": 40370}"#, "KMS"),
            (403, r#"{"error_code": 40301}"#, "ask for the role"),
            (404, r#"{"error_code": 40401}"#, "check the name"),
            (404, r#"{"error_code": 404}"#, "check the path"),
            (407, r#"{"error_code": 407}"#, "HTTPS_PROXY"),
            (409, r#"{"error_code": 40901}"#, "compatib"),
            (422, r#"{"error_code": 42201}"#, "references"),
            (422, r#"{"error_code": 42205}"#, "mode"),
            (422, r#"{"error_code": 42206}"#, "references it"),
            (429, r#"{"error_code": 429}"#, "rate"),
            (500, r#"{"error_code": 500}"#, "later"),
            (200, "no JSON", "SCHEMA_REGISTRY_URL"),
        ] {
            let error = client(status, body).subjects().await.unwrap_err();
            let hint = hint(&error);
            assert!(hint.contains(words), "{status} {body}: {hint}");
        }
        let missing = client(404, "{}");
        let tag = missing.create_tag("PII").await.unwrap_err();
        assert!(hint(&tag).contains("catalog"), "{tag}");
        let kek = missing.kek("k", Deleted::Exclude).await.unwrap_err();
        assert!(hint(&kek).contains("DEK Registry"), "{kek}");
        let closed = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let nobody = Client::builder(format!("http://{closed}")).retries(0);
        let error = nobody.build().unwrap().subjects().await.unwrap_err();
        assert!(hint(&error).contains("SCHEMA_REGISTRY_URL"), "{error}");
    }
}
