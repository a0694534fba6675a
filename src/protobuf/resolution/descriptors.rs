//! Resolves a file and its imports to descriptors.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

use prost_reflect::{DescriptorPool, FileDescriptor};

use super::imports;
use super::pool::add_to_pool;
use crate::protobuf::builtin::META_PROTO;
use crate::protobuf::model::elements::edit_options;
use crate::protobuf::model::import_lines::retain_imports;
use crate::protobuf::options::encode;
use crate::protobuf::{Error, SchemaFile, builtin};

/// `Any`, the message of this file, may hold a message of any built-in file.
const ANY: &str = "google/protobuf/any.proto";

impl SchemaFile {
    /// Builds descriptors. `dependencies` contains the imported files, direct or not, in
    /// any order, each under the path by which it is imported. Built-in files may be
    /// omitted; a given one replaces the built-in. Of several files with one name the
    /// first is used. Files that nothing imports are ignored.
    ///
    /// # Errors
    /// Names the file and the element that is invalid: a missing import, an import
    /// cycle, a type that does not resolve, an undefined option, a number or name that
    /// occurs twice, and so on.
    pub fn resolve(&self, dependencies: &[Self]) -> Result<FileDescriptor, Error> {
        self.resolve_as(dependencies, Missing::Refused)
    }

    /// Builds descriptors as [`resolve`](Self::resolve) does, with the tolerance of
    /// Confluent's registry and Java client: a missing import is no error as long as no
    /// type is missing, and undefined custom options are left out. Use it for schemas
    /// that others wrote.
    ///
    /// # Errors
    /// Those of [`resolve`](Self::resolve), except for missing imports and undefined
    /// custom options.
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
            // Built-in files import only built-in files, so they can be added first.
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

    /// Returns the files among `available` that this one imports, directly or not, each
    /// after those it imports. They are registered as references. Built-in files are
    /// among them only if `available` has them.
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

/// How to treat undefined imports and options.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Missing {
    Refused,
    Tolerated,
}

/// Maximum number of files that a schema may import, directly or not.
const MAX_FILES: usize = 1000;

/// Returns the file and all it imports, each after those it imports.
pub(super) fn import_order<'f>(
    root: &'f SchemaFile,
    available: &'f [SchemaFile],
    missing: Missing,
) -> Result<Vec<&'f SchemaFile>, Error> {
    let mut given: HashMap<&str, &SchemaFile> = HashMap::new();
    for file in available {
        given.entry(file.name()).or_insert(file);
    }
    let mut found = 0_usize;
    let order = imports::in_order(root, |importer, import| {
        let imported = given.get(import).copied().or_else(|| builtin::file(import));
        if imported.is_none() && missing == Missing::Refused {
            return Err(Error::MissingImport {
                file: importer.name().to_owned(),
                import: import.to_owned(),
            });
        }
        found = found.saturating_add(usize::from(imported.is_some()));
        if found > MAX_FILES {
            return Err(Error::TooLarge {
                file: root.name().to_owned(),
                limit: format!("it imports more than {MAX_FILES} files"),
            });
        }
        Ok(imported)
    })?;
    match order.circle {
        Some(files) => Err(Error::ImportCycle { files }),
        None => Ok(order.files),
    }
}

/// Returns the files among `available` that `file` imports, directly or not, each
/// after those it imports. Built-in files are omitted, and so are cycles, which
/// resolution reports.
pub(in crate::protobuf) fn imported_files(
    file: &SchemaFile,
    available: &[SchemaFile],
) -> Vec<SchemaFile> {
    let find = |_: &SchemaFile, import: &str| -> Result<_, Infallible> {
        let mut available = available.iter().filter(|_| !builtin::is_builtin(import));
        Ok(available.find(|file| file.name() == import))
    };
    let Ok(mut order) = imports::in_order(file, find);
    order.files.pop();
    order.files.into_iter().cloned().collect()
}

/// Adds one file like [`add_to_pool`], but without imports that are not in the pool and,
/// if it still fails, without undefined custom options. Confluent's own options need no
/// import: a field whose tag is ignored would be sent unencrypted.
pub(super) fn add_leniently(pool: &mut DescriptorPool, file: &SchemaFile) -> Result<(), Error> {
    let mut file = file.clone();
    retain_imports(&mut file.proto, |path| {
        pool.get_file_by_name(path).is_some()
    });
    let Err(error) = add_to_pool(pool, &file) else {
        return Ok(());
    };
    let mut definitions = file.clone();
    edit_options(&mut definitions.proto, &mut |_, _, options| options.clear());
    let mut defined = pool.clone();
    add_to_pool(&mut defined, &definitions)?;
    let mut needs_meta = false;
    let mut dropped = false;
    edit_options(&mut file.proto, &mut |target, scope, options| {
        options.retain(|option| {
            let known = encode::is_defined(target, scope, option, &defined);
            let known_to_all = encode::is_defined(target, scope, option, builtin::pool());
            needs_meta |= !known && known_to_all;
            dropped |= !known && !known_to_all;
            known || known_to_all
        });
    });
    if needs_meta {
        let meta = builtin::file(META_PROTO).ok_or(error)?;
        for needed in import_order(meta, &[], Missing::Refused)? {
            if pool.get_file_by_name(needed.name()).is_none() {
                add_to_pool(pool, needed)?;
            }
        }
        file.proto.dependency.push(META_PROTO.to_owned());
    } else if !dropped {
        return Err(error);
    }
    add_to_pool(pool, &file)
}
