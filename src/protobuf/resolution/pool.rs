//! Adds files of the model to a descriptor pool.

use prost_reflect::{DescriptorError, DescriptorPool};
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, UninterpretedOption,
};

use crate::protobuf::model::element_path;
use crate::protobuf::model::elements::{edit_fields, edit_messages};
use crate::protobuf::options::{flag, is_map_entry, map_entry};
use crate::protobuf::{Error, SchemaFile};

/// Adds one file. The files that it imports must be in the pool already.
pub(in crate::protobuf) fn add_to_pool(
    pool: &mut DescriptorPool,
    file: &SchemaFile,
) -> Result<(), Error> {
    let mut proto = file.proto().clone();
    edit_messages(&mut proto, &mut interpret_map_entry);
    edit_fields(&mut proto, &mut interpret_packed);
    pool.add_file_descriptor_proto(proto)
        .map_err(|e| describe(file.proto(), &e))
}

/// Interprets `map_entry`, which the resolver, like `packed`, reads before it
/// interprets options.
fn interpret_map_entry(_: &str, message: &mut DescriptorProto) {
    if is_map_entry(message)
        && let Some(options) = &mut message.options
    {
        options
            .uninterpreted_option
            .retain(|option| map_entry(option).is_none());
    }
}

/// Does the same for `packed`, of fields and extensions.
fn interpret_packed(_: &str, field: &mut FieldDescriptorProto) {
    let packed = |option: &UninterpretedOption| flag(option, "packed");
    if let Some(options) = &mut field.options
        && let Some(yes) = options.uninterpreted_option.iter().find_map(packed)
    {
        options.packed = Some(yes);
        options
            .uninterpreted_option
            .retain(|option| packed(option).is_none());
    }
}

fn describe(file: &FileDescriptorProto, error: &DescriptorError) -> Error {
    let element = error
        .path()
        .and_then(|path| element_path::describe(file, path));
    let reason = error.to_string();
    let undefined = reason
        .strip_prefix("name '")
        .and_then(|rest| rest.strip_suffix("' is not defined"));
    match (undefined, &element) {
        (Some(name), Some(element)) => Error::UnresolvedType {
            file: file.name().to_owned(),
            name: name.to_owned(),
            element: element.clone(),
        },
        _ => Error::Invalid {
            file: file.name().to_owned(),
            reason,
            element,
        },
    }
}
