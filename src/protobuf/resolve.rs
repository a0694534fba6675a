//! The model → descriptors.

use std::collections::{HashMap, HashSet};

use prost_reflect::{DescriptorError, DescriptorPool, FileDescriptor};
use prost_types::{DescriptorProto, FileDescriptorProto};

use super::options::{is_map_entry, map_entry};
use super::{Error, SchemaFile, builtin, path};

/// A message of this file may hold one of any other type.
const ANY: &str = "google/protobuf/any.proto";

impl SchemaFile {
    /// Builds descriptors. `dependencies` holds the files imported, directly or
    /// not, in any order, each under the path by which it is imported. Built-in
    /// files need not be among them; one given takes the built-in's place. Of
    /// several files with one name the first counts. Files that nothing imports
    /// are left out.
    ///
    /// # Errors
    /// A missing import, an import cycle, a type that does not resolve, an
    /// option that is not defined, a number or name given twice and whatever
    /// else makes a file invalid; naming the file and the element.
    pub fn resolve(&self, dependencies: &[Self]) -> Result<FileDescriptor, Error> {
        let mut given: HashMap<&str, &Self> = HashMap::new();
        for file in dependencies {
            given.entry(file.name()).or_insert(file);
        }
        let order = import_order(self, &given)?;
        let overridden = order.iter().any(|file| {
            let builtin = builtin::file(file.name());
            builtin.is_some_and(|builtin| !std::ptr::eq(builtin, *file))
        });
        let mut pool = if overridden {
            DescriptorPool::new()
        } else {
            // Built-in files import none but their like: they can go first.
            let used: HashSet<&str> = order.iter().map(|file| file.name()).collect();
            let uses_any = used.contains(ANY);
            let shared = builtin::files().iter().map(Self::name);
            let shared: Vec<_> = shared
                .filter(|path| uses_any || used.contains(path))
                .collect();
            builtin::pool_of(&shared)
        };
        for file in order {
            if pool.get_file_by_name(file.name()).is_none() {
                add_to_pool(&mut pool, file)?;
            }
        }
        pool.get_file_by_name(self.name())
            .ok_or_else(|| Error::Invalid {
                file: self.name().to_owned(),
                reason: "the file has no name".to_owned(),
                element: None,
            })
    }
}

/// The file and all it imports, imported files first.
fn import_order<'f>(
    root: &'f SchemaFile,
    given: &HashMap<&str, &'f SchemaFile>,
) -> Result<Vec<&'f SchemaFile>, Error> {
    let mut order = Vec::new();
    let mut done: HashSet<&str> = HashSet::new();
    // Files being visited, each with the imports still to visit; no recursion,
    // since a chain of imports may be as long as the sender likes.
    let mut stack = vec![(root, root.imports().collect::<Vec<_>>().into_iter())];
    let mut open: HashSet<&str> = HashSet::from([root.name()]);
    while let Some((file, imports)) = stack.last_mut() {
        let file: &'f SchemaFile = file;
        let Some(import) = imports.next() else {
            order.push(file);
            open.remove(file.name());
            done.insert(file.name());
            stack.pop();
            continue;
        };
        if done.contains(import) {
            continue;
        }
        if open.contains(import) {
            let names = stack.iter().map(|(file, _)| file.name());
            let circle = names.skip_while(|name| *name != import).chain([import]);
            return Err(Error::ImportCycle {
                files: circle.map(str::to_owned).collect(),
            });
        }
        let imported = given.get(import).copied().or_else(|| builtin::file(import));
        let imported = imported.ok_or_else(|| Error::MissingImport {
            file: file.name().to_owned(),
            import: import.to_owned(),
        })?;
        open.insert(imported.name());
        stack.push((imported, imported.imports().collect::<Vec<_>>().into_iter()));
    }
    Ok(order)
}

/// Adds one file, whose imports are in the pool already.
pub(super) fn add_to_pool(pool: &mut DescriptorPool, file: &SchemaFile) -> Result<(), Error> {
    let mut proto = file.proto().clone();
    proto.message_type.iter_mut().for_each(interpret_map_entry);
    pool.add_file_descriptor_proto(proto)
        .map_err(|e| describe(file.proto(), &e))
}

/// Leaves `map_entry` where the resolver expects it: interpreted, once.
fn interpret_map_entry(message: &mut DescriptorProto) {
    if is_map_entry(message)
        && let Some(options) = &mut message.options
    {
        options
            .uninterpreted_option
            .retain(|option| map_entry(option).is_none());
    }
    message.nested_type.iter_mut().for_each(interpret_map_entry);
}

fn describe(file: &FileDescriptorProto, error: &DescriptorError) -> Error {
    let element = error.path().and_then(|path| path::describe(file, path));
    let reason = error.to_string();
    let undefined = reason
        .strip_prefix("name '")
        .and_then(|rest| rest.strip_suffix("' is not defined"));
    match (undefined, &element) {
        (Some(name), Some(element)) => Error::UnresolvedType {
            file: file.name().to_owned(),
            name: name.to_owned(),
            element: element.clone(),
        },
        _ => Error::Invalid {
            file: file.name().to_owned(),
            reason,
            element,
        },
    }
}
