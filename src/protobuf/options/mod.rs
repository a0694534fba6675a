//! Options, which the model holds as the parser gives them: uninterpreted.
//!
//! [`decode`] turns a descriptor's option bytes into uninterpreted options,
//! [`encode`] interprets them again; [`aggregate`] is the text format between
//! braces.

pub(super) mod aggregate;
pub(super) mod decode;
pub(super) mod encode;

use prost_types::uninterpreted_option::NamePart;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    MessageOptions, UninterpretedOption,
};

pub(super) use super::model::layout::join;

/// What an option is set on.
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
    /// The message of `google/protobuf/descriptor.proto` that holds its options.
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

/// `map_entry = true`, or false.
pub(super) fn map_entry(option: &UninterpretedOption) -> Option<bool> {
    flag(option, "map_entry")
}

/// `name = true`, or false, of an option that is no extension.
pub(super) fn flag(option: &UninterpretedOption, name: &str) -> Option<bool> {
    match (&option.name[..], option.identifier_value.as_deref()) {
        ([part], Some(value)) if !part.is_extension && part.name_part == name => {
            Some(value == "true")
        }
        _ => None,
    }
}

/// Whether the message stands for the entries of a map field.
pub(super) fn is_map_entry(message: &DescriptorProto) -> bool {
    message
        .options
        .as_ref()
        .is_some_and(MessageOptions::map_entry)
}

/// Whether the map entry was produced by a `map<>` field rather than written
/// out; one written out carries the option among the uninterpreted ones too.
pub(super) fn is_implied_map_entry(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(|options| {
        options.map_entry()
            && !options
                .uninterpreted_option
                .iter()
                .any(|option| map_entry(option).is_some())
    })
}

/// A name of one part that is no extension.
pub(super) fn plain_name(name: &str) -> Vec<NamePart> {
    vec![NamePart {
        name_part: name.to_owned(),
        is_extension: false,
    }]
}

macro_rules! edit_options {
    ($edit:expr, $target:expr, $scope:expr, $holder:expr) => {
        if let Some(options) = &mut $holder {
            $edit($target, $scope, &mut options.uninterpreted_option);
            if *options == Default::default() {
                $holder = None;
            }
        }
    };
}

/// Calls `edit` with the options of every element that has some, and the name
/// (package included) of the scope their names resolve in. Elements left
/// without options lose the options message too.
pub(super) fn edit_all(
    file: &mut FileDescriptorProto,
    edit: &mut impl FnMut(Target, &str, &mut Vec<UninterpretedOption>),
) {
    fn fields(
        fields: &mut [FieldDescriptorProto],
        scope: &str,
        edit: &mut impl FnMut(Target, &str, &mut Vec<UninterpretedOption>),
    ) {
        for field in fields {
            edit_options!(edit, Target::Field, scope, field.options);
        }
    }
    fn enumeration(
        item: &mut EnumDescriptorProto,
        scope: &str,
        edit: &mut impl FnMut(Target, &str, &mut Vec<UninterpretedOption>),
    ) {
        let scope = join(scope, item.name());
        edit_options!(edit, Target::Enum, &scope, item.options);
        for value in &mut item.value {
            edit_options!(edit, Target::EnumValue, &scope, value.options);
        }
    }
    fn message(
        item: &mut DescriptorProto,
        scope: &str,
        edit: &mut impl FnMut(Target, &str, &mut Vec<UninterpretedOption>),
    ) {
        let scope = join(scope, item.name());
        edit_options!(edit, Target::Message, &scope, item.options);
        for range in &mut item.extension_range {
            edit_options!(edit, Target::ExtensionRange, &scope, range.options);
        }
        fields(&mut item.field, &scope, edit);
        fields(&mut item.extension, &scope, edit);
        for oneof in &mut item.oneof_decl {
            edit_options!(edit, Target::Oneof, &scope, oneof.options);
        }
        for nested in &mut item.nested_type {
            message(nested, &scope, edit);
        }
        for nested in &mut item.enum_type {
            enumeration(nested, &scope, edit);
        }
    }

    let package = file.package().to_owned();
    edit_options!(edit, Target::File, &package, file.options);
    for item in &mut file.message_type {
        message(item, &package, edit);
    }
    for item in &mut file.enum_type {
        enumeration(item, &package, edit);
    }
    fields(&mut file.extension, &package, edit);
    for service in &mut file.service {
        let scope = join(&package, service.name());
        edit_options!(edit, Target::Service, &scope, service.options);
        for method in &mut service.method {
            edit_options!(edit, Target::Method, &scope, method.options);
        }
    }
}
