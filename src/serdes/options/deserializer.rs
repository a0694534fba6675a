//! Settings of a deserializer.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{CACHE_CAPACITY, LATEST_TTL, common_settings, validate_caches, validate_metadata};
use crate::csfle::Csfle;
use crate::serdes::{Error, SubjectNameStrategy};

/// Settings of a deserializer.
#[derive(Clone, Debug)]
pub struct DeserializerOptions {
    pub(in crate::serdes) csfle: Option<Csfle>,
    pub(in crate::serdes) run_rules: bool,
    pub(in crate::serdes) use_latest_version: bool,
    pub(in crate::serdes) use_latest_with_metadata: Option<BTreeMap<String, String>>,
    pub(in crate::serdes) subject_name_strategy: SubjectNameStrategy,
    pub(in crate::serdes) cache_capacity: usize,
    pub(in crate::serdes) latest_cache_ttl: Option<Duration>,
}

impl Default for DeserializerOptions {
    fn default() -> Self {
        Self {
            csfle: None,
            run_rules: true,
            use_latest_version: false,
            use_latest_with_metadata: None,
            subject_name_strategy: SubjectNameStrategy::default(),
            cache_capacity: CACHE_CAPACITY,
            latest_cache_ttl: Some(LATEST_TTL),
        }
    }
}

impl DeserializerOptions {
    common_settings!();

    /// Returns the defaults of the official clients, except that latest versions
    /// expire after a minute.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the data rules of schemas run. If off, encrypted fields stay
    /// encrypted and no rule can fail. Default: on.
    #[must_use]
    pub fn run_rules(mut self, on: bool) -> Self {
        self.run_rules = on;
        self
    }

    /// Reads with the subject's latest version instead of the writer's schema.
    /// Default: off.
    #[must_use]
    pub fn use_latest_version(mut self, on: bool) -> Self {
        self.use_latest_version = on;
        self
    }

    /// Sets field-level decryption, for schemas with rules that demand it. Without
    /// it, reading such a record is an error, unless its rule says to leave it
    /// encrypted.
    #[must_use]
    pub fn csfle(mut self, csfle: Csfle) -> Self {
        self.csfle = Some(csfle);
        self
    }

    /// Refuses settings that contradict each other.
    pub(in crate::serdes) fn validate(&self) -> Result<(), Error> {
        validate_metadata(self.use_latest_with_metadata.as_ref())?;
        validate_caches(self.cache_capacity)
    }

    /// Returns whether records are read with another schema than their writer's.
    pub(in crate::serdes) fn has_reader_schema(&self) -> bool {
        self.use_latest_version || self.use_latest_with_metadata.is_some()
    }
}
