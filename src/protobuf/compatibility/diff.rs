//! Compares two files: their messages and enums.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt::Display;

use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

use super::declaration::{self, MapEntry};
use super::types::{Types, named_messages};
use super::{Candidate, Difference, DifferenceKind};

/// Maximum depth of messages within messages; deeper ones are compared later. Their
/// differences are found, but the fields that lead to them are not reported as changed.
const MAX_DEPTH: usize = 100;

/// Number of comparisons after which results for pairs of messages are reused. Before,
/// a difference is listed for every field that leads to it, as in the reference
/// implementation. Without this limit, types that refer to each other several times
/// would take exponential time. The verdict is the same.
const MAX_REPEATED_WORK: usize = 100_000;

/// Returns all differences between two schemas, including compatible ones.
///
/// `original` is the older schema. The differences say whether `update` can read its
/// data.
pub fn diff(original: &Candidate<'_>, update: &Candidate<'_>) -> Vec<Difference> {
    diff_types(&Types::new(original), &Types::new(update))
}

/// Like [`diff`], with type tables that exist already.
pub(super) fn diff_types(original: &Types<'_>, update: &Types<'_>) -> Vec<Difference> {
    let mut walk = Walk {
        original,
        update,
        differences: Vec::new(),
        active: HashSet::new(),
        finished: HashMap::new(),
        deferred: VecDeque::new(),
        deferred_once: HashSet::new(),
        depth: 0,
        work: 0,
    };
    walk.files();
    walk.differences
}

/// A message and the file that declares it, in whose package its names are looked up.
#[derive(Clone, Copy)]
pub(super) struct MessageInFile<'a> {
    pub proto: &'a DescriptorProto,
    pub file: &'a FileDescriptorProto,
}

/// Two messages to compare. Their names are equal, without the package.
#[derive(Clone)]
pub(super) struct Pair<'a> {
    /// Names of the enclosing messages and the message itself, dotted.
    pub local_name: String,
    pub original: MessageInFile<'a>,
    pub update: MessageInFile<'a>,
}

impl Pair<'_> {
    /// Returns the identity of the two declarations. Names are not unique: several files
    /// may declare the same one.
    fn key(&self) -> (usize, usize) {
        (address(self.original.proto), address(self.update.proto))
    }

    pub fn path(&self, rest: &[&dyn Display]) -> String {
        let mut path = format!("#/{}", self.local_name.replace('.', "/"));
        for part in rest {
            path.push('/');
            path.push_str(&part.to_string());
        }
        path
    }
}

fn address(message: &DescriptorProto) -> usize {
    std::ptr::from_ref(message).addr()
}

/// Messages and enums of one parent.
struct Siblings<'a> {
    file: &'a FileDescriptorProto,
    messages: Vec<&'a DescriptorProto>,
    enums: &'a [EnumDescriptorProto],
}

impl<'a> Siblings<'a> {
    fn of_file(file: &'a FileDescriptorProto) -> Self {
        Self {
            file,
            messages: written(named_messages(&[], &file.extension, &file.message_type)),
            enums: &file.enum_type,
        }
    }

    fn of_message(message: MessageInFile<'a>) -> Self {
        let proto = message.proto;
        Self {
            file: message.file,
            messages: written(named_messages(
                &proto.field,
                &proto.extension,
                &proto.nested_type,
            )),
            enums: &proto.enum_type,
        }
    }

    /// Returns messages by name with their index. Of two with one name the later one
    /// counts.
    fn by_name(&self) -> HashMap<&'a str, (usize, &'a DescriptorProto)> {
        self.messages
            .iter()
            .enumerate()
            .map(|(index, message)| (message.name(), (index, *message)))
            .collect()
    }
}

/// Leaves out entries that a `map<K, V>` implies: the source has no such message.
fn written<'a>(messages: impl Iterator<Item = &'a DescriptorProto>) -> Vec<&'a DescriptorProto> {
    messages
        .filter(|message| declaration::map_entry(message) != MapEntry::Implied)
        .collect()
}

/// Returns names in the order of the original, then those that only the update has.
fn names<'a>(
    original: impl Iterator<Item = &'a str>,
    update: impl Iterator<Item = &'a str>,
) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    original
        .chain(update)
        .filter(|name| seen.insert(*name))
        .collect()
}

/// A comparison in progress. Its methods return `true` if they found something
/// incompatible.
pub(super) struct Walk<'t, 'a> {
    pub original: &'t Types<'a>,
    pub update: &'t Types<'a>,
    differences: Vec<Difference>,
    /// Originals that are being compared; recursion stops at these.
    active: HashSet<usize>,
    finished: HashMap<(usize, usize), bool>,
    deferred: VecDeque<Pair<'a>>,
    deferred_once: HashSet<(usize, usize)>,
    depth: usize,
    work: usize,
}

impl<'a> Walk<'_, 'a> {
    pub fn add(&mut self, kind: DifferenceKind, path: String) -> bool {
        self.differences.push(Difference { kind, path });
        !kind.is_compatible()
    }

    /// Counts elements before they are compared.
    pub fn count(&mut self, compared: usize) {
        self.work = self.work.saturating_add(compared.max(1));
    }

    fn files(&mut self) {
        let (original, update) = (self.original.file, self.update.file);
        if original.package() != update.package() {
            self.add(DifferenceKind::PackageChanged, "#/".to_owned());
        }
        self.types("", &Siblings::of_file(original), &Siblings::of_file(update));
        while let Some(pair) = self.deferred.pop_front() {
            if !self.finished.contains_key(&pair.key()) {
                self.message(&pair);
            }
        }
    }

    fn types(&mut self, parent: &str, original: &Siblings<'a>, update: &Siblings<'a>) -> bool {
        let path = |name: &str| match parent {
            "" => name.to_owned(),
            _ => format!("{parent}.{name}"),
        };
        self.count(original.messages.len().max(update.messages.len()));
        let before = original.by_name();
        let after = update.by_name();
        let mut incompatible = false;
        for name in names(
            original.messages.iter().map(|message| message.name()),
            update.messages.iter().map(|message| message.name()),
        ) {
            let local_name = path(name);
            let slashed = || format!("#/{}", local_name.replace('.', "/"));
            let is_entry = |message| declaration::map_entry(message) != MapEntry::No;
            match (before.get(name), after.get(name)) {
                (Some((_, message)), None) if !is_entry(message) => {
                    incompatible |= self.add(DifferenceKind::MessageRemoved, slashed());
                }
                (None, Some((_, message))) if !is_entry(message) => {
                    incompatible |= self.add(DifferenceKind::MessageAdded, slashed());
                }
                (Some((old_index, old)), Some((new_index, new))) => {
                    let moved = (old_index != new_index).then(slashed);
                    incompatible |= self.message(&Pair {
                        local_name,
                        original: MessageInFile {
                            proto: old,
                            file: original.file,
                        },
                        update: MessageInFile {
                            proto: new,
                            file: update.file,
                        },
                    });
                    if let Some(path) = moved {
                        incompatible |= self.add(DifferenceKind::MessageMoved, path);
                    }
                }
                _ => {}
            }
        }
        self.enums(parent, original.enums, update.enums);
        incompatible
    }

    /// Reports differences of enums, all of which are compatible.
    fn enums(
        &mut self,
        parent: &str,
        original: &[EnumDescriptorProto],
        update: &[EnumDescriptorProto],
    ) {
        fn by_name(enums: &[EnumDescriptorProto]) -> HashMap<&str, &EnumDescriptorProto> {
            enums
                .iter()
                .map(|declared| (declared.name(), declared))
                .collect()
        }
        let before = by_name(original);
        let after = by_name(update);
        let parent = match parent {
            "" => "#".to_owned(),
            _ => format!("#/{}", parent.replace('.', "/")),
        };
        for name in names(
            original.iter().map(|declared| declared.name()),
            update.iter().map(|declared| declared.name()),
        ) {
            let path = format!("{parent}/{name}");
            match (before.get(name), after.get(name)) {
                (Some(old), Some(new)) => self.enum_constants(&path, old, new),
                (Some(_), None) => {
                    self.add(DifferenceKind::EnumRemoved, path);
                }
                _ => {
                    self.add(DifferenceKind::EnumAdded, path);
                }
            }
        }
    }

    fn enum_constants(
        &mut self,
        path: &str,
        original: &EnumDescriptorProto,
        update: &EnumDescriptorProto,
    ) {
        fn by_number(declared: &EnumDescriptorProto) -> std::collections::BTreeMap<i32, &str> {
            declared
                .value
                .iter()
                .map(|value| (value.number(), value.name()))
                .collect()
        }
        let before = by_number(original);
        let after = by_number(update);
        for (number, name) in &before {
            let kind = match after.get(number) {
                None => DifferenceKind::EnumConstRemoved,
                Some(new) if new != name => DifferenceKind::EnumConstChanged,
                Some(_) => continue,
            };
            self.add(kind, format!("{path}/{number}"));
        }
        for number in after.keys().filter(|number| !before.contains_key(number)) {
            self.add(DifferenceKind::EnumConstAdded, format!("{path}/{number}"));
        }
    }

    pub fn message(&mut self, pair: &Pair<'a>) -> bool {
        let key = pair.key();
        let exhausted = self.work > MAX_REPEATED_WORK;
        if exhausted && let Some(incompatible) = self.finished.get(&key) {
            return *incompatible;
        }
        let entered = !self.active.contains(&key.0);
        if !entered && exhausted {
            return false;
        }
        if self.depth >= MAX_DEPTH {
            if self.deferred_once.insert(key) {
                self.deferred.push_back(pair.clone());
            }
            return false;
        }
        self.depth += 1;
        let mut incompatible = false;
        if entered {
            self.active.insert(key.0);
            incompatible |= self.fields(pair);
        }
        incompatible |= self.types(
            &pair.local_name,
            &Siblings::of_message(pair.original),
            &Siblings::of_message(pair.update),
        );
        if entered {
            self.active.remove(&key.0);
            self.finished.insert(key, incompatible);
        }
        self.depth -= 1;
        incompatible
    }
}
