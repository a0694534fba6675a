//! Serialized descriptors, base64 or not, in and out of the model.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use prost_reflect::DescriptorPool;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};

use super::opaque as raw;
use crate::protobuf::Error;
use crate::protobuf::compatibility::{Candidate, Declaration, Dependency, Types};
use crate::protobuf::model::field_messages::{Bodies, field_rank, is_group};
use crate::protobuf::model::layout::{Layout, join};
use crate::protobuf::model::limits;
use crate::protobuf::options::Target;
use crate::protobuf::options::{decode, encode};
use crate::protobuf::text::{parse as source, print as text};
use crate::protobuf::{SchemaFile, builtin};

/// Decodes base64 of a `FileDescriptorProto`. `name` becomes the file's name.
pub(in crate::protobuf) fn from_base64(
    name: &str,
    text: &str,
    dependencies: &[SchemaFile],
) -> Result<(FileDescriptorProto, Layout), Error> {
    limits::check_len(name, text.len())?;
    let bytes = STANDARD
        .decode(text.trim_ascii())
        .map_err(|e| Error::Parse {
            file: name.to_owned(),
            position: None,
            reason: format!("not base64: {e}"),
        })?;
    from_bytes(name, &bytes, dependencies)
}

/// Decodes a serialized `FileDescriptorProto`.
pub(in crate::protobuf) fn from_bytes(
    name: &str,
    bytes: &[u8],
    dependencies: &[SchemaFile],
) -> Result<(FileDescriptorProto, Layout), Error> {
    from_bytes_in(name, bytes, builtin::pool(), dependencies)
}

/// [`from_bytes`] with the options that `pool` defines besides those of the file
/// itself and its dependencies.
pub(in crate::protobuf) fn from_bytes_in(
    name: &str,
    bytes: &[u8],
    pool: &DescriptorPool,
    dependencies: &[SchemaFile],
) -> Result<(FileDescriptorProto, Layout), Error> {
    let invalid = |reason: String| Error::Parse {
        file: name.to_owned(),
        position: None,
        reason,
    };
    limits::check_len(name, bytes.len())?;
    let mut raw = raw::File::decode(bytes)
        .map_err(|e| invalid(format!("not a serialized FileDescriptorProto: {e}")))?;
    if raw.edition.is_some() || raw.syntax.as_deref() == Some("editions") {
        return Err(Error::Edition {
            file: name.to_owned(),
        });
    }
    match raw.syntax.as_deref() {
        None | Some("proto2" | "proto3") => {}
        Some("") => raw.syntax = None,
        Some(other) => return Err(invalid(format!("unknown syntax {other:?}"))),
    }
    raw.name = Some(name.to_owned());

    let mut has_unknown = false;
    let mut file = read(&raw, pool, &mut has_unknown).map_err(invalid)?;
    if has_unknown && let Some(pool) = extension_pool(&file, dependencies) {
        file = read(&raw, &pool, &mut has_unknown).map_err(invalid)?;
    }
    limits::check(name, &mut file)?;
    check(&file).map_err(invalid)?;
    complete(&mut file);
    // The text is what registries keep, so the model is that of the text. What
    // is left to go wrong breaks the grammar: a group in proto3, an oneof
    // without members, a number out of range.
    let text = text::print(&file, &Layout::default());
    let (mut read, mut layout) = source::parse(name, &text).map_err(|e| match e {
        Error::Parse { reason, .. } => invalid(format!("not expressible as source: {reason}")),
        other => other,
    })?;
    keep_order(
        &mut read.message_type,
        &mut layout,
        &file.message_type,
        &Bodies::of(&[], &file.extension, &file.message_type),
        0..file.extension.len(),
    );
    Ok((read, layout))
}

fn read(
    raw: &raw::File,
    pool: &DescriptorPool,
    has_unknown: &mut bool,
) -> Result<FileDescriptorProto, String> {
    raw.clone().read(&mut |target, bytes| {
        let decoded = decode::decode(target, bytes, pool)?;
        *has_unknown |= decoded.has_unknown;
        Ok(decoded.options)
    })
}

/// A pool that knows the extensions that the file or its dependencies define.
fn extension_pool(file: &FileDescriptorProto, deps: &[SchemaFile]) -> Option<DescriptorPool> {
    let mut definitions = file.clone();
    crate::protobuf::options::edit_all(&mut definitions, &mut |_, _, options| options.clear());
    let definitions = SchemaFile::from_descriptor(definitions, crate::protobuf::Form::Serialized);
    definitions.extended_pool(deps)
}

/// Puts what was read from the canonical text into the order in which the
/// descriptor has it: its bodies of groups need not be behind the other messages.
fn keep_order(
    read: &mut Vec<DescriptorProto>,
    layout: &mut Layout,
    original: &[DescriptorProto],
    bodies: &Bodies,
    members: impl Iterator<Item = usize>,
) {
    let declared = bodies.declared(original.len());
    let order = declared.chain(members.filter_map(|member| bodies.get(member)));
    let mut layouts = layout.take_messages().into_iter();
    let mut messages: Vec<(usize, (DescriptorProto, Layout))> = (order.zip(read.drain(..)))
        .map(|(position, message)| (position, (message, layouts.next().unwrap_or_default())))
        .collect();
    messages.sort_by_key(|(position, _)| *position);
    for (position, (message, layout)) in &mut messages {
        let Some(original) = original.get(*position) else {
            continue;
        };
        let (fields, extensions) = (&original.field, &original.extension);
        let bodies = Bodies::of(fields, extensions, &original.nested_type);
        // The text prints extensions last, and fields by their rank.
        let mut members: Vec<usize> = (0..fields.len()).collect();
        members.sort_by_key(|member| fields.get(*member).map(field_rank));
        let extensions = fields.len()..fields.len().saturating_add(extensions.len());
        keep_order(
            &mut message.nested_type,
            layout,
            &original.nested_type,
            &bodies,
            members.into_iter().chain(extensions),
        );
    }
    let layouts;
    (*read, layouts) = messages.into_iter().map(|(_, message)| message).unzip();
    layout.set_messages(layouts);
}

/// Base64 of the serialized file under the name `default`, type names as
/// written. Types and extension options are those that the file itself, its
/// dependencies and the built-in files define.
pub(in crate::protobuf) fn to_base64(file: &SchemaFile, dependencies: &[SchemaFile]) -> String {
    let pool = file.option_pool(dependencies);
    let encode =
        |target: Target, scope: &str, options: &[_]| encode::encode(target, scope, options, &pool);
    let types = Types::new(&Candidate {
        dependencies: (dependencies.iter())
            .map(|file| Dependency {
                name: file.name(),
                file,
            })
            .collect(),
        ..Candidate::new(file)
    });
    let mut proto = file.proto().clone();
    set_types(&mut proto, &types);
    let mut raw = raw::File::write(&proto, &encode);
    raw.name = Some("default".to_owned());
    STANDARD.encode(raw.encode_to_vec())
}

/// Sets the type of fields that name a message or an enum; one that `types` does
/// not know stays without. Clients that do not resolve names themselves read a
/// field without a type as a `double`.
fn set_types(file: &mut FileDescriptorProto, types: &Types<'_>) {
    let package = file.package().to_owned();
    let set = |scope: &str, field: &mut FieldDescriptorProto| {
        if let (None, Some(name)) = (field.r#type, &field.type_name)
            && let Some(found) = types.resolve(&package, scope, name)
        {
            let declared = match found.info.declaration {
                Declaration::Enum => Type::Enum,
                Declaration::Message(_) | Declaration::MapEntry(_) => Type::Message,
            };
            field.r#type = Some(declared as i32);
        }
    };
    fn message(
        item: &mut DescriptorProto,
        scope: &str,
        set: &dyn Fn(&str, &mut FieldDescriptorProto),
    ) {
        let scope = join(scope, item.name());
        let fields = item.field.iter_mut().chain(&mut item.extension);
        fields.for_each(|field| set(&scope, field));
        let nested = item.nested_type.iter_mut();
        nested.for_each(|nested| message(nested, &scope, set));
    }
    file.extension.iter_mut().for_each(|field| set("", field));
    let messages = file.message_type.iter_mut();
    messages.for_each(|item| message(item, "", &set));
}

/// Refuses what cannot be written as source: the canonical text of a schema
/// must say neither less nor more than the descriptor.
fn check(file: &FileDescriptorProto) -> Result<(), String> {
    let name = |what: &str, name: &str| match is_identifier(name) {
        true => Ok(()),
        false => Err(format!("{what} name {name:?} is not an identifier")),
    };
    let type_name = |name: &str| {
        let relative = name.strip_prefix('.').unwrap_or(name);
        match relative.split('.').all(is_identifier) {
            true => Ok(()),
            false => Err(format!("type name {name:?} is malformed")),
        }
    };
    let proto3 = file.syntax() == "proto3";
    let groups = |fields: &[FieldDescriptorProto],
                  extensions: &[FieldDescriptorProto],
                  messages: &[DescriptorProto]| {
        let bodies = Bodies::of(fields, extensions, messages);
        let members = fields.iter().chain(extensions).enumerate();
        let mut groups = members.filter(|(_, field)| is_group(field));
        match groups.find(|(member, _)| bodies.get(*member).is_none()) {
            Some((_, group)) => Err(format!(
                "group {:?} has no message of its own beside it",
                group.name()
            )),
            None => Ok(()),
        }
    };
    let field = |field: &FieldDescriptorProto| {
        name("field", field.name())?;
        if proto3 && field.label == Some(Label::Required as i32) {
            let name = field.name();
            return Err(format!(
                "field {name:?} is required, which proto3 does not have"
            ));
        }
        if let Some(extendee) = &field.extendee {
            type_name(extendee)?;
        }
        if let Some(number) = field.r#type
            && Type::try_from(number).is_err()
        {
            return Err(format!(
                "field {:?} is of unknown type {number}",
                field.name()
            ));
        }
        match &field.type_name {
            Some(named) => type_name(named),
            None if field.r#type.is_none() => Err(format!("field {:?} has no type", field.name())),
            None => Ok(()),
        }
    };
    let enumeration = |item: &EnumDescriptorProto| {
        name("enum", item.name())?;
        item.value
            .iter()
            .try_for_each(|v| name("enum value", v.name()))
    };
    fn message(
        item: &DescriptorProto,
        checks: &dyn Fn(&DescriptorProto) -> Result<(), String>,
    ) -> Result<(), String> {
        checks(item)?;
        (item.nested_type.iter()).try_for_each(|nested| message(nested, checks))
    }
    if !file.package().is_empty() {
        file.package()
            .split('.')
            .try_for_each(|part| name("package", part))?;
    }
    let checks = |item: &DescriptorProto| {
        name("message", item.name())?;
        item.field.iter().try_for_each(field)?;
        item.extension.iter().try_for_each(field)?;
        item.oneof_decl
            .iter()
            .try_for_each(|o| name("oneof", o.name()))?;
        let oneofs = i32::try_from(item.oneof_decl.len()).unwrap_or(i32::MAX);
        let stray = item
            .field
            .iter()
            .find(|f| f.oneof_index.is_some_and(|i| i < 0 || i >= oneofs));
        if let Some(stray) = stray {
            return Err(format!(
                "field {:?} is in a oneof that does not exist",
                stray.name()
            ));
        }
        groups(&item.field, &item.extension, &item.nested_type)?;
        item.enum_type.iter().try_for_each(enumeration)
    };
    groups(&[], &file.extension, &file.message_type)?;
    (file.message_type.iter()).try_for_each(|item| message(item, &checks))?;
    file.enum_type.iter().try_for_each(enumeration)?;
    file.extension.iter().try_for_each(field)?;
    for service in &file.service {
        name("service", service.name())?;
        for method in &service.method {
            name("method", method.name())?;
            type_name(method.input_type())?;
            type_name(method.output_type())?;
        }
    }
    Ok(())
}

fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Adds the labels that source has to state, and drops the default values that
/// some write into proto3 descriptors, where the language has none.
fn complete(file: &mut FileDescriptorProto) {
    let proto3 = file.syntax() == "proto3";
    let field = |field: &mut FieldDescriptorProto| {
        if proto3 {
            field.default_value = None;
        }
        field.label.get_or_insert(Label::Optional as i32);
    };
    fn message(item: &mut DescriptorProto, field: &dyn Fn(&mut FieldDescriptorProto)) {
        item.field.iter_mut().for_each(field);
        item.extension.iter_mut().for_each(field);
        let nested = item.nested_type.iter_mut();
        nested.for_each(|nested| message(nested, field));
    }
    file.extension.iter_mut().for_each(&field);
    let messages = file.message_type.iter_mut();
    messages.for_each(|item| message(item, &field));
}
