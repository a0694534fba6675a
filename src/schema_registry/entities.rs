//! The JSON bodies of the Schema Registry, DEK Registry and catalog APIs, as
//! both sides of the wire use them.
//!
//! Every optional member may be missing or `null` in an answer, and unknown
//! members are ignored, because registries of different vendors and versions
//! differ in what they send.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::parameters::{CompatibilityLevel, Mode};
use crate::wire_format::SchemaId;

/// `schemaType` of Protobuf schemas. An absent type means `AVRO`.
pub const PROTOBUF: &str = "PROTOBUF";

fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// An import of a schema: the file known as `name` is version `version` of
/// `subject`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reference {
    /// Import path, as written in the importing file.
    pub name: String,
    /// Subject under which the imported file is registered.
    pub subject: String,
    /// Version within that subject; −1 stands for the latest in a request.
    pub version: i32,
}

/// Metadata of a schema version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Path pattern → tags, for fields that carry no inline tag.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub tags: BTreeMap<String, Vec<String>>,
    /// Free properties; rule parameters fall back on them.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub properties: BTreeMap<String, String>,
    /// Names of properties whose values are secret.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub sensitive: Vec<String>,
}

/// The data rules of a schema version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleSet {
    /// Rules that convert between versions.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub migration_rules: Vec<Rule>,
    /// Rules on the message before it is encoded or after it is decoded.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub domain_rules: Vec<Rule>,
    /// Rules on the encoded payload.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub encoding_rules: Vec<Rule>,
    /// Where rules run: absent, `ALL` or `CLIENT` include clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_at: Option<String>,
}

/// One data rule. Kinds, modes and types are kept as text: a client must be
/// able to carry rules that it does not understand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Name, unique within its rule set.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// `TRANSFORM` or `CONDITION`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `WRITE`, `READ`, `WRITEREAD`, `UPGRADE`, `DOWNGRADE` or `UPDOWN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// What executes the rule, such as `ENCRYPT`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub rule_type: Option<String>,
    /// Tags that select fields; none selects every field.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub tags: Vec<String>,
    /// Parameters of the executor.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub params: BTreeMap<String, String>,
    /// Expression, for rule types that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expr: Option<String>,
    /// Action after success: one name, or `write,read`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_success: Option<String>,
    /// Action after failure: one name, or `write,read`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<String>,
    /// A disabled rule is stored and never run.
    #[serde(default, deserialize_with = "null_as_default")]
    pub disabled: bool,
}

/// Body of register, look-up and compatibility requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaRequest {
    /// `.proto` text, or a base64 `FileDescriptorProto`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub schema: String,
    /// `PROTOBUF`; absent means `AVRO`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_type: Option<String>,
    /// Imports that are schemas of their own.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub references: Vec<Reference>,
    /// Metadata to store with the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// Data rules to store with the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_set: Option<RuleSet>,
    /// Version asked for; absent or −1 means the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// Id asked for, in IMPORT mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i32>,
}

/// A schema as the registry returns it: from register, look-up, and every GET.
/// Which members are present depends on the call and the registry's version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schema {
    /// Subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Version within the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// Schema id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i32>,
    /// Globally unique id, a UUID in text form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guid: Option<String>,
    /// `PROTOBUF`; absent means `AVRO`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_type: Option<String>,
    /// Imports that are schemas of their own.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub references: Vec<Reference>,
    /// Metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// Data rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_set: Option<RuleSet>,
    /// `.proto` text, or base64 with `format=serialized`. Absent in the answer
    /// of older servers to a registration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Time of registration, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ts: Option<i64>,
    /// Whether the version is soft-deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

impl Schema {
    /// The id as the wire format has it; none if absent or negative.
    pub fn schema_id(&self) -> Option<SchemaId> {
        self.id.and_then(|id| u32::try_from(id).ok()).map(SchemaId)
    }
}

/// A place where a schema is registered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SubjectVersion {
    /// Subject.
    pub subject: String,
    /// Version within the subject.
    pub version: i32,
}

/// Key encryption key: its description in the DEK Registry, never its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kek {
    /// Name, the rule parameter `encrypt.kek.name`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// `aws-kms`, `azure-kms`, `gcp-kms`, `hcvault`, `local-kms`, …
    #[serde(default, deserialize_with = "null_as_default")]
    pub kms_type: String,
    /// Key id within that KMS.
    #[serde(default, deserialize_with = "null_as_default")]
    pub kms_key_id: String,
    /// Properties for the KMS driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_props: Option<BTreeMap<String, String>>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// Whether the registry itself may use the KMS key.
    #[serde(default, deserialize_with = "null_as_default")]
    pub shared: bool,
    /// Time of the last change, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ts: Option<i64>,
    /// Whether it is soft-deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

/// Data encryption key, wrapped by a KEK. `key_material` is the key itself and
/// present only for shared KEKs; it is left out of the Debug output.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dek {
    /// KEK that wraps it.
    #[serde(default, deserialize_with = "null_as_default")]
    pub kek_name: String,
    /// Subject that it belongs to.
    #[serde(default, deserialize_with = "null_as_default")]
    pub subject: String,
    /// Version, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// `AES128_GCM`, `AES256_GCM` (also when absent) or `AES256_SIV`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// Wrapped key, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted_key_material: Option<String>,
    /// Raw key, base64; shared KEKs only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_material: Option<String>,
    /// Time of creation, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ts: Option<i64>,
    /// Whether it is soft-deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

impl std::fmt::Debug for Dek {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dek")
            .field("kek_name", &self.kek_name)
            .field("subject", &self.subject)
            .field("version", &self.version)
            .field("algorithm", &self.algorithm)
            .field("encrypted_key_material", &self.encrypted_key_material)
            .field("key_material", &self.key_material.as_ref().map(|_| "***"))
            .field("ts", &self.ts)
            .field("deleted", &self.deleted)
            .finish()
    }
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
    /// What can be tagged; `cf_entity` stands for anything.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub entity_types: Vec<String>,
}

/// Body of the creation of a KEK.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KekRequest {
    /// Name: a letter or `_`, then letters, digits, `_`, `-`; at most 256.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// `aws-kms`, `azure-kms`, `gcp-kms`, `hcvault`, `local-kms`, …
    #[serde(default, deserialize_with = "null_as_default")]
    pub kms_type: String,
    /// Key id within that KMS.
    #[serde(default, deserialize_with = "null_as_default")]
    pub kms_key_id: String,
    /// Properties for the KMS driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_props: Option<BTreeMap<String, String>>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// Whether the registry itself may use the KMS key.
    #[serde(default, deserialize_with = "null_as_default")]
    pub shared: bool,
    /// Asks for the soft-deleted state; with an existing, otherwise equal KEK
    /// this deletes or undeletes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

/// Body of the change of a KEK; absent members stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KekUpdate {
    /// Properties for the KMS driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_props: Option<BTreeMap<String, String>>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// Whether the registry itself may use the KMS key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<bool>,
}

/// Body of the creation of a DEK.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DekRequest {
    /// Subject that it belongs to.
    #[serde(default, deserialize_with = "null_as_default")]
    pub subject: String,
    /// Version; absent means 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// `AES128_GCM`, `AES256_GCM` (also when absent) or `AES256_SIV`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// Wrapped key, base64; left out for shared KEKs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted_key_material: Option<String>,
    /// Asks for the soft-deleted state, as for KEKs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

/// Verdict of a compatibility test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compatibility {
    /// Whether the schema could be registered as far as tested.
    pub is_compatible: bool,
    /// The reasons if not; absent unless asked for with `verbose=true`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub messages: Vec<String>,
}

/// Configuration of a subject, a context or the registry, as it is returned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// Compatibility level; answers to changes call it `compatibility`.
    #[serde(
        default,
        alias = "compatibility",
        skip_serializing_if = "Option::is_none"
    )]
    pub compatibility_level: Option<CompatibilityLevel>,
    /// Subject that requests for this one act on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Whether schemas are normalised when registered and looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalize: Option<bool>,
    /// Whether field names and numbers are checked strictly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validate_fields: Option<bool>,
    /// `LENIENT` or `STRICT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compatibility_policy: Option<String>,
    /// Metadata property that separates groups of compatible versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compatibility_group: Option<String>,
    /// Metadata of schemas that have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_metadata: Option<Metadata>,
    /// Metadata that wins over a schema's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_metadata: Option<Metadata>,
    /// Rules of schemas that have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_rule_set: Option<RuleSet>,
    /// Rules that win over a schema's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_rule_set: Option<RuleSet>,
}

/// Change of a configuration; absent members stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigUpdate {
    /// Compatibility level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compatibility: Option<CompatibilityLevel>,
    /// Subject that requests for this one are to act on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Whether schemas are normalised when registered and looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalize: Option<bool>,
    /// Whether field names and numbers are checked strictly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validate_fields: Option<bool>,
    /// `LENIENT` or `STRICT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compatibility_policy: Option<String>,
    /// Metadata property that separates groups of compatible versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compatibility_group: Option<String>,
    /// Metadata of schemas that have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_metadata: Option<Metadata>,
    /// Metadata that wins over a schema's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_metadata: Option<Metadata>,
    /// Rules of schemas that have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_rule_set: Option<RuleSet>,
    /// Rules that win over a schema's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_rule_set: Option<RuleSet>,
}

/// Body of mode requests and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeBody {
    /// The mode.
    pub mode: Mode,
}

/// An id of a schema and the context in which it is valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaLocation {
    /// Context; `.` is the default one.
    pub context: String,
    /// Schema id within it.
    pub id: i32,
}

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
    /// Whether the subject's schema may change no more.
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
    /// Commit that it was built from.
    #[serde(default, deserialize_with = "null_as_default")]
    pub commit_id: String,
}

/// Clusters that a registry belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerId {
    /// Where in the system the registry is.
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
