//! The DEK Registry as the store of keys: keys are looked up or created there, and
//! the KMS wraps and unwraps them.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::clock::Clock;
use super::data_key::{DataKey, KeyNeed};
use super::error::{KeyError, MaterialProblem};
use crate::csfle::cipher::raw_dek::RawDek;
use crate::csfle::direction::Direction;
use crate::csfle::kms::KmsDrivers;
use crate::csfle::rules::parameters::{KMS_KEY_ID, KMS_TYPE};
use crate::schema_registry::entities::{Dek, DekRequest, Kek, KekRequest};
use crate::schema_registry::{Client, Version};

/// How long an expired key stays in use before the next attempt to create its
/// successor, after one attempt failed.
const RETRY_RENEWAL_MS: i64 = 60 * 1000;

/// Access to the DEK Registry and the KMS.
pub(crate) struct KeyStore {
    pub(crate) client: Client,
    pub(crate) kms: KmsDrivers,
    pub(crate) clock: Arc<dyn Clock>,
    /// Time after which any key is looked up again.
    pub(crate) expiry: Option<Duration>,
}

impl KeyStore {
    /// Returns the KEK. On write, creates it if the rule says how.
    pub(crate) async fn kek(&self, need: &KeyNeed, direction: Direction) -> Result<Kek, KeyError> {
        match self.find_kek(need).await? {
            Some(kek) => Ok(kek),
            None => self.missing_kek(need, direction).await,
        }
    }

    /// Returns the DEK of this version, even if it is soft-deleted.
    pub(crate) async fn version(
        &self,
        kek: &Kek,
        need: &KeyNeed,
        version: i32,
    ) -> Result<DataKey, KeyError> {
        let dek = self.find(need, Version::Number(version), true).await?;
        let dek = dek.ok_or_else(|| no_dek(need, version))?;
        let raw = self.open(kek, need, &dek).await?;
        DataKey::new(need, version, &raw, self.until(i64::MAX))
    }

    async fn find_kek(&self, need: &KeyNeed) -> Result<Option<Kek>, KeyError> {
        match self
            .client
            .kek_for_subject(&need.kek, false, &need.subject)
            .await
        {
            Ok(kek) => Ok(Some(kek)),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(source) => Err(KeyError::Registry {
                action: format!("get KEK {:?} from the DEK Registry", need.kek),
                source,
            }),
        }
    }

    async fn missing_kek(&self, need: &KeyNeed, direction: Direction) -> Result<Kek, KeyError> {
        let kek = need.kek.clone();
        if direction == Direction::Read {
            return Err(self.no_kek(need).await);
        }
        for (value, parameter) in [(&need.kms_type, KMS_TYPE), (&need.kms_key_id, KMS_KEY_ID)] {
            if value.is_empty() {
                return Err(KeyError::CannotCreateKek { kek, parameter });
            }
        }
        let request = KekRequest {
            name: kek.clone(),
            kms_type: need.kms_type.clone(),
            kms_key_id: need.kms_key_id.clone(),
            shared: false,
            ..KekRequest::default()
        };
        match self
            .client
            .create_kek_for_subject(&request, &need.subject)
            .await
        {
            // The registry would create the keys of a shared KEK, which the request
            // ruled out.
            Ok(made) if made.shared => Err(KeyError::NotAsSent {
                what: "the shared flag",
                key: format!("KEK {kek:?}"),
            }),
            Ok(made) => Ok(made),
            // Another client created the KEK in the meantime, or it is soft-deleted.
            Err(error) if error.status() == Some(409) => match self.find_kek(need).await? {
                Some(kek) => Ok(kek),
                None => Err(self.no_kek(need).await),
            },
            Err(source) => Err(KeyError::Registry {
                action: format!("create KEK {kek:?} in the DEK Registry"),
                source,
            }),
        }
    }

    /// Finds out why there is no KEK: it was never created, or it is deleted.
    async fn no_kek(&self, need: &KeyNeed) -> KeyError {
        let kek = need.kek.clone();
        let deleted = self.client.kek_for_subject(&kek, true, &need.subject).await;
        if deleted.is_ok() {
            KeyError::KekDeleted { kek }
        } else {
            KeyError::NoKek { kek }
        }
    }

    async fn find(
        &self,
        need: &KeyNeed,
        version: Version,
        deleted: bool,
    ) -> Result<Option<Dek>, KeyError> {
        let algorithm = need.algorithm.name();
        match self
            .client
            .dek(&need.kek, &need.subject, algorithm, version, deleted)
            .await
        {
            Ok(dek) => Ok(Some(dek).filter(has_material)),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(source) => Err(KeyError::Registry {
                action: format!(
                    "get {algorithm} DEK version {version} of subject {:?} under KEK {:?} from \
                     the DEK Registry",
                    need.subject, need.kek
                ),
                source,
            }),
        }
    }

    /// Returns the DEK to write with: the first version, or with rotation the latest
    /// one that has not expired. Creates it if there is none.
    pub(crate) async fn find_or_make(
        &self,
        kek: &Kek,
        need: &KeyNeed,
    ) -> Result<DataKey, KeyError> {
        let wanted = if need.rotates() {
            Version::Latest
        } else {
            Version::Number(1)
        };
        let found = self.find(need, wanted, false).await?;
        let now = self.clock.now_ms();
        let (old, version) = match found {
            Some(dek) => {
                let expires = need.expires(dek.ts.unwrap_or_default());
                if now < expires {
                    return self.opened(kek, need, &dek, expires).await;
                }
                let next = dek.version.unwrap_or(1).saturating_add(1);
                (Some(dek), next)
            }
            None => (None, 1),
        };

        match self.make(kek, need, version).await {
            Ok(Some(key)) => Ok(key),
            // Another client created this version in the meantime. Its key is used
            // and counts as created now, even if the registry's clock says
            // otherwise.
            Ok(None) => match self.find(need, wanted, false).await?.or(old) {
                Some(dek) if dek.version.unwrap_or(1) >= version => {
                    let expires = need.expires(now.max(dek.ts.unwrap_or_default()));
                    self.opened(kek, need, &dek, expires).await
                }
                Some(dek) => {
                    tracing::warn!(
                        kek = need.kek,
                        subject = need.subject,
                        "DEK version {version} exists, but the registry does not return it (is it deleted?); \
                         the expired one stays in use",
                    );
                    let retry = now.saturating_add(RETRY_RENEWAL_MS);
                    self.opened(kek, need, &dek, retry).await
                }
                None => Err(self.gone(need, wanted, version).await),
            },
            // A registry that stores another key than the one sent is not treated
            // like an unreachable one: there is no fallback to the expired key.
            Err(error @ KeyError::NotAsSent { .. }) => Err(error),
            Err(error) => match old {
                Some(dek) => {
                    tracing::warn!(
                        kek = need.kek,
                        subject = need.subject,
                        error = &error as &dyn std::error::Error,
                        "cannot make DEK version {version}; the expired one stays in use",
                    );
                    let retry = now.saturating_add(RETRY_RENEWAL_MS);
                    self.opened(kek, need, &dek, retry).await
                }
                None => Err(error),
            },
        }
    }

    /// Finds out why a version that exists is not found: it is deleted.
    async fn gone(&self, need: &KeyNeed, wanted: Version, version: i32) -> KeyError {
        match self.find(need, wanted, true).await {
            Ok(Some(dek)) => KeyError::DekDeleted {
                kek: need.kek.clone(),
                subject: need.subject.clone(),
                algorithm: need.algorithm,
                version: dek.version.unwrap_or(version),
            },
            Ok(None) => no_dek(need, version),
            Err(error) => error,
        }
    }

    /// Creates a key and stores it. Returns `None` if the version exists already.
    async fn make(
        &self,
        kek: &Kek,
        need: &KeyNeed,
        version: i32,
    ) -> Result<Option<DataKey>, KeyError> {
        // The registry itself creates the keys of shared KEKs.
        let own = if kek.shared {
            None
        } else {
            let raw = RawDek::generate(need.algorithm).map_err(|_| KeyError::Randomness)?;
            let wrapped = self
                .kms
                .wrap(kek, &raw)
                .await
                .map_err(|source| KeyError::Wrap {
                    kek: need.kek.clone(),
                    source,
                })?;
            Some((raw, STANDARD.encode(wrapped)))
        };
        let request = DekRequest {
            subject: need.subject.clone(),
            version: Some(version),
            algorithm: Some(need.algorithm.name().to_owned()),
            encrypted_key_material: own.as_ref().map(|(_, wrapped)| wrapped.clone()),
            ..DekRequest::default()
        };
        match self.client.create_dek(&need.kek, &request).await {
            Ok(dek) => {
                // Takes the later of the registry's clock and the local one. If the
                // two differ by more than the expiry, every value would otherwise
                // get a new key.
                let born = self.clock.now_ms().max(dek.ts.unwrap_or_default());
                let until = need.expires(born);
                let refused = |what| KeyError::NotAsSent {
                    what,
                    key: format!(
                        "DEK version {version} of subject {:?} under KEK {:?}",
                        need.subject, need.kek
                    ),
                };
                if dek.version.is_some_and(|stored| stored != version) {
                    return Err(refused("the version"));
                }
                match own {
                    Some((raw, wrapped)) => {
                        if dek.encrypted_key_material.as_deref() != Some(wrapped.as_str()) {
                            return Err(refused("the wrapped key"));
                        }
                        DataKey::new(need, version, &raw, self.until(until)).map(Some)
                    }
                    None => self.opened(kek, need, &dek, until).await.map(Some),
                }
            }
            Err(error) if error.status() == Some(409) => Ok(None),
            Err(source) => Err(KeyError::Registry {
                action: format!(
                    "store {} DEK version {version} of subject {:?} under KEK {:?} in the DEK \
                     Registry",
                    need.algorithm, need.subject, need.kek
                ),
                source,
            }),
        }
    }

    async fn opened(
        &self,
        kek: &Kek,
        need: &KeyNeed,
        dek: &Dek,
        until_ms: i64,
    ) -> Result<DataKey, KeyError> {
        let raw = self.open(kek, need, dek).await?;
        let version = dek.version.unwrap_or(1);
        DataKey::new(need, version, &raw, self.until(until_ms))
    }

    /// Returns the raw key: the KMS unwraps it, or for a shared KEK the registry
    /// returns it. A raw key of any other KEK is ignored, since the registry could
    /// choose the key that way.
    async fn open(&self, kek: &Kek, need: &KeyNeed, dek: &Dek) -> Result<RawDek, KeyError> {
        let version = dek.version.unwrap_or(1);
        let unusable = |problem| KeyError::Material {
            kek: need.kek.clone(),
            subject: need.subject.clone(),
            version,
            problem,
        };
        let decode = |text: &String| {
            STANDARD
                .decode(text)
                .map(Zeroizing::new)
                .map_err(|_| unusable(MaterialProblem::NotBase64))
        };
        let handed_out = dek.key_material.as_ref().filter(|m| !m.is_empty());
        if let Some(material) = handed_out.filter(|_| kek.shared) {
            return RawDek::parse(need.algorithm, &decode(material)?)
                .map_err(|error| unusable(error.into()));
        }
        let wrapped = dek.encrypted_key_material.as_ref();
        let wrapped = match wrapped.filter(|wrapped| !wrapped.is_empty()) {
            Some(wrapped) => decode(wrapped)?,
            None => return Err(unusable(MaterialProblem::Absent)),
        };
        self.kms
            .unwrap(kek, need.algorithm, &wrapped)
            .await
            .map_err(|source| KeyError::Unwrap {
                kek: need.kek.clone(),
                subject: need.subject.clone(),
                version,
                source,
            })
    }

    /// Returns the earlier of `until_ms` and the end of the cache's own time to
    /// live.
    fn until(&self, until_ms: i64) -> i64 {
        match self.expiry {
            None => until_ms,
            Some(expiry) => {
                let expiry = i64::try_from(expiry.as_millis()).unwrap_or(i64::MAX);
                self.clock.now_ms().saturating_add(expiry).min(until_ms)
            }
        }
    }
}

fn has_material(dek: &Dek) -> bool {
    let given = |material: &Option<String>| material.as_ref().is_some_and(|m| !m.is_empty());
    given(&dek.encrypted_key_material) || given(&dek.key_material)
}

fn no_dek(need: &KeyNeed, version: i32) -> KeyError {
    KeyError::NoDek {
        kek: need.kek.clone(),
        subject: need.subject.clone(),
        algorithm: need.algorithm,
        version,
    }
}
