//! How the source groups ranges, reserved names and extension fields in statements.
//!
//! The canonical text keeps these statements, but a descriptor lists their entries
//! one by one.

use std::collections::HashMap;

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, SourceCodeInfo,
};

use super::field_messages::{FieldMessages, is_group};

/// An entry of a `reserved` statement: its position among the descriptor's
/// reserved ranges or reserved names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::protobuf) enum Reserved {
    Range(usize),
    Name(usize),
}

/// The statements of a file, a message or an enum, and of the types in it. Holds only
/// what differs from the default: one statement per entry, ranges before names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::protobuf) struct Layout {
    reserved: Option<Vec<Vec<Reserved>>>,
    /// Numbers of ranges of successive `extensions` statements.
    extensions: Option<Vec<usize>>,
    /// Numbers of fields of successive `extend` blocks.
    extends: Option<Vec<usize>>,
    /// By position; empty if there is nothing to keep.
    messages: Vec<Layout>,
    enums: Vec<Layout>,
}

static NOTHING: Layout = Layout {
    reserved: None,
    extensions: None,
    extends: None,
    messages: Vec::new(),
    enums: Vec::new(),
};

/// Start of a span: line and column.
type Start = (i32, i32);

/// Where statements and their entries start, by their path.
pub(in crate::protobuf) struct Spans<'a>(HashMap<&'a [i32], Vec<Start>>);

mod tag {
    pub const FILE_MESSAGE: i32 = 4;
    pub const FILE_ENUM: i32 = 5;
    pub const FILE_EXTENSION: i32 = 7;
    pub const MESSAGE_FIELD: i32 = 2;
    pub const MESSAGE_NESTED: i32 = 3;
    pub const MESSAGE_ENUM: i32 = 4;
    pub const MESSAGE_EXTENSION_RANGE: i32 = 5;
    pub const MESSAGE_EXTENSION: i32 = 6;
    pub const MESSAGE_RESERVED_RANGE: i32 = 9;
    pub const MESSAGE_RESERVED_NAME: i32 = 10;
    pub const ENUM_RESERVED_RANGE: i32 = 4;
    pub const ENUM_RESERVED_NAME: i32 = 5;
}

impl<'a> Spans<'a> {
    pub fn new(source: &'a SourceCodeInfo) -> Self {
        let mut spans: HashMap<&[i32], Vec<Start>> = HashMap::new();
        for location in &source.location {
            if let [line, column, ..] = location.span[..] {
                let starts = spans.entry(&location.path).or_default();
                starts.push((line, column));
            }
        }
        for starts in spans.values_mut() {
            starts.sort_unstable();
        }
        Self(spans)
    }

    /// Links fields to messages in the scope at `path`, which is empty for the file.
    /// The parser records the body of a group where the group starts.
    pub fn bodies(
        &self,
        path: &[i32],
        fields: &[FieldDescriptorProto],
        extensions: &[FieldDescriptorProto],
        messages: &[DescriptorProto],
    ) -> FieldMessages {
        let (extension_tag, message_tag) = match path {
            [] => (tag::FILE_EXTENSION, tag::FILE_MESSAGE),
            _ => (tag::MESSAGE_EXTENSION, tag::MESSAGE_NESTED),
        };
        let start = |tag: i32, position: usize| {
            let position = i32::try_from(position).ok()?;
            let path = [path, &[tag, position]].concat();
            self.0.get(&path[..])?.first().copied()
        };
        let bodies = FieldMessages::of(fields, extensions, messages);
        let fields = fields.iter().enumerate().map(|f| (tag::MESSAGE_FIELD, f));
        let extensions = extensions.iter().enumerate().map(|f| (extension_tag, f));
        let groups: Vec<_> = (fields.chain(extensions).enumerate())
            .filter(|(_, (_, (_, field)))| is_group(field))
            .collect();
        if groups.is_empty() {
            return bodies;
        }
        let messages: HashMap<Start, usize> = (0..messages.len())
            .filter_map(|position| Some((start(message_tag, position)?, position)))
            .collect();
        let positions = (groups.into_iter()).filter_map(|(member, (tag, (position, _)))| {
            Some((member, *messages.get(&start(tag, position)?)?))
        });
        bodies.with_groups(positions)
    }
}

impl Layout {
    /// Derives the statements from the positions that the parser recorded: each
    /// statement under the path of its list, then each entry under that path and its
    /// index.
    pub fn of_source(file: &FileDescriptorProto, spans: &Spans<'_>) -> Self {
        let mut layout = Self::default();
        layout.set_extends(
            groups(spans, &[], tag::FILE_EXTENSION, file.extension.len()),
            |i| file.extension.get(i).map(|f| f.extendee()),
        );
        let messages = file.message_type.iter().zip(0..);
        layout.set_messages(
            messages
                .map(|(message, i)| Self::of_message(message, &[tag::FILE_MESSAGE, i], spans))
                .collect(),
        );
        let enums = file.enum_type.iter().zip(0..);
        layout.set_enums(
            enums
                .map(|(item, i)| Self::of_enum(item, &[tag::FILE_ENUM, i], spans))
                .collect(),
        );
        layout
    }

    fn of_message(message: &DescriptorProto, path: &[i32], spans: &Spans<'_>) -> Self {
        let mut layout = Self::default();
        let ranges = message.reserved_range.len();
        let names = message.reserved_name.len();
        layout.set_reserved(
            groups(spans, path, tag::MESSAGE_RESERVED_RANGE, ranges),
            groups(spans, path, tag::MESSAGE_RESERVED_NAME, names),
        );
        let ranges = message.extension_range.len();
        let extensions = groups(spans, path, tag::MESSAGE_EXTENSION_RANGE, ranges).into_iter();
        let extensions: Vec<usize> = extensions.map(|(_, entries)| entries.len()).collect();
        if extensions.iter().any(|len| *len != 1) {
            layout.extensions = Some(extensions);
        }
        layout.set_extends(
            groups(spans, path, tag::MESSAGE_EXTENSION, message.extension.len()),
            |i| message.extension.get(i).map(|f| f.extendee()),
        );
        let nested = message.nested_type.iter().zip(0..);
        let nested = nested.map(|(nested, i)| {
            let path = [path, &[tag::MESSAGE_NESTED, i]].concat();
            Self::of_message(nested, &path, spans)
        });
        layout.set_messages(nested.collect());
        let enums = message.enum_type.iter().zip(0..);
        let enums = enums.map(|(item, i)| {
            let path = [path, &[tag::MESSAGE_ENUM, i]].concat();
            Self::of_enum(item, &path, spans)
        });
        layout.set_enums(enums.collect());
        layout
    }

    fn of_enum(item: &EnumDescriptorProto, path: &[i32], spans: &Spans<'_>) -> Self {
        let mut layout = Self::default();
        let (ranges, names) = (item.reserved_range.len(), item.reserved_name.len());
        layout.set_reserved(
            groups(spans, path, tag::ENUM_RESERVED_RANGE, ranges),
            groups(spans, path, tag::ENUM_RESERVED_NAME, names),
        );
        layout
    }

    /// Returns the layout of the message at `position`.
    pub fn message(&self, position: usize) -> &Self {
        self.messages.get(position).unwrap_or(&NOTHING)
    }

    /// Returns the layout of the enum at `position`.
    pub fn enumeration(&self, position: usize) -> &Self {
        self.enums.get(position).unwrap_or(&NOTHING)
    }

    /// Takes the layouts of the messages by position. Trailing ones may be missing.
    pub fn take_messages(&mut self) -> Vec<Self> {
        std::mem::take(&mut self.messages)
    }

    pub fn set_messages(&mut self, messages: Vec<Self>) {
        self.messages = unless_empty(messages);
    }

    fn set_enums(&mut self, enums: Vec<Self>) {
        self.enums = unless_empty(enums);
    }

    fn set_reserved(&mut self, ranges: Groups, names: Groups) {
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
            self.reserved = Some(statements.collect());
        }
    }

    fn set_extends<'f>(&mut self, groups: Groups, extendee: impl Fn(usize) -> Option<&'f str>) {
        let sizes: Vec<usize> = groups.iter().map(|(_, entries)| entries.len()).collect();
        let total = sizes.iter().sum();
        if sizes != runs((0..total).map(extendee)) {
            self.extends = Some(sizes);
        }
    }

    /// Returns the `reserved` statements of a type with this many ranges and names.
    pub fn reserved(&self, ranges: usize, names: usize) -> Vec<Vec<Reserved>> {
        self.reserved.clone().unwrap_or_else(|| {
            let ranges = (0..ranges).map(Reserved::Range);
            let names = (0..names).map(Reserved::Name);
            ranges.chain(names).map(|entry| vec![entry]).collect()
        })
    }

    /// Returns the sizes of the `extensions` statements of a message with this many
    /// ranges.
    pub fn extensions(&self, ranges: usize) -> Vec<usize> {
        let sizes = self.extensions.clone();
        sizes.unwrap_or_else(|| vec![1; ranges])
    }

    /// Returns the sizes of the `extend` blocks that hold fields of these extendees. By
    /// default, neighbours with the same extendee share a block.
    pub fn extends<'f>(&self, extendees: impl Iterator<Item = Option<&'f str>>) -> Vec<usize> {
        let sizes = self.extends.clone();
        sizes.unwrap_or_else(|| runs(extendees))
    }
}

/// Returns no layouts if all of them are the default.
fn unless_empty(layouts: Vec<Layout>) -> Vec<Layout> {
    if layouts.iter().all(|layout| *layout == NOTHING) {
        return Vec::new();
    }
    layouts
}

/// Returns the lengths of the runs of equal neighbours.
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
    let Some(statements) = spans.0.get(&path[..]) else {
        return Vec::new();
    };
    let mut groups: Groups = statements
        .iter()
        .map(|start| (*start, Vec::new()))
        .collect();
    for index in 0..len {
        path.push(i32::try_from(index).unwrap_or(i32::MAX));
        let start = spans.0.get(&path[..]).and_then(|starts| starts.first());
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
