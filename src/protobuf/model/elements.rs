//! Visits all elements of a descriptor, to read or to edit them.

use std::rc::Rc;

use prost_types::descriptor_proto::ExtensionRange;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, MethodDescriptorProto, OneofDescriptorProto, ServiceDescriptorProto,
    UninterpretedOption,
};

use super::names::join;
use crate::protobuf::options::Target;

/// An element of a file. Extensions count as fields.
#[derive(Clone, Copy, Debug)]
pub(in crate::protobuf) enum Element<'a> {
    File(&'a FileDescriptorProto),
    Message(&'a DescriptorProto),
    ExtensionRange(&'a ExtensionRange),
    Field(&'a FieldDescriptorProto),
    Oneof(&'a OneofDescriptorProto),
    Enum(&'a EnumDescriptorProto),
    EnumValue(&'a EnumValueDescriptorProto),
    Service(&'a ServiceDescriptorProto),
    Method(&'a MethodDescriptorProto),
}

impl<'a> Element<'a> {
    /// Returns the options, and the kind of element that they are set on.
    pub fn options(self) -> (Target, &'a [UninterpretedOption]) {
        macro_rules! options {
            ($target:ident, $element:expr) => {
                (
                    Target::$target,
                    ($element.options.as_ref())
                        .map_or(&[][..], |options| &options.uninterpreted_option),
                )
            };
        }
        match self {
            Self::File(file) => options!(File, file),
            Self::Message(message) => options!(Message, message),
            Self::ExtensionRange(range) => options!(ExtensionRange, range),
            Self::Field(field) => options!(Field, field),
            Self::Oneof(oneof) => options!(Oneof, oneof),
            Self::Enum(item) => options!(Enum, item),
            Self::EnumValue(value) => options!(EnumValue, value),
            Self::Service(service) => options!(Service, service),
            Self::Method(method) => options!(Method, method),
        }
    }
}

/// Returns all elements of a file, each before those inside it, with the full
/// name of the scope in which the names of its options are looked up. Messages, enums
/// and services are their own scope; other elements have the enclosing one.
pub(in crate::protobuf) fn elements(
    file: &FileDescriptorProto,
) -> impl Iterator<Item = (Rc<str>, Element<'_>)> {
    Elements {
        open: vec![(file.package().into(), Element::File(file))],
    }
}

struct Elements<'a> {
    /// Elements to visit, the next one last, with their scopes. A stack instead of
    /// recursion, because input decides how deep messages nest.
    open: Vec<(Rc<str>, Element<'a>)>,
}

impl<'a> Elements<'a> {
    fn push(&mut self, scope: &Rc<str>, elements: impl DoubleEndedIterator<Item = Element<'a>>) {
        let elements = elements.rev();
        self.open
            .extend(elements.map(|element| (scope.clone(), element)));
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = (Rc<str>, Element<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (around, element) = self.open.pop()?;
        let scope = match element {
            Element::Message(message) => join(&around, message.name()).into(),
            Element::Enum(item) => join(&around, item.name()).into(),
            Element::Service(service) => join(&around, service.name()).into(),
            _ => around,
        };
        match element {
            Element::File(file) => {
                self.push(&scope, file.service.iter().map(Element::Service));
                self.push(&scope, file.extension.iter().map(Element::Field));
                self.push(&scope, file.enum_type.iter().map(Element::Enum));
                self.push(&scope, file.message_type.iter().map(Element::Message));
            }
            Element::Message(message) => {
                self.push(&scope, message.enum_type.iter().map(Element::Enum));
                self.push(&scope, message.nested_type.iter().map(Element::Message));
                self.push(&scope, message.oneof_decl.iter().map(Element::Oneof));
                self.push(&scope, message.extension.iter().map(Element::Field));
                self.push(&scope, message.field.iter().map(Element::Field));
                let ranges = message.extension_range.iter();
                self.push(&scope, ranges.map(Element::ExtensionRange));
            }
            Element::Enum(item) => self.push(&scope, item.value.iter().map(Element::EnumValue)),
            Element::Service(service) => {
                self.push(&scope, service.method.iter().map(Element::Method));
            }
            _ => {}
        }
        Some((scope, element))
    }
}

/// Calls `edit` with every message and its full name, each before those nested
/// in it.
pub(in crate::protobuf) fn edit_messages(
    file: &mut FileDescriptorProto,
    edit: &mut impl FnMut(&str, &mut DescriptorProto),
) {
    fn all(
        messages: &mut [DescriptorProto],
        scope: &str,
        edit: &mut impl FnMut(&str, &mut DescriptorProto),
    ) {
        for message in messages {
            let name = join(scope, message.name());
            edit(&name, message);
            all(&mut message.nested_type, &name, edit);
        }
    }
    let package = file.package().to_owned();
    all(&mut file.message_type, &package, edit);
}

/// Calls `edit` with every field and extension, and the full name of the scope
/// that declares it.
pub(in crate::protobuf) fn edit_fields(
    file: &mut FileDescriptorProto,
    edit: &mut impl FnMut(&str, &mut FieldDescriptorProto),
) {
    edit_messages(file, &mut |scope, message| {
        let fields = message.field.iter_mut().chain(&mut message.extension);
        fields.for_each(|field| edit(scope, field));
    });
    let package = file.package().to_owned();
    let extensions = file.extension.iter_mut();
    extensions.for_each(|field| edit(&package, field));
}

macro_rules! edit_options {
    ($edit:expr, $target:ident, $scope:expr, $element:expr) => {
        if let Some(options) = &mut $element.options {
            $edit(Target::$target, $scope, &mut options.uninterpreted_option);
            if *options == Default::default() {
                $element.options = None;
            }
        }
    };
}

/// Calls `edit` with the options of every element that has some, and the full
/// name of the scope in which their names are looked up. Removes the options message
/// of an element without options.
pub(in crate::protobuf) fn edit_options(
    file: &mut FileDescriptorProto,
    edit: &mut impl FnMut(Target, &str, &mut Vec<UninterpretedOption>),
) {
    fn enums(
        enums: &mut [EnumDescriptorProto],
        scope: &str,
        edit: &mut impl FnMut(Target, &str, &mut Vec<UninterpretedOption>),
    ) {
        for item in enums {
            let scope = join(scope, item.name());
            edit_options!(edit, Enum, &scope, item);
            for value in &mut item.value {
                edit_options!(edit, EnumValue, &scope, value);
            }
        }
    }
    let package = file.package().to_owned();
    edit_options!(edit, File, &package, file);
    edit_messages(file, &mut |scope, message| {
        edit_options!(edit, Message, scope, message);
        for range in &mut message.extension_range {
            edit_options!(edit, ExtensionRange, scope, range);
        }
        for oneof in &mut message.oneof_decl {
            edit_options!(edit, Oneof, scope, oneof);
        }
        enums(&mut message.enum_type, scope, edit);
    });
    edit_fields(file, &mut |scope, field| {
        edit_options!(edit, Field, scope, field);
    });
    enums(&mut file.enum_type, &package, edit);
    for service in &mut file.service {
        let scope = join(&package, service.name());
        edit_options!(edit, Service, &scope, service);
        for method in &mut service.method {
            edit_options!(edit, Method, &scope, method);
        }
    }
}
