//! Prints the canonical text of a schema, as Confluent's registry stores it.
//!
//! Order and spacing follow the registry's own printer:
//!
//! | Where | Order of the groups, with an empty line between two of them |
//! | --- | --- |
//! | file | syntax and package, imports, options, messages and enums, extensions, services |
//! | message | reserved, options, fields, oneofs, groups, extension ranges, extends, nested types |
//!
//! An empty line inside a block has the indentation of the block.

use std::collections::HashMap;

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FileDescriptorProto, MethodDescriptorProto,
    OneofDescriptorProto, ServiceDescriptorProto, UninterpretedOption,
};

use super::literal::quoted;
use super::option;
use super::printer::{Member, Messages, Printer};
use super::range::Range;
use crate::protobuf::SchemaFile;
use crate::protobuf::model::field_messages::is_group;
use crate::protobuf::model::import_lines::{ImportKind, imports_of_kind};
use crate::protobuf::model::layout::{Layout, Reserved};

impl SchemaFile {
    /// Returns the canonical text, which a registry stores and returns. Equal
    /// schemas up to formatting and comments have equal text, and parsing the text
    /// gives an equal model.
    pub fn to_text(&self) -> String {
        let mut printer = Printer::new(self.proto.syntax() == "proto3");
        printer.file(&self.proto, &self.layout);
        printer.out
    }
}

impl Printer {
    fn file(&mut self, file: &FileDescriptorProto, layout: &Layout) {
        if let Some(syntax) = &file.syntax {
            self.line(&format!("syntax = {};", quoted(syntax.as_bytes())));
        }
        if let Some(package) = &file.package {
            self.line(&format!("package {package};"));
        }
        if !file.dependency.is_empty() {
            self.out.push('\n');
        }
        for (kind, keyword) in [
            (ImportKind::Plain, ""),
            (ImportKind::Weak, "weak "),
            (ImportKind::Public, "public "),
        ] {
            for path in imports_of_kind(file, kind) {
                self.line(&format!("import {keyword}{};", quoted(path.as_bytes())));
            }
        }
        let options = file.options.as_ref().map(|o| &o.uninterpreted_option[..]);
        if let Some(options @ [_, ..]) = options {
            self.out.push('\n');
            self.options(options);
        }
        let messages = Messages::of(&[], &file.extension, &file.message_type, layout);
        let mut declared = messages.declared().peekable();
        if declared.peek().is_some() || !file.enum_type.is_empty() {
            self.out.push('\n');
        }
        for (message, layout) in declared {
            self.message(message, layout);
        }
        for (position, enumeration) in file.enum_type.iter().enumerate() {
            self.enumeration(enumeration, layout.enumeration(position));
        }
        if !file.extension.is_empty() {
            self.out.push('\n');
            self.extends(&file.extension, 0, &messages);
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

    fn message(&mut self, message: &DescriptorProto, layout: &Layout) {
        self.open(&format!("message {}", message.name()));
        self.message_body(message, layout);
    }

    /// Prints a block from after the opening brace to the closing one.
    pub(super) fn message_body(&mut self, message: &DescriptorProto, layout: &Layout) {
        let reserved: Vec<Range> = (message.reserved_range.iter())
            .map(|range| Range::half_open(range.start(), range.end()))
            .collect();
        if !reserved.is_empty() || !message.reserved_name.is_empty() {
            self.group();
            self.reserved(layout, &reserved, &message.reserved_name);
        }
        let options = message
            .options
            .as_ref()
            .map(|o| &o.uninterpreted_option[..]);
        if let Some(options @ [_, ..]) = options {
            self.group();
            self.inside(|p| p.options(options));
        }
        let messages = Messages::of(
            &message.field,
            &message.extension,
            &message.nested_type,
            layout,
        );
        let mut plain = Vec::new();
        let mut groups = Vec::new();
        let mut oneofs: HashMap<i32, Vec<Member<'_>>> = HashMap::new();
        for (position, field) in message.field.iter().enumerate() {
            let member = (field, messages.of_member(position));
            match field.oneof_index {
                Some(index) if !field.proto3_optional() => {
                    oneofs.entry(index).or_default().push(member);
                }
                _ if is_group(field) => groups.push(member),
                _ => plain.push(member),
            }
        }
        if !plain.is_empty() {
            self.group();
            self.inside(|p| {
                for (field, entry) in plain {
                    p.field(field, p.label(field), entry);
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
            self.inside(|p| p.oneof(oneof, members));
        }
        if !groups.is_empty() {
            self.group();
            self.inside(|p| {
                for (field, body) in groups {
                    p.group_field(field, p.label(field), body);
                }
            });
        }
        if !message.extension_range.is_empty() {
            self.group();
            self.inside(|p| p.extension_ranges(message, layout));
        }
        if !message.extension.is_empty() {
            self.group();
            self.inside(|p| p.extends(&message.extension, message.field.len(), &messages));
        }
        let mut nested = messages.declared().peekable();
        if nested.peek().is_some() || !message.enum_type.is_empty() {
            self.group();
        }
        self.inside(|p| {
            for (nested, layout) in nested {
                p.message(nested, layout);
            }
            for (position, enumeration) in message.enum_type.iter().enumerate() {
                p.enumeration(enumeration, layout.enumeration(position));
            }
        });
        self.close();
    }

    fn reserved(&mut self, layout: &Layout, ranges: &[Range], names: &[String]) {
        let statements = layout.reserved(ranges.len(), names.len());
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

    fn extension_ranges(&mut self, message: &DescriptorProto, layout: &Layout) {
        let ranges = &message.extension_range;
        let mut rest = &ranges[..];
        for size in layout.extensions(ranges.len()) {
            let Some((statement, after)) = rest.split_at_checked(size) else {
                break;
            };
            rest = after;
            let mut texts: Vec<String> = (statement.iter())
                .map(|range| Range::half_open(range.start(), range.end()).to_string())
                .collect();
            let options = statement.first().and_then(|range| range.options.as_ref());
            let options = options.map_or(&[][..], |options| &options.uninterpreted_option);
            let options: Vec<String> = options.iter().map(option::assignment).collect();
            let list = option::list(&options);
            // The parser does not accept options after a single number.
            if let (Some(last), false) = (texts.last_mut(), list.is_empty())
                && !last.contains(' ')
            {
                *last = format!("{last} to {last}");
            }
            self.line(&format!("extensions {}{list};", texts.join(", ")));
        }
    }

    fn oneof(&mut self, oneof: &OneofDescriptorProto, members: &[Member<'_>]) {
        self.open(&format!("oneof {}", oneof.name()));
        let options = oneof.options.as_ref().map(|o| &o.uninterpreted_option[..]);
        if let Some(options @ [_, ..]) = options {
            self.group();
            self.inside(|p| p.options(options));
        }
        let (groups, plain): (Vec<_>, Vec<_>) =
            members.iter().partition(|(field, _)| is_group(field));
        if !plain.is_empty() {
            self.group();
        }
        self.inside(|p| {
            for (field, _) in plain {
                p.field(field, "", None);
            }
        });
        if !groups.is_empty() {
            self.group();
        }
        self.inside(|p| {
            for (field, body) in groups {
                p.group_field(field, "", body);
            }
        });
        self.close();
    }

    fn enumeration(&mut self, item: &EnumDescriptorProto, layout: &Layout) {
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
        self.reserved(layout, &reserved, &item.reserved_name);
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
