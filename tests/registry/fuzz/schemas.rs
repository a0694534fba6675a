//! Random schemas: valid ones, and valid ones with a few changed bytes.

use proptest::prelude::*;

const TYPES: &[&str] = &[
    "int32",
    "sint64",
    "bool",
    "string",
    "bytes",
    "fixed32",
    "double",
    "A",
    "A.Inner",
    ".p.B",
    "E",
    "google.protobuf.Timestamp",
    "google.type.Money",
    "map<string, int32>",
    "map<int32, A>",
    "map<bool, E>",
];

const OPTIONS: &[&str] = &["", "", "", " [deprecated = true]", " [json_name = \"j\"]"];

/// Fields with unique numbers, a oneof, and sometimes reserved fields.
fn body(max_fields: usize) -> impl Strategy<Value = String> {
    let field = (0..TYPES.len(), 0..4_usize, 0..OPTIONS.len());
    let fields = proptest::collection::btree_map(1..20_i32, field, 0..max_fields);
    (fields, any::<bool>(), any::<bool>()).prop_map(|(fields, reserved, comment)| {
        let mut plain = String::new();
        let mut members = String::new();
        if reserved {
            plain += "reserved 100, 110 to 120; reserved \"gone\"; ";
        }
        for (number, (kind, place, option)) in fields {
            let (name, option) = (TYPES[kind], OPTIONS[option]);
            // With another name in JSON.
            let option = option.replace("\"j\"", &format!("\"j{number}\""));
            let field = format!("{name} f{number} = {number}{option}; ");
            match place {
                _ if name.starts_with("map") => plain += &field,
                0 => plain += &format!("repeated {field}"),
                1 => plain += &format!("optional {field}"),
                2 => members += &field,
                _ => plain += &field,
            }
        }
        if comment {
            plain += "/* a comment */ ";
        }
        if !members.is_empty() {
            plain += &format!("oneof choice {{ {members} }} ");
        }
        plain
    })
}

/// A complete file that compiles.
pub fn valid() -> impl Strategy<Value = String> {
    (body(9), body(6), body(4), 0..4_usize).prop_map(|(a, b, inner, extra)| {
        let extra = [
            "",
            "service S { rpc R (A) returns (stream B); }",
            "option java_package = \"x.y\";",
            "message C { enum N { N0 = 0; N1 = 5; } N n = 1; }",
        ][extra];
        format!(
            "syntax = \"proto3\"; package p; import \"google/protobuf/timestamp.proto\"; \
             import \"google/type/money.proto\"; \
             message A {{ {a} message Inner {{ {inner} }} }} message B {{ {b} }} \
             enum E {{ E0 = 0; E1 = 1; }} {extra}"
        )
    })
}

const SNIPPETS: &[&str] = &[
    "{",
    "}",
    "}}}",
    ";",
    "=",
    "\"",
    "/*",
    "//",
    "message M {",
    "oneof o {",
    "map<",
    "[",
    "]",
    "syntax = \"proto2\";",
    "edition = \"2023\";",
    "import public \"a.proto\";",
    "extend A {",
    "group G = 1 {",
    "extensions 4 to max;",
    "option (a.b).c = { d: 1 };",
    "reserved -1;",
    "0x",
    "-9223372036854775809",
    "99999999999999999999",
    "\u{0}",
    "é",
    "\\",
    "repeated",
    "required",
    "package p.p;",
    "option map_entry = true;",
    "..",
    ".p",
    "inf",
    "'\\x'",
];

/// A file that probably does not compile.
pub fn broken() -> impl Strategy<Value = String> {
    let edit = (
        any::<proptest::sample::Index>(),
        0..20_usize,
        0..SNIPPETS.len(),
    );
    (valid(), proptest::collection::vec(edit, 1..6)).prop_map(|(text, edits)| {
        let mut chars: Vec<char> = text.chars().collect();
        for (place, removed, snippet) in edits {
            let start = place.index(chars.len() + 1);
            let end = (start + removed).min(chars.len());
            chars.splice(start..end, SNIPPETS[snippet].chars());
        }
        chars.into_iter().collect()
    })
}
