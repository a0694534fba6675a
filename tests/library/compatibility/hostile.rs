//! Hostile schemas: deep, wide, cyclic, broken. The answer may repeat a difference more or
//! less often, but the verdict must be right.

use std::fmt::Write;

use cc_protobuf_examples::protobuf::compatibility::{CompatibilityLevel as Level, DifferenceKind};
use cc_protobuf_examples::protobuf::{Form, SchemaFile};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, MessageOptions,
    OneofDescriptorProto,
};

use crate::compatibility::schema::{Schema, check_level, differences};

/// A file of messages `M0`, `M1`, …, each with fields of the types in `links`, and an int
/// or string in the last one.
fn web(count: usize, leaf: &str, links: impl Fn(usize) -> Vec<usize>) -> String {
    let mut source = "package d;\n".to_owned();
    for i in 0..count {
        write!(source, "message M{i} {{").unwrap();
        for (number, target) in links(i).into_iter().enumerate() {
            write!(source, " M{target} f{number} = {};", number + 2).unwrap();
        }
        if i + 1 == count {
            write!(source, " {leaf} leaf = 1;").unwrap();
        }
        source.push_str(" }\n");
    }
    source
}

fn user_of(version: i32, dependency: &str) -> Schema {
    Schema::new("message User { d.M0 first = 1; }").refers_to("d.proto", "d", version, dependency)
}

fn assert_change_is_found(count: usize, links: impl Fn(usize) -> Vec<usize> + Copy) {
    let original = user_of(1, &web(count, "int32", links));
    let update = user_of(2, &web(count, "string", links));
    let found = differences(&original, &update);
    let last = format!("#/M{}/1", count - 1);
    assert!(
        found
            .iter()
            .any(|found| found.kind == DifferenceKind::FieldScalarKindChanged && found.path == last)
    );
    assert!(differences(&original, &user_of(2, &web(count, "int32", links))).is_empty());
}

#[test]
fn a_long_chain_does_not_exhaust_the_stack() {
    assert_change_is_found(
        20_000,
        |i| if i + 1 < 20_000 { vec![i + 1] } else { vec![] },
    );
}

#[test]
fn a_lattice_does_not_take_exponential_time() {
    assert_change_is_found(60, |i| if i + 1 < 60 { vec![i + 1; 2] } else { vec![] });
}

#[test]
fn messages_that_all_mention_each_other_do_not_take_factorial_time() {
    assert_change_is_found(40, |_| (0..40).collect());
}

#[test]
fn one_big_circle() {
    assert_change_is_found(5_000, |i| vec![(i + 1) % 5_000]);
}

#[test]
fn nested_messages_that_mention_what_they_are_nested_in() {
    let source = |leaf: &str| {
        let mut source = "package d; message M0 {\n".to_owned();
        for i in 0..40 {
            writeln!(source, "message N{i} {{ M0 up = 1; {leaf} leaf = 2; }}").unwrap();
        }
        source + "}"
    };
    let outcome = check_level(
        Level::Backward,
        &user_of(2, &source("string")),
        &[&user_of(1, &source("int32"))],
    );
    assert!(!outcome.is_compatible());
}

#[test]
fn a_wide_message_is_compared_once_per_field() {
    let wide = |scalar: &str| {
        let mut source = "message M {\n".to_owned();
        for i in 1..=20_000 {
            writeln!(source, "{scalar} f{i} = {i};").unwrap();
        }
        Schema::new(&(source + "}"))
    };
    assert_eq!(differences(&wide("int32"), &wide("int64")).len(), 0);
    assert_eq!(differences(&wide("int32"), &wide("string")).len(), 20_000);
}

#[test]
fn a_package_of_many_parts_does_not_make_names_expensive() {
    let mut source = "syntax = \"proto3\"; message M {\n".to_owned();
    for i in 1..=500 {
        writeln!(source, "Unknown{i} f{i} = {i};").unwrap();
    }
    source.push('}');
    // The parser refuses names of this length, but a descriptor may have them.
    let file = SchemaFile::from_text("schema.proto", &source).unwrap();
    let proto = FileDescriptorProto {
        package: Some(vec!["a"; 5_000].join(".")),
        ..file.proto().clone()
    };
    let schema = || Schema::from_file(SchemaFile::from_descriptor(proto.clone(), Form::Text));
    assert!(differences(&schema(), &schema()).is_empty());
}

fn file(messages: Vec<DescriptorProto>) -> Schema {
    Schema::from_file(SchemaFile::from_descriptor(
        FileDescriptorProto {
            name: Some("schema.proto".to_owned()),
            syntax: Some("proto3".to_owned()),
            message_type: messages,
            ..Default::default()
        },
        Form::Serialized,
    ))
}

#[test]
fn nesting_deeper_than_any_parser_allows() {
    let mut message = DescriptorProto {
        name: Some("M".to_owned()),
        ..Default::default()
    };
    for _ in 0..300 {
        message = DescriptorProto {
            name: Some("M".to_owned()),
            nested_type: vec![message],
            ..Default::default()
        };
    }
    let (original, update) = (file(vec![message.clone()]), file(vec![message]));
    assert!(differences(&original, &update).is_empty());
}

#[test]
fn a_map_that_contains_itself() {
    let entry = |name: &str, number, type_name: &str| FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(Label::Repeated as i32),
        r#type: Some(Type::Message as i32),
        type_name: Some(type_name.to_owned()),
        ..Default::default()
    };
    let schema = file(vec![DescriptorProto {
        name: Some("M".to_owned()),
        field: vec![entry("m", 1, ".M.E")],
        nested_type: vec![DescriptorProto {
            name: Some("E".to_owned()),
            field: vec![entry("key", 1, ".M.E"), entry("value", 2, ".M.E")],
            options: Some(MessageOptions {
                map_entry: Some(true),
                ..Default::default()
            }),
            ..Default::default()
        }],
        ..Default::default()
    }]);
    assert!(differences(&schema, &schema).is_empty());
}

/// Descriptors that no compiler produces: missing names, numbers or types, oneofs that do
/// not exist, map entries without key and value.
#[test]
fn broken_descriptors_are_compared_all_the_same() {
    let broken = file(vec![
        DescriptorProto::default(),
        DescriptorProto {
            name: Some("M".to_owned()),
            field: vec![
                FieldDescriptorProto::default(),
                FieldDescriptorProto {
                    number: Some(-7),
                    oneof_index: Some(9),
                    r#type: Some(1_000),
                    label: Some(-1),
                    ..Default::default()
                },
                FieldDescriptorProto {
                    number: Some(i32::MAX),
                    oneof_index: Some(-1),
                    type_name: Some("E".to_owned()),
                    ..Default::default()
                },
            ],
            oneof_decl: vec![OneofDescriptorProto::default()],
            nested_type: vec![DescriptorProto {
                name: Some("E".to_owned()),
                options: Some(MessageOptions {
                    map_entry: Some(true),
                    ..Default::default()
                }),
                ..Default::default()
            }],
            ..Default::default()
        },
    ]);
    let empty = file(Vec::new());
    assert!(differences(&broken, &broken).is_empty());
    for level in Level::ALL {
        let _ = check_level(level, &broken, &[&empty]);
        let _ = check_level(level, &empty, &[&broken]);
    }
}
