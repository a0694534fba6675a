//! Checks that several settings share.

use std::path::PathBuf;

use super::names::Name;
use super::{Error, Secret, SettingOrigin, Sources};

/// Returns whether all of `group` are set. Fails if only some are.
pub(super) fn together(
    sources: &Sources,
    what: &'static str,
    group: &[&Name],
) -> Result<bool, Error> {
    let missing: Vec<&Name> = group
        .iter()
        .copied()
        .filter(|name| !sources.has(name))
        .collect();
    if missing.is_empty() {
        Ok(true)
    } else if missing.len() == group.len() {
        Ok(false)
    } else {
        Err(half(sources, what, group, &missing))
    }
}

pub(super) fn half(
    sources: &Sources,
    what: &'static str,
    group: &[&Name],
    missing: &[&Name],
) -> Error {
    let list = |names: Vec<&Name>| {
        let keys: Vec<&str> = names.iter().map(|name| name.key).collect();
        keys.join(", ")
    };
    Error::HalfConfigured {
        what,
        given: list(
            group
                .iter()
                .copied()
                .filter(|name| sources.has(name))
                .collect(),
        ),
        missing: list(missing.to_vec()),
    }
}

pub(super) fn exclusive(sources: &Sources, group: &[&'static Name]) -> Result<(), Error> {
    let mut given = group.iter().filter(|name| sources.has(name));
    match (given.next(), given.next()) {
        (Some(first), Some(second)) => Err(Error::Conflict {
            first: first.key,
            second: second.key,
        }),
        _ => Ok(()),
    }
}

pub(super) fn required(sources: &Sources, name: &Name) -> String {
    sources.text(name).unwrap_or_default()
}

pub(super) fn required_secret(sources: &Sources, name: &Name) -> Secret {
    sources
        .secret(name)
        .unwrap_or_else(|| Secret::new(String::new()))
}

pub(super) fn invalid(sources: &Sources, name: &'static Name, reason: String) -> Error {
    Error::Invalid {
        name: name.key,
        origin: sources
            .get(name)
            .map_or(SettingOrigin::Default, |value| value.origin.clone()),
        reason,
    }
}

pub(super) fn number(
    sources: &Sources,
    name: &'static Name,
    default: i32,
    most: i32,
) -> Result<i32, Error> {
    let Some(text) = sources.text(name) else {
        return Ok(default);
    };
    text.parse()
        .ok()
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| invalid(sources, name, format!("expected a number from 1 to {most}")))
}

pub(super) fn file(sources: &Sources, name: &'static Name) -> Result<Option<PathBuf>, Error> {
    let Some(path) = sources.text(name).map(PathBuf::from) else {
        return Ok(None);
    };
    match std::fs::File::open(&path) {
        Ok(_) => Ok(Some(path)),
        Err(error) => Err(invalid(
            sources,
            name,
            format!("cannot read {}: {error}", path.display()),
        )),
    }
}
