//! Precompiled and dynamic schemas have the same text, bytes and JSON.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use cc_protobuf_examples::protobuf::{
    CompiledSchema, DynamicSchema, Error, FieldType, JsonOptions, ProtoEnum, ProtoField as F,
    ProtoMessage, ProtoOneof, ProtoSchema, SchemaFile, Schemas,
};
use generated::io::confluent::examples::proto::{AllTypes, Customer, FieldTypes, Order, Product};
use generated::{
    ExampleMessage, Invoice, Payment, SensitiveRecord, com::acme::MyRecord, com::acme::OtherRecord,
    evolution,
};
use proptest::prelude::*;
use prost::{Message, Name};
use prost_reflect::{DynamicMessage, FileDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

#[path = "../../src/bin/cc-protobuf-examples/generated.rs"]
mod generated;

type Schema = Arc<dyn ProtoSchema>;

fn compiled<M: Message + Name + Default + 'static>() -> Schema {
    use generated::evolution::{v1, v2};

    let is = |id: TypeId| id == TypeId::of::<M>();
    let set = match () {
        () if is(TypeId::of::<v1::MyRecord>()) => v1::schemas(),
        () if is(TypeId::of::<v2::MyRecord>()) => v2::schemas(),
        () => generated::schemas(),
    };
    Arc::new(set.unwrap().compiled::<M>().unwrap())
}

fn examples_package(name: &str) -> ProtoMessage {
    ProtoMessage::new(name).package("io.confluent.examples.proto")
}

fn customer() -> DynamicSchema {
    let customer = examples_package("Customer")
        .field(F::int64("customer_id", 1))
        .field(F::string("customer_name", 2))
        .field(F::string("customer_email", 3))
        .field(F::string("customer_address", 4));
    customer.build().unwrap()
}

fn product() -> DynamicSchema {
    let product = examples_package("Product")
        .field(F::int32("product_id", 1))
        .field(F::string("product_name", 2));
    product.build().unwrap()
}

fn order() -> DynamicSchema {
    let order = examples_package("Order")
        .field(F::int32("order_id", 1))
        .field(F::string("order_date", 2))
        .field(F::int32("order_amount", 3));
    order.build().unwrap()
}

fn other_record() -> DynamicSchema {
    let other = ProtoMessage::new("OtherRecord")
        .package("com.acme")
        .file_name("other.proto")
        .field(F::int32("other_id", 1));
    other.build().unwrap()
}

fn field_types() -> DynamicSchema {
    let color = ProtoEnum::new("Color")
        .value("COLOR_UNSPECIFIED", 0)
        .value("COLOR_RED", 1)
        .value("COLOR_GREEN", 2)
        .value("COLOR_INFRARED", -1);
    let google =
        |name: &str, ty: &str, number| F::message(name, format!("google.protobuf.{ty}"), number);
    let message = ProtoMessage::new("FieldTypes")
        .field(F::double("a_double", 1))
        .field(F::float("a_float", 2))
        .field(F::int32("an_int32", 3))
        .field(F::int64("an_int64", 4))
        .field(F::uint32("a_uint32", 5))
        .field(F::uint64("a_uint64", 6))
        .field(F::sint32("a_sint32", 7))
        .field(F::sint64("a_sint64", 8))
        .field(F::fixed32("a_fixed32", 9))
        .field(F::fixed64("a_fixed64", 10))
        .field(F::sfixed32("a_sfixed32", 11))
        .field(F::sfixed64("a_sfixed64", 12))
        .field(F::bool("a_bool", 13))
        .field(F::string("a_string", 14))
        .field(F::bytes("some_bytes", 15))
        .field(F::enumeration("color", "Color", 16))
        .field(F::double("maybe_double", 20).optional())
        .field(F::int64("maybe_int64", 21).optional())
        .field(F::bool("maybe_bool", 22).optional())
        .field(F::string("maybe_string", 23).optional())
        .field(F::bytes("maybe_bytes", 24).optional())
        .field(F::enumeration("maybe_color", "Color", 25).optional())
        .field(F::message("part", "Part", 26))
        .field(F::message("child", "FieldTypes", 27))
        .field(F::float("floats", 30).repeated())
        .field(F::int64("int64s", 31).repeated())
        .field(F::sint32("sint32s", 32).repeated())
        .field(F::bool("bools", 33).repeated())
        .field(F::string("strings", 34).repeated())
        .field(F::bytes("blobs", 35).repeated())
        .field(F::enumeration("colors", "Color", 36).repeated())
        .field(F::message("parts", "Part", 37).repeated())
        .field(F::int32("unpacked", 38).repeated().packed(false))
        .field(F::map("by_string", FieldType::String, FieldType::Int64, 40))
        .field(F::map("by_int32", FieldType::Int32, FieldType::String, 41))
        .field(F::map(
            "by_sint64",
            FieldType::Sint64,
            FieldType::Double,
            42,
        ))
        .field(F::map("by_uint64", FieldType::Uint64, "Part", 43))
        .field(F::map("by_bool", FieldType::Bool, "Color", 44))
        .field(F::map("by_fixed32", "fixed32", "bytes", 45))
        .oneof(
            ProtoOneof::new("choice")
                .field(F::string("text", 50))
                .field(F::int64("number", 51))
                .field(F::message("piece", "Part", 52))
                .field(google("moment", "Timestamp", 53))
                .field(F::enumeration("shade", "Color", 54))
                .field(F::bytes("blob", 55)),
        )
        .field(google("timestamp", "Timestamp", 60))
        .field(google("duration", "Duration", 61))
        .field(google("structure", "Struct", 62))
        .field(google("value", "Value", 63))
        .field(google("list", "ListValue", 64))
        .field(google("empty", "Empty", 65))
        .field(google("mask", "FieldMask", 66))
        .field(google("any", "Any", 67))
        .field(google("timestamps", "Timestamp", 68).repeated())
        .field(F::map(
            "durations",
            "string",
            "google.protobuf.Duration",
            69,
        ))
        .field(google("wrapped_double", "DoubleValue", 70))
        .field(google("wrapped_float", "FloatValue", 71))
        .field(google("wrapped_int64", "Int64Value", 72))
        .field(google("wrapped_uint64", "UInt64Value", 73))
        .field(google("wrapped_int32", "Int32Value", 74))
        .field(google("wrapped_uint32", "UInt32Value", 75))
        .field(google("wrapped_bool", "BoolValue", 76))
        .field(google("wrapped_string", "StringValue", 77))
        .field(google("wrapped_bytes", "BytesValue", 78))
        .field(F::string("renamed", 90).json_name("otherName"))
        .field(F::string("isCamelCase", 91))
        .message(
            ProtoMessage::new("Part")
                .field(F::string("name", 1))
                .field(F::uint32("count", 2)),
        );
    let file = cc_protobuf_examples::protobuf::ProtoFile::new("FieldTypes.proto")
        .package("io.confluent.examples.proto")
        .import_builtin("google/protobuf/any.proto")
        .import_builtin("google/protobuf/duration.proto")
        .import_builtin("google/protobuf/empty.proto")
        .import_builtin("google/protobuf/field_mask.proto")
        .import_builtin("google/protobuf/struct.proto")
        .import_builtin("google/protobuf/timestamp.proto")
        .import_builtin("google/protobuf/wrappers.proto")
        .enumeration(color)
        .message(message);
    file.build().unwrap().schema("FieldTypes").unwrap()
}

/// Each schema under `schemas/`: compiled, built in code, and values of it.
fn schemas() -> Vec<(Schema, DynamicSchema, Vec<Value>)> {
    let evolved = |version: &str| {
        ProtoMessage::new("MyRecord")
            .file_name(format!("evolution/MyRecord_{version}.proto"))
            .field(F::string("id", 1))
            .field(F::float("amount", 2))
    };
    let my_record = ProtoMessage::new("MyRecord")
        .package("com.acme")
        .import(&other_record())
        .field(F::string("f1", 1))
        .field(F::message("f2", "OtherRecord", 2));
    let all_types = examples_package("AllTypes")
        .import(&customer())
        .import(&product())
        .import(&order())
        .oneof(
            ProtoOneof::new("oneof_type")
                .field(F::message("customer", "Customer", 1))
                .field(F::message("product", "Product", 2))
                .field(F::message("order", "Order", 3)),
        );
    let payment = ProtoMessage::new("Payment")
        .field(F::float("amount", 1))
        .field(F::string("currency", 2));
    let invoice = ProtoMessage::new("Invoice")
        .field(F::string("invoice_id", 1))
        .field(F::string("vendor", 2))
        .field(F::float("total", 3));
    let sensitive = ProtoMessage::new("SensitiveRecord")
        .field(F::string("id", 1))
        .field(F::string("name", 2))
        .field(F::string("ssn", 3).tag("PII"))
        .field(F::string("email", 4).tag("PII"))
        .field(F::float("amount", 5));
    let example = ProtoMessage::new("ExampleMessage")
        .field(F::string("name", 1).optional())
        .field(F::int32("age", 2).optional())
        .field(F::bool("isActive", 3).optional());

    vec![
        (
            compiled::<OtherRecord>(),
            other_record(),
            vec![json!({}), json!({"other_id": -7})],
        ),
        (
            compiled::<MyRecord>(),
            my_record.build().unwrap(),
            vec![json!({"f1": "a", "f2": {"other_id": 7}}), json!({"f2": {}})],
        ),
        (
            compiled::<Customer>(),
            customer(),
            vec![json!({"customer_id": "9007199254740993", "customer_name": "Ada"})],
        ),
        (
            compiled::<Product>(),
            product(),
            vec![json!({"product_id": 1, "product_name": "tea"})],
        ),
        (
            compiled::<Order>(),
            order(),
            vec![json!({"order_id": 1, "order_date": "2026-01-01", "order_amount": 12})],
        ),
        (
            compiled::<AllTypes>(),
            all_types.build().unwrap(),
            vec![
                json!({}),
                json!({"customer": {"customer_id": "5"}}),
                json!({"product": {}}),
                json!({"order": {"order_amount": 3}}),
            ],
        ),
        (
            compiled::<Payment>(),
            payment.build().unwrap(),
            vec![
                json!({"amount": 99.99, "currency": "EUR"}),
                json!({"amount": "NaN"}),
                json!({"amount": "-Infinity"}),
            ],
        ),
        (
            compiled::<Invoice>(),
            invoice.build().unwrap(),
            vec![json!({"invoice_id": "i", "vendor": "v", "total": 0.1})],
        ),
        (
            compiled::<SensitiveRecord>(),
            sensitive.build().unwrap(),
            vec![json!({"id": "1", "ssn": "000-00-0000", "email": "a@b.c", "amount": 5.5})],
        ),
        (
            compiled::<ExampleMessage>(),
            example.build().unwrap(),
            vec![
                json!({}),
                json!({"name": "", "age": 0, "isActive": false}),
                json!({"age": 41}),
            ],
        ),
        (
            compiled::<evolution::v1::MyRecord>(),
            evolved("v1").build().unwrap(),
            vec![json!({"id": "a", "amount": 1.25})],
        ),
        (
            compiled::<evolution::v2::MyRecord>(),
            evolved("v2")
                .field(F::string("customer_id", 3))
                .build()
                .unwrap(),
            vec![json!({"id": "a", "amount": 1.25, "customer_id": "c"})],
        ),
        (
            compiled::<FieldTypes>(),
            field_types(),
            field_types_values(),
        ),
    ]
}

fn field_types_values() -> Vec<Value> {
    vec![
        json!({}),
        json!({
            "a_double": 1.5, "a_float": 0.1, "an_int32": -1, "an_int64": "-9223372036854775808",
            "a_uint32": 4294967295_u32, "a_uint64": "18446744073709551615", "a_sint32": -2147483648,
            "a_sint64": "-3", "a_fixed32": 7, "a_fixed64": "8", "a_sfixed32": -9, "a_sfixed64": "-10",
            "a_bool": true, "a_string": "ä\u{0}", "some_bytes": "AP8=", "color": "COLOR_INFRARED",
        }),
        json!({"a_double": "NaN", "a_float": "Infinity", "floats": ["-Infinity", "NaN", 3.4028234663852886e38, 1e-45]}),
        json!({
            "maybe_double": 0.0, "maybe_int64": "0", "maybe_bool": false, "maybe_string": "",
            "maybe_bytes": "", "maybe_color": "COLOR_UNSPECIFIED", "part": {}, "child": {},
        }),
        json!({"child": {"child": {"child": {"parts": [{}, {"name": "x", "count": 1}]}}}}),
        json!({
            "floats": [0.0, 1.5], "int64s": ["0", "-1"], "sint32s": [0, -1], "bools": [false, true],
            "strings": ["", "a"], "blobs": ["", "AQI="], "colors": ["COLOR_UNSPECIFIED", "COLOR_RED"],
            "parts": [{}], "unpacked": [0, 1, -1],
        }),
        json!({
            "by_string": {"": "0", "a": "1", "b": "-1"}, "by_int32": {"-1": "", "0": "a", "10": "b"},
            "by_sint64": {"-5": 0.0, "5": "NaN"}, "by_uint64": {"0": {}, "18446744073709551615": {"count": 1}},
            "by_bool": {"false": "COLOR_RED", "true": "COLOR_UNSPECIFIED"}, "by_fixed32": {"7": "AA=="},
        }),
        json!({"text": ""}),
        json!({"number": "0"}),
        json!({"piece": {}}),
        json!({"moment": "1970-01-01T00:00:00Z"}),
        json!({"shade": "COLOR_UNSPECIFIED"}),
        json!({"blob": ""}),
        json!({
            "timestamp": "2026-02-28T23:59:59.000000001Z", "duration": "-1.500s",
            "structure": {"a": 1.0, "b": [null, true, "x", {}], "c": {"d": {}}}, "value": null,
            "list": [1.0, "a"], "empty": {}, "mask": "aB,c.dE",
            "timestamps": ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"],
            "durations": {"a": "0s", "b": "315576000000s", "c": "-0.001s"},
        }),
        json!({"value": {"a": [1.5]}}),
        json!({"any": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1s"}}),
        json!({"any": {"@type": "x/io.confluent.examples.proto.FieldTypes.Part", "name": "n"}}),
        json!({
            "wrapped_double": 0.0, "wrapped_float": 0.0, "wrapped_int64": "0", "wrapped_uint64": "0",
            "wrapped_int32": 0, "wrapped_uint32": 0, "wrapped_bool": false, "wrapped_string": "",
            "wrapped_bytes": "",
        }),
        json!({
            "wrapped_double": "NaN", "wrapped_float": 0.1, "wrapped_int64": "-5", "wrapped_uint64": "5",
            "wrapped_int32": -5, "wrapped_uint32": 5, "wrapped_bool": true, "wrapped_string": "s",
            "wrapped_bytes": "AA==",
        }),
        json!({"renamed": "a", "isCamelCase": "b"}),
    ]
}

/// Returns the messages of a file, regardless of the order of fields.
fn outline(file: &FileDescriptor) -> BTreeMap<String, String> {
    file.messages()
        .flat_map(|message| {
            let fields: Vec<_> = message.fields().collect();
            fields.into_iter().map(|field| {
                let presence = field.supports_presence();
                let line = format!(
                    "{} {:?} {:?} {} {presence} {} {:?}",
                    field.number(),
                    field.cardinality(),
                    field.kind(),
                    field.json_name(),
                    field.is_packed(),
                    field.containing_oneof().map(|o| o.full_name().to_owned()),
                );
                (
                    field.full_name().to_owned(),
                    line + &format!("{}", field.options()),
                )
            })
        })
        .collect()
}

#[test]
fn both_paths_have_one_text_and_one_descriptor() {
    for (compiled, built, _) in schemas() {
        let name = compiled.full_name().to_owned();
        assert_eq!(compiled.schema_text(), built.schema_text(), "{name}");
        assert_eq!(compiled.file(), built.file(), "{name}");
        assert_eq!(compiled.file_name(), built.file_name(), "{name}");
        assert_eq!(compiled.message_indexes(), built.message_indexes());
        assert_eq!(compiled.reference_names(), built.reference_names());
        assert_eq!(compiled.dependencies(), built.dependencies(), "{name}");
        assert_eq!(
            outline(&compiled.descriptor().parent_file()),
            outline(&built.descriptor().parent_file()),
            "{name}"
        );
    }
}

#[test]
fn schemas_name_types_of_other_files_in_full() {
    fn check(written: &prost_types::DescriptorProto, resolved: &MessageDescriptor) -> usize {
        let mut foreign = 0;
        for field in &written.field {
            let resolved_field = resolved.get_field(field.number() as u32).unwrap();
            let file = match resolved_field.kind() {
                Kind::Message(message) => message.parent_file(),
                Kind::Enum(item) => item.parent_file(),
                _ => continue,
            };
            if file != resolved.parent_file() {
                foreign += 1;
                assert!(
                    field.type_name().starts_with('.'),
                    "{}",
                    resolved_field.full_name()
                );
            }
        }
        for nested in &written.nested_type {
            let mut children = resolved.child_messages();
            let resolved = children.find(|child| child.name() == nested.name());
            foreign += check(nested, &resolved.unwrap());
        }
        foreign
    }
    let mut foreign = 0;
    for (compiled, built, _) in schemas() {
        for schema in [&*compiled, &built] {
            let file = schema.descriptor().parent_file();
            let messages = schema.file().proto().message_type.iter();
            for (written, resolved) in messages.zip(file.messages()) {
                foreign += check(written, &resolved);
            }
        }
    }
    // MyRecord and AllTypes have four fields, FieldTypes many, in both kinds of schema.
    assert!(foreign > 40, "{foreign}");
}

#[test]
fn both_paths_give_one_payload_and_one_json() {
    for (compiled, built, values) in schemas() {
        for json in values {
            let name = format!("{}: {json}", compiled.full_name());
            let bytes = compiled.serialize(&json).expect(&name);
            assert_eq!(bytes, built.serialize(&json).expect(&name), "{name}");
            assert_eq!(compiled.deserialize(&bytes).expect(&name), json, "{name}");
            assert_eq!(built.deserialize(&bytes).expect(&name), json, "{name}");

            let options = JsonOptions::default().print_defaults(true);
            let full = compiled.deserialize_with(&bytes, options).expect(&name);
            assert_eq!(full, built.deserialize_with(&bytes, options).expect(&name));
            assert_eq!(compiled.serialize(&full).expect(&name), bytes, "{name}");
        }
    }
}

#[test]
fn every_file_under_schemas_is_covered() {
    let mut covered: Vec<_> = schemas()
        .iter()
        .map(|(schema, ..)| schema.file_name().to_owned())
        .collect();
    covered.push("confluent/meta.proto".to_owned());
    covered.sort();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap();
                files.push(name.to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    files.sort();
    assert_eq!(covered, files);
}

#[test]
fn typed_messages_and_json_have_the_same_bytes() {
    let record = MyRecord {
        f1: "a".into(),
        f2: Some(OtherRecord { other_id: 7 }),
    };
    let schema = compiled::<MyRecord>();
    let bytes = schema
        .serialize(&json!({"f1": "a", "f2": {"other_id": 7}}))
        .unwrap();
    assert_eq!(bytes, record.encode_to_vec());
}

#[test]
fn printed_defaults_are_those_without_presence() {
    let schema = compiled::<ExampleMessage>();
    let all = JsonOptions::default().print_defaults(true);
    assert_eq!(schema.deserialize_with(&[], all).unwrap(), json!({}));
    let schema = compiled::<Customer>();
    assert_eq!(
        schema.deserialize_with(&[], all).unwrap(),
        json!({
            "customer_id": "0", "customer_name": "", "customer_email": "", "customer_address": ""
        })
    );
}

#[test]
fn a_schema_is_made_with_nothing_but_the_type() {
    let schema = compiled::<MyRecord>();
    assert_eq!(schema.name(), "MyRecord");
    assert_eq!(schema.full_name(), "com.acme.MyRecord");
    assert_eq!(schema.file_name(), "MyRecord.proto");
    assert_eq!(schema.message_indexes().as_slice(), [0]);
    assert_eq!(schema.reference_names(), ["other.proto"]);
    assert_eq!(schema.dependencies().len(), 1);
    assert_eq!(schema.digest(), compiled::<MyRecord>().digest());

    use generated::io::confluent::examples::proto::field_types::Part;
    let nested = compiled::<Part>();
    assert_eq!(
        nested.full_name(),
        "io.confluent.examples.proto.FieldTypes.Part"
    );
    assert_eq!(nested.message_indexes().as_slice(), [0, 0]);
}

#[test]
fn two_versions_of_one_name_live_side_by_side() {
    let v1 = compiled::<evolution::v1::MyRecord>();
    let v2 = compiled::<evolution::v2::MyRecord>();
    assert_eq!(v1.full_name(), v2.full_name());
    let new = json!({"id": "a", "amount": 1.5, "customer_id": "c"});
    let bytes = v2.serialize(&new).unwrap();
    assert_eq!(v2.deserialize(&bytes).unwrap(), new);
    assert_eq!(
        v1.deserialize(&bytes).unwrap(),
        json!({"id": "a", "amount": 1.5})
    );
}

#[test]
fn field_tags_are_there_at_run_time() {
    for (compiled, built, _) in schemas() {
        if compiled.name() == "SensitiveRecord" {
            assert_eq!(tagged(&*compiled), ["ssn", "email"]);
            assert_eq!(tagged(&built), ["ssn", "email"]);
            return;
        }
    }
    panic!("no SensitiveRecord");
}

fn tagged(schema: &dyn ProtoSchema) -> Vec<String> {
    let pool = schema.descriptor().parent_pool();
    let field_meta = pool.get_extension_by_name("confluent.field_meta").unwrap();
    assert_eq!(field_meta.number(), 1088);
    let fields = schema.descriptor().fields().filter(|field| {
        let options = field.options();
        let meta = options.get_extension(&field_meta);
        let tags = meta.as_message().unwrap().get_field_by_name("tags");
        tags.unwrap().as_list().unwrap() == [prost_reflect::Value::String("PII".into())]
    });
    fields.map(|field| field.name().to_owned()).collect()
}

#[test]
fn json_that_does_not_fit_is_refused_with_the_place() {
    let cases = [
        (
            json!({"nonesuch": 1}),
            "",
            "unrecognized field name 'nonesuch'",
        ),
        (
            json!({"part": {"size": 1}}),
            "part",
            "unrecognized field name 'size'",
        ),
        (
            json!({"parts": [{}, {"count": -1}]}),
            "parts[1].count",
            "out of range",
        ),
        (
            json!({"an_int32": 1.5}),
            "an_int32",
            "expected integer value",
        ),
        (
            json!({"an_int32": 2147483648_i64}),
            "an_int32",
            "out of range",
        ),
        (json!({"a_uint64": "-1"}), "a_uint64", "out of range"),
        (json!({"a_float": 1e39}), "a_float", "out of range"),
        (json!({"a_bool": "true"}), "a_bool", "expected a boolean"),
        (json!({"a_string": 1}), "a_string", "expected a string"),
        (json!({"some_bytes": "§"}), "some_bytes", "invalid base64"),
        (
            json!({"color": "COLOR_BLUE"}),
            "color",
            "unrecognized enum value 'COLOR_BLUE'",
        ),
        (
            json!({"text": "a", "number": "1"}),
            "",
            "multiple fields provided for oneof 'choice'",
        ),
        (
            json!({"timestamp": "yesterday"}),
            "timestamp",
            "invalid rfc3339 timestamp",
        ),
        (
            json!({"timestamp": "10000-01-01T00:00:00Z"}),
            "timestamp",
            "invalid rfc3339 timestamp",
        ),
        (
            json!({"duration": "1"}),
            "duration",
            "failed to parse duration",
        ),
        (json!({"by_int32": {"a": "b"}}), "by_int32", "invalid digit"),
        (json!({"strings": "a"}), "strings", "expected a list"),
        (json!([]), "", "expected a map"),
        (json!(null), "", "expected a map"),
    ];
    let built = field_types();
    let compiled = compiled::<FieldTypes>();
    for (json, path, reason) in cases {
        let mut buffer = b"kept".to_vec();
        for schema in [&built as &dyn ProtoSchema, &*compiled] {
            match schema.serialize_into(&json, &mut buffer) {
                Err(error @ Error::Json { .. }) => {
                    let text = error.to_string();
                    assert!(
                        text.contains(&if path.is_empty() {
                            "FieldTypes: ".to_owned()
                        } else {
                            format!(" at {path}: ")
                        }),
                        "{json}: {text}"
                    );
                    assert!(text.contains(reason), "{json}: {text}");
                }
                other => panic!("{json}: {other:?}"),
            }
        }
        assert_eq!(buffer, b"kept");
    }
}

#[test]
fn lenient_json_gives_the_same_bytes_as_strict() {
    let cases = [
        (
            json!({"an_int32": "5", "a_uint32": 7.0}),
            json!({"an_int32": 5, "a_uint32": 7}),
        ),
        (
            json!({"an_int64": 5, "a_uint64": 6}),
            json!({"an_int64": "5", "a_uint64": "6"}),
        ),
        (json!({"a_double": "1.5"}), json!({"a_double": 1.5})),
        (
            json!({"aDouble": 1.5, "otherName": "x"}),
            json!({"a_double": 1.5, "renamed": "x"}),
        ),
        (json!({"some_bytes": "_-8"}), json!({"some_bytes": "/+8="})),
        (
            json!({"color": 1, "shade": -1}),
            json!({"color": "COLOR_RED", "shade": "COLOR_INFRARED"}),
        ),
        (
            json!({"part": null, "a_string": null, "by_bool": null, "parts": null}),
            json!({}),
        ),
        (json!({"a_double": -0.0}), json!({})),
        (
            json!({"timestamp": "2026-01-01T01:00:00+01:00"}),
            json!({"timestamp": "2026-01-01T00:00:00Z"}),
        ),
        (
            json!({"a_string": "z", "a_double": 1.0}),
            json!({"a_double": 1.0, "a_string": "z"}),
        ),
    ];
    let built = field_types();
    let compiled = compiled::<FieldTypes>();
    for (lenient, strict) in cases {
        let expected = built.serialize(&strict).unwrap();
        assert_eq!(built.serialize(&lenient).unwrap(), expected, "{lenient}");
        assert_eq!(compiled.serialize(&lenient).unwrap(), expected, "{lenient}");
    }
}

#[test]
fn unknown_enum_numbers_survive_both_paths() {
    let bytes = FieldTypes {
        color: 77,
        colors: vec![1, 78],
        by_bool: [(true, 79)].into(),
        ..Default::default()
    }
    .encode_to_vec();
    let expected = json!({"color": 77, "colors": ["COLOR_RED", 78], "by_bool": {"true": 79}});
    let built = field_types();
    let compiled = compiled::<FieldTypes>();
    assert_eq!(built.deserialize(&bytes).unwrap(), expected);
    assert_eq!(compiled.deserialize(&bytes).unwrap(), expected);
    assert_eq!(compiled.serialize(&expected).unwrap(), bytes);
    assert_eq!(built.serialize(&expected).unwrap(), bytes);
}

#[test]
fn values_without_json_are_errors() {
    use prost_types::Timestamp;
    let year_10000 = FieldTypes {
        timestamp: Some(Timestamp {
            seconds: 253_402_300_800,
            nanos: 0,
        }),
        ..Default::default()
    }
    .encode_to_vec();
    let built = field_types();
    let compiled = compiled::<FieldTypes>();
    for schema in [&built as &dyn ProtoSchema, &*compiled] {
        let error = schema.deserialize(&year_10000).unwrap_err();
        assert!(matches!(error, Error::Print { .. }), "{error}");
        let error = schema.deserialize(&[0x0a, 5, 1]).unwrap_err();
        assert!(matches!(error, Error::Decode { .. }), "{error}");
    }
}

#[test]
fn own_types_with_their_own_descriptor_set_or_text_get_a_schema() {
    let built = field_types();
    let set = built.descriptor().parent_pool().encode_to_vec();
    let from_set = Schemas::from_descriptor_set(&set)
        .unwrap()
        .compiled::<FieldTypes>()
        .unwrap();
    let from_text = CompiledSchema::<FieldTypes>::from_text(
        "FieldTypes.proto",
        include_str!("../../schemas/FieldTypes.proto"),
        &[],
    )
    .unwrap();
    for json in field_types_values() {
        let bytes = built.serialize(&json).unwrap();
        assert_eq!(from_set.serialize(&json).unwrap(), bytes);
        assert_eq!(from_text.serialize(&json).unwrap(), bytes);
        assert_eq!(from_set.deserialize(&bytes).unwrap(), json);
    }

    let error = Schemas::from_descriptor_set(&set)
        .unwrap()
        .compiled::<Payment>()
        .unwrap_err();
    assert!(matches!(error, Error::NoMessage { .. }), "{error}");
    let error = Schemas::from_descriptor_set(b"\xff").unwrap_err();
    assert!(matches!(error, Error::Resolve { .. }), "{error}");
}

#[test]
fn a_descriptor_set_keeps_its_tags() {
    let compiled = compiled::<SensitiveRecord>();
    let set = compiled.descriptor().parent_pool().encode_to_vec();
    let schema = Schemas::from_descriptor_set(&set)
        .unwrap()
        .compiled::<SensitiveRecord>()
        .unwrap();
    assert_eq!(tagged(&schema), ["ssn", "email"]);
    assert!(schema.schema_text().contains("string id = 1;"));
}

#[test]
fn saved_schemas_stand_under_their_import_paths() {
    let folder = tempfile::tempdir().unwrap();
    let mut saved = 0;
    for (compiled, built, _) in schemas() {
        let paths = compiled.save_schema(folder.path()).unwrap();
        let last = paths.last().unwrap();
        assert_eq!(last, &folder.path().join(compiled.file_name()));
        assert_eq!(
            std::fs::read_to_string(last).unwrap(),
            compiled.schema_text()
        );
        // Equal schemas may be saved again.
        assert_eq!(built.save_schema(folder.path()).unwrap(), paths);
        saved += 1;
    }
    assert_eq!(saved, 13);
    // protoc does not ship this file.
    assert!(folder.path().join("confluent/meta.proto").is_file());
    assert!(!folder.path().join("google").exists());

    let other = ProtoMessage::new("Payment")
        .field(F::string("else", 1))
        .build()
        .unwrap();
    let error = other.save_schema(folder.path()).unwrap_err();
    assert!(matches!(error, Error::SaveConflict { .. }), "{error}");
    assert!(error.to_string().contains("Payment.proto"), "{error}");
}

#[test]
fn what_is_saved_parses_again() {
    let folder = tempfile::tempdir().unwrap();
    for (compiled, ..) in schemas() {
        compiled.save_schema(folder.path()).unwrap();
        let read = |name: &str| {
            let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
            SchemaFile::from_text(name, &text).unwrap()
        };
        let dependencies: Vec<_> = compiled
            .dependencies()
            .iter()
            .map(|f| read(f.name()))
            .collect();
        let again = DynamicSchema::new(
            read(compiled.file_name()),
            compiled.full_name(),
            &dependencies,
        )
        .unwrap();
        assert_eq!(again.schema_text(), compiled.schema_text());
    }
}

/// Canonical JSON of a `FieldTypes`.
fn any_json() -> impl Strategy<Value = Value> {
    fn float() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<i16>().prop_map(|n| json!(f64::from(n) / 4.0)),
            any::<f64>()
                .prop_filter("finite", |f| f.is_finite() && *f != 0.0)
                .prop_map(Value::from),
            prop_oneof![
                Just(json!("NaN")),
                Just(json!("Infinity")),
                Just(json!("-Infinity"))
            ],
        ]
    }
    fn base64() -> impl Strategy<Value = Value> {
        use base64::Engine;
        prop::collection::vec(any::<u8>(), 0..20)
            .prop_map(|bytes| json!(base64::engine::general_purpose::STANDARD.encode(bytes)))
    }
    fn color() -> impl Strategy<Value = Value> {
        prop::sample::select(vec![
            json!("COLOR_UNSPECIFIED"),
            json!("COLOR_RED"),
            json!("COLOR_INFRARED"),
            json!(42),
        ])
    }
    fn part() -> impl Strategy<Value = Value> {
        (".{0,150}", any::<u32>()).prop_map(|(name, count)| {
            let mut part = Map::new();
            if !name.is_empty() {
                part.insert("name".into(), name.into());
            }
            if count % 3 != 0 {
                part.insert("count".into(), count.into());
            }
            Value::Object(part)
        })
    }
    fn time() -> impl Strategy<Value = Value> {
        (-62_135_596_800_i64..253_402_300_800, 0..1_000_000_000_i32).prop_map(|(seconds, nanos)| {
            json!(prost_types::Timestamp { seconds, nanos }.to_string())
        })
    }
    fn string<T: ToString>(value: T) -> Value {
        json!(value.to_string())
    }
    fn field(
        name: &'static str,
        value: impl Strategy<Value = Value> + 'static,
    ) -> BoxedStrategy<(&'static str, Value)> {
        value.prop_map(move |value| (name, value)).boxed()
    }
    fn list(value: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
        prop::collection::vec(value, 1..5).prop_map(Value::Array)
    }
    fn map(
        key: impl Strategy<Value = String> + 'static,
        value: impl Strategy<Value = Value> + 'static,
    ) -> impl Strategy<Value = Value> {
        prop::collection::hash_map(key, value, 1..5)
            .prop_map(|entries| Value::Object(entries.into_iter().collect()))
    }
    fn fields() -> impl Strategy<Value = (&'static str, Value)> {
        let f32s = || any::<f32>().prop_filter("finite", |f| f.is_finite() && *f != 0.0);
        let f32_json = move || f32s().prop_map(|f| json!(f.to_string().parse::<f64>().unwrap()));
        prop_oneof![
            field("a_double", float()),
            field("a_float", f32_json()),
            field("an_int32", any::<i32>().prop_map(Value::from)),
            field("an_int64", any::<i64>().prop_map(string)),
            field("a_uint32", any::<u32>().prop_map(Value::from)),
            field("a_uint64", any::<u64>().prop_map(string)),
            field("a_sint32", any::<i32>().prop_map(Value::from)),
            field("a_sint64", any::<i64>().prop_map(string)),
            field("a_fixed64", any::<u64>().prop_map(string)),
            field("a_sfixed32", any::<i32>().prop_map(Value::from)),
            field("a_string", ".{1,200}".prop_map(Value::from)),
            field("some_bytes", base64()),
            field("color", color()),
            field("maybe_double", float()),
            field("maybe_int64", any::<i64>().prop_map(string)),
            field("maybe_bool", any::<bool>().prop_map(Value::from)),
            field("maybe_string", ".{0,3}".prop_map(Value::from)),
            field("maybe_bytes", base64()),
            field("maybe_color", color()),
            field("part", part()),
            field("floats", list(f32_json())),
            field("int64s", list(any::<i64>().prop_map(string))),
            field("sint32s", list(any::<i32>().prop_map(Value::from))),
            field("bools", list(any::<bool>().prop_map(Value::from))),
            field("strings", list(".{0,5}".prop_map(Value::from))),
            field("blobs", list(base64())),
            field("colors", list(color())),
            field("parts", list(part())),
            field("unpacked", list(any::<i32>().prop_map(Value::from))),
            field("by_string", map(".{0,5}", any::<i64>().prop_map(string))),
            field(
                "by_int32",
                map(
                    any::<i32>().prop_map(|k| k.to_string()),
                    ".{0,5}".prop_map(Value::from)
                )
            ),
            field(
                "by_sint64",
                map(any::<i64>().prop_map(|k| k.to_string()), float())
            ),
            field(
                "by_uint64",
                map(any::<u64>().prop_map(|k| k.to_string()), part())
            ),
            field(
                "by_bool",
                map(any::<bool>().prop_map(|k| k.to_string()), color())
            ),
            field(
                "by_fixed32",
                map(any::<u32>().prop_map(|k| k.to_string()), base64())
            ),
            field("timestamp", time()),
            field("timestamps", list(time())),
            field("wrapped_double", float()),
            field("wrapped_int64", any::<i64>().prop_map(string)),
            prop_oneof![
                field("text", ".{0,3}".prop_map(Value::from)),
                field("number", any::<i64>().prop_map(string)),
                field("piece", part()),
                field("moment", time()),
                field("shade", color()),
                field("blob", base64()),
            ],
        ]
    }
    let message = prop::collection::vec(fields(), 0..12).prop_map(|fields| {
        let choice = ["text", "number", "piece", "moment", "shade", "blob"];
        let mut object = Map::new();
        for (name, value) in fields {
            let second = choice.contains(&name) && choice.iter().any(|c| object.contains_key(*c));
            let default = matches!(name, "an_int32" | "a_uint32" | "a_sint32" | "a_sfixed32")
                && value == json!(0)
                || name.starts_with("a") && (value == json!("0") || value == json!(0.0))
                || name == "some_bytes" && value == json!("")
                || name == "color" && value == json!("COLOR_UNSPECIFIED");
            if !second && !default {
                object.insert(name.into(), value);
            }
        }
        Value::Object(object)
    });
    let message = message.boxed();
    (message.clone(), prop::option::of(message)).prop_map(|(mut outer, inner)| {
        if let (Some(outer), Some(inner)) = (outer.as_object_mut(), inner) {
            outer.insert("child".into(), inner);
        }
        outer
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_json_means_the_same_to_everyone(json in any_json()) {
        let built = field_types_once();
        let compiled = compiled::<FieldTypes>();
        let bytes = built.serialize(&json).unwrap();
        prop_assert_eq!(&compiled.serialize(&json).unwrap(), &bytes);
        prop_assert_eq!(&built.deserialize(&bytes).unwrap(), &json);
        prop_assert_eq!(&compiled.deserialize(&bytes).unwrap(), &json);
        // prost writes the same bytes, and reflection reads the same message from them.
        let typed = FieldTypes::decode(&bytes[..]).unwrap();
        prop_assert_eq!(&typed.encode_to_vec(), &bytes);
        let desc = built.descriptor();
        let decoded = DynamicMessage::decode(desc.clone(), &bytes[..]).unwrap();
        let parsed = DynamicMessage::deserialize(desc.clone(), &json).unwrap();
        let print = |message: &DynamicMessage| serde_json::to_value(message).unwrap();
        prop_assert_eq!(print(&decoded), print(&parsed));
    }

    #[test]
    fn any_bytes_mean_the_same_to_everyone(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let built = field_types_once();
        let compiled = compiled::<FieldTypes>();
        match (built.deserialize(&bytes), compiled.deserialize(&bytes)) {
            (Ok(a), Ok(b)) => prop_assert_eq!(a, b),
            (Err(_), Err(_)) => {}
            (a, b) => prop_assert!(false, "{:?} but {:?}", a, b),
        }
    }
}

fn field_types_once() -> &'static DynamicSchema {
    static SCHEMA: std::sync::LazyLock<DynamicSchema> = std::sync::LazyLock::new(field_types);
    &SCHEMA
}

#[test]
fn null_is_a_value_to_null_value() {
    let schema = ProtoMessage::new("Nulls")
        .field(F::enumeration("null", "google.protobuf.NullValue", 1).optional())
        .field(F::message("any", "google.protobuf.Value", 2))
        .field(F::string("text", 3).optional())
        .build()
        .unwrap();
    let json = json!({"null": null, "any": null});
    let bytes = schema.serialize(&json).unwrap();
    assert_eq!(bytes, [0x08, 0, 0x12, 2, 0x08, 0]);
    assert_eq!(schema.deserialize(&bytes).unwrap(), json);
    assert!(schema.serialize(&json!({"text": null})).unwrap().is_empty());
}
