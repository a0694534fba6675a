//! A case for each rule: the exact differences, including compatible ones.

use cc_protobuf_examples::protobuf::compatibility::DifferenceKind;

use crate::compatibility::schema::{Schema, difference_lines};

struct Case {
    rule: &'static str,
    original: Schema,
    update: Schema,
    expected: &'static [&'static str],
}

fn case(
    rule: &'static str,
    original: &str,
    update: &str,
    expected: &'static [&'static str],
) -> Case {
    Case {
        rule,
        original: Schema::new(original),
        update: Schema::new(update),
        expected,
    }
}

fn run(cases: Vec<Case>) {
    let mut failures = Vec::new();
    for case in &cases {
        let found = difference_lines(&case.original, &case.update);
        let mut expected: Vec<&str> = case.expected.to_vec();
        expected.sort_unstable();
        if found != expected {
            failures.push(format!(
                "{}:\n  expected {expected:?}\n  found    {found:?}",
                case.rule
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn files_and_types() {
    run(vec![
        case(
            "a package change hides nothing else",
            "package a; message M { int32 x = 1; }",
            "package b; message M { string x = 1; }",
            &["PACKAGE_CHANGED #/", "FIELD_SCALAR_KIND_CHANGED #/M/1"],
        ),
        case(
            "messages are added and removed at any depth",
            "message M { message Old {} } message Gone {}",
            "message M { message New { message Deeper {} } } message Come {}",
            &[
                "MESSAGE_REMOVED #/M/Old",
                "MESSAGE_ADDED #/M/New",
                "MESSAGE_REMOVED #/Gone",
                "MESSAGE_ADDED #/Come",
            ],
        ),
        case(
            "moved means another index among messages",
            "message A {} message B {} message C {}",
            "message B {} message A {} message C {}",
            &["MESSAGE_MOVED #/A", "MESSAGE_MOVED #/B"],
        ),
        case(
            "enums and implied map entries do not count for the index",
            "message M { enum E { Z = 0; } map<string, int32> m = 1; message A {} message B {} }",
            "message M { message A {} message B {} enum E { Z = 0; } map<string, int32> m = 1; \
             map<string, int32> n = 2; }",
            &["FIELD_ADDED #/M/2"],
        ),
        case(
            "enums by name and number",
            "enum A { A0 = 0; A1 = 1; A2 = 2; } enum B { B0 = 0; } message M { enum N { N0 = 0; } }",
            "enum A { A0 = 0; X1 = 1; A3 = 3; } enum C { C0 = 0; } message M { enum N { X0 = 0; } }",
            &[
                "ENUM_CONST_CHANGED #/A/1",
                "ENUM_CONST_REMOVED #/A/2",
                "ENUM_CONST_ADDED #/A/3",
                "ENUM_REMOVED #/B",
                "ENUM_ADDED #/C",
                "ENUM_CONST_CHANGED #/M/N/0",
            ],
        ),
        case(
            "a message that becomes an enum",
            "message M {} message N {}",
            "message M {} enum N { Z = 0; }",
            &["MESSAGE_REMOVED #/N", "ENUM_ADDED #/N"],
        ),
        case(
            "negative enum numbers",
            "syntax = \"proto2\"; enum E { Z = 0; }",
            "syntax = \"proto2\"; enum E { Z = 0; M = -1; }",
            &["ENUM_CONST_ADDED #/E/-1"],
        ),
    ]);
}

#[test]
fn fields() {
    run(vec![
        case(
            "another number is one field gone and one come",
            "message M { int32 a = 1; }",
            "message M { int32 a = 2; }",
            &["FIELD_REMOVED #/M/1", "FIELD_ADDED #/M/2"],
        ),
        case(
            "required fields on one side",
            "syntax = \"proto2\"; message M { required int32 a = 1; optional int32 c = 3; }",
            "syntax = \"proto2\"; message M { required int32 b = 2; optional int32 d = 4; }",
            &[
                "REQUIRED_FIELD_REMOVED #/M/1",
                "REQUIRED_FIELD_ADDED #/M/2",
                "FIELD_REMOVED #/M/3",
                "FIELD_ADDED #/M/4",
            ],
        ),
        case(
            "required on both sides is a label",
            "syntax = \"proto2\"; message M { optional int32 a = 1; optional string b = 2; optional M c = 3; }",
            "syntax = \"proto2\"; message M { required int32 a = 1; required string b = 2; required M c = 3; }",
            &[
                "FIELD_NUMERIC_LABEL_CHANGED #/M/1",
                "FIELD_STRING_OR_BYTES_LABEL_CHANGED #/M/2",
            ],
        ),
        case(
            "the label of an enum field is a number's",
            "message M { optional E a = 1; enum E { Z = 0; } }",
            "message M { repeated E a = 1; enum E { Z = 0; } }",
            &["FIELD_NUMERIC_LABEL_CHANGED #/M/1"],
        ),
        case(
            "no label is said about once the kind differs",
            "message M { optional int32 a = 1; optional int32 b = 2; }",
            "message M { repeated string a = 1; repeated M b = 2; }",
            &[
                "FIELD_SCALAR_KIND_CHANGED #/M/1",
                "FIELD_KIND_CHANGED #/M/2",
            ],
        ),
        case(
            "an absent label is no label change",
            "message M { int32 a = 1; int32 b = 2; oneof o { int32 c = 3; } }",
            "message M { repeated int32 a = 1; optional int32 b = 2; repeated int32 c = 3; }",
            &[
                "ONEOF_REMOVED #/M/o",
                "ONEOF_FIELD_MOVED_TO_TOP_LEVEL #/M/3",
            ],
        ),
        case(
            "the name counts apart from the type",
            "message M { int32 a = 1; }",
            "message M { string b = 1; }",
            &[
                "FIELD_NAME_CHANGED #/M/1",
                "FIELD_SCALAR_KIND_CHANGED #/M/1",
            ],
        ),
        case(
            "an enum is never compared with what replaces it",
            "message M { A a = 1; enum A { A0 = 0; } }",
            "message M { B a = 1; enum B { B0 = 0; B1 = 1; } }",
            &["ENUM_REMOVED #/M/A", "ENUM_ADDED #/M/B"],
        ),
        case(
            "message and enum in each other's place",
            "message M { T a = 1; } enum T { Z = 0; }",
            "message M { T a = 1; } message T {}",
            &[
                "FIELD_KIND_CHANGED #/M/1",
                "MESSAGE_ADDED #/T",
                "ENUM_REMOVED #/T",
            ],
        ),
        case(
            "groups are not in the field list, nor are their messages types",
            "syntax = \"proto2\"; message M { optional group G = 1 { optional int32 a = 1; } }",
            "syntax = \"proto2\"; message M { message N {} }",
            &["MESSAGE_ADDED #/M/N"],
        ),
        case(
            "extensions and extends are not looked at",
            "syntax = \"proto2\"; message M { extensions 100 to 200; } extend M { optional int32 x = 100; }",
            "syntax = \"proto2\"; message M { extensions 300 to max; } extend M { optional string x = 300; }",
            &[],
        ),
        case(
            "field order does not count",
            "message M { int32 a = 1; string b = 2; }",
            "message M { string b = 2; int32 a = 1; }",
            &[],
        ),
    ]);
}

#[test]
fn maps() {
    run(vec![
        case(
            "keys and values are compared at the field's path",
            "message M { map<int32, string> a = 1; map<string, M> b = 2; map<string, E> c = 3; } enum E { Z = 0; }",
            "message M { map<string, int32> a = 1; map<string, int32> b = 2; map<string, uint64> c = 3; } enum E { Z = 0; }",
            &[
                "FIELD_SCALAR_KIND_CHANGED #/M/1",
                "FIELD_SCALAR_KIND_CHANGED #/M/1",
                "FIELD_KIND_CHANGED #/M/2",
            ],
        ),
        case(
            "a value of another message type",
            "message M { map<string, A> m = 1; message A {} message B {} }",
            "message M { map<string, B> m = 1; message A {} message B {} }",
            &["FIELD_NAMED_TYPE_CHANGED #/M/1"],
        ),
        case(
            "a written map entry is the map",
            "message M { map<string, int32> m = 1; }",
            "message M { repeated MEntry m = 1; message MEntry { option map_entry = true; \
             string key = 1; int64 value = 2; } }",
            &[],
        ),
        case(
            "a written map entry neither comes nor goes",
            "message M { repeated XEntry x = 1; message XEntry { option map_entry = true; \
             string key = 1; int32 value = 2; } }",
            "message M {}",
            &["FIELD_REMOVED #/M/1"],
        ),
        case(
            "a message that merely looks like a map entry is a message",
            "message M { map<string, int32> m = 1; }",
            "message M { repeated MEntry m = 1; message MEntry { string key = 1; int32 value = 2; } }",
            &["FIELD_KIND_CHANGED #/M/1", "MESSAGE_ADDED #/M/MEntry"],
        ),
        case(
            "the names inside a map resolve in the message that has it",
            "package p; message M { map<string, N> m = 1; message N {} }",
            "package p; message M { map<string, .p.M.N> m = 1; message N {} }",
            &[],
        ),
    ]);
}

#[test]
fn oneofs() {
    run(vec![
        case(
            "a whole new oneof",
            "message M {}",
            "message M { oneof o { int32 a = 1; } }",
            &["ONEOF_ADDED #/M/o", "ONEOF_FIELD_ADDED #/M/o/1"],
        ),
        case(
            "a whole oneof deleted",
            "message M { oneof o { int32 a = 1; int32 b = 2; } }",
            "message M {}",
            &["ONEOF_REMOVED #/M/o"],
        ),
        case(
            "a oneof deleted while one member lives on",
            "message M { oneof o { int32 a = 1; int32 b = 2; } }",
            "message M { int32 a = 1; }",
            &[
                "ONEOF_REMOVED #/M/o",
                "ONEOF_FIELD_MOVED_TO_TOP_LEVEL #/M/1",
                "ONEOF_FIELD_REMOVED #/M/o/2",
            ],
        ),
        case(
            "a member removed and one added",
            "message M { oneof o { int32 a = 1; int32 b = 2; } }",
            "message M { oneof o { int32 a = 1; int32 c = 3; } }",
            &["ONEOF_FIELD_REMOVED #/M/o/2", "ONEOF_FIELD_ADDED #/M/o/3"],
        ),
        case(
            "a member's own change is at its place in the update",
            "message M { oneof o { int32 a = 1; int32 b = 2; } int32 c = 3; }",
            "message M { oneof p { string a = 1; } string b = 2; oneof q { string c = 3; } }",
            &[
                "ONEOF_REMOVED #/M/o",
                "ONEOF_ADDED #/M/p",
                "ONEOF_ADDED #/M/q",
                "FIELD_SCALAR_KIND_CHANGED #/M/p/1",
                "ONEOF_FIELD_MOVED_TO_TOP_LEVEL #/M/2",
                "FIELD_SCALAR_KIND_CHANGED #/M/2",
                "FIELD_SCALAR_KIND_CHANGED #/M/q/3",
            ],
        ),
        case(
            "one field into a new oneof, with company that is new",
            "message M { int32 a = 1; }",
            "message M { oneof o { int32 a = 1; int32 b = 2; } }",
            &["ONEOF_ADDED #/M/o", "ONEOF_FIELD_ADDED #/M/o/2"],
        ),
        case(
            "several fields into one oneof",
            "message M { int32 a = 1; int32 b = 2; }",
            "message M { oneof o { int32 a = 1; int32 b = 2; } }",
            &["MULTIPLE_FIELDS_MOVED_TO_ONEOF #/M/o", "ONEOF_ADDED #/M/o"],
        ),
        case(
            "several fields into a oneof with older members",
            "message M { int32 a = 1; int32 b = 2; oneof o { int32 c = 3; } }",
            "message M { oneof o { int32 a = 1; int32 b = 2; int32 c = 3; } }",
            &["MULTIPLE_FIELDS_MOVED_TO_ONEOF #/M/o"],
        ),
        case(
            "one field to older members under a new name",
            "message M { int32 a = 1; oneof o { int32 c = 3; } }",
            "message M { oneof p { int32 a = 1; int32 c = 3; } }",
            &[
                "FIELD_MOVED_TO_EXISTING_ONEOF #/M/p",
                "ONEOF_REMOVED #/M/o",
                "ONEOF_ADDED #/M/p",
            ],
        ),
        case(
            "merging two oneofs",
            "message M { oneof o { int32 a = 1; } oneof p { int32 b = 2; } }",
            "message M { oneof q { int32 a = 1; int32 b = 2; } }",
            &[
                "FIELD_MOVED_TO_EXISTING_ONEOF #/M/q",
                "ONEOF_REMOVED #/M/o",
                "ONEOF_REMOVED #/M/p",
                "ONEOF_ADDED #/M/q",
            ],
        ),
        case(
            "splitting a oneof",
            "message M { oneof o { int32 a = 1; int32 b = 2; } }",
            "message M { oneof o { int32 a = 1; } oneof p { int32 b = 2; } }",
            &["ONEOF_ADDED #/M/p"],
        ),
        case(
            "proto3 optional makes no oneof",
            "message M { optional int32 a = 1; oneof o { int32 b = 2; } }",
            "message M { int32 a = 1; optional int32 c = 3; oneof o { int32 b = 2; } }",
            &["FIELD_ADDED #/M/3"],
        ),
    ]);
}

#[test]
fn names() {
    run(vec![
        case(
            "spelled differently, meaning the same",
            "package p.q; message M { Inner a = 1; message Inner {} N b = 2; } message N {}",
            "package p.q; message M { .p.q.M.Inner a = 1; message Inner {} q.N b = 2; } message N {}",
            &[],
        ),
        case(
            "the innermost scope wins",
            "message M { N a = 1; message N {} } message N {}",
            "message M { .N a = 1; message N {} } message N {}",
            &["FIELD_NAMED_TYPE_CHANGED #/M/1"],
        ),
        case(
            "each side resolves in its own package",
            "package a; message M { .a.N n = 1; } message N {}",
            "package b; message M { .b.N n = 1; } message N {}",
            &["PACKAGE_CHANGED #/"],
        ),
        case(
            "a leading dot is the full name and nothing else",
            "package p; message M { .N n = 1; } message N {}",
            "package p; message M { N n = 1; } message N {}",
            &["FIELD_NAMED_TYPE_CHANGED #/M/1"],
        ),
        case(
            "unknown names are equal if spelled alike",
            "message M { no.Such a = 1; Nor b = 2; map<string, Gone> c = 3; }",
            "message M { no.Such a = 1; .Nor b = 2; map<string, Other> c = 3; }",
            &[
                "FIELD_NAMED_TYPE_CHANGED #/M/2",
                "FIELD_NAMED_TYPE_CHANGED #/M/3",
            ],
        ),
        case(
            "an unknown name is a message, whatever it was",
            "message M { Gone a = 1; Gone b = 2; }",
            "message M { int32 a = 1; map<int32, int32> b = 2; }",
            &["FIELD_KIND_CHANGED #/M/1", "FIELD_KIND_CHANGED #/M/2"],
        ),
        case(
            "built-in types are known without an import",
            "message M { google.protobuf.Timestamp t = 1; google.protobuf.NullValue n = 2; }",
            "message M { .google.protobuf.Timestamp t = 1; int32 n = 2; }",
            &[],
        ),
        case(
            "built-in types that refer to each other",
            "message M { google.protobuf.Struct s = 1; google.protobuf.FileDescriptorSet d = 2; }",
            "message M { .google.protobuf.Struct s = 1; google.protobuf.FileDescriptorSet d = 2; }",
            &[],
        ),
        case(
            "messages that contain themselves",
            "message M { M m = 1; N n = 2; message N { M m = 1; N n = 2; } }",
            "message M { M m = 1; N n = 2; message N { M m = 1; N n = 2; } }",
            &[],
        ),
    ]);
}

const USER: &str = "package d; message User { int32 id = 1; }";
const USER_BROKEN: &str = "package d; message User { string id = 1; }";
const USER_ELSEWHERE: &str = "package e; message User { int32 id = 1; }";

#[test]
fn references() {
    let plain = |source: &str| Schema::new(source);
    let with = |subject: &str, version: i32, source: &str| {
        Schema::new("import \"user.proto\"; message M { d.User u = 1; }").refers_to(
            "user.proto",
            subject,
            version,
            source,
        )
    };
    let pair = |rule, original, update, expected| Case {
        rule,
        original,
        update,
        expected,
    };
    run(vec![
        pair(
            "a change inside is found at the type and reported at the field",
            with("user", 1, USER),
            with("user", 2, USER_BROKEN),
            &["FIELD_SCALAR_KIND_CHANGED #/User/1", "FIELD_NAMED_TYPE_CHANGED #/M/1"],
        ),
        pair(
            "the same version of the same subject is trusted",
            with("user", 1, USER),
            with("user", 1, USER_BROKEN),
            &[],
        ),
        pair(
            "the same version of another subject is not",
            with("user", 1, USER),
            with("person", 1, USER_BROKEN),
            &["FIELD_SCALAR_KIND_CHANGED #/User/1", "FIELD_NAMED_TYPE_CHANGED #/M/1"],
        ),
        pair(
            "a tolerated change inside stays tolerated",
            with("user", 1, USER),
            with("user", 2, "package d; message User { int64 uid = 1; int32 x = 2; }"),
            &["FIELD_NAME_CHANGED #/User/1", "FIELD_ADDED #/User/2"],
        ),
        pair(
            "the package of the type may change",
            with("user", 1, USER),
            Schema::new("import \"user.proto\"; message M { e.User u = 1; }").refers_to(
                "user.proto",
                "user",
                2,
                USER_ELSEWHERE,
            ),
            &[],
        ),
        pair(
            "the enclosing message may not",
            with("user", 1, USER),
            Schema::new("import \"user.proto\"; message M { d.Outer.User u = 1; }").refers_to(
                "user.proto",
                "user",
                2,
                "package d; message Outer { message User { int32 id = 1; } }",
            ),
            &["FIELD_NAMED_TYPE_CHANGED #/M/1"],
        ),
        pair(
            "from an import into the file",
            with("user", 1, USER),
            plain("message M { User u = 1; } message User { int32 id = 1; }"),
            &["MESSAGE_ADDED #/User"],
        ),
        pair(
            "from the file into an import",
            plain("package d; message M { User u = 1; } message User { int32 id = 1; }"),
            Schema::new("package d; import \"user.proto\"; message M { User u = 1; }").refers_to(
                "user.proto",
                "user",
                1,
                USER_BROKEN,
            ),
            &[
                "MESSAGE_REMOVED #/User",
                "FIELD_SCALAR_KIND_CHANGED #/User/1",
                "FIELD_NAMED_TYPE_CHANGED #/M/1",
            ],
        ),
        pair(
            "a file that came with another has no version to trust",
            plain("message M { d.User u = 1; }")
                .refers_to("mid.proto", "mid", 1, "message Mid {}")
                .depends_on("user.proto", USER),
            plain("message M { d.User u = 1; }")
                .refers_to("mid.proto", "mid", 1, "message Mid {}")
                .depends_on("user.proto", USER_BROKEN),
            &["FIELD_SCALAR_KIND_CHANGED #/User/1", "FIELD_NAMED_TYPE_CHANGED #/M/1"],
        ),
        pair(
            "the change is reported at every field on the way",
            plain("message M { d.Mid a = 1; d.Mid b = 2; }")
                .refers_to("mid.proto", "mid", 1, "package d; message Mid { User u = 1; }")
                .depends_on("user.proto", USER),
            plain("message M { d.Mid a = 1; d.Mid b = 2; }")
                .refers_to("mid.proto", "mid", 2, "package d; message Mid { User u = 1; }")
                .depends_on("user.proto", USER_BROKEN),
            &[
                "FIELD_SCALAR_KIND_CHANGED #/User/1",
                "FIELD_NAMED_TYPE_CHANGED #/Mid/1",
                "FIELD_NAMED_TYPE_CHANGED #/M/1",
                "FIELD_SCALAR_KIND_CHANGED #/User/1",
                "FIELD_NAMED_TYPE_CHANGED #/Mid/1",
                "FIELD_NAMED_TYPE_CHANGED #/M/2",
            ],
        ),
        pair(
            "only the message that is used counts, with what is nested in it",
            with("user", 1, "package d; message User { message In {} } message Other {}"),
            with("user", 2, "package d; message User {}"),
            &["MESSAGE_REMOVED #/User/In", "FIELD_NAMED_TYPE_CHANGED #/M/1"],
        ),
        pair(
            "an imported enum may change as it likes",
            plain("message M { d.E e = 1; }").refers_to("e.proto", "e", 1, "package d; enum E { Z = 0; A = 1; }"),
            plain("message M { d.E e = 1; }").refers_to("e.proto", "e", 2, "package d; enum E { Y = 0; }"),
            &[],
        ),
        pair(
            "imported messages that contain each other",
            with("user", 1, "package d; message User { Team t = 1; } message Team { repeated User u = 1; int32 n = 2; }"),
            with("user", 2, "package d; message User { Team t = 1; } message Team { repeated User u = 1; string n = 2; }"),
            &[
                "FIELD_SCALAR_KIND_CHANGED #/Team/2",
                "FIELD_NAMED_TYPE_CHANGED #/User/1",
                "FIELD_NAMED_TYPE_CHANGED #/M/1",
            ],
        ),
        pair(
            "the file's own type hides an imported one of that name",
            Schema::new("package d; message M { User u = 1; } message User { int32 id = 1; }")
                .refers_to("user.proto", "user", 1, USER_BROKEN),
            plain("package d; message M { User u = 1; } message User { int32 id = 1; }"),
            &[],
        ),
        pair(
            "a reference named like a built-in takes its place",
            plain("message M { google.protobuf.Duration d = 1; google.protobuf.Empty e = 2; }"),
            plain("message M { google.protobuf.Duration d = 1; google.protobuf.Empty e = 2; }").refers_to(
                "google/protobuf/duration.proto",
                "mine",
                1,
                "package google.protobuf; message Duration { string seconds = 1; int32 nanos = 2; }",
            ),
            &[
                "FIELD_SCALAR_KIND_CHANGED #/Duration/1",
                "FIELD_NAMED_TYPE_CHANGED #/M/1",
            ],
        ),
        pair(
            "and hides the rest of that built-in",
            plain("message M { google.protobuf.Duration d = 1; }"),
            plain("message M { google.protobuf.Duration d = 1; }").refers_to(
                "google/protobuf/duration.proto",
                "mine",
                1,
                "package google.protobuf; message Other {}",
            ),
            &[],
        ),
        pair(
            "an import is seen whether or not it is written",
            plain("message M { d.User u = 1; }").refers_to("user.proto", "user", 1, USER),
            with("user", 2, USER),
            &[],
        ),
    ]);
}

#[test]
fn every_kind_has_a_name_of_its_own() {
    let mut names: Vec<&str> = DifferenceKind::ALL
        .iter()
        .map(|kind| kind.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 26);
}
