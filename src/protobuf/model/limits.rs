//! How large a schema may be. Registries take far less; these bounds keep a
//! hostile schema from exhausting memory or the stack.

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};

use crate::protobuf::Error;

/// Longest schema, in bytes, whichever its form.
const MAX_LEN: usize = 16 << 20;

/// Longest full name, in bytes. Descriptors hold the full name of every element,
/// so that a long package with many fields would take the product of both.
const MAX_NAME: usize = 1024;

/// How deep messages may nest: what the language allows in source.
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
pub(in crate::protobuf) fn check(name: &str, file: &mut FileDescriptorProto) -> Result<(), Error> {
    let checked = check_file(file).and_then(|()| {
        let mut longest = 0;
        crate::protobuf::options::edit_all(file, &mut |_, _, options| {
            for option in options {
                let parts = option
                    .name
                    .iter()
                    .map(|part| part.name_part.len().saturating_add(1));
                longest = parts.fold(0, usize::saturating_add).max(longest);
            }
        });
        length(longest)
    });
    checked.map_err(|limit| Error::TooLarge {
        file: name.to_owned(),
        limit,
    })
}

fn check_file(file: &FileDescriptorProto) -> Result<(), String> {
    let package = file.package().len();
    length(package)?;
    (file.message_type.iter()).try_for_each(|item| message(item, package, 1))?;
    file.enum_type
        .iter()
        .try_for_each(|item| enumeration(item, package))?;
    file.extension
        .iter()
        .try_for_each(|item| field(item, package))?;
    for service in &file.service {
        let scope = within(package, service.name())?;
        for method in &service.method {
            within(scope, method.name())?;
            length(method.input_type().len())?;
            length(method.output_type().len())?;
        }
    }
    Ok(())
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

/// Length of the full name of `name` in a scope whose own is `scope` long.
fn within(scope: usize, name: &str) -> Result<usize, String> {
    let len = scope.saturating_add(1).saturating_add(name.len());
    length(len)?;
    Ok(len)
}

fn message(item: &DescriptorProto, scope: usize, depth: usize) -> Result<(), String> {
    if depth > MAX_NESTING {
        return Err(format!(
            "messages nested more than {MAX_NESTING} levels deep"
        ));
    }
    let scope = within(scope, item.name())?;
    item.field.iter().try_for_each(|item| field(item, scope))?;
    item.extension
        .iter()
        .try_for_each(|item| field(item, scope))?;
    (item.oneof_decl.iter()).try_for_each(|oneof| within(scope, oneof.name()).map(drop))?;
    item.enum_type
        .iter()
        .try_for_each(|item| enumeration(item, scope))?;
    let depth = depth.saturating_add(1);
    (item.nested_type.iter()).try_for_each(|item| message(item, scope, depth))
}

fn enumeration(item: &EnumDescriptorProto, scope: usize) -> Result<(), String> {
    let scope = within(scope, item.name())?;
    (item.value.iter()).try_for_each(|value| within(scope, value.name()).map(drop))
}

fn field(item: &FieldDescriptorProto, scope: usize) -> Result<(), String> {
    within(scope, item.name())?;
    length(item.type_name().len())?;
    length(item.extendee().len())
}
