//! Modes: what may be written.

use serde::Serialize;

/// What may be written to a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum RegistryMode {
    /// Everything except schemas with given ids.
    #[serde(rename = "READWRITE")]
    ReadWrite,
    /// Nothing.
    #[serde(rename = "READONLY")]
    ReadOnly,
    /// Nothing; an old name.
    #[serde(rename = "READONLY_OVERRIDE")]
    ReadOnlyOverride,
    /// Only schemas with given ids, unchecked.
    Import,
    /// Like `Import`, for all contexts at once.
    Forward,
}

impl RegistryMode {
    /// Parses a mode, ignoring case.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [
            ("READWRITE", Self::ReadWrite),
            ("READONLY", Self::ReadOnly),
            ("READONLY_OVERRIDE", Self::ReadOnlyOverride),
            ("IMPORT", Self::Import),
            ("FORWARD", Self::Forward),
        ]
        .into_iter()
        .find_map(|(name, mode)| text.eq_ignore_ascii_case(name).then_some(mode))
    }

    /// Returns whether schemas must come with ids and are not checked.
    pub(crate) fn imports(self) -> bool {
        matches!(self, Self::Import | Self::Forward)
    }

    pub(crate) fn is_read_only(self) -> bool {
        matches!(self, Self::ReadOnly | Self::ReadOnlyOverride)
    }
}
