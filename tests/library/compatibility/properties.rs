//! Properties that hold for all schemas.

use cc_protobuf_examples::protobuf::compatibility::CompatibilityLevel as Level;
use proptest::prelude::*;

use crate::compatibility::schema::{Schema, check_level, differences};

const TYPES: &[&str] = &[
    "int32",
    "int64",
    "bool",
    "sint32",
    "string",
    "bytes",
    "fixed32",
    "float",
    "double",
    "A",
    "B",
    "A.Inner",
    ".p.B",
    "E",
    "Missing",
    "google.protobuf.Struct",
    "map<string, int32>",
    "map<int32, A>",
    "map<bool, E>",
];

/// Fields of a message: position, type and label of each.
fn body(number_of_fields: usize) -> impl Strategy<Value = String> {
    let field = (0..TYPES.len(), 0..4_usize);
    proptest::collection::btree_map(1..12_i32, field, 0..number_of_fields).prop_map(|fields| {
        let mut plain = String::new();
        let mut members = [String::new(), String::new()];
        for (number, (kind, place)) in fields {
            let name = TYPES[kind];
            let is_map = name.starts_with("map");
            match place {
                0 if !is_map => plain += &format!("repeated {name} f{number} = {number}; "),
                1 if !is_map => plain += &format!("optional {name} f{number} = {number}; "),
                2 if !is_map => members[0] += &format!("{name} f{number} = {number}; "),
                3 if !is_map => members[1] += &format!("{name} f{number} = {number}; "),
                _ => plain += &format!("{name} f{number} = {number}; "),
            }
        }
        for (name, members) in ["x", "y"].iter().zip(members) {
            if !members.is_empty() {
                plain += &format!("oneof {name} {{ {members} }} ");
            }
        }
        plain
    })
}

fn schema() -> impl Strategy<Value = String> {
    (body(8), body(6), body(4), any::<bool>()).prop_map(|(a, b, inner, extra)| {
        let last = if extra {
            "message C {}"
        } else {
            "enum F { F0 = 0; }"
        };
        format!(
            "package p; message A {{ {a} message Inner {{ {inner} }} }} message B {{ {b} }} \
             enum E {{ E0 = 0; }} {last}"
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_schema_follows_itself_at_every_level(source in schema()) {
        let schema = Schema::new(&source);
        prop_assert!(differences(&schema, &schema).is_empty());
        for level in Level::ALL {
            prop_assert!(check_level(level, &schema, &[&schema, &schema]).is_compatible());
        }
    }

    #[test]
    fn an_imported_type_follows_itself(source in schema()) {
        let user = |version| Schema::new("message M { p.A a = 1; repeated p.B b = 2; }")
            .refers_to("p.proto", "p", version, &source);
        prop_assert!(differences(&user(1), &user(2)).is_empty());
    }

    #[test]
    fn forward_is_backward_seen_from_the_other_side(one in schema(), two in schema()) {
        let (one, two) = (Schema::new(&one), Schema::new(&two));
        let verdict = |level, new, old| check_level(level, new, &[old]).is_compatible();
        let backward = verdict(Level::Backward, &two, &one);
        let forward = verdict(Level::Forward, &two, &one);
        prop_assert_eq!(backward, verdict(Level::Forward, &one, &two));
        prop_assert_eq!(forward, verdict(Level::Backward, &one, &two));
        prop_assert_eq!(backward && forward, verdict(Level::Full, &two, &one));
        prop_assert_eq!(
            backward,
            differences(&one, &two).iter().all(|found| found.kind.is_compatible())
        );
    }

    #[test]
    fn comparing_twice_says_the_same(one in schema(), two in schema()) {
        let (one, two) = (Schema::new(&one), Schema::new(&two));
        prop_assert_eq!(differences(&one, &two), differences(&one, &two));
    }
}
