//! The changes that `--set` can make. All values are checked before a backend is used.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::failure::Failure;
use crate::settings;

/// A value of an example that `--set` can change.
pub struct Change {
    /// Key in `--set KEY=VALUE`.
    pub key: &'static str,
    /// Description of the valid values.
    pub takes: &'static str,
    /// Returns whether a value is valid.
    pub accepts: fn(&str) -> bool,
}

/// Parses the values given by `--set`, by key. An unknown key is an error, because it
/// would have no effect.
pub fn parse(arguments: &[String], known: &[&Change]) -> Result<BTreeMap<String, String>, Failure> {
    let mut changes = BTreeMap::new();
    for argument in arguments {
        let (key, value) = argument
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| settings::Error::Set(argument.clone()))?;
        let Some(change) = known.iter().find(|change| change.key == key) else {
            return Err(unknown(key, known));
        };
        if !(change.accepts)(value) {
            return Err(
                Failure::usage(format!("--set {key}: {value:?} cannot be used"))
                    .hint(format!("{key} takes {}", change.takes)),
            );
        }
        changes.insert(key.to_owned(), value.to_owned());
    }
    Ok(changes)
}

fn unknown(key: &str, known: &[&Change]) -> Failure {
    let keys: Vec<&str> = known.iter().map(|change| change.key).collect();
    let hint = if keys.is_empty() {
        "they have no values to change".to_owned()
    } else {
        format!("they have: {}", keys.join(", "))
    };
    Failure::usage(format!(
        "--set {key}: the chosen examples have no such value"
    ))
    .hint(hint)
}

/// Accepts any text.
pub fn text(_: &str) -> bool {
    true
}

/// Accepts text that parses as a `T`.
pub fn parses<T: FromStr>(value: &str) -> bool {
    value.parse::<T>().is_ok()
}

/// Accepts text that parses as a `T`, and the empty text.
pub fn parses_or_empty<T: FromStr>(value: &str) -> bool {
    value.is_empty() || parses::<T>(value)
}

/// Accepts one of two words, in upper or lower case.
pub fn one_of(value: &str, words: [&str; 2]) -> bool {
    words.iter().any(|word| value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::super::{ALL, Example};
    use super::*;

    #[track_caller]
    fn set(argument: &str) -> Result<BTreeMap<String, String>, Failure> {
        let known: Vec<&Change> = ALL.iter().flat_map(|example| example.changes).collect();
        parse(&[argument.to_owned()], &known)
    }

    #[test]
    fn values_that_an_example_cannot_use_are_refused_with_what_it_takes() {
        for bad in [
            "delete.permanent=maybe",
            "evolution.level=SIDEWAYS",
            "oneof.events=",
            "oneof.events=customer,,order",
            "null.age=x",
            "null.age=",
            "compat.note=foo",
            "compat.note=",
            "types.customer_id=9223372036854775808",
            "encrypt.dek.algorithm=FOO",
            "encrypt.dek.expiry.days=x",
            "encrypt.dek.expiry.days=-1",
            "no-auto-register.auto=maybe",
        ] {
            let failure = set(bad).unwrap_err();
            assert_eq!(failure.exit.code(), 2, "{bad}");
            let key = bad.split('=').next().unwrap();
            assert!(failure.hint.unwrap().contains(key), "{bad}");
        }
        for good in [
            "basic.f1=",
            "delete.permanent=NO",
            "evolution.level=NONE",
            "oneof.events=order,order",
            "null.age=-300",
            "compat.note=string",
            "types.customer_id=0",
            "encrypt.dek.algorithm=AES256_SIV",
            "encrypt.dek.algorithm=",
            "encrypt.dek.expiry.days=",
            "encrypt.kms.key.id=other",
            "no-auto-register.auto=TRUE",
        ] {
            assert_eq!(set(good).unwrap().len(), 1, "{good}");
        }
    }

    #[test]
    fn keys_that_no_example_has_are_refused_with_those_there_are() {
        for key in ["encrypt.kek.name", "encrypt.dek.algoritm", "basic.f2"] {
            let failure = set(&format!("{key}=x")).unwrap_err();
            assert_eq!(failure.exit.code(), 2);
            assert!(failure.hint.unwrap().contains("encrypt.dek.algorithm"));
        }
        let strategies = ALL
            .iter()
            .find(|e| e.name == "strategies")
            .map(|e: &Example| e.changes);
        assert!(strategies.unwrap().is_empty());
        let failure = parse(&["strategies.x=1".to_owned()], &[]).unwrap_err();
        assert_eq!(failure.hint.unwrap(), "they have no values to change");
    }
}
