//! What the user can do about a failure, in the words of this program's settings.

use cc_protobuf_examples::kafka::Kind;

/// What to do about a failure on the Kafka cluster, where that can be said.
pub fn kafka(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::UnknownHost => {
            "check the host names in BOOTSTRAP_SERVERS, and that this network knows them (DNS, VPN)"
        }
        Kind::ConnectionRefused => {
            "check host and port in BOOTSTRAP_SERVERS, and that the broker runs"
        }
        Kind::NoAnswer => {
            "check BOOTSTRAP_SERVERS and KAFKA_SECURITY_PROTOCOL, and that no firewall swallows the traffic"
        }
        Kind::TlsListener => {
            "set KAFKA_SECURITY_PROTOCOL to SSL, or to SASL_SSL where there is a KAFKA_API_KEY, or use the port of a listener without TLS"
        }
        Kind::PlaintextListener => {
            "use the port of the TLS listener in BOOTSTRAP_SERVERS, or set KAFKA_SECURITY_PROTOCOL to PLAINTEXT, or to SASL_PLAINTEXT where there is a KAFKA_API_KEY"
        }
        Kind::NotKafka => {
            "check the port in BOOTSTRAP_SERVERS: it belongs to something else, such as a web server or the Schema Registry"
        }
        Kind::Certificate => {
            "for a private certificate authority set KAFKA_SSL_CA_LOCATION to its PEM file; the certificate must name the host as BOOTSTRAP_SERVERS does"
        }
        Kind::Tls => {
            "check KAFKA_SECURITY_PROTOCOL and the port in BOOTSTRAP_SERVERS; client certificates are not supported"
        }
        Kind::Credentials => {
            "check KAFKA_API_KEY and KAFKA_API_SECRET: the key must belong to this Kafka cluster, not to the Schema Registry"
        }
        Kind::SaslNotOffered => {
            "unset KAFKA_API_KEY and KAFKA_API_SECRET, or use the port of a listener with SASL/PLAIN in BOOTSTRAP_SERVERS"
        }
        Kind::SaslRequired => {
            "set KAFKA_API_KEY and KAFKA_API_SECRET; without TLS set KAFKA_SECURITY_PROTOCOL to SASL_PLAINTEXT, too"
        }
        Kind::NotAuthorized => "give the API key's principal the right, or use a key that has it",
        Kind::NoAdminApi => {
            "stop the process that runs the brokers, such as serve --kafka: topics and groups end with it"
        }
        Kind::CreateTopic => {
            "set KAFKA_REPLICATION_FACTOR and KAFKA_PARTITIONS to what the cluster allows, or create the topic beforehand"
        }
        Kind::NotReady => "look at the state of the topic's partitions and in-sync replicas",
        Kind::TooLarge => {
            "send less in one record or at once, or raise max.message.bytes of the topic"
        }
        _ => return None,
    })
}
