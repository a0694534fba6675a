//! Stored KEKs and DEKs.

use std::collections::BTreeMap;

use crate::csfle::Algorithm;
use crate::schema_registry::entities::{Dek, Kek};

/// A KEK. It has no `Debug`, because its properties may hold credentials of a
/// KMS.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KekRecord {
    pub(crate) name: String,
    pub(crate) kms_type: String,
    pub(crate) kms_key_id: String,
    pub(crate) kms_props: BTreeMap<String, String>,
    pub(crate) doc: Option<String>,
    pub(crate) shared: bool,
    pub(crate) deleted: bool,
    /// Time of the last change, in milliseconds since the epoch.
    pub(crate) ts: i64,
}

impl KekRecord {
    pub(crate) fn to_entity(&self) -> Kek {
        Kek {
            name: self.name.clone(),
            kms_type: self.kms_type.clone(),
            kms_key_id: self.kms_key_id.clone(),
            kms_props: Some(self.kms_props.clone()),
            doc: self.doc.clone(),
            shared: self.shared,
            ts: Some(self.ts),
            deleted: self.deleted.then_some(true),
        }
    }

    /// Returns whether two are equal except for deletion and time.
    pub(crate) fn is_equivalent(&self, other: &Self) -> bool {
        let timeless = |record: &Self| Self {
            deleted: false,
            ts: 0,
            ..record.clone()
        };
        timeless(self) == timeless(other)
    }
}

/// The id of a DEK. Listings use its order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DekId {
    pub(crate) kek_name: String,
    pub(crate) subject: String,
    /// Name of the algorithm: each has its own versions.
    pub(crate) algorithm: &'static str,
    pub(crate) version: i32,
}

impl DekId {
    pub(crate) fn new(kek_name: &str, subject: &str, algorithm: Algorithm, version: i32) -> Self {
        Self {
            kek_name: kek_name.to_owned(),
            subject: subject.to_owned(),
            algorithm: algorithm.name(),
            version,
        }
    }
}

/// A DEK, wrapped by a client or by the registry.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DekRecord {
    /// Wrapped key, base64.
    pub(crate) encrypted_key_material: String,
    pub(crate) deleted: bool,
    /// Time of the last change, in milliseconds since the epoch.
    pub(crate) ts: i64,
}

impl DekRecord {
    pub(crate) fn to_entity(&self, id: &DekId) -> Dek {
        Dek {
            kek_name: id.kek_name.clone(),
            subject: id.subject.clone(),
            version: Some(id.version),
            algorithm: Some(id.algorithm.to_owned()),
            encrypted_key_material: Some(self.encrypted_key_material.clone()),
            key_material: None,
            ts: Some(self.ts),
            deleted: self.deleted.then_some(true),
        }
    }
}
