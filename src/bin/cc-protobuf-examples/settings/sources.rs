//! Collects values from flags, environment and `.env`, in this order of precedence.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::names::{self, Name};
use super::{Error, Secret, SettingOrigin, dot_env};

/// A value and its origin.
#[derive(Clone, Debug)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Its origin.
    pub origin: SettingOrigin,
}

/// The values that are set and not empty.
#[derive(Debug, Default)]
pub struct Sources {
    values: HashMap<&'static str, Sourced<Secret>>,
    /// The `.env` file that was read.
    pub dot_env: Option<PathBuf>,
    /// Names in that file that the program does not read.
    pub unread: Vec<String>,
}

impl Sources {
    /// Collects the values of all known names. `environment` looks up a variable;
    /// the search for `.env` starts in `directory`.
    pub fn collect(
        flags: &[(&'static Name, &'static str, Option<&str>)],
        environment: impl Fn(&str) -> Option<OsString>,
        directory: &Path,
    ) -> Result<Self, Error> {
        let dot_env = dot_env::find(directory);
        let file = dot_env
            .as_deref()
            .map(|path| dot_env::read(path, directory))
            .transpose()?;
        let mut values = HashMap::new();
        for name in names::ALL {
            let key = name.key;
            let flag = flags
                .iter()
                .find(|(flag_name, ..)| flag_name.key == key)
                .and_then(|(_, flag, value)| {
                    Some((SettingOrigin::Flag(flag), (*value)?.to_owned()))
                });
            let real = match environment(key) {
                Some(value) => {
                    let text = value.into_string();
                    Some(text.map_err(|_| Error::NotUnicode { name: key })?)
                }
                None => None,
            };
            let real = real.map(|value| (SettingOrigin::Environment, value));
            let stored = file
                .as_ref()
                .zip(dot_env.as_ref())
                .and_then(|(file, path)| {
                    Some((SettingOrigin::DotEnv(path.clone()), file.get(key)?.clone()))
                });
            // An empty variable counts as unset and does not hide another value.
            let found = [flag, real, stored]
                .into_iter()
                .flatten()
                .find(|(_, value)| !value.trim().is_empty());
            if let Some((origin, value)) = found {
                // White space around an address is a mistake, but may be part of a secret.
                let value = if name.secret {
                    value
                } else {
                    value.trim().to_owned()
                };
                let value = Secret::new(value);
                values.insert(key, Sourced { value, origin });
            }
        }
        if let Some(file) = &file {
            for key in file.keys().filter(|key| key.starts_with("AWS_")) {
                if *key != names::AWS_KMS_KEY_ARN.key {
                    tracing::warn!(
                        "{key} in .env is not read; the AWS credential chain reads the environment only"
                    );
                }
            }
        }
        let read = |key: &String| names::ALL.iter().any(|name| name.key == key);
        let mut unread: Vec<String> = file.into_iter().flat_map(HashMap::into_keys).collect();
        unread.retain(|key| !read(key));
        unread.sort();
        Ok(Self {
            values,
            dot_env,
            unread,
        })
    }

    /// Returns the value of a name.
    pub fn get(&self, name: &Name) -> Option<&Sourced<Secret>> {
        self.values.get(name.key)
    }

    /// Returns the value of a name that is not secret.
    pub fn text(&self, name: &Name) -> Option<String> {
        Some(self.get(name)?.value.expose().to_owned())
    }

    /// Returns the value of a name as a secret.
    pub fn secret(&self, name: &Name) -> Option<Secret> {
        Some(self.get(name)?.value.clone())
    }

    /// Returns whether a name has a value.
    pub fn has(&self, name: &Name) -> bool {
        self.values.contains_key(name.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file that run-example.sh writes from values that need quoting; its own
    /// test compares the file byte for byte.
    const HOSTILE: &str = include_str!("../../../../tests/fixtures/dotenv-hostile.env");

    fn collect(dot_env: &str) -> Sources {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(".env"), dot_env).unwrap();
        Sources::collect(&[], |_| None, directory.path()).unwrap()
    }

    #[test]
    fn what_the_script_writes_is_read_as_it_was_given() {
        let sources = collect(HOSTILE);
        let text = |name| sources.text(name).unwrap_or_default();
        assert_eq!(
            text(&names::BOOTSTRAP_SERVERS),
            "broker-1:9092,broker-2:9092"
        );
        assert_eq!(text(&names::KAFKA_API_KEY), "key with spaces");
        assert_eq!(text(&names::KAFKA_API_SECRET), "a%sb\nc\"d$HOME");
        assert_eq!(
            text(&names::SCHEMA_REGISTRY_URL),
            "https://registry.invalid/"
        );
        assert_eq!(text(&names::SR_API_KEY), "quote' and \"double\" and #hash");
        assert_eq!(
            text(&names::SR_API_SECRET),
            "back\\slash \\n `tick` $(id) ends with \\"
        );
        assert!(!sources.has(&names::AWS_KMS_KEY_ARN));
    }

    #[test]
    fn blanks_are_part_of_a_secret_and_of_nothing_else() {
        let sources =
            collect("SR_API_KEY=\" key \"\nSR_API_SECRET=\" secret\t\"\nLOCAL_SECRET=\"  \"\n");
        assert_eq!(sources.text(&names::SR_API_KEY).unwrap(), "key");
        assert_eq!(sources.text(&names::SR_API_SECRET).unwrap(), " secret\t");
        assert!(!sources.has(&names::LOCAL_SECRET));
    }
}
