//! KEKs and DEKs, as the DEK Registry describes them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::null_as_default;

/// A key encryption key as described in the DEK Registry, without its bytes.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kek {
    /// Name, the rule parameter `encrypt.kek.name`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// `aws-kms`, `azure-kms`, `gcp-kms`, `hcvault`, `local-kms`, …
    #[serde(default, deserialize_with = "null_as_default")]
    pub kms_type: String,
    /// Key id within that KMS.
    #[serde(default, deserialize_with = "null_as_default")]
    pub kms_key_id: String,
    /// Properties for the KMS driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_props: Option<BTreeMap<String, String>>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// Whether the registry itself may use the KMS key.
    #[serde(default, deserialize_with = "null_as_default")]
    pub shared: bool,
    /// Time of the last change, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ts: Option<i64>,
    /// Whether it is soft-deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

/// Returns the names of KMS properties, whose values can be credentials.
fn names(kms_props: &Option<BTreeMap<String, String>>) -> Option<Vec<&String>> {
    kms_props.as_ref().map(|props| props.keys().collect())
}

impl fmt::Debug for Kek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kek")
            .field("name", &self.name)
            .field("kms_type", &self.kms_type)
            .field("kms_key_id", &self.kms_key_id)
            .field("kms_props", &names(&self.kms_props))
            .field("doc", &self.doc)
            .field("shared", &self.shared)
            .field("ts", &self.ts)
            .field("deleted", &self.deleted)
            .finish()
    }
}

impl fmt::Debug for KekRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KekRequest")
            .field("name", &self.name)
            .field("kms_type", &self.kms_type)
            .field("kms_key_id", &self.kms_key_id)
            .field("kms_props", &names(&self.kms_props))
            .field("doc", &self.doc)
            .field("shared", &self.shared)
            .field("deleted", &self.deleted)
            .finish()
    }
}

impl fmt::Debug for KekUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KekUpdate")
            .field("kms_props", &names(&self.kms_props))
            .field("doc", &self.doc)
            .field("shared", &self.shared)
            .finish()
    }
}

/// Body of a request that creates a KEK.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KekRequest {
    /// Name: a letter or `_`, then letters, digits, `_`, `-`; at most 256.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// `aws-kms`, `azure-kms`, `gcp-kms`, `hcvault`, `local-kms`, …
    #[serde(default, deserialize_with = "null_as_default")]
    pub kms_type: String,
    /// Key id within that KMS.
    #[serde(default, deserialize_with = "null_as_default")]
    pub kms_key_id: String,
    /// Properties for the KMS driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_props: Option<BTreeMap<String, String>>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// Whether the registry itself may use the KMS key.
    #[serde(default, deserialize_with = "null_as_default")]
    pub shared: bool,
    /// Requests the soft-deleted state. For an existing, otherwise equal KEK this
    /// deletes or undeletes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

/// Body of a request that changes a KEK; absent members stay unchanged.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KekUpdate {
    /// Properties for the KMS driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_props: Option<BTreeMap<String, String>>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// Whether the registry itself may use the KMS key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<bool>,
}

/// A data encryption key, wrapped by a KEK. `key_material` is the key itself; it is
/// present for shared KEKs only and omitted from Debug output.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dek {
    /// KEK that wraps it.
    #[serde(default, deserialize_with = "null_as_default")]
    pub kek_name: String,
    /// Subject that it belongs to.
    #[serde(default, deserialize_with = "null_as_default")]
    pub subject: String,
    /// Version, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// `AES128_GCM`, `AES256_GCM` (also when absent) or `AES256_SIV`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// Wrapped key, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted_key_material: Option<String>,
    /// Raw key, base64; shared KEKs only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_material: Option<String>,
    /// Time of creation, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ts: Option<i64>,
    /// Whether it is soft-deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

impl fmt::Debug for Dek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dek")
            .field("kek_name", &self.kek_name)
            .field("subject", &self.subject)
            .field("version", &self.version)
            .field("algorithm", &self.algorithm)
            .field("encrypted_key_material", &self.encrypted_key_material)
            .field("key_material", &self.key_material.as_ref().map(|_| "***"))
            .field("ts", &self.ts)
            .field("deleted", &self.deleted)
            .finish()
    }
}

/// Body of a request that creates a DEK.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DekRequest {
    /// Subject that it belongs to.
    #[serde(default, deserialize_with = "null_as_default")]
    pub subject: String,
    /// Version; absent means 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// `AES128_GCM`, `AES256_GCM` (also when absent) or `AES256_SIV`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// Wrapped key, base64; left out for shared KEKs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted_key_material: Option<String>,
    /// Requests the soft-deleted state, as for KEKs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_kms_properties_are_not_printed() {
        let kms_props = Some(BTreeMap::from([(
            "secret".to_owned(),
            "hunter2".to_owned(),
        )]));
        let kek = Kek {
            kms_props: kms_props.clone(),
            ..Kek::default()
        };
        let request = KekRequest {
            kms_props: kms_props.clone(),
            ..KekRequest::default()
        };
        let update = KekUpdate {
            kms_props,
            ..KekUpdate::default()
        };
        let text = format!("{kek:?} {request:?} {update:?}");
        assert!(!text.contains("hunter2"), "{text}");
        assert_eq!(text.matches("secret").count(), 3, "{text}");
    }
}
