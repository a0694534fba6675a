//! Generates source text from bytes, each of which is one choice. There are few names, so
//! that names repeat.

use std::fmt::Write;

const TYPE_NAMES: [&str; 6] = ["A", "B", "G", "AEntry", "FooBarEntry", "M"];
const FIELD_NAMES: [&str; 14] = [
    "a", "b", "foo_bar", "fooBar", "_a", "A", "message", "option", "reserved", "group", "map",
    "to", "stream", "oneof",
];
const SCALARS: [&str; 6] = ["int32", "string", "bytes", "bool", "double", "sfixed64"];
const NAMED: [&str; 12] = [
    "A",
    "B",
    "G",
    "AEntry",
    "FooBarEntry",
    "M",
    ".M",
    "M.A",
    ".p.q.A",
    "stream",
    ".p.B",
    "google.protobuf.Timestamp",
];
const OPTIONS: [&str; 10] = [
    "deprecated = true",
    "(own) = 1",
    "(.p.own) = \"text\"",
    "(own).a.(b).c = -5",
    "(agg) = { a: 1, b: { c: \"x\" }, [p.q]: [ 1, 2 ] }",
    "(agg).m = { l: [] }",
    "features.x = SOME",
    "(own) = nan",
    "packed = false",
    "(confluent.field_meta).tags = \"PII\"",
];
/// Default values of the scalar types, spelled as in the canonical text.
const DEFAULTS: [&str; 6] = ["-5", "\"a\"", "\"b\"", "true", "1.5", "7"];

/// Maximum nesting of blocks.
const DEPTH: u32 = 4;

pub fn text(choices: &[u8]) -> String {
    let mut generator = Generator {
        choices: choices.iter(),
        out: String::new(),
        proto3: false,
    };
    generator.file();
    generator.out
}

struct Generator<'a> {
    choices: std::slice::Iter<'a, u8>,
    out: String,
    proto3: bool,
}

impl Generator<'_> {
    /// Returns one of `n`; the first one if no bytes are left.
    fn pick(&mut self, n: usize) -> usize {
        usize::from(*self.choices.next().unwrap_or(&0)) % n
    }

    fn one_of(&mut self, names: &[&'static str]) -> &'static str {
        names[self.pick(names.len())]
    }

    fn type_name(&mut self) -> &'static str {
        self.one_of(&TYPE_NAMES)
    }

    fn field_name(&mut self) -> &'static str {
        // Keywords are chosen less often.
        let names = if self.pick(6) == 5 { 14 } else { 6 };
        self.one_of(&FIELD_NAMES[..names])
    }

    fn named(&mut self) -> &'static str {
        self.one_of(&NAMED)
    }

    fn number(&mut self) -> usize {
        1 + self.pick(30)
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn file(&mut self) {
        match self.pick(4) {
            0 | 1 => {
                self.proto3 = true;
                self.push("syntax = \"proto3\"; ");
            }
            2 => self.push("syntax = \"proto2\"; "),
            _ => {}
        }
        let package = ["", "package p; ", "package p.q; "][self.pick(3)];
        self.push(package);
        for _ in 0..=self.pick(6) {
            match self.pick(9) {
                0..=3 => self.message(0),
                4 => self.enumeration(),
                5 => self.extend(0),
                6 => self.service(),
                7 => {
                    let kind = ["", "public ", "weak "][self.pick(3)];
                    let path = ["google/protobuf/timestamp.proto", "b.proto"][self.pick(2)];
                    let _ = write!(self.out, "import {kind}\"{path}\"; ");
                }
                _ => self.option(),
            }
        }
    }

    fn option(&mut self) {
        let option = self.one_of(&OPTIONS);
        let _ = write!(self.out, "option {option}; ");
    }

    fn message(&mut self, depth: u32) {
        let name = self.type_name();
        let _ = write!(self.out, "message {name} ");
        self.body(depth);
    }

    fn body(&mut self, depth: u32) {
        self.push("{ ");
        for _ in 0..self.pick(7) {
            match self.pick(14) {
                0..=3 => self.field(),
                4 | 5 => self.map(),
                6 => self.oneof(depth),
                7 | 8 if depth < DEPTH && !self.proto3 => {
                    let label = self.one_of(&["optional", "repeated", "required"]);
                    self.group(label, depth);
                }
                7 | 8 => self.field(),
                9 | 10 if depth < DEPTH => self.message(depth + 1),
                11 => self.enumeration(),
                12 if depth < DEPTH => match self.pick(3) {
                    0 => self.ranges("extensions", 600, true),
                    _ => self.extend(depth + 1),
                },
                13 => self.option(),
                _ => self.reserved(),
            }
        }
        self.push("} ");
    }

    fn reserved(&mut self) {
        if self.pick(2) == 0 {
            return self.ranges("reserved", 600, false);
        }
        let name = self.field_name();
        let _ = write!(self.out, "reserved \"{name}\"");
        for _ in 0..self.pick(3) {
            let name = self.field_name();
            let _ = write!(self.out, ", \"{name}\"");
        }
        self.push("; ");
    }

    fn ranges(&mut self, keyword: &str, from: usize, options: bool) {
        self.push(keyword);
        for i in 0..=self.pick(3) {
            let separator = if i == 0 { " " } else { ", " };
            let start = from + self.pick(40);
            let range = match self.pick(3) {
                0 => start.to_string(),
                1 => format!("{start} to {}", start + 1 + self.pick(5)),
                _ => format!("{start} to max"),
            };
            let _ = write!(self.out, "{separator}{range}");
        }
        if options {
            self.options();
        }
        self.push("; ");
    }

    fn options(&mut self) {
        let count = self.pick(4);
        if count == 3 {
            let (one, other) = (self.one_of(&OPTIONS), self.one_of(&OPTIONS));
            let _ = write!(self.out, " [{one}, {other}]");
        } else if count == 2 {
            let one = self.one_of(&OPTIONS);
            let _ = write!(self.out, " [{one}]");
        }
    }

    fn field(&mut self) {
        let label = match self.pick(4) {
            0 if self.proto3 => "",
            1 => "repeated ",
            2 if !self.proto3 => "required ",
            _ => "optional ",
        };
        self.push(label);
        self.plain_field();
    }

    /// Generates a field without its label.
    fn plain_field(&mut self) {
        let (ty, default) = match self.pick(2) {
            0 => {
                let scalar = self.pick(SCALARS.len());
                (SCALARS[scalar], DEFAULTS[scalar])
            }
            _ => (self.named(), "RED"),
        };
        let (name, number) = (self.field_name(), self.number());
        let _ = write!(self.out, "{ty} {name} = {number}");
        match self.pick(12) {
            0 if !self.proto3 => {
                let _ = write!(self.out, " [default = {default}]");
            }
            1 => self.push(" [json_name = \"j\"]"),
            _ => self.options(),
        }
        self.push("; ");
    }

    fn map(&mut self) {
        let key = self.one_of(&["string", "int32", "bool"]);
        let value = match self.pick(2) {
            0 => self.one_of(&SCALARS),
            _ => self.named(),
        };
        let (name, number) = (self.field_name(), self.number());
        let _ = write!(self.out, "map<{key}, {value}> {name} = {number}");
        self.options();
        self.push("; ");
    }

    fn group(&mut self, label: &str, depth: u32) {
        let (name, number) = (self.one_of(&["G", "A", "AEntry"]), self.number());
        let _ = write!(self.out, "{label} group {name} = {number}");
        self.options();
        self.push(" ");
        self.body(depth + 1);
    }

    fn oneof(&mut self, depth: u32) {
        let name = self.field_name();
        let _ = write!(self.out, "oneof {name} {{ ");
        for _ in 0..=self.pick(3) {
            match self.pick(5) {
                0 => self.option(),
                1 if depth < DEPTH && !self.proto3 => self.group("", depth),
                _ => self.plain_field(),
            }
        }
        self.plain_field();
        self.push("} ");
    }

    fn enumeration(&mut self) {
        let name = self.type_name();
        let _ = write!(self.out, "enum {name} {{ ");
        for _ in 0..=self.pick(5) {
            match self.pick(6) {
                0 => self.ranges("reserved", 40, false),
                1 => self.reserved(),
                2 => self.option(),
                _ => {
                    let (name, number) = (self.field_name(), self.pick(4));
                    let sign = ["", "-"][self.pick(2)];
                    let number = if number == 0 {
                        "0".to_owned()
                    } else {
                        format!("{sign}{number}")
                    };
                    let _ = write!(self.out, "{name} = {number}");
                    self.options();
                    self.push("; ");
                }
            }
        }
        self.push("} ");
    }

    fn extend(&mut self, depth: u32) {
        let extendee = self.named();
        let _ = write!(self.out, "extend {extendee} {{ ");
        for _ in 0..=self.pick(3) {
            if depth < DEPTH && !self.proto3 && self.pick(3) == 0 {
                self.group("optional", depth);
            } else {
                self.field();
            }
        }
        self.push("} ");
    }

    fn service(&mut self) {
        let name = self.type_name();
        let _ = write!(self.out, "service {name} {{ ");
        for _ in 0..self.pick(4) {
            if self.pick(5) == 0 {
                self.option();
                continue;
            }
            let (name, input, output) = (self.field_name(), self.named(), self.named());
            let streams = ["", "stream "];
            let (one, other) = (streams[self.pick(2)], streams[self.pick(2)]);
            let _ = write!(
                self.out,
                "rpc {name} ({one}{input}) returns ({other}{output})"
            );
            match self.pick(3) {
                0 => {
                    self.push(" { ");
                    self.option();
                    self.push("} ");
                }
                _ => self.push("; "),
            }
        }
        self.push("} ");
    }
}
