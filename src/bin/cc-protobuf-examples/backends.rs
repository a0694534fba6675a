//! Turns settings into the backends of a run: Registry, Kafka and Kms, each
//! remote or embedded.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

#[cfg(feature = "aws-kms")]
use cc_protobuf_examples::csfle::kms::AwsKms;
use cc_protobuf_examples::csfle::kms::{KmsDrivers, LocalKms};
use cc_protobuf_examples::csfle::{Algorithm, RawDek};
use cc_protobuf_examples::embedded::broker::EmbeddedBroker;
use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use cc_protobuf_examples::kafka::{
    AdminTopics, ConnectionConfig, Credentials, Delivery, Kafka, ProducerRecord, Received,
    SecurityProtocol, TopicSpec,
};
use cc_protobuf_examples::schema_registry::entities::Kek;
use cc_protobuf_examples::schema_registry::{Client, ClientCredentials};

use crate::console::{Console, wrap};
use crate::failure::{Exit, Failure};
use crate::settings::{KafkaSettings, RegistryAuth, RegistrySettings, Secret, Settings};

/// Which key encrypts the data encryption keys of the csfle example.
#[derive(Clone, Debug)]
pub enum KmsKey {
    /// An AWS KMS key, by its ARN.
    Aws(String),
    /// local-kms with the user's LOCAL_SECRET.
    Local(Secret),
    /// local-kms with a random secret that is lost when the process ends.
    ThrowAway(Secret),
    /// None, because a remote registry would keep keys that nobody can unwrap.
    Missing,
}

impl KmsKey {
    /// Chooses the key from the settings.
    pub fn decide(settings: &Settings) -> Result<Self, Failure> {
        if let Some(arn) = &settings.kms_key_arn {
            return Ok(Self::Aws(arn.clone()));
        }
        if let Some(secret) = &settings.local_secret {
            return Ok(Self::Local(secret.clone()));
        }
        if settings.registry.is_some() {
            return Ok(Self::Missing);
        }
        let mut random = [0_u8; 32];
        getrandom::fill(&mut random).map_err(|error| {
            Failure::new(
                Exit::Unmet,
                format!("cannot get random bytes from the system: {error}"),
            )
        })?;
        let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self::ThrowAway(Secret::new(text)))
    }

    /// Returns the KMS drivers for the key.
    pub fn drivers(&self) -> KmsDrivers {
        match self {
            #[cfg(feature = "aws-kms")]
            Self::Aws(_) => KmsDrivers::new().with(AwsKms::new()),
            Self::Local(secret) | Self::ThrowAway(secret) => {
                KmsDrivers::new().with(LocalKms::new(secret.expose()))
            }
            _ => KmsDrivers::new(),
        }
    }

    /// Describes the key management for the banner.
    pub fn describe(&self) -> String {
        match self {
            Self::Aws(arn) => format!("aws-kms {arn}"),
            Self::Local(_) => "local-kms with LOCAL_SECRET".to_owned(),
            Self::ThrowAway(_) => "local-kms with a temporary secret".to_owned(),
            Self::Missing => "none: set AWS_KMS_KEY_ARN or LOCAL_SECRET for csfle".to_owned(),
        }
    }
}

/// Wraps and unwraps a random key, to test whether the KMS key can be used.
pub async fn try_kms(kms: &KmsKey) -> Result<(), Failure> {
    let (kms_type, kms_key_id) = match kms {
        KmsKey::Aws(arn) => ("aws-kms", arn.as_str()),
        _ => ("local-kms", "doctor"),
    };
    let kek = Kek {
        name: "doctor".to_owned(),
        kms_type: kms_type.to_owned(),
        kms_key_id: kms_key_id.to_owned(),
        ..Kek::default()
    };
    let drivers = kms.drivers();
    let dek = RawDek::generate(Algorithm::Aes256Gcm)
        .map_err(|error| Failure::new(Exit::Unmet, error.to_string()))?;
    let wrapped = drivers.wrap(&kek, &dek).await?;
    drivers.unwrap(&kek, Algorithm::Aes256Gcm, &wrapped).await?;
    Ok(())
}

/// The registry that the commands use.
pub struct Registry {
    /// Client of the registry.
    pub client: Client,
    /// URL of the registry.
    pub url: String,
    embedded: Option<EmbeddedRegistry>,
}

impl Registry {
    /// Connects to the configured registry, or starts an embedded one.
    pub async fn open(settings: &Settings, kms: &KmsKey) -> Result<Self, Failure> {
        match &settings.registry {
            Some(remote) => Ok(Self {
                client: client(remote)?,
                url: remote.urls.join(","),
                embedded: None,
            }),
            None => {
                let mut builder = EmbeddedRegistry::builder();
                #[cfg(feature = "aws-kms")]
                {
                    builder = builder.kms(cc_protobuf_examples::csfle::kms::AwsKms::new());
                }
                if let KmsKey::Local(secret) | KmsKey::ThrowAway(secret) = kms {
                    builder = builder.local_kms_secret(secret.expose());
                }
                let embedded = builder.start().await?;
                let url = embedded.url().to_owned();
                Ok(Self {
                    client: Client::builder(url.as_str()).build()?,
                    url,
                    embedded: Some(embedded),
                })
            }
        }
    }

    /// Returns whether the registry is embedded.
    pub fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }
}

/// Builds a client of the configured registry.
pub fn client(settings: &RegistrySettings) -> Result<Client, Failure> {
    let mut builder = Client::builder(settings.urls.join(","));
    builder = match &settings.auth {
        RegistryAuth::Anonymous => builder,
        RegistryAuth::Basic { key, secret } => builder.basic_auth(key.as_str(), secret.expose()),
        RegistryAuth::Bearer(token) => builder.bearer_token(token.expose()),
        RegistryAuth::OAuth {
            token_url,
            client_id,
            client_secret,
            scope,
        } => {
            let mut credentials = ClientCredentials::new(
                token_url.as_str(),
                client_id.as_str(),
                client_secret.expose(),
            );
            if let Some(scope) = scope {
                credentials = credentials.scope(scope.as_str());
            }
            builder.oauth(credentials)
        }
    };
    if let Some(pool) = &settings.identity_pool {
        builder = builder.identity_pool_id(pool.as_str());
    }
    if let Some(cluster) = &settings.logical_cluster {
        builder = builder.logical_cluster(cluster.as_str());
    }
    if let Some(path) = &settings.ca {
        builder = builder.ca_certificates_pem(read(path)?);
    }
    if let Some((certificate, key)) = &settings.client_certificate {
        builder = builder.client_certificate_pem(read(certificate)?, read(key)?);
    }
    Ok(builder.build()?)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))
}

/// Returns how to connect to the configured cluster.
pub fn kafka_config(settings: &KafkaSettings) -> Result<ConnectionConfig, Failure> {
    let credentials = settings
        .credentials
        .as_ref()
        .map(|(username, secret)| Credentials {
            username: username.clone(),
            password: secret.expose().to_owned(),
        });
    let mut config = ConnectionConfig::new(settings.bootstrap_servers.as_str(), credentials);
    config.security_protocol = settings
        .security_protocol
        .parse::<SecurityProtocol>()
        .map_err(|error| Failure::usage(error.to_string()))?;
    config.ca_location.clone_from(&settings.ca);
    Ok(config)
}

/// The Kafka cluster of a run, with a consumer assigned to the run's topics.
pub struct Broker {
    kafka: Kafka,
    servers: String,
    // Declared after the clients, so it is dropped after them.
    embedded: Option<EmbeddedBroker>,
}

impl Broker {
    /// Connects, creates missing topics, and assigns the consumer.
    pub async fn open(
        settings: &Settings,
        group: &str,
        topics: Vec<String>,
    ) -> Result<Self, Failure> {
        let topics: Vec<TopicSpec> = topics
            .into_iter()
            .map(|name| TopicSpec {
                name,
                partitions: settings.topics.partitions,
                replication_factor: settings.topics.replication_factor,
            })
            .collect();
        match &settings.kafka {
            Some(remote) => {
                let config = kafka_config(remote)?;
                let admin = AdminTopics::new(&config)?;
                let (kafka, _) = Kafka::connect(&config, group, &topics, &admin).await?;
                Ok(Self {
                    kafka,
                    servers: remote.bootstrap_servers.clone(),
                    embedded: None,
                })
            }
            None => {
                let embedded = EmbeddedBroker::start().await?;
                let mut config = ConnectionConfig::new(embedded.bootstrap_servers(), None);
                // Brokers on loopback answer at once; do not wait for more data.
                config.fetch_wait_max = Duration::from_millis(10);
                let (kafka, _) = Kafka::connect(&config, group, &topics, &embedded).await?;
                Ok(Self {
                    kafka,
                    servers: embedded.bootstrap_servers().to_owned(),
                    embedded: Some(embedded),
                })
            }
        }
    }

    /// Produces records and waits until all are acknowledged.
    pub async fn produce(&self, records: &[ProducerRecord]) -> Result<Vec<Delivery>, Failure> {
        Ok(self.kafka.produce(records).await?)
    }

    /// Consumes the delivered records, in the given order.
    pub async fn receive(&self, deliveries: &[Delivery]) -> Result<Vec<Received>, Failure> {
        Ok(self.kafka.receive(deliveries).await?)
    }

    /// Commits the offsets of processed records.
    pub async fn commit(&self, handled: &[Received]) -> Result<(), Failure> {
        Ok(self.kafka.commit(handled).await?)
    }

    /// Disconnects from the cluster.
    pub async fn close(self) {
        let Self {
            kafka, embedded, ..
        } = self;
        kafka.close().await;
        drop(embedded);
    }
}

/// All backends of a run.
pub struct Backends {
    /// Schema Registry.
    pub registry: Registry,
    /// Kafka, in full mode.
    pub broker: Option<Broker>,
    /// Key management.
    pub kms: KmsKey,
}

impl Backends {
    /// Opens the registry, without Kafka.
    pub async fn open(settings: &Settings) -> Result<Self, Failure> {
        let kms = KmsKey::decide(settings)?;
        Ok(Self {
            registry: Registry::open(settings, &kms).await?,
            broker: None,
            kms,
        })
    }

    /// Adds Kafka with these topics.
    pub async fn with_broker(
        mut self,
        settings: &Settings,
        group: &str,
        topics: Vec<String>,
    ) -> Result<Self, Failure> {
        self.broker = Some(Broker::open(settings, group, topics).await?);
        Ok(self)
    }

    /// Prints which backends are used.
    pub fn announce(&self, settings: &Settings, console: &Console) {
        for (name, value) in self.describe(settings) {
            let name = name.replace('_', " ");
            let lines = wrap(value.as_str().unwrap_or_default(), console.width() - 17);
            for (index, line) in lines.iter().enumerate() {
                let name = if index == 0 { name.as_str() } else { "" };
                console.line(&format!("{name:<16} {line}"));
            }
        }
        if settings.forced_embedded {
            return;
        }
        let broker_is_embedded = self.broker.as_ref().is_some_and(|b| b.embedded.is_some());
        let names = match (self.registry.is_embedded(), broker_is_embedded) {
            (false, false) => return,
            (true, false) => "SCHEMA_REGISTRY_URL",
            (false, true) => "BOOTSTRAP_SERVERS",
            (true, true) => "SCHEMA_REGISTRY_URL and BOOTSTRAP_SERVERS",
        };
        console.say(&format!(
            "Embedded backends run in this process; to use your own, set {names}."
        ));
    }

    /// Describes each backend, by name.
    pub fn describe(&self, settings: &Settings) -> Map<String, Value> {
        let mut all = Map::new();
        let registry = if self.registry.is_embedded() {
            format!("embedded, {}", self.registry.url)
        } else {
            self.registry.url.clone()
        };
        all.insert("schema_registry".to_owned(), json!(registry));
        let kafka = match &self.broker {
            None => "not used in schema-only mode".to_owned(),
            Some(broker) if broker.embedded.is_some() => {
                format!("embedded, {}", broker.servers)
            }
            Some(broker) => {
                let protocol = settings
                    .kafka
                    .as_ref()
                    .map(|kafka| kafka.security_protocol.as_str());
                format!("{} ({})", broker.servers, protocol.unwrap_or_default())
            }
        };
        all.insert("kafka".to_owned(), json!(kafka));
        all.insert("kms".to_owned(), json!(self.kms.describe()));
        all
    }

    /// Closes all backends.
    pub async fn close(self) {
        if let Some(broker) = self.broker {
            broker.close().await;
        }
        if let Some(registry) = self.registry.embedded {
            drop(self.registry.client);
            registry.shutdown().await;
        }
    }
}
