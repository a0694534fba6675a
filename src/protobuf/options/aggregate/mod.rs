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
    pub fn iter(&self) -> impl Iterator<Item = &(String, Value)> {
        self.entries.iter()
    }

    /// Returns the fields in order, by value.
    pub fn into_inner(self) -> Vec<(String, Value)> {
        self.entries
    }

    /// Prints the fields on one line, without the enclosing braces.
    pub fn compact(&self) -> String {
        let mut out = String::new();
        write_fields(&mut out, self);
        out
    }

    /// Prints one field per line with the braces, indented by two for each level.
    pub fn pretty(&self) -> String {
        let mut out = String::new();
        pretty_fields(&mut out, self, 0);
        out
    }
}

fn write_fields(out: &mut String, fields: &Fields) {
    for (i, (name, value)) in fields.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        out.push_str(name);
        out.push_str(": ");
        write_value(out, value);
    }
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Scalar(token) => out.push_str(token),
        Value::String(bytes) => out.push_str(&quoted(bytes)),
        Value::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Message(fields) => {
            out.push('{');
            write_fields(out, fields);
            out.push('}');
        }
    }
}

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn pretty_fields(out: &mut String, fields: &Fields, depth: usize) {
    out.push_str("{\n");
    let inner = depth.saturating_add(1);
    for (i, (name, value)) in fields.iter().enumerate() {
        if i > 0 {
            out.push_str(",\n");
        }
        indent(out, inner);
        out.push_str(name);
        out.push_str(": ");
        pretty_value(out, value, inner);
    }
    if !fields.entries.is_empty() {
        out.push('\n');
    }
    indent(out, depth);
    out.push('}');
}

fn pretty_value(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Scalar(_) | Value::String(_) => write_value(out, value),
        Value::List(items) => {
            out.push_str("[\n");
            let inner = depth.saturating_add(1);
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(",\n");
                }
                indent(out, inner);
                pretty_value(out, item, inner);
            }
            if !items.is_empty() {
                out.push('\n');
            }
            indent(out, depth);
            out.push(']');
        }
        Value::Message(fields) => pretty_fields(out, fields, depth),
    }
}
