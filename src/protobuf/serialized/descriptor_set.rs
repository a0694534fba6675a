//! Descriptor sets, as protoc, protox and buf write them.

use std::collections::HashSet;

use prost::Message;
use prost_reflect::{DescriptorPool, FileDescriptor};
use prost_types::FieldDescriptorProto;

use super::lost_options;
use crate::protobuf::model::elements::edit_messages;
use crate::protobuf::model::names::json_name;
use crate::protobuf::options::{Target, is_map_entry};
use crate::protobuf::resolution::imports;
use crate::protobuf::{Error, SchemaFile, builtin};

/// The part of a descriptor set that lists the imports of its files.
#[derive(Clone, PartialEq, prost::Message)]
struct Set {
    #[prost(message, repeated, tag = "1")]
    file: Vec<File>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct File {
    #[prost(string, optional, tag = "1")]
    name: Option<String>,
    #[prost(string, repeated, tag = "3")]
    dependency: Vec<String>,
}

/// Returns a pool of the files of a serialized set, and of the built-in files that
/// they import and the set lacks. Options are unchanged. Errors about the whole set
/// name it `name`.
pub(in crate::protobuf) fn pool(
    name: &str,
    descriptor_set: &[u8],
) -> Result<DescriptorPool, Error> {
    let damaged = |reason: String| Error::Resolve {
        file: name.to_owned(),
        reason,
    };
    let set = Set::decode(descriptor_set)
        .map_err(|e| damaged(format!("not a serialized FileDescriptorSet: {e}")))?;
    let held: HashSet<&str> = set.file.iter().map(File::name).collect();
    let mut pool = DescriptorPool::new();
    for (file, import) in (set.file.iter()).flat_map(|f| f.dependency.iter().map(move |i| (f, i))) {
        if held.contains(import.as_str()) {
            continue;
        }
        let needed = builtin::with_imports(import);
        if needed.is_empty() {
            return Err(Error::Resolve {
                file: file.name().to_owned(),
                reason: format!(
                    "it imports {import:?}, which the descriptor set does not hold; \
                     write the set with all imports, as protoc --include_imports does"
                ),
            });
        }
        for file in needed.iter().filter(|file| !held.contains(file.name())) {
            if let Some(file) = builtin::pool().get_file_by_name(file.name()) {
                // The pool skips files that it has already.
                pool.decode_file_descriptor_proto(&file.encode_to_vec()[..])
                    .map_err(|e| damaged(e.to_string()))?;
            }
        }
    }
    pool.decode_file_descriptor_set(descriptor_set)
        .map_err(|e| damaged(e.to_string()))?;
    lost_options::check(&pool)?;
    Ok(pool)
}

/// Returns the file and the files that it imports, directly or not, without built-in
/// ones, each after those it imports.
pub(in crate::protobuf) fn files(main: &FileDescriptor) -> Result<Vec<SchemaFile>, Error> {
    let pool = main.parent_pool();
    let order = imports::in_order(schema_file(main)?, |_, import| {
        let file = pool.get_file_by_name(import);
        let file = file.filter(|_| !builtin::is_builtin(import));
        file.map(|file| schema_file(&file)).transpose()
    })?;
    Ok(order.files)
}

fn schema_file(file: &FileDescriptor) -> Result<SchemaFile, Error> {
    let pool = file.parent_pool();
    // A set without descriptor.proto defines no options of its own.
    let options = match pool.get_message_by_name(Target::File.options_message()) {
        Some(_) => pool,
        None => builtin::pool(),
    };
    let (mut file, _) = SchemaFile::decode(file.name(), &file.encode_to_vec(), options)?;
    // Compilers write the JSON name of every field. The text has only those that
    // differ from the default, and all of a map entry.
    edit_messages(&mut file.proto, &mut |_, message| {
        if !is_map_entry(message) {
            message
                .field
                .iter_mut()
                .for_each(leave_out_implied_json_name);
        }
        let extensions = message.extension.iter_mut();
        extensions.for_each(leave_out_implied_json_name);
    });
    let extensions = file.proto.extension.iter_mut();
    extensions.for_each(leave_out_implied_json_name);
    Ok(file)
}

fn leave_out_implied_json_name(field: &mut FieldDescriptorProto) {
    if field.json_name.as_deref() == Some(&json_name(field.name())) {
        field.json_name = None;
    }
}
