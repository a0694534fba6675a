//! The decision table for users: a change, and whether BACKWARD and FORWARD accept it.
//! Each row is tested in both directions.

use cc_protobuf_examples::protobuf::compatibility::CompatibilityLevel as Level;

use crate::compatibility::schema::{Schema, check_level};

struct Row {
    change: &'static str,
    before: &'static str,
    after: &'static str,
    backward: bool,
    forward: bool,
}

const fn row(
    change: &'static str,
    before: &'static str,
    after: &'static str,
    backward: bool,
    forward: bool,
) -> Row {
    Row {
        change,
        before,
        after,
        backward,
        forward,
    }
}

const PROTO2: &str = "syntax = \"proto2\";\n";

const ROWS: &[Row] = &[
    row(
        "put fields into two oneofs of one name",
        "message M { int32 a = 1; int32 b = 2; }",
        "message M { oneof o { int32 a = 1; } oneof o { int32 b = 2; } }",
        true,
        true,
    ),
    row(
        "change the first of two maps whose entries have one name",
        "message M { map<string, int32> foo_bar = 1; map<string, int32> fooBar = 2; }",
        "message M { map<string, string> foo_bar = 1; map<string, int32> fooBar = 2; }",
        false,
        false,
    ),
    row(
        "change a message beside a group of its name",
        "syntax = \"proto2\"; message M { message G { optional int32 a = 1; } optional group G = 1 {} }",
        "syntax = \"proto2\"; message M { message G { optional string a = 1; } optional group G = 1 {} }",
        false,
        false,
    ),
    row(
        "add a field",
        "message M { int32 a = 1; }",
        "message M { int32 a = 1; int32 b = 2; }",
        true,
        true,
    ),
    row(
        "add a required field",
        "syntax = \"proto2\"; message M { optional int32 a = 1; }",
        "syntax = \"proto2\"; message M { optional int32 a = 1; required int32 b = 2; }",
        false,
        false,
    ),
    row(
        "rename a field",
        "message M { int32 a = 1; }",
        "message M { int32 z = 1; }",
        true,
        true,
    ),
    row(
        "change a field's number",
        "message M { int32 a = 1; }",
        "message M { int32 a = 2; }",
        true,
        true,
    ),
    row(
        "int32 to int64",
        "message M { int32 a = 1; }",
        "message M { int64 a = 1; }",
        true,
        true,
    ),
    row(
        "uint64 to bool",
        "message M { uint64 a = 1; }",
        "message M { bool a = 1; }",
        true,
        true,
    ),
    row(
        "bool to enum",
        "message M { bool a = 1; } enum E { Z = 0; }",
        "message M { E a = 1; } enum E { Z = 0; }",
        true,
        true,
    ),
    row(
        "one enum to another",
        "message M { A a = 1; enum A { X = 0; } enum B { Y = 0; } }",
        "message M { B a = 1; enum A { X = 0; } enum B { Y = 0; } }",
        true,
        true,
    ),
    row(
        "int32 to sint32",
        "message M { int32 a = 1; }",
        "message M { sint32 a = 1; }",
        false,
        false,
    ),
    row(
        "sint32 to sint64",
        "message M { sint32 a = 1; }",
        "message M { sint64 a = 1; }",
        true,
        true,
    ),
    row(
        "int32 to fixed32",
        "message M { int32 a = 1; }",
        "message M { fixed32 a = 1; }",
        false,
        false,
    ),
    row(
        "fixed32 to sfixed32",
        "message M { fixed32 a = 1; }",
        "message M { sfixed32 a = 1; }",
        true,
        true,
    ),
    row(
        "fixed64 to sfixed64",
        "message M { fixed64 a = 1; }",
        "message M { sfixed64 a = 1; }",
        true,
        true,
    ),
    row(
        "fixed32 to fixed64",
        "message M { fixed32 a = 1; }",
        "message M { fixed64 a = 1; }",
        false,
        false,
    ),
    row(
        "float to double",
        "message M { float a = 1; }",
        "message M { double a = 1; }",
        false,
        false,
    ),
    row(
        "int32 to string",
        "message M { int32 a = 1; }",
        "message M { string a = 1; }",
        false,
        false,
    ),
    row(
        "string to bytes",
        "message M { string a = 1; }",
        "message M { bytes a = 1; }",
        true,
        true,
    ),
    row(
        "scalar to message",
        "message M { int32 a = 1; message N {} }",
        "message M { N a = 1; message N {} }",
        false,
        false,
    ),
    row(
        "scalar to map",
        "message M { int32 a = 1; }",
        "message M { map<int32, int32> a = 1; }",
        false,
        false,
    ),
    row(
        "map to repeated message",
        "message M { map<int32, int32> a = 1; message N { int32 key = 1; int32 value = 2; } }",
        "message M { repeated N a = 1; message N { int32 key = 1; int32 value = 2; } }",
        false,
        false,
    ),
    row(
        "map value int32 to int64",
        "message M { map<string, int32> a = 1; }",
        "message M { map<string, int64> a = 1; }",
        true,
        true,
    ),
    row(
        "map value string to int32",
        "message M { map<string, string> a = 1; }",
        "message M { map<string, int32> a = 1; }",
        false,
        false,
    ),
    row(
        "map key int32 to string",
        "message M { map<int32, string> a = 1; }",
        "message M { map<string, string> a = 1; }",
        false,
        false,
    ),
    row(
        "proto3 int32 without keyword to repeated",
        "message M { int32 a = 1; }",
        "message M { repeated int32 a = 1; }",
        true,
        true,
    ),
    row(
        "proto3 int32 without keyword to optional",
        "message M { int32 a = 1; }",
        "message M { optional int32 a = 1; }",
        true,
        true,
    ),
    row(
        "proto3 string without keyword to repeated",
        "message M { string a = 1; }",
        "message M { repeated string a = 1; }",
        true,
        true,
    ),
    row(
        "optional int32 to repeated int32",
        "message M { optional int32 a = 1; }",
        "message M { repeated int32 a = 1; }",
        false,
        false,
    ),
    row(
        "optional string to repeated string",
        "message M { optional string a = 1; }",
        "message M { repeated string a = 1; }",
        true,
        true,
    ),
    row(
        "optional message to repeated message",
        "message M { optional M a = 1; }",
        "message M { repeated M a = 1; }",
        true,
        true,
    ),
    row(
        "proto2 optional bool to required bool",
        "syntax = \"proto2\"; message M { optional bool a = 1; }",
        "syntax = \"proto2\"; message M { required bool a = 1; }",
        false,
        false,
    ),
    row(
        "proto2 optional bytes to required bytes",
        "syntax = \"proto2\"; message M { optional bytes a = 1; }",
        "syntax = \"proto2\"; message M { required bytes a = 1; }",
        true,
        true,
    ),
    row(
        "add a message",
        "message M {}",
        "message M {} message N {}",
        true,
        false,
    ),
    row(
        "add a nested message",
        "message M {}",
        "message M { message N {} }",
        true,
        false,
    ),
    row(
        "rename a message",
        "message M {}",
        "message N {}",
        false,
        false,
    ),
    row(
        "move a nested message to the top",
        "message M { message N {} }",
        "message M {} message N {}",
        false,
        false,
    ),
    row(
        "reorder messages",
        "message M {} message N {}",
        "message N {} message M {}",
        true,
        true,
    ),
    row(
        "turn a message into an enum",
        "message M {} message N {}",
        "message M {} enum N { Z = 0; }",
        false,
        true,
    ),
    row(
        "add an enum",
        "message M {}",
        "message M {} enum E { Z = 0; }",
        true,
        true,
    ),
    row(
        "add an enum value",
        "message M {} enum E { Z = 0; }",
        "message M {} enum E { Z = 0; Y = 1; }",
        true,
        true,
    ),
    row(
        "rename an enum value",
        "message M {} enum E { Z = 0; }",
        "message M {} enum E { Y = 0; }",
        true,
        true,
    ),
    row(
        "change the package",
        "package a; message M {}",
        "package b; message M {}",
        false,
        false,
    ),
    row(
        "drop the package",
        "package a; message M {}",
        "message M {}",
        false,
        false,
    ),
    row(
        "change the syntax",
        "syntax = \"proto2\"; message M { repeated int32 a = 1; }",
        "syntax = \"proto3\"; message M { repeated int32 a = 1; }",
        true,
        true,
    ),
    row(
        "change options",
        "option java_package = \"x\"; message M { repeated int32 a = 1; }",
        "option deprecated = true; message M { option deprecated = true; \
         repeated int32 a = 1 [packed = false, json_name = \"A\"]; }",
        true,
        true,
    ),
    row(
        "change services",
        "message M {} service S { rpc A(M) returns (M); }",
        "message M {} service T { rpc B(stream M) returns (stream M); }",
        true,
        true,
    ),
    row(
        "use a reserved number",
        "message M { reserved 1; reserved \"a\"; }",
        "message M { int32 a = 1; }",
        true,
        true,
    ),
    row(
        "change imports",
        "import \"google/protobuf/any.proto\"; message M {}",
        "import public \"google/protobuf/empty.proto\"; message M {}",
        true,
        true,
    ),
    row(
        "add a oneof with new members",
        "message M { int32 a = 1; }",
        "message M { int32 a = 1; oneof o { int32 b = 2; int32 c = 3; } }",
        true,
        true,
    ),
    row(
        "add a member to a oneof",
        "message M { oneof o { int32 a = 1; } }",
        "message M { oneof o { int32 a = 1; int32 b = 2; } }",
        true,
        false,
    ),
    row(
        "one field into a new oneof",
        "message M { int32 a = 1; }",
        "message M { oneof o { int32 a = 1; } }",
        true,
        true,
    ),
    row(
        "one field into a new oneof with a new member",
        "message M { int32 a = 1; }",
        "message M { oneof o { int32 a = 1; int32 b = 2; } }",
        true,
        false,
    ),
    row(
        "two fields into one oneof",
        "message M { int32 a = 1; int32 b = 2; }",
        "message M { oneof o { int32 a = 1; int32 b = 2; } }",
        false,
        true,
    ),
    row(
        "one field into a oneof that was there",
        "message M { int32 a = 1; oneof o { int32 b = 2; } }",
        "message M { oneof o { int32 a = 1; int32 b = 2; } }",
        false,
        true,
    ),
    row(
        "merge two oneofs",
        "message M { oneof o { int32 a = 1; } oneof p { int32 b = 2; } }",
        "message M { oneof o { int32 a = 1; int32 b = 2; } }",
        false,
        true,
    ),
    row(
        "rename a oneof",
        "message M { oneof o { int32 a = 1; int32 b = 2; } }",
        "message M { oneof p { int32 a = 1; int32 b = 2; } }",
        true,
        true,
    ),
];

#[test]
fn verdicts_match_in_both_directions() {
    let mut failures = Vec::new();
    let mut expect = |change: &str, level: Level, new: &Schema, old: &Schema, verdict: bool| {
        let outcome = check_level(level, new, &[old]);
        if outcome.is_compatible() != verdict {
            failures.push(format!("{change}, {level}: {:?}", outcome.messages));
        }
    };
    for row in ROWS {
        let (before, after) = (Schema::new(row.before), Schema::new(row.after));
        let undo = format!("undo: {}", row.change);
        expect(row.change, Level::Backward, &after, &before, row.backward);
        expect(row.change, Level::Forward, &after, &before, row.forward);
        expect(&undo, Level::Backward, &before, &after, row.forward);
        expect(&undo, Level::Forward, &before, &after, row.backward);
        let full = row.backward && row.forward;
        expect(row.change, Level::Full, &after, &before, full);
        expect(&undo, Level::FullTransitive, &before, &after, full);
        expect(row.change, Level::None, &after, &before, true);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn number_labels_matter_in_every_group_and_string_labels_in_none() {
    let field = |label: &str, scalar: &str| {
        Schema::new(&format!("{PROTO2}message M {{ {label} {scalar} a = 1; }}"))
    };
    let labels = ["optional", "required", "repeated"];
    for scalar in [
        "int32", "uint64", "bool", "sint32", "fixed32", "sfixed64", "float", "double", "string",
        "bytes",
    ] {
        let tolerant = matches!(scalar, "string" | "bytes");
        for before in labels {
            for after in labels {
                let outcome = check_level(
                    Level::Full,
                    &field(after, scalar),
                    &[&field(before, scalar)],
                );
                assert_eq!(
                    outcome.is_compatible(),
                    tolerant || before == after,
                    "{scalar}: {before} to {after}"
                );
            }
        }
    }
}

/// Two scalars are interchangeable exactly if they are in the same group.
#[test]
fn scalar_groups_are_closed() {
    const GROUPS: &[&[&str]] = &[
        &["int32", "int64", "uint32", "uint64", "bool", "E", "M.F"],
        &["sint32", "sint64"],
        &["string", "bytes"],
        &["fixed32", "sfixed32"],
        &["fixed64", "sfixed64"],
        &["float"],
        &["double"],
    ];
    let schema = |scalar: &str| {
        Schema::new(&format!(
            "message M {{ {scalar} a = 1; enum F {{ X = 0; }} }} enum E {{ Z = 0; }}"
        ))
    };
    for (i, before_group) in GROUPS.iter().enumerate() {
        for (j, after_group) in GROUPS.iter().enumerate() {
            for before in *before_group {
                for after in *after_group {
                    let outcome = check_level(Level::Full, &schema(after), &[&schema(before)]);
                    assert_eq!(outcome.is_compatible(), i == j, "{before} to {after}");
                }
            }
        }
    }
}
