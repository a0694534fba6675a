//! KEKs and DEKs as they are stored.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::csfle::Algorithm;
use crate::schema_registry::entities::{Dek, Kek};

/// A KEK. Its properties may hold credentials of a KMS: it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct KekRecord {
    pub(super) name: String,
    pub(super) kms_type: String,
    pub(super) kms_key_id: String,
    pub(super) kms_props: BTreeMap<String, String>,
    pub(super) doc: Option<String>,
    pub(super) shared: bool,
    pub(super) deleted: bool,
    /// Time of the last change, in milliseconds since the epoch.
    pub(super) ts: i64,
}

impl KekRecord {
    pub(super) fn to_entity(&self) -> Kek {
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

    /// Whether two differ in nothing but deletion and time.
    pub(super) fn is_equivalent(&self, other: &Self) -> bool {
        let timeless = |record: &Self| Self {
            deleted: false,
            ts: 0,
            ..record.clone()
        };
        timeless(self) == timeless(other)
    }
}

/// What identifies a DEK. The order is that of listings.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DekId {
    pub(super) kek_name: String,
    pub(super) subject: String,
    /// Name of the algorithm: each has its own versions.
    pub(super) algorithm: &'static str,
    pub(super) version: i32,
}

impl DekId {
    pub(super) fn new(kek_name: &str, subject: &str, algorithm: Algorithm, version: i32) -> Self {
        Self {
            kek_name: kek_name.to_owned(),
            subject: subject.to_owned(),
            algorithm: algorithm.name(),
            version,
        }
    }
}

/// A DEK: always wrapped, whether by a client or by the registry.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct DekRecord {
    /// Wrapped key, base64.
    pub(super) encrypted_key_material: String,
    pub(super) deleted: bool,
    /// Time of the last change, in milliseconds since the epoch.
    pub(super) ts: i64,
}

impl DekRecord {
    pub(super) fn to_entity(&self, id: &DekId) -> Dek {
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

/// Milliseconds since the epoch.
pub(super) fn now() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
