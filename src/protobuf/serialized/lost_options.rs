//! Descriptor sets that lost Confluent's options on their way.

use prost::Message as _;
use prost_reflect::DescriptorPool;

use super::opaque as raw;
use crate::protobuf::Error;

const META: &str = "confluent/meta.proto";

/// Confluent's options of files, messages, fields, enums and their values, which
/// all have one number.
#[derive(Clone, PartialEq, prost::Message)]
struct Options {
    #[prost(bytes = "vec", optional, tag = "1088")]
    meta: Option<Vec<u8>>,
}

/// Refuses a set with a file that imports Confluent's options and uses none of them:
/// `prost-types` drops custom options when it encodes a set anew, and a field that
/// lost its tag would not be encrypted.
pub(in crate::protobuf) fn check(pool: &DescriptorPool) -> Result<(), Error> {
    for file in pool.files() {
        let name = file.name().to_owned();
        let file = raw::File::decode(&*file.encode_to_vec()).map_err(|error| Error::Resolve {
            file: name.clone(),
            reason: error.to_string(),
        })?;
        if imports(&file) && !has_options(&file) {
            return Err(Error::Resolve {
                file: name,
                reason: format!(
                    "it imports {META:?}, but the descriptor set holds none of the options that \
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

/// Whether the file imports the options for itself, not to hand them on.
fn imports(file: &raw::File) -> bool {
    let index = file.dependency.iter().position(|import| import == META);
    let index = index.and_then(|index| i32::try_from(index).ok());
    index.is_some_and(|index| !file.public_dependency.contains(&index))
}

fn has_options(file: &raw::File) -> bool {
    is_set(&file.options)
        || file.message_type.iter().any(message)
        || file.enum_type.iter().any(enumeration)
        || file.extension.iter().any(|field| is_set(&field.options))
}

fn message(message_type: &raw::Message) -> bool {
    let mut fields = message_type.field.iter().chain(&message_type.extension);
    is_set(&message_type.options)
        || fields.any(|field| is_set(&field.options))
        || message_type.enum_type.iter().any(enumeration)
        || message_type.nested_type.iter().any(message)
}

fn enumeration(enum_type: &raw::Enum) -> bool {
    is_set(&enum_type.options) || enum_type.value.iter().any(|value| is_set(&value.options))
}

fn is_set(options: &Option<Vec<u8>>) -> bool {
    let options = options.as_deref().map(Options::decode);
    matches!(options, Some(Ok(Options { meta: Some(_) })))
}
