//! What the schema builder refuses, with the exact messages.

use cc_protobuf_examples::protobuf::{
    DynamicSchema, Error, FieldType, ProtoEnum, ProtoField, ProtoFile, ProtoMessage, ProtoOneof,
    ProtoSchema,
};

type Case = (&'static str, ProtoMessage, &'static str);

fn record() -> ProtoMessage {
    ProtoMessage::new("Record").package("shop")
}

fn with(field: ProtoField) -> ProtoMessage {
    record().field(field)
}

fn colors(colors: ProtoEnum) -> ProtoMessage {
    record().enumeration(colors)
}

fn color() -> ProtoEnum {
    ProtoEnum::new("Color")
}

fn other() -> DynamicSchema {
    ProtoMessage::new("Other")
        .package("parts")
        .file_name("parts/other.proto")
        .field(ProtoField::int32("id", 1))
        .enumeration(ProtoEnum::new("Kind").value("NONE", 0))
        .build()
        .unwrap()
}

fn cases() -> Vec<Case> {
    use ProtoField as F;
    vec![
        // Names
        (
            "message name starts with a digit",
            ProtoMessage::new("2nd").file_name("x.proto"),
            r#"message 2nd: "2nd" is not an identifier: a letter or underscore, then letters, digits and underscores"#,
        ),
        (
            "field name with a hyphen",
            with(F::string("e-mail", 1)),
            r#"field shop.Record.e-mail: "e-mail" is not an identifier"#,
        ),
        (
            "empty field name",
            with(F::string("", 1)),
            r#"field shop.Record.: "" is not an identifier"#,
        ),
        (
            "field name beyond ASCII",
            with(F::string("größe", 1)),
            r#""größe" is not an identifier"#,
        ),
        (
            "package with an empty part",
            ProtoMessage::new("Record").package("shop..orders"),
            r#"package shop..orders: "" is not an identifier"#,
        ),
        (
            "oneof name",
            record().oneof(ProtoOneof::new("a b").field(F::string("a", 1))),
            r#"oneof shop.Record.a b: "a b" is not an identifier"#,
        ),
        (
            "enum name",
            colors(ProtoEnum::new("Co.lor").value("RED", 0)),
            r#"enum shop.Record.Co.lor: "Co.lor" is not an identifier"#,
        ),
        (
            "enum value name",
            colors(color().value("RED!", 0)),
            r#"enum value shop.Record.RED!: "RED!" is not an identifier"#,
        ),
        (
            "two fields of one name",
            with(F::string("a", 1)).field(F::int32("a", 2)),
            "field shop.Record.a: the name is already used by field shop.Record.a",
        ),
        (
            "a field and a oneof of one name",
            with(F::string("a", 1)).oneof(ProtoOneof::new("a").field(F::int32("b", 2))),
            "oneof shop.Record.a: the name is already used by field shop.Record.a",
        ),
        (
            "a member of a oneof and a field of one name",
            with(F::string("a", 1)).oneof(ProtoOneof::new("o").field(F::int32("a", 2))),
            "field shop.Record.a: the name is already used by field shop.Record.a",
        ),
        (
            "a field and a nested message of one name",
            with(F::string("Inner", 1)).message(ProtoMessage::new("Inner")),
            "message shop.Record.Inner: the name is already used by field shop.Record.Inner",
        ),
        (
            "two nested messages of one name",
            record()
                .message(ProtoMessage::new("Inner"))
                .message(ProtoMessage::new("Inner")),
            "message shop.Record.Inner: the name is already used by message shop.Record.Inner",
        ),
        (
            "values of two enums in one scope",
            colors(color().value("NONE", 0)).enumeration(ProtoEnum::new("Size").value("NONE", 0)),
            "enum value shop.Record.NONE: the name is already used by enum value shop.Record.NONE; \
             values of an enum share the scope around it",
        ),
        (
            "an enum value and a field of one name",
            colors(color().value("none", 0)).field(F::string("none", 1)),
            "enum value shop.Record.none: the name is already used by field shop.Record.none; \
             values of an enum share the scope around it",
        ),
        (
            "a map's entry message and a nested message",
            with(F::map("by_id", "int32", "string", 1)).message(ProtoMessage::new("ByIdEntry")),
            "message shop.Record.ByIdEntry: the name is already used by map entry shop.Record.ByIdEntry",
        ),
        (
            "names that are one in JSON",
            with(F::string("user_id", 1)).field(F::string("userId", 2)),
            r#"field shop.Record.userId: the JSON name "userId" conflicts with field user_id"#,
        ),
        (
            "names that older tools take for one",
            with(F::string("ab", 1)).field(F::string("a_b", 2)),
            r#"field shop.Record.a_b: the JSON name "aB" conflicts with field ab"#,
        ),
        (
            "a JSON name that is another field's name",
            with(F::string("id", 1)).field(F::string("key", 2).json_name("id")),
            r#"field shop.Record.key: the JSON name "id" conflicts with field id"#,
        ),
        (
            "a JSON name in brackets",
            with(F::string("a", 1).json_name("[a]")),
            r#"field shop.Record.a: "[a]" is not a JSON name"#,
        ),
        (
            "an empty JSON name",
            with(F::string("a", 1).json_name("")),
            r#"field shop.Record.a: "" is not a JSON name"#,
        ),
        // Numbers
        (
            "number 0",
            with(F::string("a", 0)),
            "field shop.Record.a: number 0 is not between 1 and 536870911",
        ),
        (
            "a number of 30 bits",
            with(F::string("a", 536_870_912)),
            "field shop.Record.a: number 536870912 is not between 1 and 536870911",
        ),
        (
            "a number that Protobuf keeps",
            with(F::string("a", 19_000)),
            "field shop.Record.a: number 19000 is one of 19000 to 19999, which Protobuf reserves for itself",
        ),
        (
            "one number twice",
            with(F::string("a", 1)).field(F::string("b", 1)),
            "field shop.Record.b: number 1 is already used by a",
        ),
        (
            "one number in and beside a oneof",
            with(F::string("a", 1)).oneof(ProtoOneof::new("o").field(F::string("b", 1))),
            "field shop.Record.b: number 1 is already used by a",
        ),
        (
            "a reserved number",
            with(F::string("a", 5)).reserved(4..=6),
            "field shop.Record.a: number 5 is reserved",
        ),
        (
            "a reserved name",
            with(F::string("a", 5)).reserved_name("a"),
            "field shop.Record.a: the name is reserved",
        ),
        (
            "reserved number 0",
            record().reserved(0..=3),
            "message shop.Record: reserved range 0 to 3 is empty or out of bounds",
        ),
        (
            "an empty reserved range",
            record().reserved(std::ops::RangeInclusive::new(5, 4)),
            "message shop.Record: reserved range 5 to 4 is empty or out of bounds",
        ),
        (
            "a reserved range beyond the last number",
            record().reserved(1..=u32::MAX),
            "message shop.Record: reserved range 1 to 4294967295 is empty or out of bounds",
        ),
        (
            "overlapping reserved ranges",
            record().reserved(1..=5).reserved(4..=9),
            "message shop.Record: number 4 is reserved twice",
        ),
        (
            "a name reserved twice",
            record().reserved_name("a").reserved_name("a"),
            r#"message shop.Record: name "a" is reserved twice"#,
        ),
        // Types
        (
            "a misspelt scalar",
            with(F::new("a", "strng", 1)),
            r#"field shop.Record.a: type "strng" is unknown; did you mean "string"?"#,
        ),
        (
            "another language's scalar",
            with(F::new("a", "boolean", 1)),
            r#"type "boolean" is unknown; did you mean "bool"?"#,
        ),
        (
            "a misspelt message",
            with(F::message("a", "Lime", 1)).message(ProtoMessage::new("Line")),
            r#"type "Lime" is unknown; did you mean "shop.Record.Line"?"#,
        ),
        (
            "a well-known type without its package",
            with(F::message("a", "Timestamp", 1)),
            r#"type "Timestamp" is unknown; did you mean "google.protobuf.Timestamp"?"#,
        ),
        (
            "a type that is nowhere",
            with(F::message("a", "com.acme.Nonesuch", 1)),
            r#"type "com.acme.Nonesuch" is unknown; is an import missing?"#,
        ),
        (
            "a type hidden by an inner scope of the same first name",
            ProtoMessage::new("Record")
                .package("a.parts")
                .import(&other())
                .field(F::message("o", "parts.Other", 1)),
            r#"type "parts.Other" is unknown; did you mean ".parts.Other"?"#,
        ),
        (
            "a type of a file that only an import imports",
            record()
                .import(
                    &ProtoMessage::new("Middle")
                        .import(&other())
                        .field(F::message("o", "parts.Other", 1))
                        .build()
                        .unwrap(),
                )
                .field(F::message("o", "parts.Other", 1)),
            r#"field shop.Record.o: type "parts.Other" is declared in "parts/other.proto", which is not imported"#,
        ),
        (
            "an enum where a message is meant",
            record()
                .import(&other())
                .field(F::message("o", "parts.Other.Kind", 1)),
            r#"field shop.Record.o: type "parts.Other.Kind" is not a message"#,
        ),
        (
            "a message where an enum is meant",
            with(F::enumeration("o", "Record", 1)),
            r#"field shop.Record.o: type "Record" is not an enum"#,
        ),
        (
            "a type's name that is none",
            with(F::message("o", "parts..Other", 1)),
            r#"field shop.Record.o: "" is not an identifier"#,
        ),
        (
            "a map key of floating point",
            with(F::map("m", FieldType::Double, FieldType::String, 1)),
            "field shop.Record.m: a map key is an integer type, bool or string, not double",
        ),
        (
            "a map key that is a message",
            with(F::map("m", "Record", "string", 1)),
            "field shop.Record.m: a map key is an integer type, bool or string, not Record",
        ),
        (
            "a map's value of unknown type",
            with(F::map("m", "string", "Recrod", 1)),
            r#"type "Recrod" is unknown; did you mean "shop.Record"?"#,
        ),
        // Labels
        (
            "optional and repeated",
            with(F::string("a", 1).optional().repeated()),
            "field shop.Record.a: a field is either optional or repeated",
        ),
        (
            "a repeated map",
            with(F::map("m", "string", "string", 1).repeated()),
            "field shop.Record.m: a map is neither optional nor repeated",
        ),
        (
            "an optional map",
            with(F::map("m", "string", "string", 1).optional()),
            "field shop.Record.m: a map is neither optional nor repeated",
        ),
        (
            "a repeated member of a oneof",
            record().oneof(ProtoOneof::new("o").field(F::string("a", 1).repeated())),
            "field shop.Record.a: a member of a oneof is neither optional nor repeated",
        ),
        (
            "an optional member of a oneof",
            record().oneof(ProtoOneof::new("o").field(F::string("a", 1).optional())),
            "field shop.Record.a: a member of a oneof is neither optional nor repeated",
        ),
        (
            "a map in a oneof",
            record().oneof(ProtoOneof::new("o").field(F::map("m", "string", "string", 1))),
            "field shop.Record.m: a map cannot be a member of a oneof",
        ),
        (
            "packed strings",
            with(F::string("a", 1).repeated().packed(true)),
            "field shop.Record.a: packed is for repeated numbers, bools and enums",
        ),
        (
            "a packed single value",
            with(F::int32("a", 1).packed(false)),
            "field shop.Record.a: packed is for repeated numbers, bools and enums",
        ),
        (
            "an empty oneof",
            record().oneof(ProtoOneof::new("o")),
            "oneof shop.Record.o: a oneof needs at least one member",
        ),
        // Enums
        (
            "an enum without values",
            colors(color()),
            "enum shop.Record.Color: an enum needs at least one value",
        ),
        (
            "an enum that does not start at 0",
            colors(color().value("RED", 1).value("NONE", 0)),
            "enum shop.Record.Color: the first value of an enum must be 0, not 1",
        ),
        (
            "two values of one number",
            colors(color().value("RED", 0).value("ROT", 0)),
            "enum value shop.Record.ROT: number 0 is already used by RED",
        ),
        (
            "aliases allowed without any",
            colors(color().value("RED", 0).allow_alias()),
            "enum shop.Record.Color: aliases are allowed, but no two values share a number",
        ),
        (
            "values that differ in the enum's name only",
            colors(color().value("RED", 0).value("COLOR_RED", 1)),
            "enum value shop.Record.COLOR_RED: the name differs from RED only in case, underscores \
             or the enum's name in front",
        ),
        (
            "an enum value that begins a statement",
            colors(color().value("reserved", 0)),
            r#"enum value shop.Record.reserved: "reserved" is a keyword here"#,
        ),
        (
            "a type that begins a statement",
            with(F::message("a", "message", 1)).message(ProtoMessage::new("message")),
            r#"field shop.Record.a: type "message" is parsed as a keyword; write it with a leading dot"#,
        ),
        (
            "a message named like a scalar",
            with(F::message("a", "string", 1)).message(ProtoMessage::new("string")),
            r#"field shop.Record.a: type "string" is parsed as a keyword; write it with a leading dot"#,
        ),
        (
            "a reserved value",
            colors(color().value("RED", 0).value("BLUE", 3).reserved(2..=4)),
            "enum value shop.Record.BLUE: number 3 is reserved",
        ),
        (
            "a reserved value name",
            colors(color().value("RED", 0).reserved_name("RED")),
            "enum value shop.Record.RED: the name is reserved",
        ),
        (
            "overlapping reserved values",
            colors(color().value("RED", 0).reserved(-5..=-3).reserved(-3..=-1)),
            "enum shop.Record.Color: number -3 is reserved twice",
        ),
        // Files
        (
            "a file name that climbs",
            record().file_name("../x.proto"),
            r#"file "../x.proto": "../x.proto" is not an import path"#,
        ),
        (
            "an absolute file name",
            record().file_name("/x.proto"),
            r#""/x.proto" is not an import path"#,
        ),
        (
            "an empty file name",
            record().file_name(""),
            r#""" is not an import path"#,
        ),
        (
            "one import twice",
            record().import(&other()).import(&other()),
            r#"file "Record.proto": imports "parts/other.proto" twice"#,
        ),
        (
            "a file that imports itself",
            record().file_name("parts/other.proto").import(&other()),
            r#"file "parts/other.proto": imports itself"#,
        ),
        (
            "two different files of one name",
            record().import(&other()).import(
                &ProtoMessage::new("Else")
                    .file_name("parts/other.proto")
                    .build()
                    .unwrap(),
            ),
            r#"file "Record.proto": imports lead to two different files of name "parts/other.proto""#,
        ),
        (
            "file settings on a nested message",
            record().message(ProtoMessage::new("Inner").package("else")),
            "message shop.Record.Inner: package, file name and imports are set on the message; \
             set them on its file",
        ),
        (
            "a package that is a message of an import",
            ProtoMessage::new("Record")
                .package("parts.Other")
                .import(&other()),
            "'parts.Other' is already defined",
        ),
    ]
}

#[test]
fn each_broken_rule_is_named_with_its_place() {
    let mut failures = Vec::new();
    for (case, message, expected) in cases() {
        match message.build() {
            Err(Error::Build(error)) if error.to_string().contains(expected) => {}
            Err(error) => failures.push(format!(
                "{case}:\n  got      {error}\n  expected {expected}"
            )),
            Ok(schema) => failures.push(format!("{case}: accepted\n{}", schema.schema_text())),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn all_problems_are_reported_at_once() {
    let error = record()
        .field(ProtoField::new("a", "strng", 0))
        .field(ProtoField::string("a", 19_500))
        .build()
        .unwrap_err();
    let Error::Build(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.file(), "Record.proto");
    let places: Vec<_> = error
        .problems()
        .iter()
        .map(|p| p.element.as_str())
        .collect();
    assert_eq!(places, ["field shop.Record.a"; 4]);
    assert!(error.to_string().starts_with(
        "cannot build schema \"Record.proto\": field shop.Record.a: number 0 is not between"
    ));
}

#[test]
fn one_short_name_in_two_packages_is_fine() {
    let part = |package: &str| {
        ProtoMessage::new("Part")
            .package(package)
            .file_name(format!("{package}.proto"))
            .field(ProtoField::string("name", 1))
            .build()
            .unwrap()
    };
    let whole = ProtoFile::new("whole.proto")
        .import(&part("left"))
        .import(&part("right"))
        .message(
            ProtoMessage::new("Whole")
                .field(ProtoField::message("l", "left.Part", 1))
                .field(ProtoField::message("r", "right.Part", 2)),
        )
        .build()
        .unwrap()
        .schema("Whole")
        .unwrap();
    let json = serde_json::json!({"l": {"name": "a"}, "r": {"name": "b"}});
    let bytes = whole.serialize(&json).unwrap();
    assert_eq!(whole.deserialize(&bytes).unwrap(), json);
}

#[test]
fn types_of_other_files_are_named_in_full() {
    let other = ProtoFile::new("other.proto")
        .package("com.acme")
        .message(ProtoMessage::new("Other").message(ProtoMessage::new("Deep")))
        .enumeration(ProtoEnum::new("Kind").value("KIND_NONE", 0))
        .build()
        .unwrap();
    let text = |field: ProtoField| {
        let own = ProtoMessage::new("Own").message(ProtoMessage::new("Inner").field(field));
        let file = ProtoFile::new("own.proto")
            .package("com.acme")
            .import(&other);
        file.message(own).build().unwrap().file().to_text()
    };
    let map = |value: &str| ProtoField::map("f", "string", value, 1);
    let oneself = "Own.Inner f = 1;";
    for (field, expected) in [
        (
            ProtoField::message("f", "Other", 1),
            ".com.acme.Other f = 1;",
        ),
        (
            ProtoField::message("f", "acme.Other.Deep", 1),
            ".com.acme.Other.Deep f = 1;",
        ),
        (
            ProtoField::message("f", ".com.acme.Other", 1),
            ".com.acme.Other f = 1;",
        ),
        (
            ProtoField::enumeration("f", "Kind", 1).repeated(),
            "repeated .com.acme.Kind f = 1;",
        ),
        (
            ProtoField::message("f", "google.type.Money", 1),
            ".google.type.Money f = 1;",
        ),
        (map("Other"), "map<string, .com.acme.Other> f = 1;"),
        (map("Own"), "map<string, Own> f = 1;"),
        (ProtoField::message("f", "Own.Inner", 1), oneself),
    ] {
        let text = text(field);
        assert!(
            text.contains(&format!("    {expected}")),
            "{expected}: {text}"
        );
    }
}

#[test]
fn the_text_says_all_that_was_built() {
    let base = ProtoFile::new("base.proto")
        .package("base")
        .enumeration(ProtoEnum::new("Level").value("LEVEL_LOW", 0))
        .build()
        .unwrap();
    let facade = ProtoFile::new("facade.proto")
        .import_public(&base)
        .build()
        .unwrap();
    let schema = ProtoFile::new("shop/order.proto")
        .package("shop")
        .import(&facade)
        .enumeration(
            ProtoEnum::new("State")
                .value("OPEN", 0)
                .value("SENT", 1)
                .value("SHIPPED", 1)
                .allow_alias()
                .deprecated()
                .reserved(-3..=-1)
                .reserved(7..=7)
                .reserved_name("LOST"),
        )
        .message(
            ProtoMessage::new("Order")
                .deprecated()
                .reserved(4..=6)
                .reserved(9..=9)
                .reserved(1000..=536_870_911)
                .reserved_name("total")
                .field(ProtoField::enumeration("state", "State", 1))
                .field(ProtoField::enumeration("level", "base.Level", 2))
                .field(
                    ProtoField::string("holder", 3)
                        .optional()
                        .tags(["PII", "G\"D\\PR"])
                        .deprecated(),
                )
                .field(ProtoField::map("lines", "string", "Line", 7))
                .oneof(ProtoOneof::new("paid").field(ProtoField::message(
                    "at",
                    "google.protobuf.Timestamp",
                    8,
                )))
                .message(
                    ProtoMessage::new("Line").field(ProtoField::bytes("sku", 1).json_name("SKU")),
                ),
        )
        .build()
        .unwrap()
        .schema("shop.Order")
        .unwrap();
    assert_eq!(
        schema.schema_text(),
        r#"syntax = "proto3";
package shop;

import "facade.proto";
import "confluent/meta.proto";
import "google/protobuf/timestamp.proto";

message Order {
  reserved 4 to 6;
  reserved 9;
  reserved 1000 to max;
  reserved "total";

  option deprecated = true;

  State state = 1;
  .base.Level level = 2;
  optional string holder = 3 [
    deprecated = true,
    (confluent.field_meta).tags = "PII",
    (confluent.field_meta).tags = "G\"D\\PR"
  ];
  map<string, Line> lines = 7;

  oneof paid {
    .google.protobuf.Timestamp at = 8;
  }

  message Line {
    bytes sku = 1 [json_name = "SKU"];
  }
}
enum State {
  reserved -3 to -1;
  reserved 7;
  reserved "LOST";
  option allow_alias = true;
  option deprecated = true;
  OPEN = 0;
  SENT = 1;
  SHIPPED = 1;
}
"#
    );
}

#[test]
fn synthetic_oneofs_give_way_to_other_names() {
    let schema = ProtoMessage::new("Record")
        .field(ProtoField::string("x", 1).optional())
        .oneof(ProtoOneof::new("_x").field(ProtoField::string("y", 2)))
        .build()
        .unwrap();
    let names: Vec<_> = schema
        .descriptor()
        .oneofs()
        .map(|oneof| (oneof.name().to_owned(), oneof.is_synthetic()))
        .collect();
    assert_eq!(names, [("_x".to_owned(), false), ("X_x".to_owned(), true)]);
}

mod any_schema {
    use cc_protobuf_examples::protobuf::SchemaFile;
    use proptest::prelude::*;

    use super::*;

    fn name() -> impl Strategy<Value = String> {
        prop::sample::select(vec![
            "a", "b", "_a", "A", "Inner", "AEntry", "message", "string", "reserved", "option",
            "a_b", "aB", "optional", "map", "oneof", "google", "é", "",
        ])
        .prop_map(str::to_owned)
    }

    fn number() -> impl Strategy<Value = u32> {
        prop_oneof![8 => 1..12_u32, 1 => any::<u32>()]
    }

    fn ty() -> impl Strategy<Value = FieldType> {
        prop::sample::select(vec![
            "int32",
            "string",
            "bytes",
            "double",
            "Record",
            "Inner",
            ".Record",
            "google.protobuf.Timestamp",
            "A",
            "nonesuch",
        ])
        .prop_map(FieldType::from)
    }

    fn field() -> impl Strategy<Value = ProtoField> {
        (name(), ty(), number(), 0..16_u8, prop::option::of(ty())).prop_map(
            |(name, ty, number, flags, key)| {
                let mut field = match key {
                    Some(key) if flags < 4 => ProtoField::map(name, key, ty, number),
                    _ => ProtoField::new(name, ty, number),
                };
                if flags & 3 == 1 {
                    field = field.optional();
                }
                if flags & 3 == 2 {
                    field = field.repeated();
                }
                if flags == 12 {
                    field = field.tag("T").json_name("x");
                }
                field
            },
        )
    }

    fn message(name: &'static str) -> impl Strategy<Value = ProtoMessage> {
        let fields = prop::collection::vec(field(), 0..4);
        let oneof = prop::option::of((self::name(), prop::collection::vec(field(), 0..3)));
        let values = prop::collection::vec((self::name(), -1..3_i32), 0..4);
        (fields, oneof, values, prop::option::of(1..20_u32)).prop_map(
            move |(fields, oneof, values, reserved)| {
                let mut message = fields
                    .into_iter()
                    .fold(ProtoMessage::new(name), ProtoMessage::field);
                if let Some((name, fields)) = oneof {
                    message = message.oneof(
                        fields
                            .into_iter()
                            .fold(ProtoOneof::new(name), ProtoOneof::field),
                    );
                }
                if !values.is_empty() {
                    message = message.enumeration(
                        values
                            .into_iter()
                            .fold(ProtoEnum::new("Kind"), |e, (name, n)| e.value(name, n)),
                    );
                }
                if let Some(from) = reserved {
                    message = message.reserved(from..=from + 1);
                }
                message
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 1000,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        /// Building either reports problems, or gives text with the same meaning.
        #[test]
        fn is_refused_or_read_back(record in message("Record"), inner in message("Inner")) {
            match record.message(inner).build() {
                Ok(schema) => {
                    let text = schema.schema_text();
                    let read = SchemaFile::from_text(schema.file_name(), text).unwrap();
                    prop_assert_eq!(&read, schema.file());
                    prop_assert_eq!(read.to_text(), text);
                    schema.serialize(&serde_json::json!({})).unwrap();
                }
                Err(Error::Build(error)) => {
                    // The checks must find everything that resolution would refuse.
                    let whole = error.problems().iter().find(|p| p.element.starts_with("file "));
                    prop_assert!(whole.is_none(), "{}", error);
                }
                Err(error) => prop_assert!(false, "{}", error),
            }
        }
    }
}
