//! The types of one side of a comparison, by name.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use super::declaration::{MapEntry, map_entry};
use super::{Candidate, DirectReference};
use crate::protobuf::builtin;
use crate::protobuf::model::field_messages::FieldMessages;
use crate::protobuf::model::names::{join, look_up};

/// Where a type is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::protobuf) enum Origin<'a> {
    /// In the compared file itself.
    Local,
    /// In a file that the schema refers to directly.
    DirectReference { subject: &'a str, version: i32 },
    /// In a file that is referenced indirectly, or in a built-in file.
    Unknown,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::protobuf) enum Declaration<'a> {
    Enum,
    Message(&'a DescriptorProto),
    MapEntry(&'a DescriptorProto),
}

#[derive(Clone, Copy, Debug)]
pub(in crate::protobuf) struct TypeInfo<'a> {
    pub file: &'a FileDescriptorProto,
    /// Import path of the declaring file.
    file_name: &'a str,
    pub origin: Origin<'a>,
    pub declaration: Declaration<'a>,
}

/// A type that a name resolved to.
#[derive(Clone, Copy, Debug)]
pub(in crate::protobuf) struct Found<'a, 't> {
    /// Full name without the package of the declaring file.
    pub local_name: &'t str,
    pub info: TypeInfo<'a>,
}

/// Every type of a schema, its dependencies and the built-in files, by full
/// name. Types are visible whether or not their file is imported.
#[derive(Debug)]
pub(in crate::protobuf) struct Types<'a> {
    named: HashMap<String, TypeInfo<'a>>,
    /// Import paths that hide the built-in file of that name.
    replaced: HashSet<&'a str>,
    pub file: &'a FileDescriptorProto,
}

static BUILTINS: LazyLock<HashMap<String, TypeInfo<'static>>> = LazyLock::new(|| {
    let mut named = HashMap::new();
    for file in builtin::files() {
        collect(&mut named, file.proto(), file.name(), Origin::Unknown);
    }
    named
});

impl<'a> Types<'a> {
    pub fn new(candidate: &Candidate<'a>) -> Self {
        let references: HashMap<&str, &DirectReference<'a>> = candidate
            .references
            .iter()
            .map(|reference| (reference.name, reference))
            .collect();
        let mut named = HashMap::new();
        let mut replaced = HashSet::new();
        for dependency in &candidate.dependencies {
            let origin = references
                .get(dependency.name)
                .map_or(Origin::Unknown, |reference| Origin::DirectReference {
                    subject: reference.subject,
                    version: reference.version,
                });
            collect(&mut named, dependency.file.proto(), dependency.name, origin);
            replaced.insert(dependency.name);
        }
        let file = candidate.file.proto();
        collect(&mut named, file, file.name(), Origin::Local);
        Self {
            named,
            replaced,
            file,
        }
    }

    /// Resolves `name` as written in `scope`: the innermost scope that has it wins.
    pub fn resolve(&self, scope: String, name: &str) -> Option<Found<'a, '_>> {
        look_up(scope, name, |full| self.get(full))
    }

    fn get(&self, full_name: &str) -> Option<Found<'a, '_>> {
        let (name, info) = self.named.get_key_value(full_name).or_else(|| {
            BUILTINS
                .get_key_value(full_name)
                .filter(|(_, info)| !self.replaced.contains(info.file_name))
        })?;
        let local_name = name
            .strip_prefix(info.file.package())
            .and_then(|rest| rest.strip_prefix('.'))
            .unwrap_or(name);
        Some(Found {
            local_name,
            info: *info,
        })
    }
}

/// Adds the messages and enums of `file`, including nested ones. Later files
/// override equal names.
fn collect<'a>(
    named: &mut HashMap<String, TypeInfo<'a>>,
    file: &'a FileDescriptorProto,
    file_name: &'a str,
    origin: Origin<'a>,
) {
    let info = |declaration| TypeInfo {
        file,
        file_name,
        origin,
        declaration,
    };
    let package = file.package();
    for declared in &file.enum_type {
        named.insert(join(package, declared.name()), info(Declaration::Enum));
    }
    // A stack instead of recursion, because input decides how deep messages nest.
    let mut open: Vec<(String, &'a DescriptorProto)> =
        named_messages(&[], &file.extension, &file.message_type)
            .map(|message| (join(package, message.name()), message))
            .collect();
    while let Some((name, message)) = open.pop() {
        for declared in &message.enum_type {
            named.insert(join(&name, declared.name()), info(Declaration::Enum));
        }
        for nested in named_messages(&message.field, &message.extension, &message.nested_type) {
            open.push((join(&name, nested.name()), nested));
        }
        let declaration = match map_entry(message) {
            MapEntry::No => Declaration::Message(message),
            MapEntry::Implied | MapEntry::Written => Declaration::MapEntry(message),
        };
        named.insert(name, info(declaration));
    }
}

/// Returns the names of the top-level messages and enums of a file.
#[cfg(feature = "embedded")]
pub(crate) fn top_level_names(file: &crate::protobuf::SchemaFile) -> Vec<&str> {
    let file = file.proto();
    let messages = named_messages(&[], &file.extension, &file.message_type);
    let enums = file.enum_type.iter().map(|declared| declared.name());
    messages.map(DescriptorProto::name).chain(enums).collect()
}

/// Returns the messages that are types, without map entries and bodies of groups.
pub(super) fn named_messages<'a>(
    fields: &[FieldDescriptorProto],
    extensions: &[FieldDescriptorProto],
    messages: &'a [DescriptorProto],
) -> impl Iterator<Item = &'a DescriptorProto> {
    let declared = FieldMessages::of(fields, extensions, messages).declared(messages.len());
    declared.filter_map(|position| messages.get(position))
}
