//! How ranges, reserved names and extension fields stood together in statements.
//!
//! A descriptor lists them one by one; the canonical text keeps the statements
//! of the source. This is the little a descriptor does not say.

use std::collections::{BTreeMap, HashMap};

use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, SourceCodeInfo};

/// An entry of a `reserved` statement: its position among the descriptor's
/// reserved ranges or reserved names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reserved {
    Range(usize),
    Name(usize),
}

/// Statements by the name of the type they stand in (without package, nested
/// names dotted; empty for the file). Only what differs from one statement per
/// entry, ranges before names, is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    reserved: BTreeMap<String, Vec<Vec<Reserved>>>,
    /// Numbers of ranges of successive `extensions` statements.
    extensions: BTreeMap<String, Vec<usize>>,
    /// Numbers of fields of successive `extend` blocks.
    extends: BTreeMap<String, Vec<usize>>,
}

/// Start of a span: line and column.
type Start = (i32, i32);
type Spans<'a> = HashMap<&'a [i32], Vec<Start>>;

mod tag {
    pub const FILE_MESSAGE: i32 = 4;
    pub const FILE_ENUM: i32 = 5;
    pub const FILE_EXTENSION: i32 = 7;
    pub const MESSAGE_NESTED: i32 = 3;
    pub const MESSAGE_ENUM: i32 = 4;
    pub const MESSAGE_EXTENSION_RANGE: i32 = 5;
    pub const MESSAGE_EXTENSION: i32 = 6;
    pub const MESSAGE_RESERVED_RANGE: i32 = 9;
    pub const MESSAGE_RESERVED_NAME: i32 = 10;
    pub const ENUM_RESERVED_RANGE: i32 = 4;
    pub const ENUM_RESERVED_NAME: i32 = 5;
}

impl Layout {
    /// Reads the statements off the positions the parser recorded. The parser
    /// records each statement under its list's path and each entry under the
    /// list's path and its index, in that order.
    pub fn of_source(file: &FileDescriptorProto, source: &SourceCodeInfo) -> Self {
        let mut spans: Spans<'_> = HashMap::new();
        for location in &source.location {
            if let [line, column, ..] = location.span[..] {
                let starts = spans.entry(&location.path).or_default();
                starts.push((line, column));
            }
        }
        for starts in spans.values_mut() {
            starts.sort_unstable();
        }
        let mut layout = Self::default();
        layout.set_extends(
            String::new(),
            groups(&spans, &[], tag::FILE_EXTENSION, file.extension.len()),
            |i| file.extension.get(i).map(|f| f.extendee()),
        );
        for (message, i) in file.message_type.iter().zip(0..) {
            layout.read_message(message, &mut vec![tag::FILE_MESSAGE, i], "", &spans);
        }
        for (enumeration, i) in file.enum_type.iter().zip(0..) {
            layout.read_enum(enumeration, &[tag::FILE_ENUM, i], "", &spans);
        }
        layout
    }

    fn read_message(
        &mut self,
        message: &DescriptorProto,
        path: &mut Vec<i32>,
        scope: &str,
        spans: &Spans<'_>,
    ) {
        let name = join(scope, message.name());
        let ranges = groups(
            spans,
            path,
            tag::MESSAGE_RESERVED_RANGE,
            message.reserved_range.len(),
        );
        let names = groups(
            spans,
            path,
            tag::MESSAGE_RESERVED_NAME,
            message.reserved_name.len(),
        );
        self.set_reserved(name.clone(), ranges, names);
        let extensions: Vec<usize> = groups(
            spans,
            path,
            tag::MESSAGE_EXTENSION_RANGE,
            message.extension_range.len(),
        )
        .into_iter()
        .map(|(_, entries)| entries.len())
        .collect();
        if extensions.iter().any(|len| *len != 1) {
            self.extensions.insert(name.clone(), extensions);
        }
        self.set_extends(
            name.clone(),
            groups(spans, path, tag::MESSAGE_EXTENSION, message.extension.len()),
            |i| message.extension.get(i).map(|f| f.extendee()),
        );
        for (nested, i) in message.nested_type.iter().zip(0..) {
            path.extend([tag::MESSAGE_NESTED, i]);
            self.read_message(nested, path, &name, spans);
            path.truncate(path.len().saturating_sub(2));
        }
        for (enumeration, i) in message.enum_type.iter().zip(0..) {
            path.extend([tag::MESSAGE_ENUM, i]);
            self.read_enum(enumeration, path, &name, spans);
            path.truncate(path.len().saturating_sub(2));
        }
    }

    fn read_enum(
        &mut self,
        enumeration: &EnumDescriptorProto,
        path: &[i32],
        scope: &str,
        spans: &Spans<'_>,
    ) {
        let ranges = groups(
            spans,
            path,
            tag::ENUM_RESERVED_RANGE,
            enumeration.reserved_range.len(),
        );
        let names = groups(
            spans,
            path,
            tag::ENUM_RESERVED_NAME,
            enumeration.reserved_name.len(),
        );
        self.set_reserved(join(scope, enumeration.name()), ranges, names);
    }

    fn set_reserved(&mut self, name: String, ranges: Groups, names: Groups) {
        let of = |groups: Groups, entry: fn(usize) -> Reserved| {
            groups
                .into_iter()
                .map(move |(start, entries)| (start, entries.into_iter().map(entry).collect()))
        };
        let mut statements: Vec<(Start, Vec<Reserved>)> = of(ranges, Reserved::Range)
            .chain(of(names, Reserved::Name))
            .collect();
        let before = statements.clone();
        statements.sort_by_key(|(start, _)| *start);
        if statements != before || statements.iter().any(|(_, entries)| entries.len() != 1) {
            let statements = statements.into_iter().map(|(_, entries)| entries);
            self.reserved.insert(name, statements.collect());
        }
    }

    fn set_extends<'f>(
        &mut self,
        name: String,
        groups: Groups,
        extendee: impl Fn(usize) -> Option<&'f str>,
    ) {
        let sizes: Vec<usize> = groups.iter().map(|(_, entries)| entries.len()).collect();
        let total = sizes.iter().sum();
        if sizes != runs((0..total).map(extendee)) {
            self.extends.insert(name, sizes);
        }
    }

    /// The `reserved` statements of a type with so many ranges and names.
    pub fn reserved(&self, name: &str, ranges: usize, names: usize) -> Vec<Vec<Reserved>> {
        self.reserved.get(name).cloned().unwrap_or_else(|| {
            let ranges = (0..ranges).map(Reserved::Range);
            let names = (0..names).map(Reserved::Name);
            ranges.chain(names).map(|entry| vec![entry]).collect()
        })
    }

    /// Sizes of the `extensions` statements of a message with so many ranges.
    pub fn extensions(&self, name: &str, ranges: usize) -> Vec<usize> {
        let sizes = self.extensions.get(name).cloned();
        sizes.unwrap_or_else(|| vec![1; ranges])
    }

    /// Sizes of the `extend` blocks that hold fields of these extendees; by
    /// default neighbours of one extendee share a block.
    pub fn extends<'f>(
        &self,
        name: &str,
        extendees: impl Iterator<Item = Option<&'f str>>,
    ) -> Vec<usize> {
        let sizes = self.extends.get(name).cloned();
        sizes.unwrap_or_else(|| runs(extendees))
    }
}

/// Lengths of the runs of equal neighbours.
fn runs<'f>(items: impl Iterator<Item = Option<&'f str>>) -> Vec<usize> {
    let mut sizes: Vec<usize> = Vec::new();
    let mut last = None;
    for item in items {
        match sizes.last_mut() {
            Some(size) if last == Some(item) => *size = size.saturating_add(1),
            _ => sizes.push(1),
        }
        last = Some(item);
    }
    sizes
}

/// Statements of one list: where each starts, and the indexes of its entries.
type Groups = Vec<(Start, Vec<usize>)>;

fn groups(spans: &Spans<'_>, owner: &[i32], list: i32, len: usize) -> Groups {
    let mut path = owner.to_vec();
    path.push(list);
    let Some(statements) = spans.get(&path[..]) else {
        return Vec::new();
    };
    let mut groups: Groups = statements
        .iter()
        .map(|start| (*start, Vec::new()))
        .collect();
    for index in 0..len {
        path.push(i32::try_from(index).unwrap_or(i32::MAX));
        let start = spans.get(&path[..]).and_then(|starts| starts.first());
        path.pop();
        let Some(start) = start else { continue };
        // The last statement that starts no later than the entry holds it.
        let holder = statements.partition_point(|s| s <= start).checked_sub(1);
        if let Some((_, entries)) = holder.and_then(|i| groups.get_mut(i)) {
            entries.push(index);
        }
    }
    groups.retain(|(_, entries)| !entries.is_empty());
    groups
}

/// `scope.name`, or `name` in the empty scope.
pub(super) fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() {
        name.to_owned()
    } else {
        format!("{scope}.{name}")
    }
}
