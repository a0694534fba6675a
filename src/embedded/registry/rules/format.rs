//! The forms in which a schema's text can be asked for.

use super::parsed_schema::Draft;
use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::store::subject::Subject;
use crate::embedded::registry::store::{Content, Store};

/// A form of the schema's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// As stored.
    #[default]
    Stored,
    /// Without custom options, except Confluent's, and without extensions.
    IgnoreExtensions,
    /// Base64 of the `FileDescriptorProto`.
    Serialized,
}

impl Format {
    /// Reads the query parameter. Unknown values are ignored, because clients
    /// are newer than servers.
    pub(crate) fn parse(text: Option<&str>) -> Self {
        match text.unwrap_or_default().trim() {
            "serialized" => Self::Serialized,
            "ignore_extensions" => Self::IgnoreExtensions,
            _ => Self::Stored,
        }
    }

    /// A schema stored under a subject, in this form. Parses it, unless it is
    /// stored so.
    pub(crate) fn of(
        self,
        store: &Store,
        subject: &Subject,
        content: &Content,
    ) -> Result<String, ApiError> {
        match self {
            Self::Stored => Ok(content.text.to_string()),
            Self::Serialized => match &content.serialized {
                Some(kept) => Ok(kept.to_string()),
                None => Ok(Draft::of_stored(store, subject, content)?.to_base64()),
            },
            Self::IgnoreExtensions => {
                let draft = Draft::of_stored(store, subject, content)?;
                Ok(draft.file().without_extensions().to_text())
            }
        }
    }

    /// Whether [`Format::of`] has to parse.
    pub(crate) fn parses(self, content: &Content) -> bool {
        match self {
            Self::Stored => false,
            Self::Serialized => content.serialized.is_none(),
            Self::IgnoreExtensions => true,
        }
    }
}
