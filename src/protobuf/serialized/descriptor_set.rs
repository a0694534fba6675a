//! Descriptor sets, as protoc, protox and buf write them.

use std::collections::HashSet;

use prost::Message;
use prost_reflect::{DescriptorPool, FileDescriptor};
use prost_types::{DescriptorProto, FieldDescriptorProto};

use super::lost_options;
use crate::protobuf::builder::json_name;
use crate::protobuf::options::Target;
use crate::protobuf::{Error, SchemaFile, builtin};

/// What a set says about the imports of its files.
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

/// The files of a serialized set, and the built-in files that they import and
/// the set does not hold. Options stay as they are, custom ones too. `name`
/// stands in errors that are about the whole set.
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
                // One that is there already is skipped.
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

/// The file and all it imports, directly or not, built-in files left out.
pub(in crate::protobuf) fn files(main: &FileDescriptor) -> Result<Vec<SchemaFile>, Error> {
    let mut seen = HashSet::from([main.name().to_owned()]);
    let mut open = vec![main.clone()];
    let mut files = Vec::new();
    while let Some(file) = open.pop() {
        files.push(schema_file(&file)?);
        open.extend(file.dependencies().filter(|import| {
            !builtin::is_builtin(import.name()) && seen.insert(import.name().to_owned())
        }));
    }
    Ok(files)
}

fn schema_file(file: &FileDescriptor) -> Result<SchemaFile, Error> {
    let pool = file.parent_pool();
    // A set without descriptor.proto defines no options of its own.
    let options = match pool.get_message_by_name(Target::File.options_message()) {
        Some(_) => pool,
        None => builtin::pool(),
    };
    let mut file = SchemaFile::from_bytes_in(file.name(), &file.encode_to_vec(), options)?;
    leave_out_implied_json_names(&mut file.proto.extension);
    (file.proto.message_type.iter_mut()).for_each(leave_out_in_message);
    Ok(file)
}

/// Compilers write every field's JSON name into a descriptor; in the text only
/// those belong that someone chose.
fn leave_out_implied_json_names(fields: &mut [FieldDescriptorProto]) {
    for field in fields {
        if field.json_name.as_deref() == Some(&json_name(field.name())) {
            field.json_name = None;
        }
    }
}

fn leave_out_in_message(message: &mut DescriptorProto) {
    let map_entry = message.options.as_ref().is_some_and(|o| o.map_entry());
    if !map_entry {
        leave_out_implied_json_names(&mut message.field);
    }
    leave_out_implied_json_names(&mut message.extension);
    message
        .nested_type
        .iter_mut()
        .for_each(leave_out_in_message);
}
