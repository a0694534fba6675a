//! Settings of serializer and deserializer, named as the official clients name
//! them, with their defaults.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Error, ReferenceSubjectNameStrategy, SubjectNameStrategy};
use crate::csfle::Csfle;
use crate::schema_registry::entities::Reference;
use crate::wire_format::{SchemaGuid, SchemaId};

/// Schemas, plans and names kept per serializer or deserializer, of each kind.
const CACHE_CAPACITY: usize = 1000;
/// How long the latest version of a subject is taken to be still the latest.
const LATEST_TTL: Duration = Duration::from_secs(60);

/// Where the schema id travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SchemaIdIn {
    /// In front of the payload: magic byte 0 and the schema id.
    #[default]
    Prefix,
    /// In the record header `__key_schema_id` or `__value_schema_id`: magic byte
    /// 1 and the schema's GUID. The record holds the payload alone.
    Header,
}

/// Settings of a serializer.
///
/// Which schema a record refers to is decided in this order: `use_schema_id`,
/// `use_schema_guid`, `use_latest_with_metadata`, `use_latest_version`; else the
/// record's own schema is registered (`auto_register_schemas`) or looked up.
#[derive(Clone, Debug)]
pub struct SerializerOptions {
    pub(super) auto_register_schemas: bool,
    pub(super) normalize_schemas: bool,
    pub(super) use_schema_id: Option<SchemaId>,
    pub(super) use_schema_guid: Option<SchemaGuid>,
    pub(super) use_latest_with_metadata: Option<BTreeMap<String, String>>,
    pub(super) use_latest_version: bool,
    pub(super) latest_compatibility_strict: bool,
    pub(super) id_compatibility_strict: bool,
    pub(super) skip_known_types: bool,
    pub(super) reference_lookup_only: bool,
    pub(super) references: BTreeMap<String, Reference>,
    pub(super) subject_name_strategy: SubjectNameStrategy,
    pub(super) reference_subject_name_strategy: ReferenceSubjectNameStrategy,
    pub(super) schema_id_in: SchemaIdIn,
    pub(super) csfle: Option<Csfle>,
    pub(super) cache_capacity: usize,
    pub(super) latest_cache_ttl: Option<Duration>,
}

impl Default for SerializerOptions {
    fn default() -> Self {
        Self {
            auto_register_schemas: true,
            normalize_schemas: false,
            use_schema_id: None,
            use_schema_guid: None,
            use_latest_with_metadata: None,
            use_latest_version: false,
            latest_compatibility_strict: true,
            id_compatibility_strict: true,
            skip_known_types: true,
            reference_lookup_only: false,
            references: BTreeMap::new(),
            subject_name_strategy: SubjectNameStrategy::default(),
            reference_subject_name_strategy: ReferenceSubjectNameStrategy::default(),
            schema_id_in: SchemaIdIn::default(),
            csfle: None,
            cache_capacity: CACHE_CAPACITY,
            latest_cache_ttl: Some(LATEST_TTL),
        }
    }
}

impl SerializerOptions {
    /// The defaults of the official clients, except that latest versions are
    /// asked for again after a minute.
    pub fn new() -> Self {
        Self::default()
    }

    /// Register schemas that the registry does not have; else they must be
    /// there. Default true.
    #[must_use]
    pub fn auto_register_schemas(mut self, on: bool) -> Self {
        self.auto_register_schemas = on;
        self
    }

    /// Have the registry normalise schemas before it compares them. Default
    /// false.
    #[must_use]
    pub fn normalize_schemas(mut self, on: bool) -> Self {
        self.normalize_schemas = on;
        self
    }

    /// Write with the schema of this id.
    #[must_use]
    pub fn use_schema_id(mut self, id: SchemaId) -> Self {
        self.use_schema_id = Some(id);
        self
    }

    /// Write with the schema of this GUID.
    #[must_use]
    pub fn use_schema_guid(mut self, guid: SchemaGuid) -> Self {
        self.use_schema_guid = Some(guid);
        self
    }

    /// Write with the subject's latest version whose metadata has all these
    /// properties.
    #[must_use]
    pub fn use_latest_with_metadata<K, V>(
        mut self,
        properties: impl IntoIterator<Item = (K, V)>,
    ) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        let properties = properties.into_iter().map(|(k, v)| (k.into(), v.into()));
        self.use_latest_with_metadata = Some(properties.collect());
        self
    }

    /// Write with the subject's latest version. Needs `auto_register_schemas`
    /// off. Default false.
    #[must_use]
    pub fn use_latest_version(mut self, on: bool) -> Self {
        self.use_latest_version = on;
        self
    }

    /// The version found by `use_latest_version` or `use_latest_with_metadata`
    /// must be backward compatible with the record's schema. Default true.
    #[must_use]
    pub fn latest_compatibility_strict(mut self, on: bool) -> Self {
        self.latest_compatibility_strict = on;
        self
    }

    /// The schema found by `use_schema_id` or `use_schema_guid` must be backward
    /// compatible with the record's schema. Default true.
    #[must_use]
    pub fn id_compatibility_strict(mut self, on: bool) -> Self {
        self.id_compatibility_strict = on;
        self
    }

    /// Leave imports that every client has built in out of the references.
    /// Default true.
    #[must_use]
    pub fn skip_known_types(mut self, on: bool) -> Self {
        self.skip_known_types = on;
        self
    }

    /// Never register imported files, only look them up. Default false.
    #[must_use]
    pub fn reference_lookup_only(mut self, on: bool) -> Self {
        self.reference_lookup_only = on;
        self
    }

    /// Take this reference for the import of its name, instead of registering or
    /// looking up the imported file. May be called for several imports.
    #[must_use]
    pub fn reference(mut self, reference: Reference) -> Self {
        self.references.insert(reference.name.clone(), reference);
        self
    }

    /// Subject of a record's schema. Default: topic name.
    #[must_use]
    pub fn subject_name_strategy(mut self, strategy: SubjectNameStrategy) -> Self {
        self.subject_name_strategy = strategy;
        self
    }

    /// Subject of an imported file. Default: its import path.
    #[must_use]
    pub fn reference_subject_name_strategy(
        mut self,
        strategy: ReferenceSubjectNameStrategy,
    ) -> Self {
        self.reference_subject_name_strategy = strategy;
        self
    }

    /// Where the schema id travels. Default: in front of the payload.
    #[must_use]
    pub fn schema_id_in(mut self, place: SchemaIdIn) -> Self {
        self.schema_id_in = place;
        self
    }

    /// Field-level encryption, for schemas with rules that ask for it. Without,
    /// such a schema is not written with.
    #[must_use]
    pub fn csfle(mut self, csfle: Csfle) -> Self {
        self.csfle = Some(csfle);
        self
    }

    /// Bound on the entries of each cache. Default 1000.
    #[must_use]
    pub fn cache_capacity(mut self, entries: usize) -> Self {
        self.cache_capacity = entries;
        self
    }

    /// How long a latest version, or the absence of a topic association, is
    /// believed; `None` is for ever. Default 60 seconds.
    #[must_use]
    pub fn latest_cache_ttl(mut self, ttl: Option<Duration>) -> Self {
        self.latest_cache_ttl = ttl;
        self
    }

    /// Refuses settings that contradict each other.
    pub(super) fn validate(&self) -> Result<(), Error> {
        if self.use_latest_version && self.auto_register_schemas {
            return Err(Error::Options(
                "use_latest_version and auto_register_schemas are both on: turn auto_register_schemas off to write with the latest version",
            ));
        }
        if self.use_schema_id.is_some() && self.use_schema_guid.is_some() {
            return Err(Error::Options(
                "use_schema_id and use_schema_guid are both set: a record has one schema",
            ));
        }
        if self
            .use_schema_id
            .is_some_and(|id| id.0 == 0 || id.0 > i32::MAX as u32)
        {
            return Err(Error::Options(
                "use_schema_id is not between 1 and 2147483647",
            ));
        }
        if self
            .use_latest_with_metadata
            .as_ref()
            .is_some_and(BTreeMap::is_empty)
        {
            return Err(Error::Options(
                "use_latest_with_metadata has no properties: use use_latest_version for the latest of all versions",
            ));
        }
        if self
            .references
            .values()
            .any(|r| r.subject.is_empty() || r.version < -1 || r.version == 0)
        {
            return Err(Error::Options(
                "a reference given by hand has no subject, or a version that is neither positive nor -1",
            ));
        }
        validate_caches(self.cache_capacity)
    }
}

fn validate_caches(capacity: usize) -> Result<(), Error> {
    if capacity == 0 {
        return Err(Error::Options(
            "cache_capacity is 0: every record would ask the registry",
        ));
    }
    Ok(())
}

/// Settings of a deserializer.
#[derive(Clone, Debug)]
pub struct DeserializerOptions {
    pub(super) csfle: Option<Csfle>,
    pub(super) run_rules: bool,
    pub(super) use_latest_version: bool,
    pub(super) use_latest_with_metadata: Option<BTreeMap<String, String>>,
    pub(super) subject_name_strategy: SubjectNameStrategy,
    pub(super) cache_capacity: usize,
    pub(super) latest_cache_ttl: Option<Duration>,
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
    /// The defaults of the official clients, except that latest versions are
    /// asked for again after a minute.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the data rules of schemas are run. Off, encrypted fields come out
    /// as they are on the wire, and no rule can be a reason to fail. Default
    /// true.
    #[must_use]
    pub fn run_rules(mut self, on: bool) -> Self {
        self.run_rules = on;
        self
    }

    /// Read with the subject's latest version instead of the writer's schema.
    /// Default false.
    #[must_use]
    pub fn use_latest_version(mut self, on: bool) -> Self {
        self.use_latest_version = on;
        self
    }

    /// Read with the subject's latest version whose metadata has all these
    /// properties.
    #[must_use]
    pub fn use_latest_with_metadata<K, V>(
        mut self,
        properties: impl IntoIterator<Item = (K, V)>,
    ) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        let properties = properties.into_iter().map(|(k, v)| (k.into(), v.into()));
        self.use_latest_with_metadata = Some(properties.collect());
        self
    }

    /// Subject of a record's schema. Default: topic name.
    #[must_use]
    pub fn subject_name_strategy(mut self, strategy: SubjectNameStrategy) -> Self {
        self.subject_name_strategy = strategy;
        self
    }

    /// Field-level decryption, for schemas with rules that ask for it. Without,
    /// such a record is an error, unless its rule says to pass it on encrypted.
    #[must_use]
    pub fn csfle(mut self, csfle: Csfle) -> Self {
        self.csfle = Some(csfle);
        self
    }

    /// Bound on the entries of each cache. Default 1000.
    #[must_use]
    pub fn cache_capacity(mut self, entries: usize) -> Self {
        self.cache_capacity = entries;
        self
    }

    /// How long a latest version, or the absence of a topic association, is
    /// believed; `None` is for ever. Default 60 seconds.
    #[must_use]
    pub fn latest_cache_ttl(mut self, ttl: Option<Duration>) -> Self {
        self.latest_cache_ttl = ttl;
        self
    }

    /// Refuses settings that contradict each other.
    pub(super) fn validate(&self) -> Result<(), Error> {
        if self
            .use_latest_with_metadata
            .as_ref()
            .is_some_and(BTreeMap::is_empty)
        {
            return Err(Error::Options(
                "use_latest_with_metadata has no properties: use use_latest_version for the latest of all versions",
            ));
        }
        validate_caches(self.cache_capacity)
    }

    /// Whether records are read with another schema than their writer's.
    pub(super) fn has_reader_schema(&self) -> bool {
        self.use_latest_version || self.use_latest_with_metadata.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(subject: &str, version: i32) -> Reference {
        Reference {
            name: "a.proto".to_owned(),
            subject: subject.to_owned(),
            version,
        }
    }

    #[test]
    fn contradictions_are_refused() {
        let new = SerializerOptions::new;
        let none: [(&str, &str); 0] = [];
        for (options, word) in [
            (new().use_latest_version(true), "auto_register_schemas"),
            (
                new()
                    .use_schema_id(SchemaId(1))
                    .use_schema_guid(SchemaGuid([1; 16])),
                "use_schema_guid",
            ),
            (new().use_schema_id(SchemaId(0)), "use_schema_id"),
            (new().use_schema_id(SchemaId(u32::MAX)), "use_schema_id"),
            (new().use_latest_with_metadata(none), "no properties"),
            (new().reference(reference("", 1)), "no subject"),
            (new().reference(reference("a", 0)), "version"),
            (new().cache_capacity(0), "cache_capacity"),
        ] {
            let error = options.validate().unwrap_err();
            assert!(matches!(error, Error::Options(_)));
            assert!(error.to_string().contains(word), "{error}");
        }
        assert!(
            DeserializerOptions::new()
                .use_latest_with_metadata(none)
                .validate()
                .is_err()
        );
        assert!(
            DeserializerOptions::new()
                .cache_capacity(0)
                .validate()
                .is_err()
        );
    }

    #[test]
    fn settings_that_the_official_client_accepts_are_accepted() {
        let new = SerializerOptions::new;
        for options in [
            new(),
            new().auto_register_schemas(false),
            new().auto_register_schemas(false).use_latest_version(true),
            // The id, and the metadata, win over registering.
            new().use_schema_id(SchemaId(7)),
            new().use_latest_with_metadata([("major", "2")]),
            new().reference(reference("a", -1)),
        ] {
            assert!(options.validate().is_ok(), "{options:?}");
        }
        let reader = DeserializerOptions::new().use_latest_version(true);
        assert!(reader.validate().is_ok() && reader.has_reader_schema());
    }
}
