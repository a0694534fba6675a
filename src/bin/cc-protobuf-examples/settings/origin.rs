//! The origin of a setting.

use std::fmt;
use std::path::PathBuf;

/// The origin of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingOrigin {
    /// A command line flag.
    Flag(&'static str),
    /// The real environment.
    Environment,
    /// The `.env` file at this path.
    DotEnv(PathBuf),
    /// The program's default.
    Default,
}

impl fmt::Display for SettingOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Environment => f.write_str("environment"),
            Self::DotEnv(_) => f.write_str(".env"),
            Self::Default => f.write_str("default"),
        }
    }
}
