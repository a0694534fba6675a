use std::collections::{HashMap, HashSet};

use prost_types::{DescriptorProto, FileDescriptorProto};

use super::file::ProtoFile;
use super::message::{Item, ProtoMessage};
use super::{FieldType, ProtoField, join};
use crate::protobuf::builtin;

/// The file that declares field tags.
const META_PROTO: &str = "confluent/meta.proto";

/// All types that a file can name, and those it could if it imported more.
pub(super) struct Types {
    types: HashMap<String, Type>,
    /// Scopes that are no types.
    packages: HashSet<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Type {
    /// The full name.
    pub(super) name: String,
    pub(super) is_enum: bool,
    /// The file that declares it.
    pub(super) file: String,
    /// Whether the file being built imports that file, or is it. Built-in files
    /// count as imported: naming a type of theirs imports them.
    pub(super) visible: bool,
    builtin: bool,
}

/// What becomes of a type's name.
pub(super) enum Found<'a> {
    Type(&'a Type),
    Nothing { suggestion: Option<String> },
}

impl Types {
    pub(super) fn collect(file: &ProtoFile) -> Self {
        let mut all = Self {
            types: HashMap::new(),
            packages: HashSet::new(),
        };
        for builtin in builtin::files() {
            all.add_descriptor(builtin.proto(), true, true);
        }
        let visible = visible_files(file);
        for available in &file.available {
            let visible = visible.contains(available.name());
            all.add_descriptor(available.proto(), visible, false);
        }
        all.add_package(&file.package);
        let mut own = |name: String, is_enum| {
            let ty = Type {
                name: name.clone(),
                is_enum,
                file: file.name.clone(),
                visible: true,
                builtin: false,
            };
            all.types.insert(name, ty);
        };
        for item in &file.enums {
            own(join(&file.package, &item.name), true);
        }
        for message in &file.messages {
            add_own(message, &file.package, &mut own);
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
        let mut add = |name: String, is_enum: bool| {
            let ty = Type {
                name: name.clone(),
                is_enum,
                file: file.name().to_owned(),
                visible,
                builtin,
            };
            self.types.entry(name).or_insert(ty);
        };
        for item in &file.enum_type {
            add(join(file.package(), item.name()), true);
        }
        for message in &file.message_type {
            add_message(message, file.package(), &mut add);
        }
    }

    /// Looks `name` up from `scope` outwards, as C++ and protoc do: the
    /// innermost scope that knows the first part of the name decides.
    pub(super) fn find(&self, scope: &str, name: &str) -> Found<'_> {
        if let Some(full) = name.strip_prefix('.') {
            return match self.types.get(full) {
                Some(ty) => Found::Type(ty),
                None => self.nothing(name),
            };
        }
        let first = name.split('.').next().unwrap_or(name);
        let mut scope = Some(scope);
        while let Some(current) = scope {
            if let Some(ty) = self.types.get(&join(current, name)) {
                return Found::Type(ty);
            }
            let decided = first != name && self.encloses(&join(current, first));
            if decided {
                let suggestion = self.types.contains_key(name).then(|| format!(".{name}"));
                return match suggestion {
                    Some(_) => Found::Nothing { suggestion },
                    None => self.nothing(name),
                };
            }
            scope = match current.rsplit_once('.') {
                Some((outer, _)) => Some(outer),
                None if current.is_empty() => None,
                None => Some(""),
            };
        }
        self.nothing(name)
    }

    fn encloses(&self, name: &str) -> bool {
        self.packages.contains(name) || self.types.get(name).is_some_and(|ty| !ty.is_enum)
    }

    fn nothing(&self, name: &str) -> Found<'_> {
        Found::Nothing {
            suggestion: self.similar(name),
        }
    }

    /// The scalar or visible type whose name is most like `name`.
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
        // Own types first, so that of equals the nearest is taken.
        types.sort_by_key(|(full, _)| (full.starts_with("google."), full.len(), *full));
        scalars
            .chain(types)
            .map(|(full, _)| (distance(&wanted, &short(full)), full))
            .filter(|(distance, full)| *distance <= limit && *full != name)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, full)| full.to_owned())
    }

    /// Built-in files that the file's types and tags need without importing
    /// them, in order of use.
    pub(super) fn implied_imports(&self, file: &ProtoFile) -> Vec<String> {
        let mut implied: Vec<String> = Vec::new();
        let mut need = |path: &str| {
            let imported = file.imports.iter().any(|import| import.path == path);
            if !imported && path != file.name && !implied.iter().any(|known| known == path) {
                implied.push(path.to_owned());
            }
        };
        for message in &file.messages {
            for_each_field(message, &file.package, &mut |scope, field| {
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

fn add_message(message: &DescriptorProto, scope: &str, add: &mut impl FnMut(String, bool)) {
    let name = join(scope, message.name());
    for nested in &message.nested_type {
        add_message(nested, &name, add);
    }
    for item in &message.enum_type {
        add(join(&name, item.name()), true);
    }
    add(name, false);
}

/// The files imported and those they import publicly.
fn visible_files(file: &ProtoFile) -> HashSet<&str> {
    let mut visible = HashSet::new();
    let mut open: Vec<&str> = file.imports.iter().map(|i| i.path.as_str()).collect();
    while let Some(name) = open.pop() {
        if !visible.insert(name) {
            continue;
        }
        if let Some(imported) = file.available.iter().find(|f| f.name() == name) {
            let proto = imported.proto();
            let public = proto.public_dependency.iter();
            open.extend(public.filter_map(|&i| {
                let import = proto.dependency.get(usize::try_from(i).ok()?)?;
                Some(import.as_str())
            }));
        }
    }
    visible
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, &above) in b.chars().zip(row.iter().skip(1)) {
            let substituted = diagonal + usize::from(x != y);
            left = substituted.min(above + 1).min(left + 1);
            next.push(left);
            diagonal = above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distance_counts_edits() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("strng", "string", 1),
            ("kitten", "sitting", 3),
            ("boolean", "bool", 3),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }
}
