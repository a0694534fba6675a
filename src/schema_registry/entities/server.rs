//! Server information, associations and tag definitions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::null_as_default;

/// A subject bound to a resource such as a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Association {
    /// Subject.
    #[serde(default, deserialize_with = "null_as_default")]
    pub subject: String,
    /// GUID of the association.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guid: Option<String>,
    /// Topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<String>,
    /// Kafka cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_namespace: Option<String>,
    /// Id of the topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// `topic`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// `key` or `value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub association_type: Option<String>,
    /// `STRONG` or `WEAK`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<String>,
    /// Whether the subject's schema may no longer change.
    #[serde(default, deserialize_with = "null_as_default")]
    pub frozen: bool,
}

/// Version and build of a registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerVersion {
    /// Version, such as `8.1.0`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub version: String,
    /// Commit of the build.
    #[serde(default, deserialize_with = "null_as_default")]
    pub commit_id: String,
}

/// Clusters that a registry belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerId {
    /// Organisation, environment and clusters.
    #[serde(default, deserialize_with = "null_as_default")]
    pub scope: ServerScope,
}

/// The scope of a [`ServerId`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerScope {
    /// Organisation and environment, outermost first.
    #[serde(default, deserialize_with = "null_as_default")]
    pub path: Vec<String>,
    /// `kafka-cluster` and `schema-registry-cluster` → their ids.
    #[serde(default, deserialize_with = "null_as_default")]
    pub clusters: BTreeMap<String, String>,
}

/// A tag definition of the catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TagDefinition {
    /// Tag name, such as `PII`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Entity types that can be tagged; `cf_entity` means all.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub entity_types: Vec<String>,
}
