//! The types that a file builder can refer to.

use std::collections::{HashMap, HashSet};

use prost_types::FileDescriptorProto;
use strsim::levenshtein;

use super::file::ProtoFile;
use super::message::{Item, ProtoMessage};
use super::{FieldType, ProtoField};
use crate::protobuf::builtin::{self, META_PROTO};
use crate::protobuf::model::elements::{Element, elements};
use crate::protobuf::model::import_lines::{ImportKind, imports_of_kind};
use crate::protobuf::model::names::{join, look_up};

/// All types that a file can refer to, and those that it could with more imports.
pub(super) struct KnownTypes {
    types: HashMap<String, Type>,
    /// Packages, and the packages around them.
    packages: HashSet<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Type {
    /// The full name.
    pub(super) name: String,
    pub(super) is_enum: bool,
    /// The file that declares it.
    pub(super) file: String,
    /// Whether the file declares it or imports its file. Built-in files count as
    /// imported, because a reference to one of their types imports them.
    pub(super) visible: bool,
    builtin: bool,
}

/// The result of looking up a type.
pub(super) enum Found<'a> {
    Type(&'a Type),
    Nothing { suggestion: Option<String> },
}

impl KnownTypes {
    pub(super) fn collect(file: &ProtoFile) -> Self {
        let mut all = Self {
            types: HashMap::new(),
            packages: HashSet::new(),
        };
        for builtin in builtin::files() {
            all.add_descriptor(builtin.proto(), true, true);
        }
        let visible = visible_files(file);
        for available in &file.head.available {
            let visible = visible.contains(available.name());
            all.add_descriptor(available.proto(), visible, false);
        }
        all.add_package(&file.head.package);
        let mut own = |name: String, is_enum| {
            let ty = Type {
                name: name.clone(),
                is_enum,
                file: file.head.name.clone(),
                visible: true,
                builtin: false,
            };
            all.types.insert(name, ty);
        };
        for item in &file.enums {
            own(join(&file.head.package, &item.name), true);
        }
        for message in &file.messages {
            add_own(message, &file.head.package, &mut own);
        }
        all
    }

    fn add_package(&mut self, package: &str) {
        let ends = package.match_indices('.').map(|(end, _)| end);
        for end in ends.chain([package.len()]) {
            if let Some(scope) = package.get(..end).filter(|scope| !scope.is_empty()) {
                self.packages.insert(scope.to_owned());
            }
        }
    }

    fn add_descriptor(&mut self, file: &FileDescriptorProto, visible: bool, builtin: bool) {
        self.add_package(file.package());
        for (scope, element) in elements(file) {
            let is_enum = match element {
                Element::Message(_) => false,
                Element::Enum(_) => true,
                _ => continue,
            };
            let name = scope.to_string();
            self.types.entry(name).or_insert_with_key(|name| Type {
                name: name.clone(),
                is_enum,
                file: file.name().to_owned(),
                visible,
                builtin,
            });
        }
    }

    /// Looks up `name` from `scope` outwards, as C++ and protoc do: the innermost
    /// scope that has the first part of the name decides.
    pub(super) fn find(&self, scope: &str, name: &str) -> Found<'_> {
        let rest = name.find('.').and_then(|dot| name.get(dot..));
        let found = look_up(scope.to_owned(), name, |full| {
            if let Some(ty) = self.types.get(full) {
                return Some(Found::Type(ty));
            }
            let first = full.strip_suffix(rest?)?;
            self.encloses(first).then(|| {
                let suggestion = self.types.contains_key(name).then(|| format!(".{name}"));
                Found::Nothing {
                    suggestion: suggestion.or_else(|| self.similar(name)),
                }
            })
        });
        found.unwrap_or_else(|| Found::Nothing {
            suggestion: self.similar(name),
        })
    }

    fn encloses(&self, name: &str) -> bool {
        self.packages.contains(name) || self.types.get(name).is_some_and(|ty| !ty.is_enum)
    }

    /// Returns the scalar or visible type whose name is most similar to `name`.
    fn similar(&self, name: &str) -> Option<String> {
        let name = name.trim_start_matches('.');
        let short = |name: &str| name.rsplit('.').next().unwrap_or_default().to_lowercase();
        let wanted = short(name);
        let limit = wanted.chars().count() / 3 + 1;
        let scalars = FieldType::keywords().map(|keyword| (keyword, String::new()));
        let mut types: Vec<_> = self
            .types
            .iter()
            .filter(|(_, ty)| ty.visible)
            .map(|(full, ty)| (full.as_str(), ty.file.clone()))
            .collect();
        // Own types first: of equally similar types, the first is suggested.
        types.sort_by_key(|(full, _)| (full.starts_with("google."), full.len(), *full));
        scalars
            .chain(types)
            .map(|(full, _)| (levenshtein(&wanted, &short(full)), full))
            .filter(|(distance, full)| *distance <= limit && *full != name)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, full)| full.to_owned())
    }

    /// Returns the built-in files that types and tags of the file need and that it does
    /// not import, in order of use.
    pub(super) fn implied_imports(&self, file: &ProtoFile) -> Vec<String> {
        let mut implied: Vec<String> = Vec::new();
        let mut need = |path: &str| {
            let imported = file.head.imports.iter().any(|import| import.path == path);
            if !imported && path != file.head.name && !implied.iter().any(|known| known == path) {
                implied.push(path.to_owned());
            }
        };
        for message in &file.messages {
            for_each_field(message, &file.head.package, &mut |scope, field| {
                if let Some(name) = field.ty.type_name()
                    && let Found::Type(ty) = self.find(scope, name)
                    && ty.builtin
                {
                    need(&ty.file);
                }
                if !field.tags.is_empty() {
                    need(META_PROTO);
                }
            });
        }
        implied
    }
}

/// Calls `visit` with every field and the full name of its message.
fn for_each_field(message: &ProtoMessage, scope: &str, visit: &mut impl FnMut(&str, &ProtoField)) {
    let scope = join(scope, &message.name);
    for item in &message.items {
        match item {
            Item::Field(field) => visit(&scope, field),
            Item::Oneof(oneof) => oneof.fields.iter().for_each(|field| visit(&scope, field)),
        }
    }
    for nested in &message.messages {
        for_each_field(nested, &scope, visit);
    }
}

fn add_own(message: &ProtoMessage, scope: &str, add: &mut impl FnMut(String, bool)) {
    let name = join(scope, &message.name);
    for nested in &message.messages {
        add_own(nested, &name, add);
    }
    for item in &message.enums {
        add(join(&name, &item.name), true);
    }
    add(name, false);
}

/// Returns the imported files and those that they import publicly.
///
/// Unlike [`imports::in_order`](crate::protobuf::resolution::imports::in_order), this
/// follows public imports only, in any order.
fn visible_files(file: &ProtoFile) -> HashSet<&str> {
    let mut visible = HashSet::new();
    let mut open: Vec<&str> = file.head.imports.iter().map(|i| i.path.as_str()).collect();
    while let Some(name) = open.pop() {
        if !visible.insert(name) {
            continue;
        }
        if let Some(imported) = file.head.available.iter().find(|f| f.name() == name) {
            open.extend(imports_of_kind(imported.proto(), ImportKind::Public));
        }
    }
    visible
}
