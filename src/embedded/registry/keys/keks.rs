//! Operations on key encryption keys.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer};

use crate::embedded::registry::api_error::ApiError;
use crate::schema_registry::entities::Kek;

use super::records::KekRecord;
use super::store::Keys;
use super::{DekRegistry, errors};

/// Maximum number of KEKs, and of DEKs, in one registry.
pub(crate) const MAX_KEYS: usize = 20_000;

const MAX_NAME_CHARS: usize = 256;

/// Body of a PUT: an absent member keeps its value, `null` clears it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct KekChange {
    #[serde(deserialize_with = "given")]
    kms_props: Option<Option<BTreeMap<String, String>>>,
    #[serde(deserialize_with = "given")]
    doc: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    shared: Option<Option<bool>>,
}

/// Distinguishes `null` from absent.
fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// Refuses invalid KEK names.
pub(crate) fn check_name(name: &str) -> Result<(), ApiError> {
    let mut chars = name.chars();
    let starts_well = chars
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_');
    let goes_on_well = chars.all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if starts_well && goes_on_well && name.chars().count() <= MAX_NAME_CHARS {
        Ok(())
    } else {
        Err(errors::invalid("name"))
    }
}

/// Checks the form of the key id. Only the KMS knows whether the key exists.
fn check_key_id(kms_type: &str, key_id: &str) -> Result<(), ApiError> {
    let prefixes: &[&str] = match kms_type {
        "aws-kms" => &["arn:aws:kms:"],
        "azure-kms" => &["https://"],
        "gcp-kms" => &["projects/"],
        "hcvault" => &["https://", "http://"],
        _ => return Ok(()),
    };
    if prefixes.iter().any(|prefix| key_id.starts_with(prefix)) {
        Ok(())
    } else {
        Err(errors::invalid("kmsKeyId"))
    }
}

/// Returns the canonical spelling for AWS, Azure and GCP, and any other type
/// unchanged.
fn canonical_kms_type(kms_type: &str) -> String {
    let lower = kms_type.to_lowercase();
    for cloud in ["aws", "azure", "gcp"] {
        if lower.starts_with(cloud) {
            return format!("{cloud}-kms");
        }
    }
    kms_type.to_owned()
}

impl DekRegistry {
    /// Returns the KEK names, sorted. With prefixes: only KEKs that have a DEK
    /// for a subject with one of the prefixes.
    pub(crate) fn kek_names(&self, subject_prefixes: &[&str], deleted: bool) -> Vec<String> {
        self.store.read(|keys| {
            if subject_prefixes.is_empty() {
                let keks = keys.keks().filter(|kek| deleted || !kek.deleted);
                return keks.map(|kek| kek.name.clone()).collect();
            }
            let names: BTreeSet<&str> = keys
                .deks()
                .filter(|(id, dek)| {
                    (deleted || !dek.deleted)
                        && subject_prefixes
                            .iter()
                            .any(|prefix| id.subject.starts_with(prefix))
                })
                .map(|(id, _)| id.kek_name.as_str())
                .collect();
            names.into_iter().map(str::to_owned).collect()
        })
    }

    /// Returns a KEK; a soft-deleted one only if `deleted`.
    pub(crate) fn kek(&self, name: &str, deleted: bool) -> Result<KekRecord, ApiError> {
        check_name(name)?;
        let found = self.store.read(|keys| keys.kek(name, deleted).cloned());
        found.ok_or_else(|| errors::not_found(name))
    }

    /// Creates a KEK. If it exists, the same content with the opposite of
    /// `deleted` undeletes or deletes it.
    pub(crate) async fn create_kek(
        &self,
        body: Kek,
        test_sharing: bool,
    ) -> Result<KekRecord, ApiError> {
        check_name(&body.name)?;
        if body.kms_key_id.is_empty() {
            return Err(errors::invalid("kmsKeyId"));
        }
        if body.kms_type.is_empty() {
            return Err(errors::invalid("kmsType"));
        }
        let kms_type = canonical_kms_type(&body.kms_type);
        check_key_id(&kms_type, &body.kms_key_id)?;
        let kek = KekRecord {
            name: body.name,
            kms_type,
            kms_key_id: body.kms_key_id,
            kms_props: body.kms_props.unwrap_or_default(),
            doc: body.doc,
            shared: body.shared,
            deleted: body.deleted.unwrap_or_default(),
            ts: 0,
        };
        if kek.shared && test_sharing {
            self.try_out(&kek).await?;
        }
        self.store.write(|keys| {
            match keys.kek(&kek.name, true) {
                Some(old) if old.deleted == kek.deleted || !old.is_equivalent(&kek) => {
                    return Err(errors::already_exists(&kek.name));
                }
                None if keys.kek_count() >= MAX_KEYS => return Err(errors::too_many(MAX_KEYS)),
                _ => {}
            }
            keys.put_kek(kek)
        })
    }

    /// Changes the properties, description and sharing of an active KEK.
    pub(crate) async fn update_kek(
        &self,
        name: &str,
        change: KekChange,
        test_sharing: bool,
    ) -> Result<KekRecord, ApiError> {
        let changed = |old: &KekRecord| {
            let mut kek = old.clone();
            if let Some(properties) = &change.kms_props {
                kek.kms_props = properties.clone().unwrap_or_default();
            }
            if let Some(doc) = &change.doc {
                kek.doc.clone_from(doc);
            }
            if let Some(shared) = change.shared {
                kek.shared = shared.unwrap_or_default();
            }
            kek
        };
        let proposed = changed(&self.kek(name, false)?);
        if proposed.shared && test_sharing {
            self.try_out(&proposed).await?;
        }
        self.store.write(|keys| {
            let Some(old) = keys.kek(name, false) else {
                return Err(errors::not_found(name));
            };
            let new = changed(old);
            if new == *old {
                return Ok(new);
            }
            keys.put_kek(new)
        })
    }

    /// Deletes a KEK without DEKs: first softly, then permanently.
    pub(crate) fn delete_kek(&self, name: &str, permanent: bool) -> Result<(), ApiError> {
        check_name(name)?;
        self.store.write(|keys| {
            let Some(kek) = keys.kek(name, true).cloned() else {
                return Err(errors::not_found(name));
            };
            if keys
                .deks_of_kek(name)
                .any(|(_, dek)| permanent || !dek.deleted)
            {
                return Err(errors::referenced(name));
            }
            match (permanent, kek.deleted) {
                (true, false) => Err(errors::not_soft_deleted(name)),
                (true, true) => {
                    keys.remove_kek(name);
                    Ok(())
                }
                (false, deleted) => set_deleted(keys, kek, deleted, true),
            }
        })
    }

    /// Undoes a soft deletion.
    pub(crate) fn undelete_kek(&self, name: &str) -> Result<(), ApiError> {
        check_name(name)?;
        self.store.write(|keys| {
            let Some(kek) = keys.kek(name, true).cloned() else {
                return Err(errors::not_found(name));
            };
            let deleted = kek.deleted;
            set_deleted(keys, kek, deleted, false)
        })
    }

    /// Tests whether the registry can use the KMS key of a shared KEK.
    pub(crate) async fn test_kek(&self, name: &str) -> Result<KekRecord, ApiError> {
        let kek = self.kek(name, false)?;
        if !kek.shared {
            return Err(errors::invalid("shared"));
        }
        self.try_out(&kek).await?;
        Ok(kek)
    }
}

fn set_deleted(keys: &mut Keys, kek: KekRecord, is: bool, shall_be: bool) -> Result<(), ApiError> {
    if is != shall_be {
        keys.put_kek(KekRecord {
            deleted: shall_be,
            ..kek
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_identifiers_with_dashes() {
        for (name, valid) in [
            ("kek", true),
            ("_k-1_", true),
            ("ключ", true),
            ("", false),
            ("1kek", false),
            ("-kek", false),
            ("my kek", false),
            ("kek.a", false),
        ] {
            assert_eq!(check_name(name).is_ok(), valid, "{name:?}");
        }
        assert!(check_name(&"k".repeat(256)).is_ok());
        assert!(check_name(&"k".repeat(257)).is_err());
    }

    #[test]
    fn cloud_types_have_one_spelling() {
        for (given, stored) in [
            ("AWS", "aws-kms"),
            ("aws-kms", "aws-kms"),
            ("Azure-Key-Vault", "azure-kms"),
            ("GCP", "gcp-kms"),
            ("HCVault", "HCVault"),
            ("local-kms", "local-kms"),
        ] {
            assert_eq!(canonical_kms_type(given), stored);
        }
    }
}
