//! The settings of serializers and deserializers, with the names and defaults of the
//! official clients.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Error, ErrorKind};

mod deserializer;
mod serializer;

pub use deserializer::DeserializerOptions;
pub use serializer::{SchemaIdIn, SerializerOptions};

/// Capacity of each cache of a serializer or deserializer.
const CACHE_CAPACITY: usize = 1000;
/// Time to live of a subject's latest version.
const LATEST_TTL: Duration = Duration::from_secs(60);

/// Defines the settings that serializers and deserializers share.
macro_rules! common_settings {
    () => {
        /// Uses the subject's latest version whose metadata has all these
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

        /// Sets how the subject of a record's schema is named. Default: topic name.
        #[must_use]
        pub fn subject_name_strategy(mut self, strategy: SubjectNameStrategy) -> Self {
            self.subject_name_strategy = strategy;
            self
        }

        /// Limits the entries of each cache. Default: 1000.
        #[must_use]
        pub fn cache_capacity(mut self, entries: usize) -> Self {
            self.cache_capacity = entries;
            self
        }

        /// Sets the time to live of latest versions and of absent topic
        /// associations; with field-level encryption also of the answers to
        /// registrations. `None` means that they never expire. Default: 60 seconds.
        #[must_use]
        pub fn latest_cache_ttl(mut self, ttl: Option<Duration>) -> Self {
            self.latest_cache_ttl = ttl.map(|ttl| ttl.min($crate::csfle::LONGEST_EXPIRY));
            self
        }
    };
}
use common_settings;

fn validate_metadata(properties: Option<&BTreeMap<String, String>>) -> Result<(), Error> {
    if properties.is_some_and(BTreeMap::is_empty) {
        return Err(Error::from(ErrorKind::Options(
            "use_latest_with_metadata has no properties: use use_latest_version for the latest of all versions",
        )));
    }
    Ok(())
}

fn validate_caches(capacity: usize) -> Result<(), Error> {
    if capacity == 0 {
        return Err(Error::from(ErrorKind::Options(
            "cache_capacity is 0: every record would ask the registry",
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema_registry::entities::Reference;
    use crate::wire_format::{SchemaGuid, SchemaId};

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
            assert!(matches!(error.kind(), ErrorKind::Options(_)));
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
            // The id, and the metadata, take precedence over registering.
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
