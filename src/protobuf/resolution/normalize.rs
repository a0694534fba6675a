//! Normalises schemas, so that schemas that differ only in spelling have equal text.

use std::collections::{HashMap, HashSet};

use prost_reflect::{DescriptorPool, FileDescriptor};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    OneofDescriptorProto, UninterpretedOption,
};

use crate::protobuf::model::elements::edit_options;
use crate::protobuf::model::field_messages::{FieldMessages, is_group};
use crate::protobuf::model::import_lines::edit_imports;
use crate::protobuf::model::layout::Layout;
use crate::protobuf::model::names::{map_entry_name, unqualified};
use crate::protobuf::model::scope::{Member, Scope};
use crate::protobuf::options::aggregate::{Fields, Value};
use crate::protobuf::options::{decode, encode, is_map_entry, map_entry};
use crate::protobuf::{Error, SchemaFile};

/// Prefix of the custom options that are kept when others are removed.
const CONFLUENT: &str = "confluent.";

impl SchemaFile {
    /// Returns the normalised schema, as Confluent's registry stores it on request:
    ///
    /// * imports, options, reserved and extension ranges, fields, oneofs and enum
    ///   constants are sorted;
    /// * names of types and options are full names;
    /// * options of one extension are merged;
    /// * map entries are written as `map<>`;
    /// * `syntax = "proto2"` is dropped.
    ///
    /// Messages, enums, services and methods keep their order, which message indexes
    /// depend on. Enum constants are sorted by number with negative ones last, since
    /// zero must be the first in proto3.
    ///
    /// # Errors
    /// Those of [`resolve_leniently`](Self::resolve_leniently).
    pub fn normalize(&self, dependencies: &[Self]) -> Result<Self, Error> {
        let resolved = self.resolve_leniently(dependencies)?;
        let pool = self.option_pool(dependencies);
        let mut file = self.clone();
        file.layout = Layout::default();
        let proto = &mut file.proto;
        if proto.syntax.as_deref() == Some("proto2") {
            proto.syntax = None;
        }
        edit_imports(proto, |imports| {
            imports.sort();
            imports.dedup();
        });
        qualify(proto, &resolved);
        normalize_options(proto, &pool);
        proto.message_type.iter_mut().for_each(message);
        proto.enum_type.iter_mut().for_each(enumeration);
        let (extensions, messages) = (&mut proto.extension, &mut proto.message_type);
        sort_scope(&mut Vec::new(), extensions, messages, |_| {});
        Ok(file)
    }

    /// Returns the schema without extensions and without custom options other than
    /// Confluent's, as registries do for `format=ignore_extensions`.
    #[must_use]
    pub fn without_extensions(&self) -> Self {
        /// Removes extensions, and the bodies of those that are groups.
        fn clear(
            fields: &mut Vec<FieldDescriptorProto>,
            extensions: &mut Vec<FieldDescriptorProto>,
            messages: &mut Vec<DescriptorProto>,
            layout: &mut Layout,
        ) {
            let bodies = FieldMessages::of(fields, extensions, messages);
            let mut scope = Scope::take(fields, extensions, messages, layout, &bodies);
            scope.extensions.clear();
            scope.put_together(fields, extensions, messages, layout);
            let mut layouts = layout.take_messages();
            layouts.resize_with(messages.len(), Layout::default);
            for (item, layout) in messages.iter_mut().zip(&mut layouts) {
                item.extension_range.clear();
                let (fields, extensions) = (&mut item.field, &mut item.extension);
                clear(fields, extensions, &mut item.nested_type, layout);
            }
            layout.set_messages(layouts);
        }
        let mut file = self.clone();
        let proto = &mut file.proto;
        clear(
            &mut Vec::new(),
            &mut proto.extension,
            &mut proto.message_type,
            &mut file.layout,
        );
        edit_options(proto, &mut |_, _, options| {
            options.retain(|option| match option.name.first() {
                Some(part) if part.is_extension => {
                    let name = part.name_part.strip_prefix('.');
                    name.unwrap_or(&part.name_part).starts_with(CONFLUENT)
                }
                _ => true,
            });
        });
        file
    }
}

/// Replaces names of types with the full names of the resolved file.
fn qualify(file: &mut FileDescriptorProto, resolved: &FileDescriptor) {
    fn fields(
        fields: &mut [FieldDescriptorProto],
        resolved: &[FieldDescriptorProto],
        bodies: &FieldMessages,
        mut position: usize,
    ) {
        for (field, resolved) in fields.iter_mut().zip(resolved) {
            // Groups and maps cannot have a full name: the name of a group declares
            // its body, and the text does not name the entry of a map.
            if bodies.get(position).is_none() {
                field.type_name.clone_from(&resolved.type_name);
            }
            field.extendee.clone_from(&resolved.extendee);
            position = position.saturating_add(1);
        }
    }
    fn message(item: &mut DescriptorProto, resolved: &DescriptorProto) {
        let bodies = FieldMessages::of(&item.field, &item.extension, &item.nested_type);
        let extensions = item.field.len();
        fields(&mut item.field, &resolved.field, &bodies, 0);
        fields(
            &mut item.extension,
            &resolved.extension,
            &bodies,
            extensions,
        );
        for (nested, resolved) in item.nested_type.iter_mut().zip(&resolved.nested_type) {
            message(nested, resolved);
        }
    }
    let resolved = resolved.file_descriptor_proto();
    let bodies = FieldMessages::of(&[], &file.extension, &file.message_type);
    fields(&mut file.extension, &resolved.extension, &bodies, 0);
    for (item, resolved) in file.message_type.iter_mut().zip(&resolved.message_type) {
        message(item, resolved);
    }
    for (service, resolved) in file.service.iter_mut().zip(&resolved.service) {
        for (method, resolved) in service.method.iter_mut().zip(&resolved.method) {
            method.input_type.clone_from(&resolved.input_type);
            method.output_type.clone_from(&resolved.output_type);
        }
    }
}

/// Interprets options and writes them again, sorted by name. Options that `pool` does
/// not define are unchanged.
fn normalize_options(file: &mut FileDescriptorProto, pool: &DescriptorPool) {
    edit_options(file, &mut |target, scope, options| {
        let (known, mut all): (Vec<_>, Vec<_>) =
            (options.drain(..)).partition(|option| encode::fits(target, scope, option, pool));
        let written = encode::encode(target, scope, &known, pool)
            .and_then(|bytes| decode::decode(target, &bytes, pool).ok());
        all.extend(written.map_or(known, |decoded| decoded.options));
        for option in &mut all {
            if let Some(text) = &mut option.aggregate_value
                && let Ok(fields) = Fields::parse(text)
            {
                *text = sorted(fields).compact();
            }
        }
        let key = |option: &UninterpretedOption| {
            let first = option.name.first();
            first.map(|part| part.name_part.trim_start_matches('.').to_owned())
        };
        all.sort_by_cached_key(key);
        *options = all;
    });
}

/// Sorts fields by name, unwraps lists of one value and drops empty lists.
fn sorted(fields: Fields) -> Fields {
    fn value(unsorted: Value) -> Option<Value> {
        match unsorted {
            Value::Message(fields) => Some(Value::Message(sorted(fields))),
            Value::List(items) => {
                let mut items: Vec<Value> = items.into_iter().filter_map(value).collect();
                if items.len() <= 1 {
                    items.pop()
                } else {
                    Some(Value::List(items))
                }
            }
            scalar => Some(scalar),
        }
    }
    let mut entries = fields.into_inner();
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut sorted = Fields::default();
    for (name, unsorted) in entries {
        if let Some(value) = value(unsorted) {
            sorted.push(name, value);
        }
    }
    sorted
}

/// Sorts nested messages first: whether an entry is expressible depends on their order.
fn message(item: &mut DescriptorProto) {
    item.reserved_range
        .sort_by_key(|range| (range.start(), range.end()));
    item.reserved_name.sort();
    item.extension_range.sort_by_key(|range| range.start());
    item.nested_type.iter_mut().for_each(message);
    item.enum_type.iter_mut().for_each(enumeration);
    let oneofs = &mut item.oneof_decl;
    let (fields, extensions) = (&mut item.field, &mut item.extension);
    sort_scope(fields, extensions, &mut item.nested_type, |scope| {
        scope.fields.sort_by_key(|member| member.field.number());
        order_oneofs(&mut scope.fields, oneofs);
        fold_maps(scope);
    });
}

/// Sorts extensions, and what `sort` sorts. Messages that belong to fields move with
/// them.
fn sort_scope(
    fields: &mut Vec<FieldDescriptorProto>,
    extensions: &mut Vec<FieldDescriptorProto>,
    messages: &mut Vec<DescriptorProto>,
    sort: impl FnOnce(&mut Scope),
) {
    let bodies = FieldMessages::of(fields, extensions, messages);
    let mut layout = Layout::default();
    let mut scope = Scope::take(fields, extensions, messages, &mut layout, &bodies);
    sort(&mut scope);
    extends(&mut scope.extensions);
    scope.put_together(fields, extensions, messages, &mut layout);
}

/// Sorts oneofs by their first number, synthetic ones last, and drops empty ones. The
/// fields must be sorted already.
fn order_oneofs(members: &mut [Member], oneofs: &mut Vec<OneofDescriptorProto>) {
    let mut first: HashMap<i32, (bool, i32)> = HashMap::new();
    for Member { field, .. } in members.iter() {
        if let Some(index) = field.oneof_index {
            let rank = (field.proto3_optional(), field.number());
            first.entry(index).or_insert(rank);
        }
    }
    let mut order: Vec<_> = (0..)
        .zip(std::mem::take(oneofs))
        .filter_map(|(index, oneof)| Some((first.get(&index)?, index, oneof)))
        .collect();
    order.sort_by_key(|(rank, ..)| *rank);
    let positions: HashMap<i32, i32> = (order.iter().map(|(_, index, _)| *index))
        .zip(0..)
        .collect();
    *oneofs = order.into_iter().map(|(.., oneof)| oneof).collect();
    for Member { field, .. } in members {
        let position = |index| positions.get(&index).copied();
        field.oneof_index = field.oneof_index.and_then(position);
    }
}

/// Sorts extensions by extendee, in the order of their first occurrence, then by
/// number.
fn extends(extensions: &mut [Member]) {
    let mut extendees: HashMap<String, usize> = HashMap::new();
    for Member { field, .. } in extensions.iter() {
        let next = extendees.len();
        extendees.entry(field.extendee().to_owned()).or_insert(next);
    }
    extensions.sort_by_key(|Member { field, .. }| {
        let extendee = extendees.get(field.extendee()).copied();
        (extendee, field.number())
    });
}

fn enumeration(item: &mut EnumDescriptorProto) {
    item.reserved_range
        .sort_by_key(|range| (range.start(), range.end()));
    item.reserved_name.sort();
    item.value.sort_by(|a, b| {
        let key = |number: i32| (number < 0, number);
        (key(a.number()), a.name()).cmp(&(key(b.number()), b.name()))
    });
}

/// Converts written map entries to entries of a `map<>` field. Their names derive from
/// the field's name, as in the parser.
fn fold_maps(scope: &mut Scope) {
    let written: HashMap<String, usize> = (scope.declared.iter().enumerate())
        .filter(|(_, (message, _))| is_map_entry(message) && is_expressible(message))
        .map(|(position, (entry, _))| (entry.name().to_owned(), position))
        .collect();
    let mut used = HashSet::new();
    for Member { field, body } in &mut scope.fields {
        if field.label() != Label::Repeated || field.oneof_index.is_some() || body.is_some() {
            continue;
        }
        let named = field.type_name.as_deref().map(unqualified);
        let Some(&position) = named.and_then(|name| written.get(name)) else {
            continue;
        };
        let Some((mut entry, layout)) = scope.declared.get(position).cloned() else {
            continue;
        };
        used.insert(position);
        if let Some(options) = &mut entry.options {
            let written = &mut options.uninterpreted_option;
            written.retain(|option| map_entry(option).is_none());
        }
        for part in &mut entry.field {
            part.json_name = None;
        }
        let name = map_entry_name(field.name());
        entry.name = Some(name.clone());
        field.type_name = Some(name);
        field.r#type = Some(Type::Message as i32);
        *body = Some((entry, layout));
    }
    let mut position = 0..;
    let declared = &mut scope.declared;
    declared.retain(|_| {
        !position
            .next()
            .is_some_and(|position| used.contains(&position))
    });
}

/// Returns whether `map<key, value>` expresses the entry without loss.
fn is_expressible(entry: &DescriptorProto) -> bool {
    let is = |field: &FieldDescriptorProto, name: &str, number: i32| {
        field.name() == name
            && field.number() == number
            && field.label() == Label::Optional
            && !field.proto3_optional()
            && field.oneof_index.is_none()
            && field.options.is_none()
            && field.default_value.is_none()
            && !is_group(field)
    };
    let key_type = |field: &FieldDescriptorProto| {
        field.type_name.is_none()
            && !matches!(field.r#type(), Type::Double | Type::Float | Type::Bytes)
    };
    let bare = DescriptorProto {
        name: entry.name.clone(),
        field: entry.field.clone(),
        options: entry.options.clone(),
        ..Default::default()
    };
    match &entry.field[..] {
        [key, value] => {
            is(key, "key", 1) && is(value, "value", 2) && key_type(key) && *entry == bare
        }
        _ => false,
    }
}
