//! Server information, associations and tag definitions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::json_body::null_as_default;

json_body! {
    /// A subject bound to a resource such as a topic.
    #[derive(Debug)]
    pub struct Association {
        /// Subject.
        pub subject: String,
        /// GUID of the association.
        pub guid: Option<String>,
        /// Topic.
        pub resource_name: Option<String>,
        /// Kafka cluster.
        pub resource_namespace: Option<String>,
        /// Id of the topic.
        pub resource_id: Option<String>,
        /// `topic`.
        pub resource_type: Option<String>,
        /// `key` or `value`.
        pub association_type: Option<String>,
        /// `STRONG` or `WEAK`.
        pub lifecycle: Option<String>,
        /// Whether the subject's schema may change no more.
        pub frozen: bool,
    }

    /// Version and build of a registry.
    #[derive(Debug)]
    pub struct ServerVersion {
        /// Version, such as `8.1.0`.
        pub version: String,
        /// Commit that it was built from.
        pub commit_id: String,
    }
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

json_body! {
    /// A tag definition of the catalog.
    #[derive(Debug)]
    pub struct TagDefinition {
        /// Tag name, such as `PII`.
        pub name: String,
        /// Free text.
        pub description: Option<String>,
        /// What can be tagged; `cf_entity` stands for anything.
        pub entity_types: Vec<String>,
    }
}
