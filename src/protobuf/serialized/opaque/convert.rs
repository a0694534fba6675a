//! Converts to and from the generated types.

use prost_types::descriptor_proto::ExtensionRange;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, MethodDescriptorProto, OneofDescriptorProto, ServiceDescriptorProto,
    UninterpretedOption,
};

use super::{Enum, EnumValue, Field, File, Message, Method, Oneof, Range, Service};
use crate::protobuf::model::names::join;
use crate::protobuf::options::{Target, is_implied_map_entry};

/// Reads the option bytes of a target. An error ends the conversion.
type Read<'a> = &'a mut dyn FnMut(Target, &[u8]) -> Result<Vec<UninterpretedOption>, String>;
/// Encodes the uninterpreted options of a target. Their names are looked up in the
/// given scope.
type Encode<'a> = &'a dyn Fn(Target, &str, &[UninterpretedOption]) -> Option<Vec<u8>>;

macro_rules! read_options {
    ($convert:expr, $target:expr, $bytes:expr) => {
        match $bytes {
            None => None,
            Some(bytes) => match $convert($target, &bytes)? {
                none if none.is_empty() => None,
                uninterpreted_option => Some(with(uninterpreted_option)),
            },
        }
    };
}

/// Returns an options message that holds only these options.
fn with<T: Default + Uninterpreted>(options: Vec<UninterpretedOption>) -> T {
    let mut message = T::default();
    *message.uninterpreted() = options;
    message
}

trait Uninterpreted {
    fn uninterpreted(&mut self) -> &mut Vec<UninterpretedOption>;
}

macro_rules! uninterpreted {
    ($($name:ident),*) => {$(
        impl Uninterpreted for prost_types::$name {
            fn uninterpreted(&mut self) -> &mut Vec<UninterpretedOption> {
                &mut self.uninterpreted_option
            }
        }
    )*};
}
uninterpreted!(
    FileOptions,
    MessageOptions,
    FieldOptions,
    OneofOptions,
    EnumOptions,
    EnumValueOptions,
    ExtensionRangeOptions,
    ServiceOptions,
    MethodOptions
);

impl File {
    /// Returns the generated type, with options as `convert` reads them.
    pub fn read(self, convert: Read<'_>) -> Result<FileDescriptorProto, String> {
        Ok(FileDescriptorProto {
            name: self.name,
            package: self.package,
            dependency: self.dependency,
            public_dependency: self.public_dependency,
            weak_dependency: self.weak_dependency,
            message_type: all(self.message_type, |m| m.read(convert))?,
            enum_type: all(self.enum_type, |e| e.read(convert))?,
            service: all(self.service, |s| s.read(convert))?,
            extension: all(self.extension, |f| f.read(convert))?,
            options: read_options!(convert, Target::File, self.options),
            source_code_info: None,
            syntax: self.syntax,
        })
    }

    /// Returns the mirror of `file`, with the option bytes that `encode` returns for a
    /// target, the scope in which names are looked up, and the uninterpreted options.
    pub fn write(file: &FileDescriptorProto, encode: Encode<'_>) -> Self {
        let scope = file.package();
        Self {
            name: file.name.clone(),
            package: file.package.clone(),
            dependency: file.dependency.clone(),
            message_type: (file.message_type.iter())
                .map(|m| Message::write(m, scope, encode))
                .collect(),
            enum_type: (file.enum_type.iter())
                .map(|e| Enum::write(e, scope, encode))
                .collect(),
            service: (file.service.iter())
                .map(|s| Service::write(s, scope, encode))
                .collect(),
            extension: (file.extension.iter())
                .map(|f| Field::write(f, scope, encode))
                .collect(),
            options: (file.options.as_ref())
                .and_then(|o| encode(Target::File, scope, &o.uninterpreted_option)),
            public_dependency: file.public_dependency.clone(),
            weak_dependency: file.weak_dependency.clone(),
            syntax: file.syntax.clone(),
            edition: None,
        }
    }
}

fn all<T, U>(items: Vec<T>, read: impl FnMut(T) -> Result<U, String>) -> Result<Vec<U>, String> {
    items.into_iter().map(read).collect()
}

/// Encoded `map_entry = true`, for an entry that a `map<>` field implies.
const MAP_ENTRY: [u8; 2] = [0x38, 0x01];

impl Message {
    fn read(self, convert: Read<'_>) -> Result<DescriptorProto, String> {
        Ok(DescriptorProto {
            name: self.name,
            field: all(self.field, |f| f.read(convert))?,
            extension: all(self.extension, |f| f.read(convert))?,
            nested_type: all(self.nested_type, |m| m.read(convert))?,
            enum_type: all(self.enum_type, |e| e.read(convert))?,
            extension_range: all(self.extension_range, |range| {
                Ok(ExtensionRange {
                    start: range.start,
                    end: range.end,
                    options: read_options!(convert, Target::ExtensionRange, range.options),
                })
            })?,
            oneof_decl: all(self.oneof_decl, |oneof| {
                Ok(OneofDescriptorProto {
                    name: oneof.name,
                    options: read_options!(convert, Target::Oneof, oneof.options),
                })
            })?,
            options: read_options!(convert, Target::Message, self.options),
            reserved_range: self.reserved_range,
            reserved_name: self.reserved_name,
        })
    }

    fn write(message: &DescriptorProto, scope: &str, encode: Encode<'_>) -> Self {
        let scope = &join(scope, message.name());
        let mut options = (message.options.as_ref())
            .and_then(|o| encode(Target::Message, scope, &o.uninterpreted_option));
        if is_implied_map_entry(message) {
            options.get_or_insert_default().extend(MAP_ENTRY);
        }
        Self {
            name: message.name.clone(),
            field: (message.field.iter())
                .map(|f| Field::write(f, scope, encode))
                .collect(),
            nested_type: (message.nested_type.iter())
                .map(|m| Self::write(m, scope, encode))
                .collect(),
            enum_type: (message.enum_type.iter())
                .map(|e| Enum::write(e, scope, encode))
                .collect(),
            extension_range: (message.extension_range.iter())
                .map(|range| Range {
                    start: range.start,
                    end: range.end,
                    options: range.options.as_ref().and_then(|o| {
                        encode(Target::ExtensionRange, scope, &o.uninterpreted_option)
                    }),
                })
                .collect(),
            extension: (message.extension.iter())
                .map(|f| Field::write(f, scope, encode))
                .collect(),
            options,
            oneof_decl: (message.oneof_decl.iter())
                .map(|oneof| Oneof {
                    name: oneof.name.clone(),
                    options: (oneof.options.as_ref())
                        .and_then(|o| encode(Target::Oneof, scope, &o.uninterpreted_option)),
                })
                .collect(),
            reserved_range: message.reserved_range.clone(),
            reserved_name: message.reserved_name.clone(),
        }
    }
}

impl Field {
    fn read(self, convert: Read<'_>) -> Result<FieldDescriptorProto, String> {
        Ok(FieldDescriptorProto {
            name: self.name,
            number: self.number,
            label: self.label,
            r#type: self.r#type,
            type_name: self.type_name,
            extendee: self.extendee,
            default_value: self.default_value,
            oneof_index: self.oneof_index,
            json_name: self.json_name,
            options: read_options!(convert, Target::Field, self.options),
            proto3_optional: self.proto3_optional,
        })
    }

    fn write(field: &FieldDescriptorProto, scope: &str, encode: Encode<'_>) -> Self {
        Self {
            name: field.name.clone(),
            extendee: field.extendee.clone(),
            number: field.number,
            label: field.label,
            r#type: field.r#type,
            type_name: field.type_name.clone(),
            default_value: field.default_value.clone(),
            options: (field.options.as_ref())
                .and_then(|o| encode(Target::Field, scope, &o.uninterpreted_option)),
            oneof_index: field.oneof_index,
            json_name: field.json_name.clone(),
            proto3_optional: field.proto3_optional,
        }
    }
}

impl Enum {
    fn read(self, convert: Read<'_>) -> Result<EnumDescriptorProto, String> {
        Ok(EnumDescriptorProto {
            name: self.name,
            value: all(self.value, |value| {
                Ok(EnumValueDescriptorProto {
                    name: value.name,
                    number: value.number,
                    options: read_options!(convert, Target::EnumValue, value.options),
                })
            })?,
            options: read_options!(convert, Target::Enum, self.options),
            reserved_range: self.reserved_range,
            reserved_name: self.reserved_name,
        })
    }

    fn write(item: &EnumDescriptorProto, scope: &str, encode: Encode<'_>) -> Self {
        let scope = &join(scope, item.name());
        Self {
            name: item.name.clone(),
            value: (item.value.iter())
                .map(|value| EnumValue {
                    name: value.name.clone(),
                    number: value.number,
                    options: (value.options.as_ref())
                        .and_then(|o| encode(Target::EnumValue, scope, &o.uninterpreted_option)),
                })
                .collect(),
            options: (item.options.as_ref())
                .and_then(|o| encode(Target::Enum, scope, &o.uninterpreted_option)),
            reserved_range: item.reserved_range.clone(),
            reserved_name: item.reserved_name.clone(),
        }
    }
}

impl Service {
    fn read(self, convert: Read<'_>) -> Result<ServiceDescriptorProto, String> {
        Ok(ServiceDescriptorProto {
            name: self.name,
            method: all(self.method, |method| {
                Ok(MethodDescriptorProto {
                    name: method.name,
                    input_type: method.input_type,
                    output_type: method.output_type,
                    options: read_options!(convert, Target::Method, method.options),
                    client_streaming: method.client_streaming,
                    server_streaming: method.server_streaming,
                })
            })?,
            options: read_options!(convert, Target::Service, self.options),
        })
    }

    fn write(service: &ServiceDescriptorProto, scope: &str, encode: Encode<'_>) -> Self {
        let scope = &join(scope, service.name());
        Self {
            name: service.name.clone(),
            method: (service.method.iter())
                .map(|method| Method {
                    name: method.name.clone(),
                    input_type: method.input_type.clone(),
                    output_type: method.output_type.clone(),
                    options: (method.options.as_ref())
                        .and_then(|o| encode(Target::Method, scope, &o.uninterpreted_option)),
                    client_streaming: method.client_streaming,
                    server_streaming: method.server_streaming,
                })
                .collect(),
            options: (service.options.as_ref())
                .and_then(|o| encode(Target::Service, scope, &o.uninterpreted_option)),
        }
    }
}
