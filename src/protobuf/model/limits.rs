//! Limits on the size of a schema, far above real schemas. They keep a hostile schema
//! from exhausting memory or the stack.

use prost_types::{DescriptorProto, FileDescriptorProto};

use super::elements::{Element, elements};
use crate::protobuf::Error;

/// Maximum length of a schema in bytes, in either form.
const MAX_LEN: usize = 16 << 20;

/// Maximum length of a full name in bytes. Every element has a full name, so a long
/// package with many fields would multiply the memory.
const MAX_NAME: usize = 1024;

/// Maximum nesting of messages: the language's own limit.
const MAX_NESTING: usize = 31;

/// Refuses a schema of too many bytes.
pub(in crate::protobuf) fn check_len(name: &str, len: usize) -> Result<(), Error> {
    if len <= MAX_LEN {
        return Ok(());
    }
    Err(Error::TooLarge {
        file: name.to_owned(),
        limit: format!("{len} bytes, at most {MAX_LEN} are accepted"),
    })
}

/// Refuses messages nested too deep and names too long.
pub(in crate::protobuf) fn check(name: &str, file: &FileDescriptorProto) -> Result<(), Error> {
    let checked = nesting(file).and_then(|()| lengths(file));
    checked.map_err(|limit| Error::TooLarge {
        file: name.to_owned(),
        limit,
    })
}

fn nesting(file: &FileDescriptorProto) -> Result<(), String> {
    let mut level: Vec<&DescriptorProto> = file.message_type.iter().collect();
    for _ in 0..MAX_NESTING {
        level = level.iter().flat_map(|item| &item.nested_type).collect();
    }
    match level[..] {
        [] => Ok(()),
        _ => Err(format!(
            "messages nested more than {MAX_NESTING} levels deep"
        )),
    }
}

fn lengths(file: &FileDescriptorProto) -> Result<(), String> {
    elements(file).try_for_each(|(scope, element)| {
        // Length of the full name of an element that is no scope itself.
        let within = |name: &str| length(scope.len().saturating_add(1).saturating_add(name.len()));
        length(scope.len())?;
        match element {
            Element::Field(field) => {
                within(field.name())?;
                length(field.type_name().len())?;
                length(field.extendee().len())?;
            }
            Element::Oneof(oneof) => within(oneof.name())?,
            Element::EnumValue(value) => within(value.name())?,
            Element::Method(method) => {
                within(method.name())?;
                length(method.input_type().len())?;
                length(method.output_type().len())?;
            }
            _ => {}
        }
        let (_, options) = element.options();
        options.iter().try_for_each(|option| {
            let parts = option.name.iter();
            length(
                parts
                    .map(|part| part.name_part.len().saturating_add(1))
                    .sum(),
            )
        })
    })
}

fn length(len: usize) -> Result<(), String> {
    if len <= MAX_NAME {
        Ok(())
    } else {
        Err(format!(
            "a name of {len} bytes, at most {MAX_NAME} are accepted"
        ))
    }
}
