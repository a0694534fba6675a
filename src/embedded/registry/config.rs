//! Configuration: of everything, of a context, of a subject.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::protobuf::compatibility::{Level, Rules};
use crate::schema_registry::entities::{Metadata, RuleSet};

use super::api_error::ApiError;
use super::metadata;
use super::mode::{self, scopes_of};
use super::rule_set;
use super::store::{Data, Scope};
use super::subject::{GLOBAL_CONTEXT, Subject};

/// Settings that are set; what is absent falls back on a wider scope or on the
/// default.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Config {
    /// Subject that stands in for this one.
    #[serde(skip_serializing_if = "is_blank")]
    pub(super) alias: Option<String>,
    /// Whether schemas are normalised without being asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) normalize: Option<bool>,
    /// Whether schemas must build into descriptors, and reserved fields count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) validate_fields: Option<bool>,
    /// Whether references of new schemas must not be soft-deleted; so unless
    /// set to false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) validate_new_schemas: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) validate_rules: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) compatibility_level: Option<Level>,
    #[serde(skip_serializing_if = "is_blank")]
    pub(super) compatibility_policy: Option<String>,
    /// Metadata property that divides the versions into groups.
    #[serde(skip_serializing_if = "is_blank")]
    pub(super) compatibility_group: Option<String>,
    /// Metadata under that of a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default_metadata: Option<Metadata>,
    /// Metadata over that of a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) override_metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default_rule_set: Option<RuleSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) override_rule_set: Option<RuleSet>,
    /// Subject that stands in for this one in the DEK Registry.
    #[serde(skip_serializing_if = "is_blank")]
    pub(super) alias_for_deks: Option<String>,
}

fn is_blank(text: &Option<String>) -> bool {
    text.as_deref().unwrap_or_default().is_empty()
}

impl Config {
    /// The configuration as GET shows it: with a level, set or not.
    fn with_level(mut self) -> Self {
        self.compatibility_level.get_or_insert_default();
        self
    }

    /// Whether requests for this subject are for another one.
    pub(super) fn names_alias(&self) -> bool {
        !is_blank(&self.alias) || !is_blank(&self.alias_for_deks)
    }

    /// Whether registrations get metadata or rules from here.
    pub(super) fn completes_schemas(&self) -> bool {
        self.default_metadata.is_some()
            || self.override_metadata.is_some()
            || self.default_rule_set.is_some()
            || self.override_rule_set.is_some()
    }

    /// What a compatibility check needs of it.
    pub(super) fn rules(&self) -> Rules {
        Rules {
            level: self.compatibility_level.unwrap_or_default(),
            validate_fields: self.validate_fields.unwrap_or_default(),
            compatibility_group: self.compatibility_group.clone(),
        }
    }

    /// Takes over the members of a PUT body: an absent one stays as it is, a
    /// null one is cleared. Unknown members are ignored.
    fn update(&mut self, body: &Map<String, Value>) -> Result<(), ApiError> {
        patch(&mut self.alias, body, "alias")?;
        patch(&mut self.normalize, body, "normalize")?;
        patch(&mut self.validate_fields, body, "validateFields")?;
        patch(&mut self.validate_new_schemas, body, "validateNewSchemas")?;
        patch(&mut self.validate_rules, body, "validateRules")?;
        let mut level = None::<String>;
        if body.contains_key("compatibility") {
            patch(&mut level, body, "compatibility")?;
            self.compatibility_level = match level {
                Some(level) => Some(
                    level
                        .parse()
                        .map_err(|_| ApiError::invalid_compatibility_level())?,
                ),
                None => None,
            };
        }
        patch(&mut self.compatibility_policy, body, "compatibilityPolicy")?;
        if let Some(policy) = &mut self.compatibility_policy {
            policy.make_ascii_uppercase();
        }
        patch(&mut self.compatibility_group, body, "compatibilityGroup")?;
        for (slot, name) in [
            (&mut self.default_metadata, "defaultMetadata"),
            (&mut self.override_metadata, "overrideMetadata"),
        ] {
            patch(slot, body, name)?;
            *slot = slot.take().map(metadata::in_order);
        }
        for (slot, name) in [
            (&mut self.default_rule_set, "defaultRuleSet"),
            (&mut self.override_rule_set, "overrideRuleSet"),
        ] {
            patch(slot, body, name)?;
            if let Some(rules) = slot.take() {
                let rules = rule_set::completed(rules)?;
                rule_set::validate(&rules)?;
                *slot = Some(rules);
            }
        }
        patch(&mut self.alias_for_deks, body, "aliasForDeks")
    }

    /// The configuration as PUT answers it: what is set, the level under the
    /// name that requests use.
    pub(super) fn as_update(&self) -> Value {
        let mut shown = serde_json::to_value(self).unwrap_or_default();
        if let Some(members) = shown.as_object_mut()
            && let Some(level) = members.remove("compatibilityLevel")
        {
            members.insert("compatibility".to_owned(), level);
        }
        shown
    }
}

fn patch<T: DeserializeOwned>(
    slot: &mut Option<T>,
    body: &Map<String, Value>,
    name: &str,
) -> Result<(), ApiError> {
    if let Some(value) = body.get(name) {
        *slot = serde_json::from_value(value.clone())
            .map_err(|e| ApiError::malformed_body(format!("{name}: {e}")))?;
    }
    Ok(())
}

/// The configuration set for exactly this scope. The global scopes always have
/// one.
pub(super) fn own(data: &Data, scope: &Scope) -> Option<Config> {
    let found = data.config(scope).cloned();
    let found = found.or(match scope {
        Scope::Global => Some(Config::default()),
        Scope::Subject(subject) if subject.context == GLOBAL_CONTEXT => Some(Config::default()),
        Scope::Subject(_) => None,
    });
    found.map(Config::with_level)
}

/// The configuration that governs a scope. Where a scope has one of its own,
/// some members fall back on the global one; the level does not.
pub(super) fn in_force(data: &Data, scope: &Scope) -> Config {
    let global = data.config(&Scope::Global).cloned().unwrap_or_default();
    let Some(own) = own(data, scope) else {
        let found = scopes_of(scope)
            .iter()
            .find_map(|scope| data.config(scope).cloned());
        return found.unwrap_or_default().with_level();
    };
    Config {
        normalize: own.normalize.or(global.normalize),
        validate_fields: own.validate_fields.or(global.validate_fields),
        validate_new_schemas: own.validate_new_schemas.or(global.validate_new_schemas),
        validate_rules: own.validate_rules.or(global.validate_rules),
        compatibility_policy: own.compatibility_policy.or(global.compatibility_policy),
        compatibility_group: own.compatibility_group.or(global.compatibility_group),
        ..own
    }
}

/// The configuration that governs a subject.
pub(super) fn of_subject(data: &Data, subject: &Subject) -> Config {
    in_force(data, &Scope::Subject(subject.clone()))
}

/// Changes the configuration of a scope and returns what it is then.
pub(super) fn update(
    data: &mut Data,
    scope: Scope,
    body: &Map<String, Value>,
) -> Result<Config, ApiError> {
    let mut config = data.config(&scope).cloned().unwrap_or_default();
    config.update(body)?;
    if let Scope::Subject(subject) = &scope
        && !subject.is_valid_for_settings()
    {
        return Err(ApiError::invalid_subject(&subject.to_string()));
    }
    mode::check_writable(data, &scope)?;
    data.set_config(scope, config.clone())?;
    Ok(config)
}

/// Clears the configuration of a scope and returns what it was.
pub(super) fn delete(data: &mut Data, scope: &Scope) -> Result<Config, ApiError> {
    let Some(old) = own(data, scope) else {
        return Err(ApiError::subject_not_found(&scope.to_string()));
    };
    mode::check_writable(data, scope)?;
    data.remove_config(scope);
    Ok(old)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn put(data: &mut Data, scope: &str, body: Value) -> Result<Value, u32> {
        let body = body.as_object().unwrap();
        update(data, Scope::parse(scope), body)
            .map(|config| config.as_update())
            .map_err(|e| e.code)
    }

    #[test]
    fn absent_members_stay_and_null_clears() {
        let mut data = Data::default();
        for (body, expected) in [
            (
                json!({"compatibility": "full"}),
                json!({"compatibility": "FULL"}),
            ),
            (
                json!({"normalize": true, "unknown": 1}),
                json!({"compatibility": "FULL", "normalize": true}),
            ),
            (json!({"compatibility": null}), json!({"normalize": true})),
            (
                json!({"alias": "t"}),
                json!({"normalize": true, "alias": "t"}),
            ),
            (json!({"alias": ""}), json!({"normalize": true})),
            (json!({}), json!({"normalize": true})),
        ] {
            assert_eq!(put(&mut data, "s", body.clone()), Ok(expected), "{body}");
        }
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        let mut data = Data::default();
        for (scope, body, code) in [
            ("s", json!({"compatibility": "UPWARD"}), 42203),
            ("s", json!({"compatibility": 1}), 400),
            ("s", json!({"normalize": "yes"}), 400),
            (
                "s",
                json!({"defaultRuleSet": {"domainRules": [{"name": "1"}]}}),
                42210,
            ),
            ("__GLOBAL", json!({}), 42208),
            ("__GLOBAL", json!({"compatibility": "UPWARD"}), 42203),
        ] {
            assert_eq!(put(&mut data, scope, body.clone()), Err(code), "{body}");
        }
        assert_eq!(data.configs().count(), 0);
        mode::set(&mut data, Scope::Global, Some(mode::Mode::ReadOnly), true).unwrap();
        assert_eq!(put(&mut data, "s", json!({})), Err(42205));
        assert_eq!(delete(&mut data, &Scope::Global).unwrap_err().code, 42205);
    }

    #[test]
    fn the_nearest_configuration_is_in_force() {
        let mut data = Data::default();
        let level = |data: &Data, scope: &str| {
            in_force(data, &Scope::parse(scope))
                .compatibility_level
                .unwrap()
        };
        assert_eq!(level(&data, "s"), Level::Backward);
        put(
            &mut data,
            ":.__GLOBAL:",
            json!({"compatibility": "FORWARD"}),
        )
        .unwrap();
        assert_eq!(level(&data, "s"), Level::Forward);
        put(
            &mut data,
            "",
            json!({"compatibility": "NONE", "normalize": true}),
        )
        .unwrap();
        assert_eq!(level(&data, "s"), Level::None);
        assert_eq!(level(&data, ":.c:s"), Level::Forward);
        put(&mut data, ":.c:", json!({"compatibility": "FULL"})).unwrap();
        assert_eq!(level(&data, ":.c:s"), Level::Full);
        // Without a level of its own, a subject has the default, not the global one.
        put(&mut data, "s", json!({"validateFields": true})).unwrap();
        assert_eq!(level(&data, "s"), Level::Backward);
        let config = in_force(&data, &Scope::parse("s"));
        assert_eq!(config.normalize, Some(true));
        assert_eq!(own(&data, &Scope::parse("s")).unwrap().normalize, None);
    }
}
