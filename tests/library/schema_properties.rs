//! Properties of the schema model, tested with random schemas and random bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cc_protobuf_examples::protobuf::{Error, Form, SchemaFile};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use prost::Message;
use prost_types::descriptor_proto::{ExtensionRange, ReservedRange};
use prost_types::enum_descriptor_proto::EnumReservedRange;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::uninterpreted_option::NamePart;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, EnumValueOptions,
    FieldDescriptorProto, FieldOptions, FileDescriptorProto, FileOptions, MessageOptions,
    MethodDescriptorProto, MethodOptions, OneofDescriptorProto, OneofOptions,
    ServiceDescriptorProto, UninterpretedOption,
};

/// The parts of an element before it has a name.
#[derive(Clone, Debug)]
struct Field {
    kind: Kind,
    label: Index,
    gap: i32,
    json_name: Option<String>,
    default: Option<String>,
    options: Vec<UninterpretedOption>,
}

#[derive(Clone, Debug)]
enum Kind {
    Scalar(Type),
    /// A message or enum of the file.
    Named(Index, bool),
    Map(Type, Index),
    Group(Vec<Field>),
    Oneof(Vec<Field>),
}

#[derive(Clone, Debug)]
struct Body {
    fields: Vec<Field>,
    nested: Vec<Body>,
    enums: Vec<Vec<(i32, Vec<UninterpretedOption>)>>,
    reserved_names: Vec<String>,
    options: Vec<UninterpretedOption>,
    extension_range: bool,
    extensions: Vec<Field>,
}

const SCALARS: [Type; 15] = [
    Type::Double,
    Type::Float,
    Type::Int64,
    Type::Uint64,
    Type::Int32,
    Type::Fixed64,
    Type::Fixed32,
    Type::Bool,
    Type::String,
    Type::Bytes,
    Type::Uint32,
    Type::Sfixed32,
    Type::Sfixed64,
    Type::Sint32,
    Type::Sint64,
];
const KEYS: [Type; 4] = [Type::Int32, Type::String, Type::Bool, Type::Fixed64];

fn option() -> impl Strategy<Value = UninterpretedOption> {
    let name = prop_oneof![
        Just(vec![("acme.opt", true)]),
        Just(vec![(".acme.opt", true), ("a", false), ("acme.b", true)]),
    ];
    let aggregate = select(
        &[
            "",
            "a: 1",
            "a: [1, -2.5, inf] b { c: 'x' } b < d: \"\\x00é\" >",
            "[acme.e]: X, f: []",
        ][..],
    );
    let value = prop_oneof![
        select(&["true", "false", "inf", "nan", "SOME"][..]).prop_map(|v| UninterpretedOption {
            identifier_value: Some(v.to_owned()),
            ..Default::default()
        }),
        any::<u64>().prop_map(|v| UninterpretedOption {
            positive_int_value: Some(v),
            ..Default::default()
        }),
        (i64::MIN..0).prop_map(|v| UninterpretedOption {
            negative_int_value: Some(v),
            ..Default::default()
        }),
        // Source writes negative zero as an integer, and infinity as a word.
        any::<f64>()
            .prop_filter("number", |v| v.is_finite() && *v != 0.0)
            .prop_map(|v| UninterpretedOption {
                double_value: Some(v),
                ..Default::default()
            }),
        Just(UninterpretedOption {
            double_value: Some(f64::NEG_INFINITY),
            ..Default::default()
        }),
        any::<Vec<u8>>().prop_map(|v| UninterpretedOption {
            string_value: Some(v),
            ..Default::default()
        }),
        ".*".prop_map(|v| UninterpretedOption {
            string_value: Some(v.into_bytes()),
            ..Default::default()
        }),
        aggregate.prop_map(|v| UninterpretedOption {
            aggregate_value: Some(v.to_owned()),
            ..Default::default()
        }),
    ];
    (name, value).prop_map(|(name, value)| UninterpretedOption {
        name: name
            .into_iter()
            .map(|(part, extension)| NamePart {
                name_part: part.to_owned(),
                is_extension: extension,
            })
            .collect(),
        ..value
    })
}

fn options() -> impl Strategy<Value = Vec<UninterpretedOption>> {
    let deprecated = select(&["true", "false"][..]).prop_map(|value| UninterpretedOption {
        name: vec![NamePart {
            name_part: "deprecated".to_owned(),
            is_extension: false,
        }],
        identifier_value: Some(value.to_owned()),
        ..Default::default()
    });
    prop_oneof![
        4 => Just(Vec::new()),
        1 => deprecated.prop_map(|option| vec![option]),
        1 => prop::collection::vec(option(), 1..3),
    ]
}

/// Options of oneofs, which only have custom ones.
fn custom(options: &[UninterpretedOption]) -> Option<OneofOptions> {
    let custom = options
        .iter()
        .filter(|o| o.name.iter().any(|part| part.is_extension));
    let uninterpreted_option: Vec<_> = custom.cloned().collect();
    (!uninterpreted_option.is_empty()).then_some(OneofOptions {
        uninterpreted_option,
    })
}

fn field(deep: bool) -> BoxedStrategy<Field> {
    let leaf = prop_oneof![
        4 => select(&SCALARS[..]).prop_map(Kind::Scalar),
        2 => (any::<Index>(), any::<bool>()).prop_map(|(i, absolute)| Kind::Named(i, absolute)),
        1 => (select(&KEYS[..]), any::<Index>()).prop_map(|(key, value)| Kind::Map(key, value)),
    ];
    let kind = if deep {
        prop_oneof![
            6 => leaf,
            1 => prop::collection::vec(field(false), 0..3).prop_map(Kind::Group),
            1 => prop::collection::vec(field(false), 1..4).prop_map(Kind::Oneof),
        ]
        .boxed()
    } else {
        leaf.boxed()
    };
    let json_name = prop::option::weighted(0.1, "[a-z\"'\\\\é]{1,5}");
    let default = prop::option::weighted(0.2, ".{0,5}");
    (
        kind,
        any::<Index>(),
        1..40i32,
        json_name,
        default,
        options(),
    )
        .prop_map(|(kind, label, gap, json_name, default, options)| Field {
            kind,
            label,
            gap,
            json_name,
            default,
            options,
        })
        .boxed()
}

fn enumeration() -> impl Strategy<Value = Vec<(i32, Vec<UninterpretedOption>)>> {
    prop::collection::vec((any::<i32>(), options()), 0..3)
}

fn body() -> impl Strategy<Value = Body> {
    let leaf = (
        prop::collection::vec(field(true), 0..6),
        prop::collection::vec(enumeration(), 0..2),
        prop::collection::vec("[a-z]{1,4}", 0..3),
        options(),
        any::<bool>(),
        prop::collection::vec(field(false), 0..3),
    )
        .prop_map(
            |(fields, enums, reserved_names, options, extension_range, extensions)| Body {
                fields,
                nested: Vec::new(),
                enums,
                reserved_names,
                options,
                extension_range,
                extensions,
            },
        );
    leaf.prop_recursive(3, 12, 3, |inner| {
        (inner.clone(), prop::collection::vec(inner, 0..3))
            .prop_map(|(body, nested)| Body { nested, ..body })
    })
}

/// Builds a valid file, and creates names as needed.
struct Builder {
    proto3: bool,
    /// Full names of possible field types, with the name that the file uses for each.
    types: Vec<(String, bool)>,
}

impl Builder {
    fn message(&self, body: &Body, name: String, full_name: &str) -> DescriptorProto {
        let mut message = DescriptorProto {
            name: Some(name),
            reserved_range: vec![
                ReservedRange {
                    start: Some(100_000),
                    end: Some(100_001),
                },
                ReservedRange {
                    start: Some(100_005),
                    end: Some(100_010),
                },
            ],
            reserved_name: body
                .reserved_names
                .iter()
                .enumerate()
                .map(|(i, n)| format!("{n}_r{i}"))
                .collect(),
            options: (!body.options.is_empty()).then(|| MessageOptions {
                uninterpreted_option: body.options.clone(),
                ..Default::default()
            }),
            ..Default::default()
        };
        for (i, nested) in body.nested.iter().enumerate() {
            let name = format!("N{i}");
            let full = format!("{full_name}.{name}");
            message.nested_type.push(self.message(nested, name, &full));
        }
        message.enum_type = self.enums(&body.enums);
        if !self.proto3 && body.extension_range {
            message.extension_range = vec![
                ExtensionRange {
                    start: Some(200_000),
                    end: Some(300_000),
                    options: None,
                },
                ExtensionRange {
                    start: Some(400_000),
                    end: Some(536_870_912),
                    options: None,
                },
            ];
            let mut number = 200_000;
            for (i, field) in body.extensions.iter().enumerate() {
                number += field.gap;
                if matches!(field.kind, Kind::Map(..)) {
                    continue;
                }
                message.extension.push(FieldDescriptorProto {
                    extendee: Some(format!(".{full_name}")),
                    ..self.field(field, format!("x{i}"), number, &mut Vec::new())
                });
            }
        }
        let mut number = 0;
        self.fields(&body.fields, &mut message, &mut number);
        // Synthetic oneofs come after the others.
        for i in 0..message.field.len() {
            if message.field[i].proto3_optional == Some(true) {
                message.field[i].oneof_index = Some(message.oneof_decl.len() as i32);
                message.oneof_decl.push(OneofDescriptorProto {
                    name: Some(format!("_{}", message.field[i].name())),
                    options: None,
                });
            }
        }
        message
    }

    fn fields(&self, fields: &[Field], message: &mut DescriptorProto, number: &mut i32) {
        for field in fields {
            *number += field.gap;
            let name = format!("f_{number}");
            match &field.kind {
                Kind::Oneof(members) => {
                    let index = message.oneof_decl.len() as i32;
                    let before = message.field.len();
                    for member in members.iter().filter(|m| !matches!(m.kind, Kind::Map(..))) {
                        *number += member.gap;
                        let mut built =
                            self.field(member, format!("f_{number}"), *number, &mut Vec::new());
                        built.label = Some(Label::Optional as i32);
                        built.proto3_optional = None;
                        built.oneof_index = Some(index);
                        message.field.push(built);
                    }
                    if message.field.len() > before {
                        message.oneof_decl.push(OneofDescriptorProto {
                            name: Some(format!("o_{number}")),
                            options: custom(&field.options),
                        });
                    }
                }
                Kind::Group(members) if !self.proto3 => {
                    let group = format!("G{number}");
                    let mut body = DescriptorProto {
                        name: Some(group.clone()),
                        ..Default::default()
                    };
                    self.fields(members, &mut body, &mut 0);
                    message.nested_type.push(body);
                    message.field.push(FieldDescriptorProto {
                        name: Some(group.to_ascii_lowercase()),
                        number: Some(*number),
                        label: Some(self.label(field) as i32),
                        r#type: Some(Type::Group as i32),
                        type_name: Some(group),
                        ..Default::default()
                    });
                }
                Kind::Group(_) => {}
                _ => {
                    let built = self.field(field, name, *number, &mut message.nested_type);
                    message.field.push(built);
                }
            }
        }
    }

    fn label(&self, field: &Field) -> Label {
        let labels = [Label::Optional, Label::Repeated, Label::Required];
        labels[field.label.index(if self.proto3 { 2 } else { 3 })]
    }

    fn named(&self, index: Index, absolute: bool) -> Option<String> {
        let (name, _) = self.types.get(index.index(self.types.len().max(1)))?;
        Some(if absolute {
            format!(".{name}")
        } else {
            name.clone()
        })
    }

    fn field(
        &self,
        field: &Field,
        name: String,
        number: i32,
        nested: &mut Vec<DescriptorProto>,
    ) -> FieldDescriptorProto {
        let label = self.label(field);
        let mut built = FieldDescriptorProto {
            number: Some(number),
            label: Some(if label == Label::Required && nested.is_empty() {
                Label::Optional
            } else {
                label
            } as i32),
            json_name: field.json_name.as_ref().map(|j| format!("{j}{number}")),
            options: (!field.options.is_empty()).then(|| FieldOptions {
                uninterpreted_option: field.options.clone(),
                ..Default::default()
            }),
            ..Default::default()
        };
        match field.kind {
            Kind::Scalar(kind) => {
                built.r#type = Some(kind as i32);
                if self.proto3 && label == Label::Optional && field.label.index(5) == 0 {
                    built.proto3_optional = Some(true);
                }
                if !self.proto3 && label == Label::Optional {
                    built.default_value = match kind {
                        Type::String => field.default.clone(),
                        Type::Int32 => field
                            .default
                            .as_ref()
                            .map(|d| (-(d.len() as i32)).to_string()),
                        Type::Double => field
                            .default
                            .as_ref()
                            .map(|d| (0.5 * d.len() as f64).to_string()),
                        _ => None,
                    };
                }
            }
            Kind::Map(key, value) => {
                let entry = format!("{}Entry", name.replace("f_", "F"));
                let part = |name: &str, number, r#type, type_name| FieldDescriptorProto {
                    name: Some(name.to_owned()),
                    number: Some(number),
                    label: Some(Label::Optional as i32),
                    r#type,
                    type_name,
                    ..Default::default()
                };
                let named = self.named(value, true);
                let scalar = named.is_none().then_some(Type::Bytes as i32);
                nested.push(DescriptorProto {
                    name: Some(entry.clone()),
                    field: vec![
                        part("key", 1, Some(key as i32), None),
                        part("value", 2, scalar, named),
                    ],
                    options: Some(MessageOptions {
                        map_entry: Some(true),
                        ..Default::default()
                    }),
                    ..Default::default()
                });
                built.label = Some(Label::Repeated as i32);
                built.type_name = Some(entry);
            }
            Kind::Named(index, absolute) => match self.named(index, absolute) {
                Some(name) => built.type_name = Some(name),
                None => built.r#type = Some(Type::Bool as i32),
            },
            Kind::Group(_) | Kind::Oneof(_) => built.r#type = Some(Type::Bool as i32),
        }
        built.name = Some(name);
        built
    }

    fn enums(&self, enums: &[Vec<(i32, Vec<UninterpretedOption>)>]) -> Vec<EnumDescriptorProto> {
        let build = |(i, values): (usize, &Vec<(i32, Vec<UninterpretedOption>)>)| {
            let mut numbers = vec![0];
            let mut value = vec![EnumValueDescriptorProto {
                name: Some(format!("Z_{i}_{}", values.len())),
                number: Some(0),
                options: None,
            }];
            for (j, (number, options)) in values.iter().enumerate() {
                if numbers.contains(number) || (900..=910).contains(number) {
                    continue;
                }
                numbers.push(*number);
                value.push(EnumValueDescriptorProto {
                    name: Some(format!("V_{i}_{j}")),
                    number: Some(*number),
                    options: (!options.is_empty()).then(|| EnumValueOptions {
                        uninterpreted_option: options.clone(),
                        ..Default::default()
                    }),
                });
            }
            EnumDescriptorProto {
                name: Some(format!("E{i}")),
                value,
                reserved_range: vec![EnumReservedRange {
                    start: Some(900),
                    end: Some(910),
                }],
                reserved_name: vec!["GONE".to_owned()],
                options: None,
            }
        };
        enums.iter().enumerate().map(build).collect()
    }
}

fn names(body: &Body, full_name: &str, out: &mut Vec<(String, bool)>) {
    out.push((full_name.to_owned(), true));
    for (i, nested) in body.nested.iter().enumerate() {
        names(nested, &format!("{full_name}.N{i}"), out);
    }
}

prop_compose! {
    fn file()(
        proto3 in any::<bool>(),
        package in select(&["", "p", "acme.shop"][..]),
        bodies in prop::collection::vec(body(), 0..4),
        enums in prop::collection::vec(enumeration(), 0..2),
        options in options(),
        imports in any::<[bool; 3]>(),
        rpcs in prop::collection::vec((any::<Index>(), any::<Index>(), any::<bool>(), any::<bool>(), options()), 0..3),
    ) -> FileDescriptorProto {
        let mut builder = Builder { proto3, types: Vec::new() };
        let full = |i: usize| if package.is_empty() { format!("M{i}") } else { format!("{package}.M{i}") };
        for (i, body) in bodies.iter().enumerate() {
            names(body, &full(i), &mut builder.types);
        }
        let paths = ["google/type/date.proto", "google/protobuf/any.proto", "confluent/meta.proto"];
        let dependency: Vec<String> = paths.iter().zip(imports).filter(|(_, i)| *i).map(|(p, _)| (*p).to_owned()).collect();
        let mut service = Vec::new();
        if !bodies.is_empty() {
            let method = |(i, (input, output, client, server, options)): (usize, &(Index, Index, bool, bool, Vec<UninterpretedOption>))| MethodDescriptorProto {
                name: Some(format!("Rpc{i}")),
                input_type: builder.named(*input, true),
                output_type: builder.named(*output, false),
                client_streaming: client.then_some(true),
                server_streaming: server.then_some(true),
                options: (!options.is_empty()).then(|| MethodOptions { uninterpreted_option: options.clone(), ..Default::default() }),
            };
            service.push(ServiceDescriptorProto {
                name: Some("Svc".to_owned()),
                method: rpcs.iter().enumerate().map(method).collect(),
                options: None,
            });
        }
        FileDescriptorProto {
            name: Some("random.proto".to_owned()),
            package: (!package.is_empty()).then(|| package.to_owned()),
            public_dependency: if dependency.len() > 1 { vec![0] } else { Vec::new() },
            dependency,
            message_type: bodies.iter().enumerate().map(|(i, b)| builder.message(b, format!("M{i}"), &full(i))).collect(),
            enum_type: builder.enums(&enums).into_iter().map(|mut e| { e.name = Some(format!("Top{}", e.name())); e.value.iter_mut().for_each(|v| v.name = Some(format!("T{}", v.name()))); e }).collect(),
            service,
            options: (!options.is_empty()).then(|| FileOptions { uninterpreted_option: options, ..Default::default() }),
            syntax: proto3.then(|| "proto3".to_owned()),
            ..Default::default()
        }
    }
}

fn from_text(text: &str) -> SchemaFile {
    SchemaFile::from_text("random.proto", text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// Checks properties of any accepted schema.
fn check_accepted(file: &SchemaFile) {
    let text = file.to_text();
    let again = from_text(&text);
    assert_eq!(again.to_text(), text);
    // The text does not show where a descriptor had the body of a group among the
    // nested messages.
    let exact = file.form() == Form::Text || !text.contains("group ");
    if exact {
        assert_eq!(again.proto(), file.proto(), "{text}");
    }

    let serialized = SchemaFile::from_base64("random.proto", &file.to_base64())
        .unwrap_or_else(|e| panic!("{e}\n{text}"));
    for (name, indexes) in file.messages() {
        assert_eq!(
            serialized.message_name(&indexes).as_ref(),
            Some(&name),
            "{text}"
        );
        if exact {
            assert_eq!(again.message_name(&indexes).as_ref(), Some(&name), "{text}");
        }
    }
    let printed = serialized.to_text();
    assert_eq!(from_text(&printed).to_text(), printed);
    let _ = file.resolve(&[]);
    if file.resolve_leniently(&[]).is_ok() {
        let normalized = file
            .normalize(&[])
            .unwrap_or_else(|e| panic!("{e}\n{text}"));
        let text = normalized.to_text();
        let read = from_text(&text);
        assert_eq!(read.to_text(), text);
        assert_eq!(read.proto(), normalized.proto(), "{text}");
        let twice = read
            .normalize(&[])
            .unwrap_or_else(|e| panic!("{e}\n{text}"));
        assert_eq!(twice.to_text(), text);
    }
    let without = file.without_extensions().to_text();
    assert_eq!(from_text(&without).to_text(), without);
}

/// Number of cases per property; `PROPTEST_CASES` increases it.
fn cases() -> u32 {
    let wanted = std::env::var("PROPTEST_CASES").ok();
    wanted.and_then(|n| n.parse().ok()).unwrap_or(96)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn a_valid_schema_survives_every_form(proto in file()) {
        let given = SchemaFile::from_descriptor(proto, Form::Text);
        let text = given.to_text();
        let file = from_text(&text);
        prop_assert_eq!(file.to_text(), &text[..]);
        if let Err(error) = file.resolve_leniently(&[]) {
            panic!("{error}\n{text}");
        }
        for (name, indexes) in file.messages() {
            prop_assert_eq!(file.message_indexes(&name), Some(indexes));
        }
        check_accepted(&file);
        let serialized = SchemaFile::from_base64("random.proto", &file.to_base64()).expect("base64");
        check_accepted(&serialized);
        let normalized = |file: &SchemaFile| file.normalize(&[]).expect("normalizes").to_text();
        // The serialized form does not have undefined options.
        let mut defined = file.clone();
        if text.contains("acme.") {
            defined = SchemaFile::from_text("random.proto", &serialized.to_text()).expect("text");
        }
        prop_assert_eq!(normalized(&defined), normalized(&serialized));
    }

    #[test]
    fn mutilated_descriptors_are_refused_or_sound(
        proto in file(),
        edits in prop::collection::vec((any::<Index>(), any::<u8>(), 0..3u8), 1..6),
    ) {
        let mut bytes = STANDARD
            .decode(SchemaFile::from_descriptor(proto, Form::Text).to_base64())
            .expect("base64");
        for (at, byte, edit) in edits {
            let at = at.index(bytes.len());
            match edit {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
            if bytes.is_empty() { break; }
        }
        if let Ok(file) = SchemaFile::from_bytes("random.proto", &bytes) {
            check_accepted(&file);
        }
    }

    #[test]
    fn rubbish_is_refused_or_sound(
        tokens in prop::collection::vec(select(&TOKENS[..]), 0..60),
        bytes in any::<Vec<u8>>(),
        text in ".*",
    ) {
        let source = format!("syntax = \"proto3\"; {}", tokens.join(" "));
        for source in [&source[..], &tokens.join(" "), &text, &STANDARD.encode(&bytes)] {
            if let Ok(file) = SchemaFile::parse("random.proto", source) {
                check_accepted(&file);
            }
        }
    }
}

const TOKENS: [&str; 46] = [
    "message",
    "enum",
    "M",
    "E",
    "{",
    "}",
    "{",
    "}",
    ";",
    ";",
    "=",
    "1",
    "2",
    "-1",
    "0x7fffffff",
    "int32",
    "string",
    "optional",
    "repeated",
    "map<string, M>",
    "oneof",
    "reserved",
    "to",
    "max",
    "\"a\"",
    "'\\''",
    "option",
    "(x.y)",
    ".z",
    "[",
    "]",
    ",",
    "a",
    "b",
    "import",
    "\"google/type/date.proto\"",
    "public",
    "service",
    "rpc",
    "(M)",
    "returns",
    "extend",
    "group",
    "G",
    "1e999",
    "/*",
];

#[test]
fn hostile_input_neither_hangs_nor_exhausts_the_stack() {
    let many = 100_000;
    let items = 2_000;
    let head = "syntax = \"proto3\"; ";
    let many_of = |item: &dyn Fn(usize) -> String| (0..items).map(item).collect::<String>();
    let sources = [
        format!("{head}{}", "message M {".repeat(many)),
        format!("{head}{}{}", "message M {".repeat(many), "}".repeat(many)),
        format!(
            "{}{}",
            "message M { optional group G = 1 {".repeat(many),
            "}".repeat(many)
        ),
        format!(
            "{head}option (a) = {{ {} {} }};",
            "a {".repeat(many),
            "}".repeat(many)
        ),
        format!(
            "{head}option (a) = {{ a: {}{} }};",
            "[".repeat(many),
            "]".repeat(many)
        ),
        format!("{head}option (a) = {{ {}", "{".repeat(many)),
        format!("{head}option {} = 1;", vec!["a"; many].join(".")),
        format!(
            "{head}message M {{ {}.X x = 1; }}",
            vec!["a"; many].join(".")
        ),
        format!("{head}package {};", vec!["a"; many].join(".")),
        format!("{head}{}", "/*".repeat(many)),
        format!("{head}{}", "/* */".repeat(many)),
        format!("{head}{}", ";".repeat(many)),
        format!("{head}message M {{ oneof o {{ {}", "oneof o {".repeat(many)),
        format!("{head}message M {{ reserved {}1; }}", "1,".repeat(many)),
        format!("{head}option x = {};", "\"a\" ".repeat(many)),
        format!(
            "{head}option (x) = {{ {} }};",
            many_of(&|i| format!("a{i}: 1 "))
        ),
        format!(
            "{head}message M {{ string a = 1 [{}]; }}",
            many_of(&|i| format!(
                "targets = TARGET_TYPE_FILE{} ",
                if i + 1 < items { "," } else { "" }
            ))
        ),
        format!(
            "{head}message M {{ {} }}",
            many_of(&|i| format!("optional int32 f{i} = {}; ", i + 1))
        ),
        format!(
            "{head}message M {{ {} }}",
            many_of(&|i| format!("oneof o{i} {{ int32 f{i} = {}; }} ", i + 1))
        ),
        format!(
            "{head}message M {{ {} }}",
            many_of(&|i| format!("map<int32, int32> f{i} = {}; ", i + 1))
        ),
        format!(
            "{head}message M {{ {} }}",
            many_of(&|i| format!("message N{i} {{}} N{i} f{i} = {}; ", i + 1))
        ),
        format!(
            "message M {{ {} }}",
            many_of(&|i| format!("optional group G{i} = {} {{}} ", i + 1))
        ),
        format!(
            "{head}enum E {{ {} }}",
            many_of(&|i| format!("V{i} = {i}; "))
        ),
        format!(
            "{head}message {} {{ {} }}",
            "a".repeat(1000),
            many_of(&|i| format!("int32 f{i} = {}; ", i + 1))
        ),
        format!(
            "{head}message {} {{ {} }}",
            "a".repeat(many),
            many_of(&|i| format!("int32 f{i} = {}; ", i + 1))
        ),
        format!("{head}option x = \"{}", "\\".repeat(many)),
        "\u{0}".repeat(many),
        "A".repeat(many),
        "=".repeat(many),
    ];
    for source in &sources {
        match SchemaFile::parse("hostile.proto", source) {
            Ok(file) => {
                let _ = file.resolve_leniently(&[]);
                let _ = file.normalize(&[]);
                let _ = file.to_base64();
            }
            Err(error) => assert!(error.to_string().len() < 2000, "a short error"),
        }
    }

    // Descriptors nested deeper than source may be.
    let nest = |depth: usize| {
        let leaf = DescriptorProto {
            name: Some("M".to_owned()),
            ..Default::default()
        };
        let message = (1..depth).fold(leaf.clone(), |inner, _| DescriptorProto {
            nested_type: vec![inner],
            ..leaf.clone()
        });
        let file = FileDescriptorProto {
            message_type: vec![message],
            ..Default::default()
        };
        SchemaFile::from_bytes("deep.proto", &file.encode_to_vec())
    };
    assert!(nest(31).is_ok());
    for depth in [32, 90, 99] {
        assert!(
            matches!(nest(depth), Err(Error::TooLarge { .. })),
            "{depth}"
        );
    }
    // Beyond that, the decoder's own limit applies.
    let mut bytes = Vec::new();
    for _ in 0..5000 {
        let mut outer = vec![0x1a];
        prost::encoding::encode_varint(bytes.len() as u64, &mut outer);
        outer.extend(&bytes);
        bytes = outer;
    }
    let mut file = vec![0x22];
    prost::encoding::encode_varint(bytes.len() as u64, &mut file);
    file.extend(&bytes);
    assert!(SchemaFile::from_bytes("deep.proto", &file).is_err());

    // Long chains and wide fans of imports.
    let chain: Vec<SchemaFile> = (0..20_000)
        .map(|i| format!("syntax = \"proto3\"; import public \"{}.proto\";", i + 1))
        .zip(0..)
        .map(|(source, i)| SchemaFile::from_text(&format!("{i}.proto"), &source).expect("a link"))
        .collect();
    assert!(matches!(
        chain[0].resolve(&chain),
        Err(Error::TooLarge { .. })
    ));
    assert!(chain[19_500].resolve(&chain).is_err());

    let long = "a".repeat((16 << 20) + 1);
    assert!(matches!(
        SchemaFile::parse("long.proto", &long),
        Err(Error::TooLarge { .. })
    ));
    assert!(matches!(
        SchemaFile::from_text("long.proto", &long),
        Err(Error::TooLarge { .. })
    ));
}
