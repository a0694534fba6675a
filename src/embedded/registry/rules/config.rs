//! Configuration of a subject, of a context, or of everything: which one is in
//! force, and how it changes.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::mode::{self, scopes_of};
use super::{metadata, rule_set};
use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::store::subject::{GLOBAL_CONTEXT, Subject};
use crate::embedded::registry::store::{Data, Scope, StoredConfig};

/// Applies the members of a PUT body. An absent member keeps its value and null
/// clears it. Unknown members are ignored.
fn take_over(config: &mut StoredConfig, body: &Map<String, Value>) -> Result<(), ApiError> {
    patch(&mut config.alias, body, "alias")?;
    patch(&mut config.normalize, body, "normalize")?;
    patch(&mut config.validate_fields, body, "validateFields")?;
    patch(&mut config.validate_new_schemas, body, "validateNewSchemas")?;
    patch(&mut config.validate_rules, body, "validateRules")?;
    let mut level = None::<String>;
    if body.contains_key("compatibility") {
        patch(&mut level, body, "compatibility")?;
        config.compatibility_level = match level {
            Some(level) => Some(
                level
                    .parse()
                    .map_err(|_| ApiError::invalid_compatibility_level())?,
            ),
            None => None,
        };
    }
    patch(
        &mut config.compatibility_policy,
        body,
        "compatibilityPolicy",
    )?;
    if let Some(policy) = &mut config.compatibility_policy {
        policy.make_ascii_uppercase();
    }
    patch(&mut config.compatibility_group, body, "compatibilityGroup")?;
    for (slot, name) in [
        (&mut config.default_metadata, "defaultMetadata"),
        (&mut config.override_metadata, "overrideMetadata"),
    ] {
        patch(slot, body, name)?;
        *slot = slot.take().map(metadata::in_order);
    }
    for (slot, name) in [
        (&mut config.default_rule_set, "defaultRuleSet"),
        (&mut config.override_rule_set, "overrideRuleSet"),
    ] {
        patch(slot, body, name)?;
        if let Some(rules) = slot.take() {
            let rules = rule_set::completed(rules)?;
            rule_set::validate(&rules)?;
            *slot = Some(rules);
        }
    }
    patch(&mut config.alias_for_deks, body, "aliasForDeks")
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

/// Returns the configuration set for exactly this scope. The global scopes
/// always have one.
pub(crate) fn own(data: &Data, scope: &Scope) -> Option<StoredConfig> {
    let found = data.config(scope).cloned();
    let found = found.or(match scope {
        Scope::Global => Some(StoredConfig::default()),
        Scope::Subject(subject) if subject.context == GLOBAL_CONTEXT => {
            Some(StoredConfig::default())
        }
        Scope::Subject(_) => None,
    });
    found.map(StoredConfig::with_level)
}

/// Returns the configuration in force for a scope. If the scope has its own,
/// some members fall back to the global one, but the level does not.
pub(crate) fn in_force(data: &Data, scope: &Scope) -> StoredConfig {
    let global = data.config(&Scope::Global).cloned().unwrap_or_default();
    let Some(own) = own(data, scope) else {
        let found = scopes_of(scope)
            .iter()
            .find_map(|scope| data.config(scope).cloned());
        return found.unwrap_or_default().with_level();
    };
    StoredConfig {
        normalize: own.normalize.or(global.normalize),
        validate_fields: own.validate_fields.or(global.validate_fields),
        validate_new_schemas: own.validate_new_schemas.or(global.validate_new_schemas),
        validate_rules: own.validate_rules.or(global.validate_rules),
        compatibility_policy: own.compatibility_policy.or(global.compatibility_policy),
        compatibility_group: own.compatibility_group.or(global.compatibility_group),
        ..own
    }
}

/// Returns the configuration in force for a subject.
pub(crate) fn of_subject(data: &Data, subject: &Subject) -> StoredConfig {
    in_force(data, &Scope::Subject(subject.clone()))
}

/// Changes the configuration of a scope and returns the new one.
pub(crate) fn update(
    data: &mut Data,
    scope: Scope,
    body: &Map<String, Value>,
) -> Result<StoredConfig, ApiError> {
    let mut config = data.config(&scope).cloned().unwrap_or_default();
    take_over(&mut config, body)?;
    if let Scope::Subject(subject) = &scope
        && !subject.is_valid_for_settings()
    {
        return Err(ApiError::invalid_subject(&subject.to_string()));
    }
    mode::check_writable(data, &scope)?;
    data.set_config(scope, config.clone())?;
    Ok(config)
}

/// Clears the configuration of a scope and returns the old one.
pub(crate) fn delete(data: &mut Data, scope: &Scope) -> Result<StoredConfig, ApiError> {
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
    use crate::registry_settings::{CompatibilityLevel, Mode};
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
        mode::set(&mut data, Scope::Global, Some(Mode::ReadOnly), true).unwrap();
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
        assert_eq!(level(&data, "s"), CompatibilityLevel::Backward);
        put(
            &mut data,
            ":.__GLOBAL:",
            json!({"compatibility": "FORWARD"}),
        )
        .unwrap();
        assert_eq!(level(&data, "s"), CompatibilityLevel::Forward);
        put(
            &mut data,
            "",
            json!({"compatibility": "NONE", "normalize": true}),
        )
        .unwrap();
        assert_eq!(level(&data, "s"), CompatibilityLevel::None);
        assert_eq!(level(&data, ":.c:s"), CompatibilityLevel::Forward);
        put(&mut data, ":.c:", json!({"compatibility": "FULL"})).unwrap();
        assert_eq!(level(&data, ":.c:s"), CompatibilityLevel::Full);
        // A subject without its own level has the default, not the global one.
        put(&mut data, "s", json!({"validateFields": true})).unwrap();
        assert_eq!(level(&data, "s"), CompatibilityLevel::Backward);
        let config = in_force(&data, &Scope::parse("s"));
        assert_eq!(config.normalize, Some(true));
        assert_eq!(own(&data, &Scope::parse("s")).unwrap().normalize, None);
    }
}
