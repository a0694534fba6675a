//! Settings of a serializer.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{CACHE_CAPACITY, LATEST_TTL, common_settings, validate_caches, validate_metadata};
use crate::csfle::Csfle;
use crate::protobuf::Schemas;
use crate::schema_registry::entities::Reference;
use crate::serdes::{Error, ErrorKind, ReferenceSubjectNameStrategy, SubjectNameStrategy};
use crate::wire_format::{SchemaGuid, SchemaId};

/// Where a record carries the schema id.
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
/// The first of these settings decides which schema a record refers to:
/// `use_schema_id`, `use_schema_guid`, `use_latest_with_metadata`,
/// `use_latest_version`. Without them the record's own schema is registered
/// (`auto_register_schemas`) or looked up.
#[derive(Clone, Debug)]
pub struct SerializerOptions {
    pub(in crate::serdes) schemas: Option<Schemas>,
    pub(in crate::serdes) auto_register_schemas: bool,
    pub(in crate::serdes) normalize_schemas: bool,
    pub(in crate::serdes) use_schema_id: Option<SchemaId>,
    pub(in crate::serdes) use_schema_guid: Option<SchemaGuid>,
    pub(in crate::serdes) use_latest_with_metadata: Option<BTreeMap<String, String>>,
    pub(in crate::serdes) use_latest_version: bool,
    pub(in crate::serdes) latest_compatibility_strict: bool,
    pub(in crate::serdes) id_compatibility_strict: bool,
    pub(in crate::serdes) skip_known_types: bool,
    pub(in crate::serdes) reference_lookup_only: bool,
    pub(in crate::serdes) references: BTreeMap<String, Reference>,
    pub(in crate::serdes) subject_name_strategy: SubjectNameStrategy,
    pub(in crate::serdes) reference_subject_name_strategy: ReferenceSubjectNameStrategy,
    pub(in crate::serdes) schema_id_in: SchemaIdIn,
    pub(in crate::serdes) csfle: Option<Csfle>,
    pub(in crate::serdes) cache_capacity: usize,
    pub(in crate::serdes) latest_cache_ttl: Option<Duration>,
}

impl Default for SerializerOptions {
    fn default() -> Self {
        Self {
            schemas: None,
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
    common_settings!();

    /// Returns the defaults of the official clients, except that latest versions
    /// expire after a minute.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the schemas of the prost types that are written without a schema
    /// argument. They are found by the name of the type. Default: none.
    #[must_use]
    pub fn schemas(mut self, schemas: Schemas) -> Self {
        self.schemas = Some(schemas);
        self
    }

    /// Registers schemas that the registry does not have. If off, they must be
    /// registered already. Default: on.
    #[must_use]
    pub fn auto_register_schemas(mut self, on: bool) -> Self {
        self.auto_register_schemas = on;
        self
    }

    /// Lets the registry normalise schemas before it compares them. Default: off.
    #[must_use]
    pub fn normalize_schemas(mut self, on: bool) -> Self {
        self.normalize_schemas = on;
        self
    }

    /// Writes with the schema of this id.
    #[must_use]
    pub fn use_schema_id(mut self, id: SchemaId) -> Self {
        self.use_schema_id = Some(id);
        self
    }

    /// Writes with the schema of this GUID.
    #[must_use]
    pub fn use_schema_guid(mut self, guid: SchemaGuid) -> Self {
        self.use_schema_guid = Some(guid);
        self
    }

    /// Writes with the subject's latest version. Requires that
    /// `auto_register_schemas` is off. Default: off.
    #[must_use]
    pub fn use_latest_version(mut self, on: bool) -> Self {
        self.use_latest_version = on;
        self
    }

    /// Requires that the version found by `use_latest_version` or
    /// `use_latest_with_metadata` is backward compatible with the record's schema.
    /// Default: on.
    #[must_use]
    pub fn latest_compatibility_strict(mut self, on: bool) -> Self {
        self.latest_compatibility_strict = on;
        self
    }

    /// Requires that the schema found by `use_schema_id` or `use_schema_guid` is
    /// backward compatible with the record's schema. Default: on.
    #[must_use]
    pub fn id_compatibility_strict(mut self, on: bool) -> Self {
        self.id_compatibility_strict = on;
        self
    }

    /// Omits references to imports that every client has built in. Default: on.
    #[must_use]
    pub fn skip_known_types(mut self, on: bool) -> Self {
        self.skip_known_types = on;
        self
    }

    /// Only looks up imported files and never registers them. Default: off.
    #[must_use]
    pub fn reference_lookup_only(mut self, on: bool) -> Self {
        self.reference_lookup_only = on;
        self
    }

    /// Uses this reference for the import of its name, instead of registering or
    /// looking up the imported file. May be called for several imports. It is also
    /// the way to refer to a built-in file while
    /// [`skip_known_types`](Self::skip_known_types) is on: a registry that does not
    /// know `confluent/meta.proto`, for example, needs the reference.
    #[must_use]
    pub fn reference(mut self, reference: Reference) -> Self {
        self.references.insert(reference.name.clone(), reference);
        self
    }

    /// Sets how the subject of an imported file is named. Default: its import path.
    #[must_use]
    pub fn reference_subject_name_strategy(
        mut self,
        strategy: ReferenceSubjectNameStrategy,
    ) -> Self {
        self.reference_subject_name_strategy = strategy;
        self
    }

    /// Sets where a record carries the schema id. Default: in front of the payload.
    /// A header needs a [`RecordSerializer`](crate::serdes::RecordSerializer).
    #[must_use]
    pub fn schema_id_in(mut self, place: SchemaIdIn) -> Self {
        self.schema_id_in = place;
        self
    }

    /// Sets field-level encryption, for schemas with rules that demand it. Without
    /// it, writing with such a schema is an error.
    ///
    /// A schema that was registered or looked up is then refreshed after
    /// [`latest_cache_ttl`](Self::latest_cache_ttl). If the subject's latest version
    /// adds only rules, metadata and tags to it, the serializer writes with that
    /// version.
    #[must_use]
    pub fn csfle(mut self, csfle: Csfle) -> Self {
        self.csfle = Some(csfle);
        self
    }

    /// Refuses settings that contradict each other.
    pub(in crate::serdes) fn validate(&self) -> Result<(), Error> {
        if self.use_latest_version && self.auto_register_schemas {
            return Err(Error::from(ErrorKind::Options(
                "use_latest_version and auto_register_schemas are both on: turn auto_register_schemas off to write with the latest version",
            )));
        }
        if self.use_schema_id.is_some() && self.use_schema_guid.is_some() {
            return Err(Error::from(ErrorKind::Options(
                "use_schema_id and use_schema_guid are both set: a record has one schema",
            )));
        }
        if self
            .use_schema_id
            .is_some_and(|id| id.0 == 0 || id.0 > i32::MAX as u32)
        {
            return Err(Error::from(ErrorKind::Options(
                "use_schema_id is not between 1 and 2147483647",
            )));
        }
        validate_metadata(self.use_latest_with_metadata.as_ref())?;
        if self
            .references
            .values()
            .any(|r| r.subject.is_empty() || r.version < -1 || r.version == 0)
        {
            return Err(Error::from(ErrorKind::Options(
                "a reference given by hand has no subject, or a version that is neither positive nor -1",
            )));
        }
        validate_caches(self.cache_capacity)
    }
}
