//! A value that a rule says to encrypt is never written as plaintext, however the schema
//! to write with is chosen and the value is given.

use cc_protobuf_examples::protobuf::{
    CompiledSchema, DynamicSchema, ProtoSchema, SchemaFile, Schemas,
};
use cc_protobuf_examples::schema_registry::entities::{Metadata, PROTOBUF, RuleSet, SchemaRequest};
use cc_protobuf_examples::serdes::{Destination, Error, ErrorKind, Serializer, SerializerOptions};
use cc_protobuf_examples::wire_format::{SchemaGuid, SchemaId};
use prost::Message;
use prost_reflect::DynamicMessage;
use serde_json::{Value, json};

use crate::serdes::encryption::{csfle, field_rules, hides};
use crate::serdes::registry::{Registry, schema};
use crate::support::chain;
use crate::support::stub::{Answer, Stub};

pub const SECRET: &str = "078-05-1120-secret";
const PII: &str = "[(confluent.field_meta).tags = \"PII\"]";

/// A schema of package `t` that may use tags; `PII` stands for the tag.
fn text(messages: &str) -> String {
    let messages = messages.replace("PII", PII);
    format!("syntax = \"proto3\"; package t; import \"confluent/meta.proto\"; {messages}")
}

pub fn own(messages: &str) -> DynamicSchema {
    schema(&text(messages), "t.M", &[])
}

/// The ways to choose a registered schema other than the record's own.
pub struct Registered {
    registry: Registry,
    id: SchemaId,
    guid: SchemaGuid,
}

impl Registered {
    pub async fn new(messages: &str, rules: RuleSet, tags: &[(&str, &str)]) -> Self {
        let registry = Registry::start().await;
        let tags = tags.iter();
        let tags = tags.map(|(pattern, tag)| ((*pattern).to_owned(), vec![(*tag).to_owned()]));
        let request = SchemaRequest {
            schema: text(messages),
            schema_type: Some(PROTOBUF.to_owned()),
            metadata: Some(Metadata {
                properties: [("major".to_owned(), "1".to_owned())].into(),
                tags: tags.collect(),
                ..Metadata::default()
            }),
            rule_set: Some(rules),
            ..SchemaRequest::default()
        };
        let registered = registry.client.register("shop-value", &request, false);
        let registered = registered.await.unwrap();
        let guid = registered.guid.unwrap();
        Self {
            registry,
            id: SchemaId(registered.id.unwrap() as u32),
            guid: guid.parse().unwrap(),
        }
    }

    /// Serializers, and how each describes the version that it writes with.
    pub fn serializers(&self, strict: bool) -> Vec<(Serializer, String)> {
        let found = || {
            SerializerOptions::new()
                .auto_register_schemas(false)
                .latest_compatibility_strict(strict)
                .id_compatibility_strict(strict)
        };
        let version = format!("\"shop-value\", version 1 (id {})", self.id.0);
        let ways = [
            (found().use_latest_version(true), version.clone()),
            (found().use_latest_with_metadata([("major", "1")]), version),
            (found().use_schema_id(self.id), format!("id {}", self.id.0)),
            (found().use_schema_guid(self.guid), self.guid.to_string()),
        ];
        let serializer = |options: SerializerOptions| {
            self.registry
                .serializer(options.csfle(csfle(&self.registry)))
        };
        ways.map(|(options, name)| (serializer(options), name))
            .into()
    }
}

/// Writes a value given as JSON, as a dynamic message, and encoded.
pub async fn records(
    serializer: &Serializer,
    schema: &DynamicSchema,
    value: &Value,
) -> [Result<Vec<u8>, Error>; 3] {
    let to = || Destination::value("shop");
    let encoded = schema.serialize(value).unwrap();
    let dynamic = DynamicMessage::decode(schema.descriptor().clone(), &*encoded).unwrap();
    [
        serializer.serialize_json(schema, to(), value).await,
        serializer.serialize_dynamic(schema, to(), &dynamic).await,
        serializer.serialize_encoded(schema, to(), &encoded).await,
    ]
}

/// For each case: description, registered schema, the record's own schema, a value, and
/// the path of the field that would be written as plaintext.
fn uncovered() -> Vec<(
    &'static str,
    &'static str,
    &'static str,
    Value,
    &'static str,
)> {
    const V1: &str = "message M { string id = 1; string email = 2 PII; }";
    let with = |field: &str, value: Value| json!({"id": "1", "email": "e", field: value});
    vec![
        (
            "added",
            V1,
            "message M { string id = 1; string email = 2 PII; string ssn = 3 PII; }",
            with("ssn", json!(SECRET)),
            "ssn",
        ),
        (
            "added, repeated bytes",
            V1,
            "message M { string id = 1; string email = 2 PII; repeated bytes ssn = 3 PII; }",
            with("ssn", json!(["MDc4LTA1LTExMjAtc2VjcmV0"])),
            "ssn",
        ),
        (
            "added, and the rule selects nothing of what is registered",
            "message M { string id = 1; string email = 2; }",
            "message M { string id = 1; string email = 2; string ssn = 3 PII; }",
            with("ssn", json!(SECRET)),
            "ssn",
        ),
        (
            "untagged where it is registered",
            "message M { string id = 1; string email = 2 PII; string ssn = 3; }",
            "message M { string id = 1; string email = 2 PII; string ssn = 3 PII; }",
            with("ssn", json!(SECRET)),
            "ssn",
        ),
        (
            "of another type where it is registered",
            "message M { string id = 1; string email = 2 PII; int32 ssn = 3; }",
            "message M { string id = 1; string email = 2 PII; string ssn = 3 PII; }",
            with("ssn", json!(SECRET)),
            "ssn",
        ),
        (
            "in a message that is added",
            V1,
            "message M { string id = 1; string email = 2 PII; C c = 3; } \
             message C { string phone = 1 PII; }",
            with("c", json!({"phone": SECRET})),
            "c.phone",
        ),
        (
            "added to a message",
            "message M { string id = 1; string email = 2 PII; C c = 3; } message C { string x = 1; }",
            "message M { string id = 1; string email = 2 PII; C c = 3; } \
             message C { string x = 1; string phone = 2 PII; }",
            with("c", json!({"phone": SECRET})),
            "c.phone",
        ),
        (
            "added to a repeated message, at the second place of its type",
            "message M { string id = 1; string email = 2 PII; C a = 3; repeated D b = 4; } \
             message C { string p = 1; string q = 2 PII; } message D { string p = 1; }",
            "message M { string id = 1; string email = 2 PII; C a = 3; repeated C b = 4; } \
             message C { string p = 1; string q = 2 PII; }",
            with("b", json!([{"q": SECRET}])),
            "b.q",
        ),
        (
            "added to the values of a map",
            "message M { string id = 1; string email = 2 PII; map<string, C> c = 3; } \
             message C { string x = 1; }",
            "message M { string id = 1; string email = 2 PII; map<string, C> c = 3; } \
             message C { string x = 1; string phone = 2 PII; }",
            with("c", json!({"k": {"phone": SECRET}})),
            "c.value.phone",
        ),
        (
            "in a map that is added",
            V1,
            "message M { string id = 1; string email = 2 PII; map<int32, C> c = 3; } \
             message C { string phone = 2 PII; }",
            with("c", json!({"1": {"phone": SECRET}})),
            "c.value.phone",
        ),
        (
            "added to a oneof",
            "message M { string id = 1; string email = 2 PII; oneof o { string a = 3 PII; } }",
            "message M { string id = 1; string email = 2 PII; \
             oneof o { string a = 3 PII; string b = 4 PII; } }",
            with("b", json!(SECRET)),
            "b",
        ),
        (
            "deep in a type that contains itself",
            "message M { string id = 1; string email = 2 PII; M next = 3; C c = 4; } \
             message C { M back = 1; string x = 2; }",
            "message M { string id = 1; string email = 2 PII; M next = 3; C c = 4; } \
             message C { M back = 1; string x = 2 PII; }",
            with("next", json!({"c": {"x": SECRET}})),
            "c.x",
        ),
        (
            "in a message registered as bytes",
            "message M { string id = 1; string email = 2 PII; bytes c = 3; }",
            "message M { string id = 1; string email = 2 PII; C c = 3; } \
             message C { string phone = 1 PII; }",
            with("c", json!({"phone": SECRET})),
            "c.phone",
        ),
        (
            "a message that is tagged itself",
            V1,
            "message M { string id = 1; string email = 2 PII; C c = 3 PII; } \
             message C { string phone = 1; }",
            with("c", json!({"phone": SECRET})),
            "c",
        ),
    ]
}

#[tokio::test]
async fn a_field_tagged_only_in_the_records_own_schema_is_refused_by_name() {
    for (case, registered, own_text, value, path) in uncovered() {
        let registered = Registered::new(registered, field_rules(), &[]).await;
        let own = own(own_text);
        for strict in [true, false] {
            for (serializer, version) in registered.serializers(strict) {
                for record in records(&serializer, &own, &value).await {
                    let error = record.expect_err(case);
                    if strict && matches!(error.kind(), ErrorKind::Incompatible { .. }) {
                        continue;
                    }
                    let message = chain(&error);
                    for part in [
                        &*format!("field {path:?}"),
                        "\"PII\"",
                        "\"protect\"",
                        &version,
                    ] {
                        assert!(message.contains(part), "{case}: {part}: {message}");
                    }
                }
            }
        }
    }
}

/// A program's schema, newer than the registered one.
#[derive(Clone, PartialEq, prost::Message)]
struct Typed {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    email: String,
    #[prost(string, tag = "3")]
    ssn: String,
}

impl prost::Name for Typed {
    const PACKAGE: &'static str = "t";
    const NAME: &'static str = "M";
}

#[tokio::test]
async fn a_typed_message_is_refused_as_well() {
    let v1 = "message M { string id = 1; string email = 2 PII; }";
    let registered = Registered::new(v1, field_rules(), &[]).await;
    let message = Typed {
        ssn: SECRET.to_owned(),
        ..Typed::default()
    };
    let typed = |body| CompiledSchema::<Typed>::from_text("m.proto", &text(body), &[]).unwrap();
    let v2 = typed("message M { string id = 1; string email = 2 PII; string ssn = 3 PII; }");
    for (serializer, _) in registered.serializers(true) {
        let to = Destination::value("shop");
        let error = serializer
            .serialize_with(&v2, to, &message)
            .await
            .unwrap_err();
        assert!(chain(&error).contains("field \"ssn\""), "{}", chain(&error));
    }
    // A type with more fields than its schema.
    for (serializer, _) in registered.serializers(true) {
        let to = Destination::value("shop");
        let v1 = typed(v1);
        let error = serializer.serialize_with(&v1, to, &message).await;
        let error = chain(&error.unwrap_err());
        assert!(error.contains("field number 3"), "{error}");
    }
}

#[tokio::test]
async fn tags_of_the_metadata_and_rules_without_tags_hold_for_the_records_own_fields_too() {
    let v1 = "message M { string id = 1; string email = 2; }";
    let v2 = own("message M { string id = 1; string email = 2; string ssn = 3; }");
    let value = json!({"id": "1", "email": "e", "ssn": SECRET});
    let mut every_field = field_rules();
    every_field.domain_rules[0].tags.clear();
    let patterns = [("t.M.email", "PII"), ("**.ssn", "PII")];
    for (rules, patterns) in [(field_rules(), &patterns[..]), (every_field, &[])] {
        let registered = Registered::new(v1, rules, patterns).await;
        for (serializer, version) in registered.serializers(true) {
            for record in records(&serializer, &v2, &value).await {
                let message = chain(&record.unwrap_err());
                for part in ["field \"ssn\"", "\"protect\"", &version] {
                    assert!(message.contains(part), "{part}: {message}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_the_registered_schema_covers_is_written_and_hidden() {
    let v1 = "message M { string id = 1; string email = 2 PII; C c = 3; map<string, C> m = 4; } \
              message C { string phone = 1 PII; C next = 2; }";
    let registered = Registered::new(v1, field_rules(), &[]).await;
    for (case, own_text, value, shown) in [
        (
            "the same",
            v1,
            json!({"id": "id-shown", "email": SECRET}),
            "id-shown",
        ),
        (
            "older",
            "message M { string id = 1; string email = 2 PII; }",
            json!({"id": "id-shown", "email": SECRET}),
            "id-shown",
        ),
        (
            "untagged, which the registered version makes up for",
            "message M { string id = 1; string email = 2; }",
            json!({"id": "id-shown", "email": SECRET}),
            "id-shown",
        ),
        (
            "renamed",
            "message M { string key = 1; string mail = 2 PII; D d = 3; } \
             message D { string tel = 1 PII; }",
            json!({"key": "id-shown", "mail": "e", "d": {"tel": SECRET}}),
            "id-shown",
        ),
        (
            "newer by a field that no tag protects",
            "message M { string id = 1; string email = 2 PII; string note = 9; N n = 10; } \
             message N { string text = 1; }",
            json!({"email": SECRET, "note": "id-shown", "n": {"text": "more"}}),
            "id-shown",
        ),
        (
            "bytes for a string",
            "message M { string id = 1; bytes email = 2 PII; }",
            json!({"id": "id-shown", "email": "MDc4LTA1LTExMjAtc2VjcmV0"}),
            "id-shown",
        ),
        (
            "nested and in a map",
            v1,
            json!({"id": "id-shown", "c": {"next": {"phone": SECRET}}, "m": {"k": {"phone": SECRET}}}),
            "id-shown",
        ),
    ] {
        let own = own(own_text);
        for (serializer, _) in registered.serializers(false) {
            for record in records(&serializer, &own, &value).await {
                let record = record.unwrap_or_else(|error| panic!("{case}: {}", chain(&error)));
                assert!(hides(&record, SECRET), "{case}");
                assert!(!hides(&record, shown), "{case}");
            }
        }
    }
}

#[tokio::test]
async fn a_registry_that_loses_the_tags_when_it_registers_or_looks_up_is_found_out() {
    let with_tags = text("message M { string id = 1; string ssn = 2 PII; }");
    let without = text("message M { string id = 1; string ssn = 2; }");
    let rules = serde_json::to_value(field_rules()).unwrap();
    let stub = Stub::start(move |_| {
        Answer::ok(json!({
            "subject": "shop-value", "id": 4, "version": 3, "schemaType": "PROTOBUF",
            "schema": without, "ruleSet": rules,
        }))
    })
    .await;
    let own = schema(&with_tags, "t.M", &[]);
    let csfle = cc_protobuf_examples::csfle::Csfle::builder(stub.client()).build();
    for register in [true, false] {
        let options = SerializerOptions::new().auto_register_schemas(register);
        let serializer = Serializer::new(stub.client(), options.csfle(csfle.clone())).unwrap();
        for record in records(&serializer, &own, &json!({"ssn": SECRET})).await {
            let message = chain(&record.unwrap_err());
            for part in [
                "field \"ssn\"",
                "\"PII\"",
                "\"shop-value\", version 3 (id 4)",
            ] {
                assert!(message.contains(part), "{part}: {message}");
            }
        }
    }
}

#[test]
fn a_descriptor_set_that_lost_its_tags_is_refused() {
    let set = |fields: &str| {
        let file = SchemaFile::from_text("m.proto", &text(&format!("message M {{ {fields} }}")));
        let resolved = file.unwrap().resolve(&[]).unwrap();
        resolved.parent_pool().encode_to_vec()
    };
    let kept = set("string id = 1; string email = 2 PII; string ssn = 3;");
    assert!(Schemas::from_descriptor_set(&kept).is_ok());
    // The descriptor set after prost-types has encoded it again.
    let lost = prost_types::FileDescriptorSet::decode(&*kept).unwrap();
    let lost = lost.encode_to_vec();
    let unused = set("string id = 1; string email = 2; string ssn = 3;");
    for bytes in [lost, unused] {
        let message = chain(&Schemas::from_descriptor_set(&bytes).unwrap_err());
        for part in [
            "m.proto",
            "prost-types drops them",
            "protox",
            "remove the import",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
}
