//! Reference subject name strategies, which name the subjects of imported files.

use std::fmt;
use std::sync::Arc;

/// Decides under which subject an imported file is registered.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum ReferenceSubjectNameStrategy {
    /// The import path itself: `common/address.proto`.
    #[default]
    Default,
    /// The import path without `.proto` and with dots for slashes: `common.address`.
    /// Every occurrence of `.proto` is removed and not only the suffix, as in Java's
    /// `QualifiedReferenceSubjectNameStrategy`.
    Qualified,
    /// A function of the import path.
    Custom(Arc<dyn Fn(&str) -> String + Send + Sync>),
}

impl ReferenceSubjectNameStrategy {
    /// Creates a strategy from a function of the import path.
    pub fn custom(strategy: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self::Custom(Arc::new(strategy))
    }

    /// Returns the subject for the file imported as `path`.
    pub fn subject(&self, path: &str) -> String {
        match self {
            Self::Default => path.to_owned(),
            Self::Qualified => path.replace(".proto", "").replace('/', "."),
            Self::Custom(strategy) => strategy(path),
        }
    }
}

impl fmt::Debug for ReferenceSubjectNameStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "Default",
            Self::Qualified => "Qualified",
            Self::Custom(_) => "Custom",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn import_paths_become_subjects() {
        let prefixed = ReferenceSubjectNameStrategy::custom(|path| format!("ref.{path}"));
        for (path, qualified) in [
            ("common/address.proto", "common.address"),
            ("a.proto/b.protobuf.proto", "a.bbuf"),
            ("plain.proto", "plain"),
        ] {
            assert_eq!(ReferenceSubjectNameStrategy::Default.subject(path), path);
            assert_eq!(
                ReferenceSubjectNameStrategy::Qualified.subject(path),
                qualified
            );
            assert_eq!(prefixed.subject(path), format!("ref.{path}"));
        }
    }
}
