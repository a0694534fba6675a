//! Metadata of a schema: sorts and merges it, and reads and writes the version
//! number in it.

use crate::schema_registry::entities::Metadata;

/// Property that holds the version number as text.
const VERSION_PROPERTY: &str = "confluent:version";

/// Sorts and deduplicates tags and the names of sensitive properties.
pub(crate) fn in_order(mut metadata: Metadata) -> Metadata {
    for tags in metadata.tags.values_mut() {
        sort_once(tags);
    }
    sort_once(&mut metadata.sensitive);
    metadata
}

/// Sorts and deduplicates a list.
pub(crate) fn sort_once(items: &mut Vec<String>) {
    items.sort();
    items.dedup();
}

/// Merges two: `newer` wins key by key, and the sensitive names are united.
pub(crate) fn merge(older: Option<&Metadata>, newer: Option<&Metadata>) -> Option<Metadata> {
    let (Some(older), Some(newer)) = (older, newer) else {
        return newer.or(older).cloned();
    };
    let mut merged = older.clone();
    merged.tags.extend(newer.tags.clone());
    merged.properties.extend(newer.properties.clone());
    merged.sensitive.extend(newer.sensitive.clone());
    Some(in_order(merged))
}

/// Returns whether the properties have a version, even an invalid one.
pub(crate) fn states_version(metadata: Option<&Metadata>) -> bool {
    metadata.is_some_and(|metadata| metadata.properties.contains_key(VERSION_PROPERTY))
}

/// Returns the version in the properties if it is a number.
pub(crate) fn stated_version(metadata: Option<&Metadata>) -> Option<i32> {
    metadata?.properties.get(VERSION_PROPERTY)?.parse().ok()
}

/// Sets the version in the properties.
pub(crate) fn with_version(metadata: Option<Metadata>, version: i32) -> Metadata {
    let mut metadata = metadata.unwrap_or_default();
    metadata
        .properties
        .insert(VERSION_PROPERTY.to_owned(), version.to_string());
    metadata
}

/// Returns the metadata without its version; empty if there is no metadata.
pub(crate) fn without_version(metadata: Option<&Metadata>) -> Metadata {
    let mut metadata = metadata.cloned().unwrap_or_default();
    metadata.properties.remove(VERSION_PROPERTY);
    metadata
}

/// Returns what an answer shows: nothing if it is empty.
pub(crate) fn shown(metadata: Option<&Metadata>) -> Option<Metadata> {
    metadata
        .filter(|metadata| **metadata != Metadata::default())
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    fn metadata(value: serde_json::Value) -> Metadata {
        from_value(value).unwrap()
    }

    #[test]
    fn merges_key_by_key() {
        let older = metadata(json!({
            "tags": {"a": ["PII"], "b": ["X"]},
            "properties": {"tier": "bronze", "team": "t"},
            "sensitive": ["ssn"],
        }));
        let newer = metadata(json!({
            "tags": {"b": ["Y"]},
            "properties": {"tier": "gold"},
            "sensitive": ["email", "ssn"],
        }));
        assert_eq!(
            merge(Some(&older), Some(&newer)),
            Some(metadata(json!({
                "tags": {"a": ["PII"], "b": ["Y"]},
                "properties": {"tier": "gold", "team": "t"},
                "sensitive": ["email", "ssn"],
            })))
        );
        assert_eq!(merge(Some(&older), None).as_ref(), Some(&older));
        assert_eq!(merge(None, Some(&newer)).as_ref(), Some(&newer));
        assert_eq!(merge(None, None), None);
    }

    #[test]
    fn carries_the_version() {
        let stated = with_version(None, 3);
        assert_eq!(stated_version(Some(&stated)), Some(3));
        assert!(states_version(Some(&stated)));
        assert_eq!(without_version(Some(&stated)), Metadata::default());
        let odd = metadata(json!({"properties": {"confluent:version": "x"}}));
        assert_eq!(stated_version(Some(&odd)), None);
        assert!(states_version(Some(&odd)));
    }
}
