//! A `FileDescriptorProto` that keeps options as bytes.
//!
//! The generated types drop unknown fields: extension options, and the edition of a
//! file. These types have the same fields and keep both.

use std::borrow::Cow;

use prost_types::descriptor_proto::{ExtensionRange, ReservedRange};
use prost_types::enum_descriptor_proto::EnumReservedRange;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, MethodDescriptorProto, OneofDescriptorProto, ServiceDescriptorProto,
    UninterpretedOption,
};

use crate::protobuf::model::names::join;
use crate::protobuf::options::{Target, is_implied_map_entry};

/// Reads the option bytes of a target. An error ends the conversion.
type Read<'a> = &'a mut dyn FnMut(Target, &[u8]) -> Result<Vec<UninterpretedOption>, String>;
/// Encodes the uninterpreted options of a target. Their names are looked up in the
/// scope.
type Encode<'a> = &'a dyn Fn(Target, &str, &[UninterpretedOption]) -> Option<Vec<u8>>;

/// Defines the mirror of a generated type: the copied fields, in brackets the fields that
/// are mirrors themselves, and the fields that only the mirror has.
macro_rules! mirror {
    (
        $mirror:ident of $generated:ident, scope $scope:expr;
        $(#[$copied_prost:meta] $copied:ident: $copied_type:ty,)+
        [$($tag:tt $nested:ident: $item:ident,)*]
        options $options_tag:tt: $options:ident of $target:ident
        $(, #[$own_prost:meta] $own:ident: $own_type:ty)*
        $(; implied $implied:ident)?
    ) => {
        #[derive(Clone, PartialEq, prost::Message)]
        pub(super) struct $mirror {
            $(#[$copied_prost] pub $copied: $copied_type,)+
            $(#[prost(message, repeated, tag = $tag)] pub $nested: Vec<$item>,)*
            #[prost(bytes = "vec", optional, tag = $options_tag)]
            pub options: Option<Vec<u8>>,
            $(#[$own_prost] pub $own: $own_type,)*
        }

        #[allow(clippy::needless_update)]
        impl $mirror {
            /// Returns the generated type, with options as `convert` reads them.
            pub(super) fn read(self, convert: Read<'_>) -> Result<$generated, String> {
                $(let $nested = self.$nested.into_iter().map(|item| item.read(convert));
                let $nested = $nested.collect::<Result<_, _>>()?;)*
                let options = self.options.map(|bytes| convert(Target::$target, &bytes));
                let options = options.transpose()?.filter(|options| !options.is_empty());
                Ok($generated {
                    $($copied: self.$copied,)+
                    $($nested,)*
                    options: options.map(|uninterpreted_option| prost_types::$options {
                        uninterpreted_option,
                        ..Default::default()
                    }),
                    ..Default::default()
                })
            }

            /// Returns the mirror of `item` in `scope`. `encode` returns option bytes for a
            /// target, the scope in which names are looked up, and uninterpreted options.
            pub(super) fn write(item: &$generated, scope: &str, encode: Encode<'_>) -> Self {
                let in_scope: fn(&str, &$generated) -> Option<String> = $scope;
                let scope: &str = &match in_scope(scope, item) {
                    Some(own) => Cow::Owned(own),
                    None => Cow::Borrowed(scope),
                };
                let options = item.options.as_ref();
                let options =
                    options.and_then(|o| encode(Target::$target, scope, &o.uninterpreted_option));
                $(let options = $implied(item, options);)?
                Self {
                    $($copied: item.$copied.clone(),)+
                    $($nested: item.$nested.iter().map(|item| $item::write(item, scope, encode)).collect(),)*
                    options,
                    ..Self::default()
                }
            }
        }
    };
}

mirror! {
    File of FileDescriptorProto, scope |_, file| Some(file.package().to_owned());
    #[prost(string, optional, tag = "1")] name: Option<String>,
    #[prost(string, optional, tag = "2")] package: Option<String>,
    #[prost(string, repeated, tag = "3")] dependency: Vec<String>,
    #[prost(int32, repeated, packed = "false", tag = "10")] public_dependency: Vec<i32>,
    #[prost(int32, repeated, packed = "false", tag = "11")] weak_dependency: Vec<i32>,
    #[prost(string, optional, tag = "12")] syntax: Option<String>,
    ["4" message_type: Message, "5" enum_type: Enum, "6" service: Service, "7" extension: Field,]
    options "8": FileOptions of File,
    #[prost(int32, optional, tag = "14")] edition: Option<i32>
}

mirror! {
    Message of DescriptorProto, scope |scope, message| Some(join(scope, message.name()));
    #[prost(string, optional, tag = "1")] name: Option<String>,
    #[prost(message, repeated, tag = "9")] reserved_range: Vec<ReservedRange>,
    #[prost(string, repeated, tag = "10")] reserved_name: Vec<String>,
    [
        "2" field: Field, "3" nested_type: Message, "4" enum_type: Enum,
        "5" extension_range: Range, "6" extension: Field, "8" oneof_decl: Oneof,
    ]
    options "7": MessageOptions of Message;
    implied add_map_entry
}

/// Adds the encoded option `map_entry = true` to an entry that a `map<>` field implies.
fn add_map_entry(message: &DescriptorProto, mut options: Option<Vec<u8>>) -> Option<Vec<u8>> {
    if is_implied_map_entry(message) {
        options.get_or_insert_default().extend([0x38, 0x01]);
    }
    options
}

mirror! {
    Range of ExtensionRange, scope |_, _| None;
    #[prost(int32, optional, tag = "1")] start: Option<i32>,
    #[prost(int32, optional, tag = "2")] end: Option<i32>,
    []
    options "3": ExtensionRangeOptions of ExtensionRange
}

mirror! {
    Field of FieldDescriptorProto, scope |_, _| None;
    #[prost(string, optional, tag = "1")] name: Option<String>,
    #[prost(string, optional, tag = "2")] extendee: Option<String>,
    #[prost(int32, optional, tag = "3")] number: Option<i32>,
    #[prost(int32, optional, tag = "4")] label: Option<i32>,
    #[prost(int32, optional, tag = "5")] r#type: Option<i32>,
    #[prost(string, optional, tag = "6")] type_name: Option<String>,
    #[prost(string, optional, tag = "7")] default_value: Option<String>,
    #[prost(int32, optional, tag = "9")] oneof_index: Option<i32>,
    #[prost(string, optional, tag = "10")] json_name: Option<String>,
    #[prost(bool, optional, tag = "17")] proto3_optional: Option<bool>,
    []
    options "8": FieldOptions of Field
}

mirror! {
    Oneof of OneofDescriptorProto, scope |_, _| None;
    #[prost(string, optional, tag = "1")] name: Option<String>,
    []
    options "2": OneofOptions of Oneof
}

mirror! {
    Enum of EnumDescriptorProto, scope |scope, item| Some(join(scope, item.name()));
    #[prost(string, optional, tag = "1")] name: Option<String>,
    #[prost(message, repeated, tag = "4")] reserved_range: Vec<EnumReservedRange>,
    #[prost(string, repeated, tag = "5")] reserved_name: Vec<String>,
    ["2" value: EnumValue,]
    options "3": EnumOptions of Enum
}

mirror! {
    EnumValue of EnumValueDescriptorProto, scope |_, _| None;
    #[prost(string, optional, tag = "1")] name: Option<String>,
    #[prost(int32, optional, tag = "2")] number: Option<i32>,
    []
    options "3": EnumValueOptions of EnumValue
}

mirror! {
    Service of ServiceDescriptorProto, scope |scope, service| Some(join(scope, service.name()));
    #[prost(string, optional, tag = "1")] name: Option<String>,
    ["2" method: Method,]
    options "3": ServiceOptions of Service
}

mirror! {
    Method of MethodDescriptorProto, scope |_, _| None;
    #[prost(string, optional, tag = "1")] name: Option<String>,
    #[prost(string, optional, tag = "2")] input_type: Option<String>,
    #[prost(string, optional, tag = "3")] output_type: Option<String>,
    #[prost(bool, optional, tag = "5")] client_streaming: Option<bool>,
    #[prost(bool, optional, tag = "6")] server_streaming: Option<bool>,
    []
    options "4": MethodOptions of Method
}
