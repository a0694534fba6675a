//! Names of the rule parameters, and where their values come from.

use std::collections::BTreeMap;

use crate::schema_registry::entities::{Metadata, Rule};

/// Rule parameter: name of the KEK.
pub const KEK_NAME: &str = "encrypt.kek.name";
/// Rule parameter: type of the KMS, such as `aws-kms`.
pub const KMS_TYPE: &str = "encrypt.kms.type";
/// Rule parameter: key id within the KMS.
pub const KMS_KEY_ID: &str = "encrypt.kms.key.id";
/// Rule parameter: algorithm of the DEK.
pub const DEK_ALGORITHM: &str = "encrypt.dek.algorithm";
/// Rule parameter: days after which a new DEK is created. If it is more than 0, each
/// ciphertext starts with the DEK's version.
pub const DEK_EXPIRY_DAYS: &str = "encrypt.dek.expiry.days";

/// The sources of a rule's parameters: overrides, then the rule itself, then the
/// metadata.
#[derive(Clone, Copy)]
pub(crate) struct Parameters<'a> {
    pub(crate) overrides: &'a BTreeMap<String, String>,
    pub(crate) metadata: Option<&'a Metadata>,
}

impl Parameters<'_> {
    pub(crate) fn get<'a>(&'a self, rule: &'a Rule, name: &str) -> Option<&'a str> {
        self.overrides
            .get(name)
            .or_else(|| rule.params.get(name))
            .or_else(|| self.metadata?.properties.get(name))
            .map(String::as_str)
    }
}
