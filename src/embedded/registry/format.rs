//! The forms in which a schema's text can be asked for.

use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, UninterpretedOption};

use crate::protobuf::SchemaFile;

use super::api_error::ApiError;
use super::draft::Draft;
use super::store::{Content, Store};
use super::subject::Subject;

/// A form of the schema's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
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
    pub(super) fn parse(text: Option<&str>) -> Self {
        match text.unwrap_or_default().trim() {
            "serialized" => Self::Serialized,
            "ignore_extensions" => Self::IgnoreExtensions,
            _ => Self::Stored,
        }
    }

    /// A schema stored under a subject, in this form. Parses it, unless it is
    /// stored so.
    pub(super) fn of(
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
                let mut proto = draft.file().proto().clone();
                strip_file(&mut proto);
                Ok(SchemaFile::from_descriptor(proto, draft.file().form()).to_text())
            }
        }
    }

    /// Whether [`Format::of`] has to parse.
    pub(super) fn parses(self, content: &Content) -> bool {
        match self {
            Self::Stored => false,
            Self::Serialized => content.serialized.is_none(),
            Self::IgnoreExtensions => true,
        }
    }
}

fn strip_file(file: &mut FileDescriptorProto) {
    file.extension.clear();
    if let Some(options) = &mut file.options {
        strip(&mut options.uninterpreted_option);
    }
    file.message_type.iter_mut().for_each(strip_message);
    file.enum_type.iter_mut().for_each(strip_enum);
    for service in &mut file.service {
        if let Some(options) = &mut service.options {
            strip(&mut options.uninterpreted_option);
        }
        for method in &mut service.method {
            if let Some(options) = &mut method.options {
                strip(&mut options.uninterpreted_option);
            }
        }
    }
}

/// The parser bounds how deep messages nest.
fn strip_message(message: &mut DescriptorProto) {
    message.extension.clear();
    if let Some(options) = &mut message.options {
        strip(&mut options.uninterpreted_option);
    }
    for field in &mut message.field {
        if let Some(options) = &mut field.options {
            strip(&mut options.uninterpreted_option);
        }
    }
    for oneof in &mut message.oneof_decl {
        if let Some(options) = &mut oneof.options {
            strip(&mut options.uninterpreted_option);
        }
    }
    for range in &mut message.extension_range {
        if let Some(options) = &mut range.options {
            strip(&mut options.uninterpreted_option);
        }
    }
    message.nested_type.iter_mut().for_each(strip_message);
    message.enum_type.iter_mut().for_each(strip_enum);
}

fn strip_enum(declared: &mut EnumDescriptorProto) {
    if let Some(options) = &mut declared.options {
        strip(&mut options.uninterpreted_option);
    }
    for value in &mut declared.value {
        if let Some(options) = &mut value.options {
            strip(&mut options.uninterpreted_option);
        }
    }
}

fn strip(options: &mut Vec<UninterpretedOption>) {
    options.retain(|option| {
        option.name.iter().all(|part| {
            let name = part.name_part.trim_start_matches('.');
            !part.is_extension || name.starts_with("confluent.")
        })
    });
}
