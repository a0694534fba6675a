//! Describes the elements that descriptor paths refer to.

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};

use super::names::join;

/// Describes the element at `path` by kind and full name: `field a.M.f`. The path is
/// one of `google.protobuf.SourceCodeInfo.Location`; its last part, which names a
/// property, is ignored.
pub(in crate::protobuf) fn describe(file: &FileDescriptorProto, path: &[i32]) -> Option<String> {
    let package = file.package();
    match path {
        [3, index, ..] => Some(format!("import {:?}", get(&file.dependency, *index)?)),
        [4, index, rest @ ..] => message(get(&file.message_type, *index)?, package, rest),
        [5, index, rest @ ..] => enumeration(get(&file.enum_type, *index)?, package, rest),
        [6, index, rest @ ..] => {
            let service = get(&file.service, *index)?;
            let name = join(package, service.name());
            match rest {
                [2, index, ..] => Some(format!(
                    "method {name}.{}",
                    get(&service.method, *index)?.name()
                )),
                _ => Some(format!("service {name}")),
            }
        }
        [7, index, ..] => Some(extension(get(&file.extension, *index)?, package)),
        [8, ..] => Some("file options".to_owned()),
        _ => None,
    }
}

fn get<T>(items: &[T], index: i32) -> Option<&T> {
    items.get(usize::try_from(index).ok()?)
}

fn message(item: &DescriptorProto, scope: &str, path: &[i32]) -> Option<String> {
    let name = join(scope, item.name());
    match path {
        [2, index, ..] => Some(format!("field {name}.{}", get(&item.field, *index)?.name())),
        [3, index, rest @ ..] => message(get(&item.nested_type, *index)?, &name, rest),
        [4, index, rest @ ..] => enumeration(get(&item.enum_type, *index)?, &name, rest),
        [6, index, ..] => Some(extension(get(&item.extension, *index)?, &name)),
        [8, index, ..] => Some(format!(
            "oneof {name}.{}",
            get(&item.oneof_decl, *index)?.name()
        )),
        _ => Some(format!("message {name}")),
    }
}

fn enumeration(item: &EnumDescriptorProto, scope: &str, path: &[i32]) -> Option<String> {
    let name = join(scope, item.name());
    match path {
        [2, index, ..] => Some(format!(
            "enum value {name}.{}",
            get(&item.value, *index)?.name()
        )),
        _ => Some(format!("enum {name}")),
    }
}

fn extension(item: &FieldDescriptorProto, scope: &str) -> String {
    format!("extension {}", join(scope, item.name()))
}
