//! Detects descriptor sets that lost Confluent's options.

use prost::Message as _;
use prost_reflect::DescriptorPool;

use super::opaque;
use crate::protobuf::Error;
use crate::protobuf::builtin::META_PROTO;
use crate::protobuf::options::Target;

/// Confluent's options of files, messages, fields, enums and enum values, which all
/// have the same number.
#[derive(Clone, PartialEq, prost::Message)]
struct Options {
    #[prost(bytes = "vec", optional, tag = "1088")]
    meta: Option<Vec<u8>>,
}

/// Refuses a set with a file that imports Confluent's options and uses none of them.
/// `prost-types` drops custom options when it encodes a set again, and a field that
/// lost its tag would not be encrypted.
pub(in crate::protobuf) fn check(pool: &DescriptorPool) -> Result<(), Error> {
    for file in pool.files() {
        let name = file.name().to_owned();
        let damaged = |reason: String| Error::Resolve {
            file: name.clone(),
            reason,
        };
        let file = opaque::File::decode(&*file.encode_to_vec())
            .map_err(|error| damaged(error.to_string()))?;
        if imports(&file) && !has_options(file).map_err(damaged)? {
            return Err(Error::Resolve {
                file: name,
                reason: format!(
                    "it imports {META_PROTO:?}, but the descriptor set holds none of the options that \
                     this defines, such as tags of fields; encoding a set with prost-types drops \
                     them. Keep the bytes that protoc or protox \
                     (Compiler::encode_file_descriptor_set) wrote; if the file uses none of the \
                     options, remove the import"
                ),
            });
        }
    }
    Ok(())
}

/// Returns whether the file imports the options for its own use, not publicly.
fn imports(file: &opaque::File) -> bool {
    let index = file
        .dependency
        .iter()
        .position(|import| import == META_PROTO);
    let index = index.and_then(|index| i32::try_from(index).ok());
    index.is_some_and(|index| !file.public_dependency.contains(&index))
}

fn has_options(file: opaque::File) -> Result<bool, String> {
    let mut found = false;
    file.read(&mut |target, bytes| {
        let extended = matches!(
            target,
            Target::File | Target::Message | Target::Field | Target::Enum | Target::EnumValue
        );
        found |= extended && matches!(Options::decode(bytes), Ok(Options { meta: Some(_) }));
        Ok(Vec::new())
    })?;
    Ok(found)
}
