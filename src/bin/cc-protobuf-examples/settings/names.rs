//! The environment variables that the program reads.
//!
//! Three kinds are not listed: the variable for completions, which belongs to
//! `commands::completions`; and the AWS credential chain (`AWS_PROFILE`, …) and the
//! proxy variables (`HTTPS_PROXY`, …), which libraries read from the environment
//! only.

/// One environment variable.
#[derive(Debug, PartialEq, Eq)]
pub struct Name {
    /// The variable.
    pub key: &'static str,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// Description, for `doctor`.
    pub meaning: &'static str,
}

macro_rules! names {
    ($($key:ident, $secret:literal, $meaning:literal;)*) => {
        $(
            #[doc = concat!("`", stringify!($key), "`: ", $meaning, ".")]
            pub static $key: Name = Name { key: stringify!($key), secret: $secret, meaning: $meaning };
        )*
        /// All names, in the order of `doctor`.
        pub static ALL: &[&Name] = &[$(&$key),*];
    };
}

names! {
    SCHEMA_REGISTRY_URL, false, "Schema Registry; several URLs separated by commas";
    SR_API_KEY, false, "Schema Registry API key (Basic auth user)";
    SR_API_SECRET, true, "Schema Registry API secret (Basic auth password)";
    SR_BEARER_TOKEN, true, "bearer token for the registry, instead of an API key";
    SR_OAUTH_TOKEN_URL, false, "OAuth token endpoint (client credentials grant)";
    SR_OAUTH_CLIENT_ID, false, "OAuth client id";
    SR_OAUTH_CLIENT_SECRET, true, "OAuth client secret";
    SR_OAUTH_SCOPE, false, "OAuth scope";
    SR_IDENTITY_POOL_ID, false, "Confluent identity pool, with a bearer token or OAuth";
    SR_LOGICAL_CLUSTER, false, "Confluent logical cluster (lsrc-…), with a bearer token or OAuth";
    SR_SSL_CA_LOCATION, false, "PEM file of additional CA certificates for the registry";
    SR_SSL_CERT_LOCATION, false, "PEM file of the client certificate for mutual TLS";
    SR_SSL_KEY_LOCATION, false, "PEM file of the client certificate's private key";
    BOOTSTRAP_SERVERS, false, "Kafka cluster, host:port, separated by commas";
    KAFKA_API_KEY, false, "Kafka API key (SASL user)";
    KAFKA_API_SECRET, true, "Kafka API secret (SASL password)";
    KAFKA_SECURITY_PROTOCOL, false, "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL";
    KAFKA_SSL_CA_LOCATION, false, "PEM file of the CA certificates for the brokers";
    KAFKA_REPLICATION_FACTOR, false, "replication factor of new topics";
    KAFKA_PARTITIONS, false, "partitions of new topics";
    AWS_KMS_KEY_ARN, false, "AWS KMS key that encrypts the data encryption keys";
    LOCAL_SECRET, true, "secret of local-kms, for use without a cloud KMS";
}

/// Returns the variable that `key` is a misspelling of, if it is close to one.
pub fn misspelled(key: &str) -> Option<&'static Name> {
    let letters = |key: &str| -> String {
        let letters = key.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|letter| letter.to_ascii_uppercase()).collect()
    };
    let wrong = letters(key);
    let close = ALL.iter().copied().filter_map(|name| {
        let right = letters(name.key);
        // The first two letters must match: S3_API_KEY is not SR_API_KEY.
        if name.key == key || right.get(..2) != wrong.get(..2) {
            return None;
        }
        let distance = strsim::osa_distance(&wrong, &right);
        let bound = if right.len() > 9 { 2 } else { 1 };
        (distance <= bound).then_some((distance, name))
    });
    close
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_are_found_and_other_programs_names_are_not() {
        for (wrong, right) in [
            ("SR_APIKEY", "SR_API_KEY"),
            ("SR_API_SECERT", "SR_API_SECRET"),
            ("SRAPI_SECRET", "SR_API_SECRET"),
            ("sr_api_key", "SR_API_KEY"),
            ("SCHEMA_REGISTRY_URI", "SCHEMA_REGISTRY_URL"),
            ("SCHEMAREGISTRY_URL", "SCHEMA_REGISTRY_URL"),
            ("BOOTSTRAP_SERVER", "BOOTSTRAP_SERVERS"),
            ("KAFKA_APIKEY", "KAFKA_API_KEY"),
            ("KAFKA_PARTITION", "KAFKA_PARTITIONS"),
            ("AWS_KMS_KEYARN", "AWS_KMS_KEY_ARN"),
            ("LOCAL_SECRETS", "LOCAL_SECRET"),
        ] {
            assert_eq!(
                misspelled(wrong).map(|name| name.key),
                Some(right),
                "{wrong}"
            );
        }
        for other in [
            "",
            "S",
            "PATH",
            "S3_API_KEY",
            "KAFKA_HOME",
            "KAFKA_OPTS",
            "AWS_REGION",
            "AWS_ACCESS_KEY_ID",
            "LOCALE",
            "SR_API_URL",
            "API_KEY",
        ] {
            assert_eq!(misspelled(other), None, "{other}");
        }
        for name in ALL {
            assert_eq!(misspelled(name.key), None);
        }
    }
}
