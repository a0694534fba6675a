//! The model → descriptors.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use prost_reflect::{DescriptorError, DescriptorPool, FileDescriptor};
use prost_types::{DescriptorProto, FileDescriptorProto, UninterpretedOption};

use crate::protobuf::model::element as path;
use crate::protobuf::options::{self, encode, flag, is_map_entry, map_entry};
use crate::protobuf::text::parse as source;
use crate::protobuf::{Error, SchemaFile, builtin};

/// Defines Confluent's options.
const META: &str = "confluent/meta.proto";

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
        self.resolve_as(dependencies, Missing::Refused)
    }

    /// [`resolve`](Self::resolve) as Confluent's registry and Java client do it:
    /// a missing import is no error as long as no type is missing, and custom
    /// options that nothing defines are left out. For schemas that others wrote.
    pub fn resolve_leniently(&self, dependencies: &[Self]) -> Result<FileDescriptor, Error> {
        self.resolve_as(dependencies, Missing::Tolerated)
    }

    fn resolve_as(&self, given: &[Self], missing: Missing) -> Result<FileDescriptor, Error> {
        let order = import_order(self, given, missing)?;
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
            if pool.get_file_by_name(file.name()).is_some() {
                continue;
            }
            match missing {
                Missing::Refused => add_to_pool(&mut pool, file)?,
                Missing::Tolerated => add_leniently(&mut pool, file)?,
            }
        }
        pool.get_file_by_name(self.name())
            .ok_or_else(|| Error::Invalid {
                file: self.name().to_owned(),
                reason: "the file has no name".to_owned(),
                element: None,
            })
    }

    /// A pool that defines the options of this file as far as it, its
    /// dependencies and the built-in files do.
    pub(in crate::protobuf) fn option_pool(
        &self,
        dependencies: &[Self],
    ) -> Cow<'static, DescriptorPool> {
        if self.uses_own_options()
            && let Some(pool) = self.extended_pool(dependencies)
        {
            return Cow::Owned(pool);
        }
        Cow::Borrowed(builtin::pool())
    }

    /// The built-in files with this file and what it imports; only the latter
    /// if they do not go together. `None` if it does not resolve.
    pub(in crate::protobuf) fn extended_pool(
        &self,
        dependencies: &[Self],
    ) -> Option<DescriptorPool> {
        let all = || -> Result<DescriptorPool, Error> {
            let mut pool = builtin::pool().clone();
            for file in import_order(self, dependencies, Missing::Tolerated)? {
                if pool.get_file_by_name(file.name()).is_none() {
                    add_leniently(&mut pool, file)?;
                }
            }
            Ok(pool)
        };
        if let Ok(pool) = all() {
            return Some(pool);
        }
        let resolved = self.resolve_leniently(dependencies).ok()?;
        let pool = resolved.parent_pool();
        let has_options = pool.get_message_by_name(options::Target::File.options_message());
        has_options.map(|_| pool.clone())
    }

    /// Whether an option of this file is none of the built-in ones.
    fn uses_own_options(&self) -> bool {
        let mut uses = false;
        options::edit_all(&mut self.proto.clone(), &mut |target, scope, options| {
            let own = |option: &_| !encode::is_defined(target, scope, option, builtin::pool());
            uses |= options.iter().any(own);
        });
        uses
    }

    /// The files among `available` that this one imports, directly or not, each
    /// after those it imports: what has to go along as references. Built-in
    /// files are among them only if `available` has them.
    ///
    /// # Errors
    /// [`Error::MissingImport`] and [`Error::ImportCycle`].
    pub fn dependencies<'f>(&'f self, available: &'f [Self]) -> Result<Vec<&'f Self>, Error> {
        let mut order = import_order(self, available, Missing::Refused)?;
        order.pop();
        order.retain(|file| {
            let builtin = builtin::file(file.name());
            builtin.is_none_or(|builtin| !std::ptr::eq(builtin, *file))
        });
        Ok(order)
    }
}

/// What to do about imports and options that nothing defines.
#[derive(Clone, Copy, PartialEq)]
enum Missing {
    Refused,
    Tolerated,
}

/// Most files one schema may import, directly or not.
const MAX_FILES: usize = 1000;

/// The file and all it imports, imported files first.
fn import_order<'f>(
    root: &'f SchemaFile,
    available: &'f [SchemaFile],
    missing: Missing,
) -> Result<Vec<&'f SchemaFile>, Error> {
    let mut given: HashMap<&str, &SchemaFile> = HashMap::new();
    for file in available {
        given.entry(file.name()).or_insert(file);
    }
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
        let imported = match imported {
            Some(imported) => imported,
            None if missing == Missing::Tolerated => continue,
            None => {
                return Err(Error::MissingImport {
                    file: file.name().to_owned(),
                    import: import.to_owned(),
                });
            }
        };
        if open.len().saturating_add(done.len()) > MAX_FILES {
            return Err(Error::TooLarge {
                file: root.name().to_owned(),
                limit: format!("it imports more than {MAX_FILES} files"),
            });
        }
        open.insert(imported.name());
        stack.push((imported, imported.imports().collect::<Vec<_>>().into_iter()));
    }
    Ok(order)
}

/// Adds one file, whose imports are in the pool already.
pub(in crate::protobuf) fn add_to_pool(
    pool: &mut DescriptorPool,
    file: &SchemaFile,
) -> Result<(), Error> {
    let mut proto = file.proto().clone();
    proto
        .message_type
        .iter_mut()
        .for_each(interpret_early_options);
    pool.add_file_descriptor_proto(proto)
        .map_err(|e| describe(file.proto(), &e))
}

/// [`add_to_pool`] without the imports that are not in the pool and, if that
/// helps, the custom options that nothing in it defines. Confluent's own options
/// need no import: a field whose tag went unseen would be sent in the clear.
fn add_leniently(pool: &mut DescriptorPool, file: &SchemaFile) -> Result<(), Error> {
    let mut file = file.clone();
    source::retain_imports(&mut file.proto, |path| {
        pool.get_file_by_name(path).is_some()
    });
    let Err(error) = add_to_pool(pool, &file) else {
        return Ok(());
    };
    let mut definitions = file.clone();
    options::edit_all(&mut definitions.proto, &mut |_, _, options| options.clear());
    let mut defined = pool.clone();
    add_to_pool(&mut defined, &definitions)?;
    let mut needs_meta = false;
    let mut dropped = false;
    options::edit_all(&mut file.proto, &mut |target, scope, options| {
        options.retain(|option| {
            let known = encode::is_defined(target, scope, option, &defined);
            let known_to_all = encode::is_defined(target, scope, option, builtin::pool());
            needs_meta |= !known && known_to_all;
            dropped |= !known && !known_to_all;
            known || known_to_all
        });
    });
    if needs_meta {
        let meta = builtin::file(META).ok_or(error)?;
        for needed in import_order(meta, &[], Missing::Refused)? {
            if pool.get_file_by_name(needed.name()).is_none() {
                add_to_pool(pool, needed)?;
            }
        }
        file.proto.dependency.push(META.to_owned());
    } else if !dropped {
        return Err(error);
    }
    add_to_pool(pool, &file)
}

/// Leaves `map_entry` and `packed` where the resolver expects them:
/// interpreted, once. It looks at them before it interprets options.
fn interpret_early_options(message: &mut DescriptorProto) {
    if is_map_entry(message)
        && let Some(options) = &mut message.options
    {
        options
            .uninterpreted_option
            .retain(|option| map_entry(option).is_none());
    }
    for options in message.field.iter_mut().filter_map(|f| f.options.as_mut()) {
        let packed = |option: &UninterpretedOption| flag(option, "packed");
        if let Some(yes) = options.uninterpreted_option.iter().find_map(packed) {
            options.packed = Some(yes);
            options
                .uninterpreted_option
                .retain(|option| packed(option).is_none());
        }
    }
    message
        .nested_type
        .iter_mut()
        .for_each(interpret_early_options);
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
