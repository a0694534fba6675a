//! The canonical text of a schema, as Confluent's registry stores and returns it.
//!
//! Order and spacing follow the registry's own printer: syntax and package,
//! then groups separated by an empty line: imports, options, messages before
//! enums, extensions, services. Inside a message: reserved, options, fields,
//! oneofs, groups, extension ranges, extends, nested types. An empty line inside
//! a block consists of the block's indentation.

pub(super) mod literal;
mod option;

use std::collections::{HashMap, HashSet};

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    MethodDescriptorProto, OneofDescriptorProto, ServiceDescriptorProto, UninterpretedOption,
};

use self::literal::quoted;
use super::layout::{Layout, Reserved, join};
use super::options::is_implied_map_entry;
use super::source::{group_names, is_group, unqualified};

/// Greatest field number; ranges that reach it end in `max`.
const MAX_FIELD_NUMBER: i32 = 536_870_911;

/// Prints a file.
pub(super) fn print(file: &FileDescriptorProto, layout: &Layout) -> String {
    let mut printer = Printer {
        out: String::new(),
        depth: 0,
        layout,
        proto3: file.syntax() == "proto3",
    };
    printer.file(file);
    printer.out
}

/// Messages of one scope by name: entries of `map<>` fields and bodies of
/// groups are printed where the field is.
type Types<'m> = HashMap<&'m str, &'m DescriptorProto>;

fn types(messages: &[DescriptorProto]) -> Types<'_> {
    let named = messages.iter().rev();
    named.map(|message| (message.name(), message)).collect()
}

struct Printer<'a> {
    out: String,
    /// Blocks around the line being printed.
    depth: usize,
    layout: &'a Layout,
    proto3: bool,
}

impl Printer<'_> {
    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
    }

    /// An indented line; further lines of `text` are indented alike.
    fn line(&mut self, text: &str) {
        for line in text.split('\n') {
            self.indent();
            self.out.push_str(line);
            self.out.push('\n');
        }
    }

    /// Opens a block; its first group ends the line.
    fn open(&mut self, head: &str) {
        self.indent();
        self.out.push_str(head);
        self.out.push_str(" {");
    }

    /// Begins a group of lines inside the block opened last: ends the line of
    /// the brace, or leaves an empty line after the group before.
    fn group(&mut self) {
        if self.out.ends_with('\n') {
            self.indent();
        }
        self.out.push('\n');
    }

    fn close(&mut self) {
        if self.out.ends_with('\n') {
            self.indent();
        }
        self.out.push_str("}\n");
    }

    /// Runs `body` one block deeper.
    fn inside(&mut self, body: impl FnOnce(&mut Self)) {
        self.depth = self.depth.saturating_add(1);
        body(self);
        self.depth = self.depth.saturating_sub(1);
    }

    fn file(&mut self, file: &FileDescriptorProto) {
        if let Some(syntax) = &file.syntax {
            self.line(&format!("syntax = {};", quoted(syntax.as_bytes())));
        }
        if let Some(package) = &file.package {
            self.line(&format!("package {package};"));
        }
        if !file.dependency.is_empty() {
            self.out.push('\n');
        }
        let kind = |index: i32| {
            if file.public_dependency.contains(&index) {
                "public "
            } else if file.weak_dependency.contains(&index) {
                "weak "
            } else {
                ""
            }
        };
        let imports = file.dependency.iter().zip((0..).map(kind));
        for wanted in ["", "weak ", "public "] {
            for (path, kind) in imports.clone().filter(|(_, kind)| *kind == wanted) {
                self.line(&format!("import {kind}{};", quoted(path.as_bytes())));
            }
        }
        let options = file.options.as_ref().map(|o| &o.uninterpreted_option[..]);
        if let Some(options @ [_, ..]) = options {
            self.out.push('\n');
            self.options(options);
        }
        let groups: HashSet<String> = group_names(&[], &file.extension).into_iter().collect();
        let is_type = |message: &&DescriptorProto| !groups.contains(message.name());
        let mut messages = file.message_type.iter().filter(is_type).peekable();
        if messages.peek().is_some() || !file.enum_type.is_empty() {
            self.out.push('\n');
        }
        for message in messages {
            self.message(message, "");
        }
        for enumeration in &file.enum_type {
            self.enumeration(enumeration, "");
        }
        if !file.extension.is_empty() {
            self.out.push('\n');
            self.extends("", &file.extension, &types(&file.message_type));
        }
        if !file.service.is_empty() {
            self.out.push('\n');
        }
        for service in &file.service {
            self.service(service);
        }
    }

    fn options(&mut self, options: &[UninterpretedOption]) {
        for option in options {
            self.line(&format!("option {};", option::assignment(option)));
        }
    }

    fn message(&mut self, message: &DescriptorProto, scope: &str) {
        self.open(&format!("message {}", message.name()));
        self.message_body(message, &join(scope, message.name()));
    }

    /// What follows the brace, with the closing one.
    fn message_body(&mut self, message: &DescriptorProto, name: &str) {
        let reserved: Vec<Range> = (message.reserved_range.iter())
            .map(|range| Range::half_open(range.start(), range.end()))
            .collect();
        if !reserved.is_empty() || !message.reserved_name.is_empty() {
            self.group();
            self.reserved(name, &reserved, &message.reserved_name);
        }
        let options = message
            .options
            .as_ref()
            .map(|o| &o.uninterpreted_option[..]);
        if let Some(options @ [_, ..]) = options {
            self.group();
            self.inside(|p| p.options(options));
        }
        let types = types(&message.nested_type);
        let mut plain = Vec::new();
        let mut groups = Vec::new();
        let mut oneofs: HashMap<i32, Vec<&FieldDescriptorProto>> = HashMap::new();
        for field in &message.field {
            match field.oneof_index {
                Some(index) if !field.proto3_optional() => {
                    oneofs.entry(index).or_default().push(field);
                }
                _ if is_group(field) => groups.push(field),
                _ => plain.push(field),
            }
        }
        if !plain.is_empty() {
            self.group();
            self.inside(|p| {
                for field in plain {
                    p.field(field, p.label(field), &types);
                }
            });
        }
        let mut first = true;
        for (oneof, index) in message.oneof_decl.iter().zip(0..) {
            let Some(members) = oneofs.get(&index) else {
                continue;
            };
            if first {
                self.group();
                first = false;
            }
            self.inside(|p| p.oneof(oneof, members, &types, name));
        }
        if !groups.is_empty() {
            self.group();
            self.inside(|p| {
                for field in groups {
                    p.group_field(field, p.label(field), &types, name);
                }
            });
        }
        if !message.extension_range.is_empty() {
            self.group();
            self.inside(|p| p.extension_ranges(message, name));
        }
        if !message.extension.is_empty() {
            self.group();
            self.inside(|p| p.extends(name, &message.extension, &types));
        }
        let groups = group_names(&message.field, &message.extension);
        let groups: HashSet<String> = groups.into_iter().collect();
        let mut nested = (message.nested_type.iter())
            .filter(|nested| !is_implied_map_entry(nested) && !groups.contains(nested.name()))
            .peekable();
        if nested.peek().is_some() || !message.enum_type.is_empty() {
            self.group();
        }
        self.inside(|p| {
            for nested in nested {
                p.message(nested, name);
            }
            for enumeration in &message.enum_type {
                p.enumeration(enumeration, name);
            }
        });
        self.close();
    }

    fn reserved(&mut self, name: &str, ranges: &[Range], names: &[String]) {
        let statements = self.layout.reserved(name, ranges.len(), names.len());
        self.inside(|p| {
            for statement in statements {
                let entries: Vec<String> = (statement.iter())
                    .filter_map(|entry| match entry {
                        Reserved::Range(i) => ranges.get(*i).map(Range::to_string),
                        Reserved::Name(i) => names.get(*i).map(|name| quoted(name.as_bytes())),
                    })
                    .collect();
                p.line(&format!("reserved {};", entries.join(", ")));
            }
        });
    }

    fn extension_ranges(&mut self, message: &DescriptorProto, name: &str) {
        let ranges = &message.extension_range;
        let mut rest = &ranges[..];
        for size in self.layout.extensions(name, ranges.len()) {
            let Some((statement, after)) = rest.split_at_checked(size) else {
                break;
            };
            rest = after;
            let texts: Vec<String> = (statement.iter())
                .map(|range| Range::half_open(range.start(), range.end()).to_string())
                .collect();
            let options = statement.first().and_then(|range| range.options.as_ref());
            let options = options.map_or(&[][..], |options| &options.uninterpreted_option);
            let options: Vec<String> = options.iter().map(option::assignment).collect();
            let list = option::list(&options);
            self.line(&format!("extensions {}{list};", texts.join(", ")));
        }
    }

    fn extends(&mut self, name: &str, fields: &[FieldDescriptorProto], types: &Types<'_>) {
        let extendees = fields.iter().map(|field| Some(field.extendee()));
        let mut rest = fields;
        for size in self.layout.extends(name, extendees) {
            let Some((block, after)) = rest.split_at_checked(size) else {
                break;
            };
            rest = after;
            let Some(first) = block.first() else { continue };
            self.open(&format!("extend {}", first.extendee()));
            self.group();
            self.inside(|p| {
                for field in block {
                    if is_group(field) {
                        p.group_field(field, p.label(field), types, name);
                    } else {
                        p.field(field, p.label(field), &Types::new());
                    }
                }
            });
            self.close();
        }
    }

    fn oneof(
        &mut self,
        oneof: &OneofDescriptorProto,
        members: &[&FieldDescriptorProto],
        types: &Types<'_>,
        name: &str,
    ) {
        self.open(&format!("oneof {}", oneof.name()));
        let options = oneof.options.as_ref().map(|o| &o.uninterpreted_option[..]);
        if let Some(options @ [_, ..]) = options {
            self.group();
            self.inside(|p| p.options(options));
        }
        let (groups, plain): (Vec<_>, Vec<_>) =
            members.iter().copied().partition(|field| is_group(field));
        if !plain.is_empty() {
            self.group();
        }
        self.inside(|p| plain.iter().for_each(|field| p.field(field, "", types)));
        if !groups.is_empty() {
            self.group();
        }
        self.inside(|p| {
            for field in groups {
                p.group_field(field, "", types, name);
            }
        });
        self.close();
    }

    /// The label as written, with a space; singular fields of proto3 have none.
    fn label(&self, field: &FieldDescriptorProto) -> &'static str {
        match field.label.map(Label::try_from) {
            Some(Ok(Label::Repeated)) => "repeated ",
            Some(Ok(Label::Required)) => "required ",
            Some(Ok(Label::Optional)) if field.proto3_optional() || !self.proto3 => "optional ",
            _ => "",
        }
    }

    fn field(&mut self, field: &FieldDescriptorProto, label: &str, types: &Types<'_>) {
        let named = field.type_name.as_deref();
        let map = named.and_then(|name| types.get(unqualified(name)));
        let map = map.filter(|entry| is_implied_map_entry(entry));
        let head = match map.map(|entry| &entry.field[..]) {
            Some([key, value]) => format!("map<{}, {}>", type_of(key), type_of(value)),
            _ => format!("{label}{}", type_of(field)),
        };
        let options = option::of_field(field);
        let list = option::list(&options);
        self.line(&format!(
            "{head} {} = {}{list};",
            field.name(),
            field.number()
        ));
    }

    fn group_field(
        &mut self,
        field: &FieldDescriptorProto,
        label: &str,
        types: &Types<'_>,
        scope: &str,
    ) {
        let type_name = unqualified(field.type_name());
        let list = option::list(&option::of_field(field));
        let head = format!("{label}group {type_name} = {}{list}", field.number());
        let mut lines = head.split('\n').peekable();
        while let Some(line) = lines.next() {
            if lines.peek().is_some() {
                self.line(line);
            } else {
                self.open(line);
            }
        }
        match types.get(type_name) {
            Some(body) => self.message_body(body, &join(scope, type_name)),
            None => self.close(),
        }
    }

    fn enumeration(&mut self, item: &EnumDescriptorProto, scope: &str) {
        self.open(&format!("enum {}", item.name()));
        let reserved: Vec<Range> = (item.reserved_range.iter())
            .map(|range| Range {
                first: range.start(),
                last: range.end(),
                max: i32::MAX,
            })
            .collect();
        let options = item
            .options
            .as_ref()
            .map_or(&[][..], |o| &o.uninterpreted_option);
        let has_reserved = !reserved.is_empty() || !item.reserved_name.is_empty();
        if has_reserved || !options.is_empty() || !item.value.is_empty() {
            self.group();
        }
        self.reserved(&join(scope, item.name()), &reserved, &item.reserved_name);
        self.inside(|p| {
            p.options(options);
            for value in &item.value {
                let options = (value.options.as_ref()).map_or(&[][..], |o| &o.uninterpreted_option);
                let options: Vec<String> = options.iter().map(option::assignment).collect();
                let list = option::list(&options);
                p.line(&format!("{} = {}{list};", value.name(), value.number()));
            }
        });
        self.close();
    }

    fn service(&mut self, service: &ServiceDescriptorProto) {
        self.open(&format!("service {}", service.name()));
        let options = service
            .options
            .as_ref()
            .map(|o| &o.uninterpreted_option[..]);
        if let Some(options @ [_, ..]) = options {
            self.group();
            self.inside(|p| p.options(options));
        }
        if !service.method.is_empty() {
            self.group();
        }
        self.inside(|p| service.method.iter().for_each(|method| p.method(method)));
        self.close();
    }

    fn method(&mut self, method: &MethodDescriptorProto) {
        let stream = |streaming: bool| if streaming { "stream " } else { "" };
        let head = format!(
            "rpc {} ({}{}) returns ({}{})",
            method.name(),
            stream(method.client_streaming()),
            method.input_type(),
            stream(method.server_streaming()),
            method.output_type(),
        );
        match method.options.as_ref().map(|o| &o.uninterpreted_option[..]) {
            Some(options @ [_, ..]) => {
                self.line(&format!("{head} {{"));
                self.inside(|p| p.options(options));
                self.line("};");
            }
            _ => self.line(&format!("{head};")),
        }
    }
}

/// A range of numbers, both ends included.
struct Range {
    first: i32,
    last: i32,
    /// Ends from here on are `max`.
    max: i32,
}

impl Range {
    /// A range of field numbers, whose end is not included.
    fn half_open(start: i32, end: i32) -> Self {
        Self {
            first: start,
            last: end.saturating_sub(1),
            max: MAX_FIELD_NUMBER,
        }
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else if self.last >= self.max {
            write!(f, "{} to max", self.first)
        } else {
            write!(f, "{} to {}", self.first, self.last)
        }
    }
}

/// The type as written.
fn type_of(field: &FieldDescriptorProto) -> &str {
    if let Some(name) = &field.type_name {
        return name;
    }
    match field.r#type() {
        Type::Double => "double",
        Type::Float => "float",
        Type::Int64 => "int64",
        Type::Uint64 => "uint64",
        Type::Int32 => "int32",
        Type::Fixed64 => "fixed64",
        Type::Fixed32 => "fixed32",
        Type::Bool => "bool",
        Type::String => "string",
        Type::Bytes => "bytes",
        Type::Uint32 => "uint32",
        Type::Sfixed32 => "sfixed32",
        Type::Sfixed64 => "sfixed64",
        Type::Sint32 => "sint32",
        Type::Sint64 => "sint64",
        // These always have a type name.
        Type::Group | Type::Message | Type::Enum => "",
    }
}
