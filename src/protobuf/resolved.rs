use std::collections::HashSet;

use prost_reflect::MessageDescriptor;

use super::builtin::is_builtin;
use super::json::JsonCodec;
use super::{Error, SchemaFile};
use crate::wire_format::MessageIndexes;

/// What both implementations of a schema have in common: one message type of
/// one file, looked up once.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    pub(super) file: SchemaFile,
    pub(super) text: String,
    pub(super) dependencies: Vec<SchemaFile>,
    pub(super) descriptor: MessageDescriptor,
    pub(super) indexes: MessageIndexes,
    pub(super) json: JsonCodec,
}

impl Resolved {
    /// Resolves message `full_name` of `file`. `dependencies` may hold more
    /// files than are imported, in any order; those needed are kept.
    pub(super) fn new(
        file: SchemaFile,
        full_name: &str,
        dependencies: &[SchemaFile],
    ) -> Result<Self, Error> {
        let descriptor = file
            .resolve(dependencies)?
            .parent_pool()
            .get_message_by_name(full_name);
        Self::with_descriptor(file, full_name, dependencies, descriptor)
    }

    pub(super) fn with_descriptor(
        file: SchemaFile,
        full_name: &str,
        available: &[SchemaFile],
        descriptor: Option<MessageDescriptor>,
    ) -> Result<Self, Error> {
        let (Some(descriptor), Some(indexes)) = (descriptor, file.message_indexes(full_name))
        else {
            return Err(Error::NoMessage {
                file: file.name().to_owned(),
                message: full_name.to_owned(),
            });
        };
        Ok(Self {
            text: file.to_text(),
            dependencies: closure(&file, available),
            json: JsonCodec::new(&descriptor),
            file,
            descriptor,
            indexes,
        })
    }
}

/// The files that `file` imports, directly or not, each after those it imports;
/// built-in ones left out. Circles are left for resolution to report.
pub(super) fn closure(file: &SchemaFile, available: &[SchemaFile]) -> Vec<SchemaFile> {
    let find = |import: &str| available.iter().find(|file| file.name() == import);
    let mut found: Vec<SchemaFile> = Vec::new();
    let mut seen: HashSet<&str> = HashSet::from([file.name()]);
    // No recursion: a chain of imports may be as long as the sender likes.
    let mut stack = vec![(file, file.imports().collect::<Vec<_>>().into_iter())];
    while let Some((current, imports)) = stack.last_mut() {
        let Some(import) = imports.next() else {
            if current.name() != file.name() {
                found.push((*current).clone());
            }
            stack.pop();
            continue;
        };
        if !is_builtin(import)
            && seen.insert(import)
            && let Some(next) = find(import)
        {
            stack.push((next, next.imports().collect::<Vec<_>>().into_iter()));
        }
    }
    found
}
