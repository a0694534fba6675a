//! Values in Protobuf's text format, as in `option (x) = { … }`.

mod parse;

use std::collections::HashMap;

use crate::protobuf::text::literal::quoted;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::protobuf) enum Value {
    /// An identifier or a number with its sign, in the spelling to write.
    Scalar(String),
    String(Vec<u8>),
    List(Vec<Value>),
    Message(Fields),
}

/// The fields of a message in order. Names of extensions are in brackets. A repeated
/// field occurs once, with a list.
#[derive(Clone, Debug, Default)]
pub(in crate::protobuf) struct Fields {
    entries: Vec<(String, Value)>,
    /// Name → position among the entries.
    index: HashMap<String, usize>,
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Fields {
    /// Adds a value. Values of one name become a list.
    pub fn push(&mut self, name: String, value: Value) {
        let present = self.index.get(&name).copied();
        let Some((_, present)) = present.and_then(|at| self.entries.get_mut(at)) else {
            self.index.insert(name.clone(), self.entries.len());
            self.entries.push((name, value));
            return;
        };
        let mut list = match std::mem::replace(present, Value::List(Vec::new())) {
            Value::List(list) => list,
            single => vec![single],
        };
        match value {
            Value::List(more) => list.extend(more),
            single => list.push(single),
        }
        *present = Value::List(list);
    }

    /// Returns the fields in order.
    pub fn into_inner(self) -> Vec<(String, Value)> {
        self.entries
    }

    /// Prints the fields on one line, without the enclosing braces.
    pub fn compact(&self) -> String {
        let mut out = String::new();
        write_items(&mut out, None, &self.entries, write_field);
        out
    }

    /// Prints one field per line with the braces, indented by two for each level.
    pub fn pretty(&self) -> String {
        let mut out = String::new();
        write_fields(&mut out, self, Some(0));
        out
    }
}

/// Writes items with commas in between: one per line, within brackets at a depth, or
/// on one line if there is no depth.
fn write_items<T>(
    out: &mut String,
    depth: Option<usize>,
    items: &[T],
    write: fn(&mut String, &T, Option<usize>),
) {
    let inner = depth.map(|depth| depth.saturating_add(1));
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(if depth.is_some() { "," } else { ", " });
        }
        new_line(out, inner);
        write(out, item, inner);
    }
    new_line(out, depth);
}

fn new_line(out: &mut String, depth: Option<usize>) {
    if let Some(depth) = depth {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    }
}

fn write_fields(out: &mut String, fields: &Fields, depth: Option<usize>) {
    out.push('{');
    write_items(out, depth, &fields.entries, write_field);
    out.push('}');
}

fn write_field(out: &mut String, (name, value): &(String, Value), depth: Option<usize>) {
    out.push_str(name);
    out.push_str(": ");
    write_value(out, value, depth);
}

fn write_value(out: &mut String, value: &Value, depth: Option<usize>) {
    match value {
        Value::Scalar(token) => out.push_str(token),
        Value::String(bytes) => out.push_str(&quoted(bytes)),
        Value::List(items) => {
            out.push('[');
            write_items(out, depth, items, write_value);
            out.push(']');
        }
        Value::Message(fields) => write_fields(out, fields, depth),
    }
}
