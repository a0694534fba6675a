//! Configuration and modes of subjects and registry.

use serde::{Deserialize, Serialize};

use super::{Metadata, RuleSet};
use crate::registry_settings::{CompatibilityLevel, Mode};

json_body! {
    /// Configuration of a subject, a context or the registry, as it is returned.
    #[derive(Debug)]
    pub struct Config {
        /// Compatibility level; answers to changes call it `compatibility`.
        #[serde(alias = "compatibility")]
        pub compatibility_level: Option<CompatibilityLevel>,
        /// Subject that requests for this one act on.
        pub alias: Option<String>,
        /// Whether schemas are normalised when registered and looked up.
        pub normalize: Option<bool>,
        /// Whether field names and numbers are checked strictly.
        pub validate_fields: Option<bool>,
        /// `LENIENT` or `STRICT`.
        pub compatibility_policy: Option<String>,
        /// Metadata property that separates groups of compatible versions.
        pub compatibility_group: Option<String>,
        /// Metadata of schemas that have none.
        pub default_metadata: Option<Metadata>,
        /// Metadata that wins over a schema's own.
        pub override_metadata: Option<Metadata>,
        /// Rules of schemas that have none.
        pub default_rule_set: Option<RuleSet>,
        /// Rules that win over a schema's own.
        pub override_rule_set: Option<RuleSet>,
    }

    /// Change of a configuration; absent members stay as they are.
    #[derive(Debug)]
    pub struct ConfigUpdate {
        /// Compatibility level.
        pub compatibility: Option<CompatibilityLevel>,
        /// Subject that requests for this one are to act on.
        pub alias: Option<String>,
        /// Whether schemas are normalised when registered and looked up.
        pub normalize: Option<bool>,
        /// Whether field names and numbers are checked strictly.
        pub validate_fields: Option<bool>,
        /// `LENIENT` or `STRICT`.
        pub compatibility_policy: Option<String>,
        /// Metadata property that separates groups of compatible versions.
        pub compatibility_group: Option<String>,
        /// Metadata of schemas that have none.
        pub default_metadata: Option<Metadata>,
        /// Metadata that wins over a schema's own.
        pub override_metadata: Option<Metadata>,
        /// Rules of schemas that have none.
        pub default_rule_set: Option<RuleSet>,
        /// Rules that win over a schema's own.
        pub override_rule_set: Option<RuleSet>,
    }
}

/// Body of a mode request or answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeBody {
    /// The mode.
    pub mode: Mode,
}
