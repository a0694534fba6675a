//! Finds type names that no file declares.

use prost_types::{DescriptorProto, FileDescriptorProto};

use super::Candidate;
use super::declaration::{MapEntry, map_entry};
use super::types::Types;
use crate::protobuf::model::field_messages::FieldMessages;
use crate::protobuf::model::names::join;

/// Returns the type names in fields and rpcs that neither the schema, nor its
/// dependencies, nor the built-in files declare. Names are as written, in the order of
/// the source.
///
/// By default, Confluent's registry only requires that this list is empty. It ignores
/// values of maps and bodies of `extend`.
pub fn missing_types(candidate: &Candidate<'_>) -> Vec<String> {
    let types = Types::new(candidate);
    let file = candidate.file.proto();
    let mut missing = Vec::new();
    let mut look_for = |scope: &str, name: &str| {
        if types.resolve(scope.to_owned(), name).is_none() {
            missing.push(name.to_owned());
        }
    };
    for (scope, message) in messages(file) {
        let bodies = FieldMessages::of(&message.field, &message.extension, &message.nested_type);
        for (position, field) in message.field.iter().enumerate() {
            // Neither a map nor a group names a type.
            if let (Some(name), None) = (&field.type_name, bodies.get(position)) {
                look_for(&scope, name);
            }
        }
    }
    for method in file.service.iter().flat_map(|service| &service.method) {
        look_for(file.package(), method.input_type());
        look_for(file.package(), method.output_type());
    }
    missing
}

/// Returns every message with its full name, except for map entries.
fn messages(file: &FileDescriptorProto) -> Vec<(String, &DescriptorProto)> {
    let mut found = Vec::new();
    // A stack instead of recursion, because input decides how deep messages nest.
    let mut open: Vec<(String, &DescriptorProto)> = file
        .message_type
        .iter()
        .rev()
        .map(|message| (join(file.package(), message.name()), message))
        .collect();
    while let Some((name, message)) = open.pop() {
        if map_entry(message) != MapEntry::No {
            continue;
        }
        for nested in message.nested_type.iter().rev() {
            open.push((join(&name, nested.name()), nested));
        }
        found.push((name, message));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Dependency;
    use super::*;
    use crate::protobuf::SchemaFile;

    fn file(text: &str) -> SchemaFile {
        SchemaFile::from_text("test.proto", text).unwrap()
    }

    #[test]
    fn names_what_nothing_declares() {
        for (text, expected) in [
            ("message M { N n = 1; message N {} }", vec![]),
            ("message M { N n = 1; }", vec!["N"]),
            ("message M { map<string, N> n = 1; }", vec![]),
            (
                "message M { google.protobuf.Timestamp t = 1; .google.type.Date d = 2; }",
                vec![],
            ),
            (
                "message M { E e = 1; oneof o { A a = 2; b.B b = 3; } } enum E { Z = 0; }",
                vec!["A", "b.B"],
            ),
            (
                "message M { message N { M m = 1; N n = 2; X x = 3; } }",
                vec!["X"],
            ),
            (
                "message M {} service S { rpc R (M) returns (stream X); }",
                vec!["X"],
            ),
            ("message M { lib.T t = 1; }", vec![]),
        ] {
            let lib = file("syntax = \"proto3\"; package lib; message T {}");
            let file = file(&format!("syntax = \"proto3\"; package p; {text}"));
            let candidate = Candidate {
                dependencies: vec![Dependency {
                    name: "lib.proto",
                    file: &lib,
                }],
                ..Candidate::new(&file)
            };
            assert_eq!(missing_types(&candidate), expected, "{text}");
        }
        let group = file("message M { optional group G = 1 { optional X x = 1; } }");
        assert_eq!(missing_types(&Candidate::new(&group)), ["X"]);
    }
}
