//! Schemas with their references, metadata and rules.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::json_body::null_as_default;
use crate::wire_format::SchemaId;

/// An import of a schema: the file `name` is version `version` of `subject`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reference {
    /// Import path, as written in the importing file.
    pub name: String,
    /// Subject under which the imported file is registered.
    pub subject: String,
    /// Version within that subject; −1 means the latest in a request.
    pub version: i32,
}

json_body! {
    /// Metadata of a schema version.
    #[derive(Debug)]
    pub struct Metadata {
        /// Path pattern → tags, for fields that carry no inline tag.
        pub tags: BTreeMap<String, Vec<String>>,
        /// Free properties; rule parameters fall back on them.
        pub properties: BTreeMap<String, String>,
        /// Names of properties whose values are secret.
        pub sensitive: Vec<String>,
    }

    /// The data rules of a schema version.
    #[derive(Debug)]
    pub struct RuleSet {
        /// Rules that convert between versions.
        pub migration_rules: Vec<Rule>,
        /// Rules on the message before it is encoded or after it is decoded.
        pub domain_rules: Vec<Rule>,
        /// Rules on the encoded payload.
        pub encoding_rules: Vec<Rule>,
        /// Where rules run: absent, `ALL` or `CLIENT` include clients.
        pub enable_at: Option<String>,
    }

    /// One data rule. Kinds, modes and types are kept as text: a client must be
    /// able to carry rules that it does not understand.
    #[derive(Debug)]
    pub struct Rule {
        /// Name, unique within its rule set.
        pub name: String,
        /// Free text.
        pub doc: Option<String>,
        /// `TRANSFORM` or `CONDITION`.
        pub kind: Option<String>,
        /// `WRITE`, `READ`, `WRITEREAD`, `UPGRADE`, `DOWNGRADE` or `UPDOWN`.
        pub mode: Option<String>,
        /// What executes the rule, such as `ENCRYPT`.
        #[serde(rename = "type")]
        pub rule_type: Option<String>,
        /// Tags that select fields; none selects every field.
        pub tags: Vec<String>,
        /// Parameters of the executor.
        pub params: BTreeMap<String, String>,
        /// Expression, for rule types that have one.
        pub expr: Option<String>,
        /// Action after success: one name, or `write,read`.
        pub on_success: Option<String>,
        /// Action after failure: one name, or `write,read`.
        pub on_failure: Option<String>,
        /// A disabled rule is stored and never run.
        pub disabled: bool,
    }

    /// Body of register, look-up and compatibility requests.
    #[derive(Debug)]
    pub struct SchemaRequest {
        /// `.proto` text, or a base64 `FileDescriptorProto`.
        pub schema: String,
        /// `PROTOBUF`; absent means `AVRO`.
        pub schema_type: Option<String>,
        /// Imports that are schemas of their own.
        pub references: Vec<Reference>,
        /// Metadata to store with the version.
        pub metadata: Option<Metadata>,
        /// Data rules to store with the version.
        pub rule_set: Option<RuleSet>,
        /// Version asked for; absent or −1 means the next.
        pub version: Option<i32>,
        /// Id asked for, in IMPORT mode.
        pub id: Option<i32>,
    }

    /// A schema as the registry returns it: from register, look-up, and every GET.
    /// Which members are present depends on the call and the registry's version.
    #[derive(Debug)]
    pub struct Schema {
        /// Subject.
        pub subject: Option<String>,
        /// Version within the subject.
        pub version: Option<i32>,
        /// Schema id.
        pub id: Option<i32>,
        /// Globally unique id, a UUID in text form.
        pub guid: Option<String>,
        /// `PROTOBUF`; absent means `AVRO`.
        pub schema_type: Option<String>,
        /// Imports that are schemas of their own.
        pub references: Vec<Reference>,
        /// Metadata.
        pub metadata: Option<Metadata>,
        /// Data rules.
        pub rule_set: Option<RuleSet>,
        /// `.proto` text, or base64 with `format=serialized`. Absent in the answer
        /// of older servers to a registration.
        pub schema: Option<String>,
        /// Time of registration, in milliseconds since the epoch.
        pub ts: Option<i64>,
        /// Whether the version is soft-deleted.
        pub deleted: Option<bool>,
    }
}

impl Schema {
    /// Returns the id for the wire format; `None` if absent or negative.
    pub fn schema_id(&self) -> Option<SchemaId> {
        self.id.and_then(|id| u32::try_from(id).ok()).map(SchemaId)
    }
}

/// A subject and version with a schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SubjectVersion {
    /// Subject.
    pub subject: String,
    /// Version within the subject.
    pub version: i32,
}

/// An id of a schema and the context in which it is valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaLocation {
    /// Context; `.` is the default one.
    pub context: String,
    /// Schema id within it.
    pub id: i32,
}

/// Result of a compatibility test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compatibility {
    /// Whether the schema is compatible with the tested versions.
    pub is_compatible: bool,
    /// The reasons if it is not; only sent with `verbose=true`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub messages: Vec<String>,
}
