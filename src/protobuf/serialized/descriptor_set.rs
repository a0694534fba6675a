//! Descriptor sets, as protoc, protox and buf write them.

use std::collections::HashSet;

use prost::Message;
use prost_reflect::{DescriptorPool, FileDescriptor};
use prost_types::{FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet};

use super::lost_options;
use crate::protobuf::model::elements::edit_messages;
use crate::protobuf::model::names::json_name;
use crate::protobuf::options::{Target, is_map_entry};
use crate::protobuf::{Error, SchemaFile, builtin};

/// Returns the files of a serialized set, without custom options.
pub(in crate::protobuf) fn protos(set: &[u8]) -> Result<Vec<FileDescriptorProto>, Error> {
    let set = FileDescriptorSet::decode(set)
        .map_err(|e| damaged(format!("not a serialized FileDescriptorSet: {e}")))?;
    Ok(set.file)
}

fn damaged(reason: String) -> Error {
    Error::Resolve {
        file: "descriptor set".to_owned(),
        reason,
    }
}

/// Returns a pool of the files of a serialized set, and of the built-in files that
/// they import and the set does not hold. Options stay as they are, custom ones too.
pub(in crate::protobuf) fn pool(descriptor_set: &[u8]) -> Result<DescriptorPool, Error> {
    let files = protos(descriptor_set)?;
    let held: HashSet<&str> = files.iter().map(FileDescriptorProto::name).collect();
    let mut pool = DescriptorPool::new();
    for (file, import) in (files.iter()).flat_map(|f| f.dependency.iter().map(move |i| (f, i))) {
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

/// Returns the files of a pool, except for built-in ones.
pub(in crate::protobuf) fn files(pool: &DescriptorPool) -> Result<Vec<SchemaFile>, Error> {
    let files = pool.files();
    let own = files.filter(|file| !builtin::is_builtin(file.name()));
    own.map(|file| schema_file(&file)).collect()
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
