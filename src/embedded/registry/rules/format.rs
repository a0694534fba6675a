//! The formats in which clients can request a schema.

use super::parsed_schema::ParsedSchema;
use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::store::subject::Subject;
use crate::embedded::registry::store::{Content, Store};

/// A format of the schema's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// As stored.
    #[default]
    Stored,
    /// Without extensions and without custom options other than Confluent's.
    IgnoreExtensions,
    /// Base64 of the `FileDescriptorProto`.
    Serialized,
}

impl Format {
    /// Parses the query parameter. Unknown values are ignored, because a client
    /// may be newer than the server.
    pub(crate) fn parse(text: Option<&str>) -> Self {
        match text.unwrap_or_default().trim() {
            "serialized" => Self::Serialized,
            "ignore_extensions" => Self::IgnoreExtensions,
            _ => Self::Stored,
        }
    }

    /// Returns a stored schema in this format. Parses it unless it is stored in
    /// this format.
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
                None => Ok(ParsedSchema::of_stored(store, subject, content)?.to_base64()),
            },
            Self::IgnoreExtensions => {
                let parsed = ParsedSchema::of_stored(store, subject, content)?;
                Ok(parsed.file().without_extensions().to_text())
            }
        }
    }

    /// Returns whether [`Format::of`] has to parse.
    pub(crate) fn parses(self, content: &Content) -> bool {
        match self {
            Self::Stored => false,
            Self::Serialized => content.serialized.is_none(),
            Self::IgnoreExtensions => true,
        }
    }
}
