//! The settings of a subject, a context, or everything.

use serde::Serialize;
use serde_json::Value;

use crate::protobuf::compatibility::Rules;
use crate::registry_settings::CompatibilityLevel;
use crate::schema_registry::entities::{Metadata, RuleSet};

/// The settings stored for one scope. An absent setting falls back to a wider
/// scope or to the default.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoredConfig {
    /// Subject that requests for this one are sent to.
    #[serde(skip_serializing_if = "is_blank")]
    pub(crate) alias: Option<String>,
    /// Whether schemas are normalised even if the request does not ask for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) normalize: Option<bool>,
    /// Whether schemas must build into descriptors and reserved fields are
    /// checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) validate_fields: Option<bool>,
    /// Whether references of new schemas must be active; the default is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) validate_new_schemas: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) validate_rules: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) compatibility_level: Option<CompatibilityLevel>,
    #[serde(skip_serializing_if = "is_blank")]
    pub(crate) compatibility_policy: Option<String>,
    /// Metadata property that divides the versions into groups.
    #[serde(skip_serializing_if = "is_blank")]
    pub(crate) compatibility_group: Option<String>,
    /// Metadata that a request may override.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default_metadata: Option<Metadata>,
    /// Metadata that overrides the request's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) override_metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default_rule_set: Option<RuleSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) override_rule_set: Option<RuleSet>,
    /// Like `alias`, for the DEK Registry.
    #[serde(skip_serializing_if = "is_blank")]
    pub(crate) alias_for_deks: Option<String>,
}

fn is_blank(text: &Option<String>) -> bool {
    text.as_deref().unwrap_or_default().is_empty()
}

impl StoredConfig {
    /// Returns the configuration as GET shows it: with the default level if
    /// none is set.
    pub(crate) fn with_level(mut self) -> Self {
        self.compatibility_level.get_or_insert_default();
        self
    }

    /// Returns whether requests for this subject go to another one.
    pub(crate) fn names_alias(&self) -> bool {
        !is_blank(&self.alias) || !is_blank(&self.alias_for_deks)
    }

    /// Returns whether it adds metadata or rules to registrations.
    pub(crate) fn completes_schemas(&self) -> bool {
        self.default_metadata.is_some()
            || self.override_metadata.is_some()
            || self.default_rule_set.is_some()
            || self.override_rule_set.is_some()
    }

    /// Returns the settings for a compatibility check.
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            level: self.compatibility_level.unwrap_or_default(),
            validate_fields: self.validate_fields.unwrap_or_default(),
            compatibility_group: self.compatibility_group.clone(),
        }
    }

    /// Returns the configuration as PUT answers it: only what is set, with the
    /// level under the name that requests use.
    pub(crate) fn as_update(&self) -> Value {
        let mut shown = serde_json::to_value(self).unwrap_or_default();
        if let Some(members) = shown.as_object_mut()
            && let Some(level) = members.remove("compatibilityLevel")
        {
            members.insert("compatibility".to_owned(), level);
        }
        shown
    }
}
