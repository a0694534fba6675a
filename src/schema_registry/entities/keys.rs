//! KEKs and DEKs, as the DEK Registry describes them.

use std::collections::BTreeMap;
use std::fmt;

json_body! {
    /// Key encryption key: its description in the DEK Registry, never its bytes.
    pub struct Kek {
        /// Name, the rule parameter `encrypt.kek.name`.
        pub name: String,
        /// `aws-kms`, `azure-kms`, `gcp-kms`, `hcvault`, `local-kms`, …
        pub kms_type: String,
        /// Key id within that KMS.
        pub kms_key_id: String,
        /// Properties for the KMS driver.
        pub kms_props: Option<BTreeMap<String, String>>,
        /// Free text.
        pub doc: Option<String>,
        /// Whether the registry itself may use the KMS key.
        pub shared: bool,
        /// Time of the last change, in milliseconds since the epoch.
        pub ts: Option<i64>,
        /// Whether it is soft-deleted.
        pub deleted: Option<bool>,
    }

    /// Body of the creation of a KEK.
    pub struct KekRequest {
        /// Name: a letter or `_`, then letters, digits, `_`, `-`; at most 256.
        pub name: String,
        /// `aws-kms`, `azure-kms`, `gcp-kms`, `hcvault`, `local-kms`, …
        pub kms_type: String,
        /// Key id within that KMS.
        pub kms_key_id: String,
        /// Properties for the KMS driver.
        pub kms_props: Option<BTreeMap<String, String>>,
        /// Free text.
        pub doc: Option<String>,
        /// Whether the registry itself may use the KMS key.
        pub shared: bool,
        /// Asks for the soft-deleted state; with an existing, otherwise equal KEK
        /// this deletes or undeletes it.
        pub deleted: Option<bool>,
    }

    /// Body of the change of a KEK; absent members stay as they are.
    pub struct KekUpdate {
        /// Properties for the KMS driver.
        pub kms_props: Option<BTreeMap<String, String>>,
        /// Free text.
        pub doc: Option<String>,
        /// Whether the registry itself may use the KMS key.
        pub shared: Option<bool>,
    }

    /// Data encryption key, wrapped by a KEK. `key_material` is the key itself and
    /// present only for shared KEKs; it is left out of the Debug output.
    pub struct Dek {
        /// KEK that wraps it.
        pub kek_name: String,
        /// Subject that it belongs to.
        pub subject: String,
        /// Version, from 1.
        pub version: Option<i32>,
        /// `AES128_GCM`, `AES256_GCM` (also when absent) or `AES256_SIV`.
        pub algorithm: Option<String>,
        /// Wrapped key, base64.
        pub encrypted_key_material: Option<String>,
        /// Raw key, base64; shared KEKs only.
        pub key_material: Option<String>,
        /// Time of creation, in milliseconds since the epoch.
        pub ts: Option<i64>,
        /// Whether it is soft-deleted.
        pub deleted: Option<bool>,
    }

    /// Body of the creation of a DEK.
    #[derive(Debug)]
    pub struct DekRequest {
        /// Subject that it belongs to.
        pub subject: String,
        /// Version; absent means 1.
        pub version: Option<i32>,
        /// `AES128_GCM`, `AES256_GCM` (also when absent) or `AES256_SIV`.
        pub algorithm: Option<String>,
        /// Wrapped key, base64; left out for shared KEKs.
        pub encrypted_key_material: Option<String>,
        /// Asks for the soft-deleted state, as for KEKs.
        pub deleted: Option<bool>,
    }
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
