//! Converts options. The model holds them uninterpreted, as the parser returns them.
//!
//! [`decode`] turns the option bytes of a descriptor into uninterpreted options,
//! [`encode`] turns these into bytes. [`aggregate`] is the text format between braces.

pub(super) mod aggregate;
pub(super) mod decode;
pub(super) mod encode;

use prost_types::uninterpreted_option::NamePart;
use prost_types::{DescriptorProto, MessageOptions, UninterpretedOption};

/// The kind of element that an option is set on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    File,
    Message,
    ExtensionRange,
    Field,
    Oneof,
    Enum,
    EnumValue,
    Service,
    Method,
}

impl Target {
    /// Returns the message of `google/protobuf/descriptor.proto` that holds the options.
    pub fn options_message(self) -> &'static str {
        match self {
            Self::File => "google.protobuf.FileOptions",
            Self::Message => "google.protobuf.MessageOptions",
            Self::ExtensionRange => "google.protobuf.ExtensionRangeOptions",
            Self::Field => "google.protobuf.FieldOptions",
            Self::Oneof => "google.protobuf.OneofOptions",
            Self::Enum => "google.protobuf.EnumOptions",
            Self::EnumValue => "google.protobuf.EnumValueOptions",
            Self::Service => "google.protobuf.ServiceOptions",
            Self::Method => "google.protobuf.MethodOptions",
        }
    }
}

/// Returns the value of the option if it is `map_entry`.
pub(super) fn map_entry(option: &UninterpretedOption) -> Option<bool> {
    flag(option, "map_entry")
}

/// Returns the value of the option if it is the flag `name` and no extension.
pub(super) fn flag(option: &UninterpretedOption, name: &str) -> Option<bool> {
    match (&option.name[..], option.identifier_value.as_deref()) {
        ([part], Some(value)) if !part.is_extension && part.name_part == name => {
            Some(value == "true")
        }
        _ => None,
    }
}

/// Returns whether the message is the entry of a map field.
pub(super) fn is_map_entry(message: &DescriptorProto) -> bool {
    message
        .options
        .as_ref()
        .is_some_and(MessageOptions::map_entry)
}

/// Returns whether the message is a map entry that a `map<>` field implies. An
/// entry written out in the source also has the option among its uninterpreted ones.
pub(super) fn is_implied_map_entry(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(|options| {
        options.map_entry()
            && !options
                .uninterpreted_option
                .iter()
                .any(|option| map_entry(option).is_some())
    })
}

/// Returns an option name of one part that is no extension.
pub(super) fn plain_name(name: &str) -> Vec<NamePart> {
    vec![NamePart {
        name_part: name.to_owned(),
        is_extension: false,
    }]
}
