//! Errors in the configuration, and what the user can do about each.

use std::path::PathBuf;

use super::origin::SettingOrigin;

/// A wrong or incomplete configuration. Every variant leads to exit code 2.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Of names that belong together, some are missing.
    #[error("{what} is half configured: {given} set, but not {missing}")]
    HalfConfigured {
        /// What the names configure.
        what: &'static str,
        /// Names that have a value.
        given: String,
        /// Names that also need a value.
        missing: String,
    },
    /// Names that exclude each other.
    #[error("{first} and {second} are both set; they exclude each other")]
    Conflict {
        /// One name.
        first: &'static str,
        /// The other name.
        second: &'static str,
    },
    /// A value that cannot be used.
    #[error("{name} ({origin}) cannot be used: {reason}")]
    Invalid {
        /// Name of the variable or flag.
        name: &'static str,
        /// The origin of the value.
        origin: SettingOrigin,
        /// Why it cannot be used.
        reason: String,
    },
    /// Full mode with one remote and one embedded backend.
    #[error("--mode full needs both backends or none: {given} is configured, but not {missing}")]
    Mixed {
        /// Name that has a value.
        given: &'static str,
        /// Name that needs one.
        missing: &'static str,
    },
    /// A run id that cannot be part of a name.
    #[error("run id {0:?} cannot be used: it must be 1 to 64 letters, digits, `_` or `-`")]
    RunId(String),
    /// A `--set` that is not `KEY=VALUE`.
    #[error("--set {0:?} is not KEY=VALUE")]
    Set(String),
    /// The `.env` file cannot be read.
    #[error("cannot read {path}", path = path.display())]
    DotEnvUnreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// Somebody else may have written the `.env` file in a directory above.
    #[error("{path} is not read: {reason}, and the file determines where credentials are sent", path = path.display())]
    DotEnvUntrusted {
        /// The file.
        path: PathBuf,
        /// Why the file is not trusted.
        reason: &'static str,
    },
    /// The `.env` file does not parse.
    #[error("cannot parse {path}, line {line}", path = path.display())]
    DotEnvSyntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },
    /// A value that is not Unicode.
    #[error("environment variable {name} is not valid UTF-8")]
    NotUnicode {
        /// The variable.
        name: &'static str,
    },
    /// The current directory cannot be determined.
    #[error("cannot find the current directory")]
    CurrentDirectory(#[source] std::io::Error),
}

impl Error {
    /// Returns what the user can do.
    pub fn hint(&self) -> String {
        match self {
            Self::HalfConfigured { missing, .. } => format!(
                "set {missing} in the environment or .env, or use --embedded to ignore the configuration"
            ),
            Self::Conflict { first, second } => format!("unset {first} or {second}"),
            Self::Invalid { name, .. } => {
                format!("correct {name}; `doctor` shows every value and its origin")
            }
            Self::Mixed { missing, .. } => format!(
                "set {missing}, or use --embedded for both, or --mode schema-only to leave Kafka out"
            ),
            Self::RunId(_) => "try --run-id demo-1".to_owned(),
            Self::Set(_) => "try --set basic.f1=hello".to_owned(),
            Self::DotEnvUnreadable { .. } => {
                "make the file readable, or remove it and set environment variables instead"
                    .to_owned()
            }
            Self::DotEnvUntrusted { path, .. } => format!(
                "if the file is yours: chown it to you and chmod go-w {}; otherwise work in a directory that is not below it",
                path.display()
            ),
            Self::DotEnvSyntax { .. } => {
                "lines are NAME=\"value\", with \\\" \\\\ \\$ and \\n inside the quotes".to_owned()
            }
            Self::NotUnicode { name } => format!("set {name} to text in UTF-8"),
            Self::CurrentDirectory(_) => "change to a directory that exists".to_owned(),
        }
    }
}
