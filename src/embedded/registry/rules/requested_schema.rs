//! The body of register, lookup and compatibility requests.

use serde::{Deserialize, Deserializer};

use crate::schema_registry::entities::{Metadata, Reference, RuleSet};

use super::{metadata, rule_set};
use crate::embedded::registry::api_error::ApiError;

/// The body as the client sent it. Every member may be missing or null. Unknown
/// members are ignored, because a client may be newer than the server.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SchemaBody {
    schema: Option<String>,
    schema_type: Option<String>,
    #[serde(deserialize_with = "null_as_empty")]
    references: Vec<ReferenceBody>,
    metadata: Option<Metadata>,
    rule_set: Option<RuleSet>,
    version: Option<i32>,
    id: Option<i32>,
    #[serde(deserialize_with = "null_as_empty")]
    schema_tags_to_add: Vec<serde_json::Value>,
    #[serde(deserialize_with = "null_as_empty")]
    schema_tags_to_remove: Vec<serde_json::Value>,
    propagate_schema_tags: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ReferenceBody {
    name: Option<String>,
    subject: Option<String>,
    version: Option<i32>,
}

/// The schema of a request, with sets in order and defaults filled in.
#[derive(Clone, Debug)]
pub(crate) struct RequestedSchema {
    /// `.proto` text or a base64 descriptor.
    pub(crate) schema: String,
    pub(crate) schema_type: String,
    pub(crate) references: Result<Vec<Reference>, ApiError>,
    pub(crate) metadata: Option<Metadata>,
    pub(crate) rule_set: Option<RuleSet>,
    /// The requested version: 0 for none, −1 for the latest.
    pub(crate) version: i32,
    /// The requested id, in import modes.
    pub(crate) id: Option<i32>,
    /// Whether the request changes inline tags, which is not supported.
    pub(crate) changes_tags: bool,
}

impl SchemaBody {
    /// Sorts sets and fills in the defaults of rules.
    pub(crate) fn into_request(self) -> Result<RequestedSchema, ApiError> {
        Ok(RequestedSchema {
            references: self.references.into_iter().map(complete).collect(),
            schema: self.schema.unwrap_or_default(),
            // The API is older than its support for Protobuf.
            schema_type: self.schema_type.unwrap_or_else(|| "AVRO".to_owned()),
            metadata: self.metadata.map(metadata::in_order),
            rule_set: self.rule_set.map(rule_set::completed).transpose()?,
            version: self.version.unwrap_or(0),
            id: self.id.filter(|id| *id >= 0),
            changes_tags: !self.schema_tags_to_add.is_empty()
                || !self.schema_tags_to_remove.is_empty()
                || self.propagate_schema_tags == Some(true),
        })
    }
}

impl RequestedSchema {
    /// Returns whether the schema is missing or blank.
    pub(crate) fn is_empty(&self) -> bool {
        self.schema.trim().is_empty()
    }
}

fn complete(reference: ReferenceBody) -> Result<Reference, ApiError> {
    let ReferenceBody {
        name,
        subject,
        version,
    } = reference;
    match (name, subject, version) {
        (Some(name), Some(subject), Some(version)) => Ok(Reference {
            name,
            subject,
            version,
        }),
        (name, subject, version) => {
            let version = version.map(|version| version.to_string());
            let shown = |part: Option<String>| part.unwrap_or_else(|| "null".to_owned());
            Err(ApiError::invalid_schema(format!(
                "Invalid schema of type PROTOBUF, details: Invalid schema of type PROTOBUF, details: Invalid reference: {{name='{}', subject='{}', version={}}}",
                shown(name),
                shown(subject),
                shown(version)
            )))
        }
    }
}

fn null_as_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
