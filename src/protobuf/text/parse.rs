//! `.proto` source → the model.

use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, SourceCodeInfo};

use crate::protobuf::error::{Error, Position};
use crate::protobuf::model::field_messages::{Bodies, Scope};
use crate::protobuf::model::layout::{Layout, Spans};
use crate::protobuf::model::limits;
use crate::protobuf::model::synthetic_oneof;
use crate::protobuf::options::aggregate::Fields;
use crate::protobuf::options::{self, is_implied_map_entry};

/// Parses source text. The layout says how statements grouped their entries.
pub(in crate::protobuf) fn parse(
    name: &str,
    text: &str,
) -> Result<(FileDescriptorProto, Layout), Error> {
    limits::check_len(name, text.len())?;
    let mut file = protox_parse::parse(name, text).map_err(|e| parse_error(name, text, &e))?;
    limits::check(name, &mut file)?;
    let source = file.source_code_info.take().unwrap_or_default();
    let spans = Spans::new(&source);
    let mut layout = Layout::of_source(&file, &spans);
    // The parser takes proto2 for granted; the canonical text says it if the source does.
    if file.syntax.is_none() && states_syntax(&source) {
        file.syntax = Some("proto2".to_owned());
    }
    order_file(
        &mut file,
        &mut layout,
        &|path, fields, extensions, messages| spans.bodies(path, fields, extensions, messages),
    );
    file.message_type.iter_mut().for_each(synthetic_oneof::name);
    canonicalize(&mut file).map_err(|reason| Error::Parse {
        file: name.to_owned(),
        position: None,
        reason,
    })?;
    Ok((file, layout))
}

fn parse_error(name: &str, text: &str, error: &protox_parse::ParseError) -> Error {
    if first_word(text) == Some("edition") {
        return Error::Edition {
            file: name.to_owned(),
        };
    }
    let start = error.span().map(|span| span.start);
    // Without a span the end of the file was reached too early.
    let before = text.get(..start.unwrap_or(text.len())).unwrap_or(text);
    let line_start = before
        .rfind('\n')
        .map_or(0, |newline| newline.saturating_add(1));
    Error::Parse {
        file: name.to_owned(),
        position: Some(Position {
            line: before.matches('\n').count().saturating_add(1),
            column: before
                .get(line_start..)
                .map_or(0, |line| line.chars().count())
                .saturating_add(1),
        }),
        reason: error.to_string(),
    }
}

/// The first word that is not part of a comment.
fn first_word(text: &str) -> Option<&str> {
    let mut rest = text.trim_start();
    loop {
        rest = if rest.starts_with("//") {
            rest.split_once('\n')?.1
        } else if rest.starts_with("/*") {
            rest.split_once("*/")?.1
        } else {
            break;
        }
        .trim_start();
    }
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    rest.get(..end.unwrap_or(rest.len()))
}

fn states_syntax(source: &SourceCodeInfo) -> bool {
    const SYNTAX: [i32; 1] = [12];
    source
        .location
        .iter()
        .any(|location| location.path == SYNTAX)
}

/// Says which messages of the scope at a path are bodies of which fields and
/// extensions.
pub(in crate::protobuf) type Link<'a> = &'a dyn Fn(
    &[i32],
    &[FieldDescriptorProto],
    &[FieldDescriptorProto],
    &[DescriptorProto],
) -> Bodies;

/// Puts fields and nested messages in the order in which the canonical text reads back.
fn order_file(file: &mut FileDescriptorProto, layout: &mut Layout, link: Link<'_>) {
    const MESSAGES: i32 = 4;
    let bodies = link(&[], &[], &file.extension, &file.message_type);
    let (extensions, messages) = (&mut file.extension, &mut file.message_type);
    let mut path = vec![MESSAGES];
    order_nested(messages, layout, &mut path, link);
    Scope::take(&mut Vec::new(), extensions, messages, layout, &bodies).put_together(
        &mut Vec::new(),
        extensions,
        messages,
        layout,
    );
}

/// Orders what is in each of the messages of a list.
fn order_nested(
    messages: &mut [DescriptorProto],
    layout: &mut Layout,
    path: &mut Vec<i32>,
    link: Link<'_>,
) {
    let mut layouts = layout.take_messages();
    layouts.resize_with(messages.len(), Layout::default);
    for ((message, layout), position) in messages.iter_mut().zip(&mut layouts).zip(0..) {
        path.push(position);
        order_message(message, layout, path, link);
        path.pop();
    }
    layout.set_messages(layouts);
}

fn order_message(
    message: &mut DescriptorProto,
    layout: &mut Layout,
    path: &mut Vec<i32>,
    link: Link<'_>,
) {
    const NESTED: i32 = 3;
    if is_implied_map_entry(message) {
        // The parser states the JSON names, which nobody wrote.
        let fields = message.field.iter_mut();
        fields.for_each(|field| field.json_name = None);
    }
    let bodies = link(
        path,
        &message.field,
        &message.extension,
        &message.nested_type,
    );
    let (fields, extensions) = (&mut message.field, &mut message.extension);
    let messages = &mut message.nested_type;
    path.push(NESTED);
    order_nested(messages, layout, path, link);
    path.pop();
    Scope::take(fields, extensions, messages, layout, &bodies)
        .put_together(fields, extensions, messages, layout);
}

/// Name of the message that the parser makes for the entries of a map field.
pub(in crate::protobuf) fn map_entry_name(field: &str) -> String {
    let mut name = String::with_capacity(field.len().saturating_add(5));
    let mut capital = true;
    for c in field.chars() {
        if c == '_' {
            capital = true;
        } else if std::mem::take(&mut capital) {
            name.push(c.to_ascii_uppercase());
        } else {
            name.push(c);
        }
    }
    name.push_str("Entry");
    name
}

/// Gives equal schemas one model, whatever the form they came in: lists that
/// the canonical text regroups are put in its order, option values get one
/// spelling. The error says which option value is malformed.
fn canonicalize(file: &mut FileDescriptorProto) -> Result<(), String> {
    fn message(item: &mut DescriptorProto) {
        if let Some(options) = &mut item.options
            && options.map_entry.is_none()
        {
            let mut written = options.uninterpreted_option.iter();
            options.map_entry = written.find_map(options::map_entry).filter(|entry| *entry);
        }
        item.nested_type.iter_mut().for_each(message);
    }
    file.source_code_info = None;
    if file.package.as_deref() == Some("") {
        file.package = None;
    }
    order_imports(file);
    file.message_type.iter_mut().for_each(message);
    let mut malformed = None;
    options::edit_all(file, &mut |_, _, options| {
        for option in options {
            if let Some(text) = &mut option.aggregate_value {
                match Fields::parse(text) {
                    Ok(fields) => *text = fields.compact(),
                    Err(reason) => {
                        malformed.get_or_insert(reason);
                    }
                }
            }
        }
    });
    malformed.map_or(Ok(()), Err)
}

/// Plain imports, then weak, then public ones; indexes outside the list go.
fn order_imports(file: &mut FileDescriptorProto) {
    edit_imports(file, |imports| imports.sort_by_key(|(kind, _)| *kind));
}

/// Drops the imports that are not `wanted`.
pub(in crate::protobuf) fn retain_imports(
    file: &mut FileDescriptorProto,
    wanted: impl Fn(&str) -> bool,
) {
    if !file.dependency.iter().all(|path| wanted(path)) {
        edit_imports(file, |imports| imports.retain(|(_, path)| wanted(path)));
    }
}

/// Kind of an import, in the order of the canonical text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::protobuf) enum Import {
    Plain,
    Weak,
    Public,
}

/// Hands the imports to `edit` as kind and path, and takes them back.
pub(in crate::protobuf) fn edit_imports(
    file: &mut FileDescriptorProto,
    edit: impl FnOnce(&mut Vec<(Import, String)>),
) {
    let kind = |index: i32| {
        if file.public_dependency.contains(&index) {
            Import::Public
        } else if file.weak_dependency.contains(&index) {
            Import::Weak
        } else {
            Import::Plain
        }
    };
    let paths = std::mem::take(&mut file.dependency);
    let mut imports: Vec<(Import, String)> = (0..).map(kind).zip(paths).collect();
    edit(&mut imports);
    let of_kind = |wanted: Import| {
        let indexes = (0..).zip(&imports).filter(|(_, (kind, _))| *kind == wanted);
        indexes.map(|(index, _)| index).collect()
    };
    file.weak_dependency = of_kind(Import::Weak);
    file.public_dependency = of_kind(Import::Public);
    file.dependency = imports.into_iter().map(|(_, path)| path).collect();
}
