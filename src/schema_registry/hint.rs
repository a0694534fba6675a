//! What to do about a failure.

use super::error::{Error, Kind};
use super::http::call::Api;

impl Error {
    /// What to do about it, in the words of this program's settings.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self.kind() {
            Kind::Settings | Kind::Input => return None,
            Kind::Connect | Kind::Interrupted if self.is_about_tls() => {
                "the TLS handshake failed: check whether SCHEMA_REGISTRY_URL should begin with http:// or https://, SR_SSL_CA_LOCATION (who vouches for the registry), SR_SSL_CERT_LOCATION and SR_SSL_KEY_LOCATION (who vouches for you)"
            }
            Kind::Connect => match self {
                Self::Token { .. } => {
                    "check SR_OAUTH_TOKEN_URL, and that it can be reached from here (proxy, firewall)"
                }
                _ => {
                    "check SCHEMA_REGISTRY_URL, that the registry runs, and that it can be reached from here (proxy, firewall, SR_SSL_CA_LOCATION)"
                }
            },
            Kind::Interrupted | Kind::Server => match self {
                Self::Token { .. } => {
                    "check that SR_OAUTH_TOKEN_URL is a token endpoint; if it is, try again later"
                }
                _ => "the registry is in trouble; try again later",
            },
            Kind::Timeout => {
                "the registry is slow or something in between swallows the traffic; try again later, or check the proxy and the firewall"
            }
            Kind::Unauthorized => match self {
                Self::Token { .. } => {
                    "check SR_OAUTH_CLIENT_ID, SR_OAUTH_CLIENT_SECRET and SR_OAUTH_SCOPE"
                }
                Self::Answer(answer) if answer.status == 407 => {
                    "the proxy wants credentials: put them into HTTPS_PROXY or HTTP_PROXY"
                }
                _ => {
                    "check SR_API_KEY and SR_API_SECRET: the key must belong to this Schema Registry, not to the Kafka cluster; or check SR_BEARER_TOKEN or the SR_OAUTH settings, SR_IDENTITY_POOL_ID and SR_LOGICAL_CLUSTER"
                }
            },
            Kind::Forbidden => match self.error_code() {
                Some(40370) => {
                    "the KMS denied the registry the use of its key: check the key's policy"
                }
                _ => "the credentials are valid but not allowed to do this: ask for the role",
            },
            Kind::NotFound => match self.error_code() {
                Some(404) => {
                    "the registry does not know this path: check the path of SCHEMA_REGISTRY_URL; older registries lack some calls"
                }
                _ => "check the name, and that it was not deleted",
            },
            Kind::Incompatible => {
                "change the schema compatibly (test it first), or set another compatibility level on the subject"
            }
            Kind::Conflict => {
                "it exists already: use it as it is, choose another name, or delete it first"
            }
            Kind::Invalid => match self.error_code() {
                Some(42201) => {
                    "the registry cannot use the schema: check its text and its references"
                }
                Some(42205) => "the subject or the registry is not in a mode that allows this",
                Some(42206 | 42272) => "something refers to it: delete that first",
                Some(42210) => "check the rule set: names, modes and types of its rules",
                _ => return None,
            },
            Kind::Throttled => "the registry limits the rate of requests: try again later, slower",
            Kind::NotARegistry => {
                "check SCHEMA_REGISTRY_URL: it must be the registry's own address, not a console's or a proxy's"
            }
            Kind::Unsupported => match self {
                Self::Unsupported { api, .. } if *api == Api::CATALOG => {
                    "tags are defined in the catalog of Confluent Cloud; without one, tags in the schema work all the same"
                }
                _ => {
                    "encryption needs a DEK Registry: Confluent Cloud, Confluent Platform with the DEK Registry enabled, or the embedded registry"
                }
            },
        })
    }

    /// Whether the causes speak of certificates or of a peer without TLS.
    pub(super) fn is_about_tls(&self) -> bool {
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            if text.contains("ertificate") || text.contains("InvalidContentType") {
                return true;
            }
            cause = error.source();
        }
        false
    }
}
