//! Parses `.proto` source to the model.

use prost_types::{DescriptorProto, FileDescriptorProto, SourceCodeInfo};

use crate::protobuf::error::{Error, Position};
use crate::protobuf::model::elements::{edit_messages, edit_options};
use crate::protobuf::model::import_lines::order_imports;
use crate::protobuf::model::layout::{Layout, Spans};
use crate::protobuf::model::limits;
use crate::protobuf::model::scope::Scope;
use crate::protobuf::model::synthetic_oneof;
use crate::protobuf::options::aggregate::Fields;
use crate::protobuf::options::{self, is_implied_map_entry};
use crate::protobuf::{Form, SchemaFile};

impl SchemaFile {
    /// Parses `.proto` source. `name` is the path by which other files import this
    /// one.
    ///
    /// # Errors
    /// [`Error::Parse`], [`Error::Edition`] or [`Error::TooLarge`].
    pub fn from_text(name: &str, text: &str) -> Result<Self, Error> {
        limits::check_len(name, text.len())?;
        let mut proto = protox_parse::parse(name, text).map_err(|e| parse_error(name, text, &e))?;
        limits::check(name, &proto)?;
        let source = proto.source_code_info.take().unwrap_or_default();
        let spans = Spans::new(&source);
        let mut layout = Layout::of_source(&proto, &spans);
        // The parser assumes proto2; the canonical text states it if the source does.
        if proto.syntax.is_none() && states_syntax(&source) {
            proto.syntax = Some("proto2".to_owned());
        }
        order_file(&mut proto, &mut layout, &spans);
        canonicalize(&mut proto).map_err(|reason| Error::Parse {
            file: name.to_owned(),
            position: None,
            reason,
        })?;
        let mut file = Self::from_descriptor(proto, Form::Text);
        file.layout = layout;
        Ok(file)
    }
}

fn parse_error(name: &str, text: &str, error: &protox_parse::ParseError) -> Error {
    if first_word(text) == Some("edition") {
        return Error::Edition {
            file: name.to_owned(),
        };
    }
    let start = error.span().map(|span| span.start);
    // An error without a span is at the end of the file.
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

/// Returns the first word that is not part of a comment.
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

/// Sorts fields and nested messages as in the canonical text.
fn order_file(file: &mut FileDescriptorProto, layout: &mut Layout, spans: &Spans<'_>) {
    const MESSAGES: i32 = 4;
    let bodies = spans.bodies(&[], &[], &file.extension, &file.message_type);
    let (extensions, messages) = (&mut file.extension, &mut file.message_type);
    let mut path = vec![MESSAGES];
    order_nested(messages, layout, &mut path, spans);
    Scope::take(&mut Vec::new(), extensions, messages, layout, &bodies).put_together(
        &mut Vec::new(),
        extensions,
        messages,
        layout,
    );
}

/// Sorts the contents of each message of a list.
fn order_nested(
    messages: &mut [DescriptorProto],
    layout: &mut Layout,
    path: &mut Vec<i32>,
    spans: &Spans<'_>,
) {
    let mut layouts = layout.take_messages();
    layouts.resize_with(messages.len(), Layout::default);
    for ((message, layout), position) in messages.iter_mut().zip(&mut layouts).zip(0..) {
        path.push(position);
        order_message(message, layout, path, spans);
        path.pop();
    }
    layout.set_messages(layouts);
}

fn order_message(
    message: &mut DescriptorProto,
    layout: &mut Layout,
    path: &mut Vec<i32>,
    spans: &Spans<'_>,
) {
    const NESTED: i32 = 3;
    if is_implied_map_entry(message) {
        // The parser adds JSON names that the source does not have.
        let fields = message.field.iter_mut();
        fields.for_each(|field| field.json_name = None);
    }
    let bodies = spans.bodies(
        path,
        &message.field,
        &message.extension,
        &message.nested_type,
    );
    let (fields, extensions) = (&mut message.field, &mut message.extension);
    let messages = &mut message.nested_type;
    path.push(NESTED);
    order_nested(messages, layout, path, spans);
    path.pop();
    Scope::take(fields, extensions, messages, layout, &bodies)
        .put_together(fields, extensions, messages, layout);
}

/// Gives equal schemas equal models: sorts lists as in the canonical text, and spells
/// option values in one way. The error says which option value is malformed.
fn canonicalize(file: &mut FileDescriptorProto) -> Result<(), String> {
    if file.package.as_deref() == Some("") {
        file.package = None;
    }
    order_imports(file);
    edit_messages(file, &mut |_, message| {
        if let Some(options) = &mut message.options
            && options.map_entry.is_none()
        {
            let mut written = options.uninterpreted_option.iter();
            options.map_entry = written.find_map(options::map_entry).filter(|entry| *entry);
        }
        synthetic_oneof::name(message);
    });
    let mut malformed = None;
    edit_options(file, &mut |_, _, options| {
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
