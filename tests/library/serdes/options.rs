//! A test for each option of serializer and deserializer.

use cc_protobuf_examples::protobuf::ProtoSchema;
use cc_protobuf_examples::schema_registry::entities::{Reference, Rule, RuleSet};
use cc_protobuf_examples::schema_registry::{Version, VersionQuery};
use cc_protobuf_examples::serdes::{
    Deserializer, DeserializerOptions, Destination, Error, ErrorKind, Record, SchemaName,
    Serializer, SerializerOptions,
};
use cc_protobuf_examples::wire_format::{self, SchemaGuid, SchemaId, SchemaRef};
use serde_json::{Value, json};

use crate::serdes::registry::{Registry, id_of, schema};
use crate::support::stub::{Answer, Stub};
use crate::support::types::HasSchema;
use crate::support::types::MyRecord;

const V1: &str = "syntax = \"proto3\"; message A { int32 a = 1; }";
const V2: &str = "syntax = \"proto3\"; message A { int32 a = 1; string b = 2; }";
const OTHER: &str = "syntax = \"proto3\"; message A { string other = 1; }";

async fn write(serializer: &Serializer, schema: &dyn ProtoSchema) -> Result<Vec<u8>, Error> {
    serializer
        .serialize_json(schema, Destination::value("shop"), &json!({}))
        .await
}

fn found() -> SerializerOptions {
    SerializerOptions::new().auto_register_schemas(false)
}

#[tokio::test]
async fn contradictions_are_refused_when_the_serializer_is_built() {
    let registry = Registry::start().await;
    let options = SerializerOptions::new().use_latest_version(true);
    let refused = Serializer::new(registry.client.clone(), options);
    assert!(matches!(
        refused.as_ref().map_err(Error::kind),
        Err(ErrorKind::Options(_))
    ));
    let options = DeserializerOptions::new().cache_capacity(0);
    let refused = Deserializer::new(registry.client.clone(), options);
    assert!(matches!(
        refused.as_ref().map_err(Error::kind),
        Err(ErrorKind::Options(_))
    ));
}

#[tokio::test]
async fn auto_register_schemas_off_takes_only_what_is_there() {
    let registry = Registry::start().await;
    let a = schema(V1, "A", &[]);
    let serializer = registry.serializer(found());
    let missing = write(&serializer, &a).await.unwrap_err();
    assert!(
        matches!(missing.kind(), ErrorKind::UnknownSchema { schema: SchemaName::Subject(s), .. } if s == "shop-value"),
        "{missing:?}"
    );
    let id = registry.register("shop-value", V1).await.id.unwrap() as u32;
    assert_eq!(id_of(&write(&serializer, &a).await.unwrap()), id);
    // Its own version, not the latest.
    registry.register("shop-value", V2).await;
    let fresh = registry.serializer(found());
    assert_eq!(id_of(&write(&fresh, &a).await.unwrap()), id);
}

#[tokio::test]
async fn an_incompatible_schema_is_not_registered_and_the_error_says_why() {
    let registry = Registry::start().await;
    registry.register("shop-value", V1).await;
    let serializer = registry.serializer(SerializerOptions::new());
    let error = write(&serializer, &schema(OTHER, "A", &[]))
        .await
        .unwrap_err();
    assert!(
        error.registry_error().unwrap().is_incompatible(),
        "{error:?}"
    );
    assert!(error.to_string().contains("\"shop-value\""), "{error}");
}

#[tokio::test]
async fn normalize_schemas_is_asked_of_the_registry_for_schema_and_references() {
    for (normalize, register) in [(true, true), (true, false), (false, true), (false, false)] {
        let stub = Stub::start(move |request| {
            let query = request.query.as_str();
            assert_eq!(query.contains("normalize=true"), normalize, "{query}");
            Answer::ok(json!({
                "subject": "s", "id": 1, "version": 1, "schemaType": "PROTOBUF", "schema": V1,
            }))
        })
        .await;
        let options = SerializerOptions::new()
            .normalize_schemas(normalize)
            .auto_register_schemas(register);
        let serializer = Serializer::new(stub.client(), options).unwrap();
        write(&serializer, &schema(MAIN, "A", &[("b.proto", B)]))
            .await
            .unwrap();
        assert_eq!(stub.requests().len(), 2);
    }
}

#[tokio::test]
async fn use_latest_version_takes_the_latest() {
    let registry = Registry::start().await;
    registry.register("shop-value", V1).await;
    let id = registry.register("shop-value", V2).await.id.unwrap() as u32;
    let serializer = registry.serializer(found().use_latest_version(true));
    assert_eq!(
        id_of(&write(&serializer, &schema(V1, "A", &[])).await.unwrap()),
        id
    );
    // And fails if that version does not have the message.
    let b = schema(
        "syntax = \"proto3\"; message B {} message A { int32 a = 1; }",
        "B",
        &[],
    );
    let lenient = found()
        .use_latest_version(true)
        .latest_compatibility_strict(false);
    let error = write(&registry.serializer(lenient), &b).await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::NotInSchema { message, .. } if message == "B"),
        "{error:?}"
    );
}

#[tokio::test]
async fn latest_compatibility_strict_refuses_a_latest_that_does_not_fit() {
    let registry = Registry::start().await;
    let id = registry.register("shop-value", OTHER).await.id.unwrap() as u32;
    let a = schema(V1, "A", &[]);
    let options = found().use_latest_version(true);
    let error = write(&registry.serializer(options.clone()), &a)
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(matches!(error.kind(), ErrorKind::Incompatible { .. }));
    assert!(
        text.contains("latest_compatibility_strict") && text.contains("#/A/1"),
        "{text}"
    );
    let serializer = registry.serializer(options.latest_compatibility_strict(false));
    assert_eq!(id_of(&write(&serializer, &a).await.unwrap()), id);
}

#[tokio::test]
async fn a_changed_import_does_not_fit_either() {
    let main = "syntax = \"proto3\"; import \"b.proto\"; import \"google/protobuf/timestamp.proto\"; \
                message A { B b = 1; google.protobuf.Timestamp at = 2; }";
    let changed = "syntax = \"proto3\"; message B { string x = 1; }";
    let registry = Registry::start().await;
    registry.register("b.proto", changed).await;
    let references = [("b.proto", "b.proto", 1)];
    let registered = registry
        .register_with("shop-value", main, &references, None, None)
        .await;
    let id = SchemaId(registered.id.unwrap() as u32);
    for options in [
        found().use_latest_version(true),
        SerializerOptions::new().use_schema_id(id),
    ] {
        let serializer = registry.serializer(options);
        let error = write(&serializer, &schema(main, "A", &[("b.proto", B)])).await;
        let Err(ErrorKind::Incompatible { messages, .. }) = error.as_ref().map_err(Error::kind)
        else {
            panic!("{error:?}");
        };
        assert!(messages.join(" ").contains("#/B/1"), "{messages:?}");
        // The same import is not a difference.
        let same = schema(main, "A", &[("b.proto", changed)]);
        assert_eq!(id_of(&write(&serializer, &same).await.unwrap()), id.0);
    }
}

#[tokio::test]
async fn a_latest_version_known_by_guid_is_not_migrated_to_itself() {
    let guid = "a10f36f1-2a4d-452c-a2eb-06a2a2bd1934";
    let stub = Stub::start(move |request| {
        let mut answer = json!({
            "guid": guid, "schema": V1, "schemaType": "PROTOBUF",
            "ruleSet": {"migrationRules": [{"name": "up", "mode": "UPGRADE", "type": "JSONATA"}]},
        });
        if request.path.starts_with("/subjects/") {
            answer["subject"] = json!("shop-value");
            answer["id"] = json!(7);
            answer["version"] = json!(2);
        }
        Answer::ok(answer)
    })
    .await;
    let options = DeserializerOptions::new().use_latest_version(true);
    let deserializer = Deserializer::new(stub.client(), options).unwrap();
    let read = async |schema| {
        let record = wire_format::encode(schema, &wire_format::MessageIndexes::FIRST, &[8, 1]);
        deserializer
            .deserialize_json(Record::value("shop", &record))
            .await
    };
    let latest = SchemaRef::Guid(guid.parse().unwrap());
    assert_eq!(read(latest).await.unwrap(), Some(json!({"a": 1})));
}

#[tokio::test]
async fn use_latest_with_metadata_takes_the_latest_that_has_it() {
    let registry = Registry::start().await;
    let register =
        |text, major| registry.register_with("shop-value", text, &[], Some(("major", major)), None);
    let one = register(V1, "1").await.id.unwrap() as u32;
    let two = register(V2, "2").await.id.unwrap() as u32;
    let a = schema(V1, "A", &[]);
    for (major, id) in [("1", one), ("2", two)] {
        // Takes precedence over registration and over the latest of all versions.
        for options in [SerializerOptions::new(), found().use_latest_version(true)] {
            let options = options.use_latest_with_metadata([("major", major)]);
            let record = write(&registry.serializer(options), &a).await.unwrap();
            assert_eq!(id_of(&record), id);
        }
    }
    let options = found().use_latest_with_metadata([("major", "3")]);
    let error = write(&registry.serializer(options), &a).await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::UnknownSchema { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn use_schema_id_takes_that_schema_and_wins() {
    let registry = Registry::start().await;
    let id = registry.register("elsewhere", V2).await.id.unwrap() as u32;
    let a = schema(V1, "A", &[]);
    let options = SerializerOptions::new()
        .use_schema_id(SchemaId(id))
        .use_latest_with_metadata([("major", "1")]);
    let record = write(&registry.serializer(options), &a).await.unwrap();
    assert_eq!(id_of(&record), id);
    assert!(
        registry.client.versions("shop-value").await.is_err(),
        "nothing was registered"
    );

    let unknown = SerializerOptions::new().use_schema_id(SchemaId(4711));
    let error = write(&registry.serializer(unknown), &a).await.unwrap_err();
    let expected = SchemaName::Ref(SchemaRef::Id(SchemaId(4711)));
    assert!(matches!(error.kind(), ErrorKind::UnknownSchema { schema, .. } if *schema == expected));
}

#[tokio::test]
async fn id_compatibility_strict_refuses_a_schema_that_does_not_fit() {
    let registry = Registry::start().await;
    let id = registry.register("shop-value", OTHER).await.id.unwrap() as u32;
    let options = SerializerOptions::new().use_schema_id(SchemaId(id));
    let a = schema(V1, "A", &[]);
    let error = write(&registry.serializer(options.clone()), &a)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("id_compatibility_strict"),
        "{error}"
    );
    let serializer = registry.serializer(options.id_compatibility_strict(false));
    assert_eq!(id_of(&write(&serializer, &a).await.unwrap()), id);
}

#[tokio::test]
async fn use_schema_guid_takes_that_schema() {
    let registry = Registry::start().await;
    let registered = registry.register("shop-value", V2).await;
    let guid: SchemaGuid = registered.guid.unwrap().parse().unwrap();
    let serializer = registry.serializer(SerializerOptions::new().use_schema_guid(guid));
    let record = write(&serializer, &schema(V1, "A", &[])).await.unwrap();
    // The id, if the registry returns it with the GUID, or else the GUID; readers
    // accept both.
    let written = wire_format::decode(&record).unwrap().schema;
    let id = SchemaRef::Id(SchemaId(registered.id.unwrap() as u32));
    assert!(
        written == id || written == SchemaRef::Guid(guid),
        "{written}"
    );
    let deserializer = registry.deserializer(DeserializerOptions::new());
    let read = deserializer
        .deserialize_json(Record::value("shop", &record))
        .await;
    assert_eq!(read.unwrap(), Some(json!({})));
}

#[tokio::test]
async fn skip_known_types_decides_whether_built_in_imports_are_registered() {
    let text = "syntax = \"proto3\"; import \"google/protobuf/timestamp.proto\"; \
                message A { google.protobuf.Timestamp at = 1; }";
    let a = schema(text, "A", &[]);
    let registry = Registry::start().await;
    write(&registry.serializer(SerializerOptions::new()), &a)
        .await
        .unwrap();
    assert_eq!(registry.client.subjects().await.unwrap(), ["shop-value"]);

    let registry = Registry::start().await;
    let options = SerializerOptions::new().skip_known_types(false);
    let record = write(&registry.serializer(options), &a).await.unwrap();
    let mut subjects = registry.client.subjects().await.unwrap();
    subjects.sort();
    assert_eq!(subjects, ["google/protobuf/timestamp.proto", "shop-value"]);
    let deserializer = registry.deserializer(DeserializerOptions::new());
    let read = deserializer
        .deserialize_json(Record::value("shop", &record))
        .await;
    assert_eq!(read.unwrap(), Some(json!({})));
}

#[tokio::test]
async fn a_reference_given_for_a_built_in_import_is_taken() {
    let registry = Registry::start().await;
    let meta = cc_protobuf_examples::protobuf::builtin::file("confluent/meta.proto").unwrap();
    registry.register("meta", &meta.to_text()).await;
    let text = "syntax = \"proto3\"; import \"confluent/meta.proto\"; \
                message A { string name = 1 [(confluent.field_meta).tags = \"PII\"]; }";
    let reference = Reference {
        name: "confluent/meta.proto".to_owned(),
        subject: "meta".to_owned(),
        version: 1,
    };
    let options = SerializerOptions::new().reference(reference.clone());
    let serializer = registry.serializer(options);
    let record = write(&serializer, &schema(text, "A", &[])).await.unwrap();
    let query = VersionQuery::default();
    let stored = registry
        .client
        .version("shop-value", Version::Latest, query);
    assert_eq!(stored.await.unwrap().references, [reference]);
    let deserializer = registry.deserializer(DeserializerOptions::new());
    let read = deserializer
        .deserialize_json(Record::value("shop", &record))
        .await;
    assert_eq!(read.unwrap(), Some(json!({})));
}

const MAIN: &str = "syntax = \"proto3\"; import \"b.proto\"; message A { B b = 1; }";
const B: &str = "syntax = \"proto3\"; message B { int32 x = 1; }";

#[tokio::test]
async fn reference_lookup_only_never_registers_an_imported_file() {
    let registry = Registry::start().await;
    let a = schema(MAIN, "A", &[("b.proto", B)]);
    let options = SerializerOptions::new().reference_lookup_only(true);
    let serializer = registry.serializer(options);
    let error = write(&serializer, &a).await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::UnknownSchema { schema: SchemaName::Subject(s), .. } if s == "b.proto")
    );
    assert!(registry.client.subjects().await.unwrap().is_empty());
    registry.register("b.proto", B).await;
    write(&serializer, &a).await.unwrap();
    assert_eq!(registry.client.versions("b.proto").await.unwrap(), [1]);
}

#[tokio::test]
async fn references_given_by_hand_are_taken_as_they_are() {
    let registry = Registry::start().await;
    registry
        .register("team.b", "syntax = \"proto3\"; message B { int32 x = 1; }")
        .await;
    registry
        .register(
            "team.b",
            "syntax = \"proto3\"; message B { int32 x = 1; int32 y = 2; }",
        )
        .await;
    let reference = Reference {
        name: "b.proto".to_owned(),
        subject: "team.b".to_owned(),
        version: 2,
    };
    let options = SerializerOptions::new().reference(reference.clone());
    let a = schema(MAIN, "A", &[("b.proto", B)]);
    let record = write(&registry.serializer(options), &a).await.unwrap();
    let registered = registry
        .client
        .version("shop-value", Version::Latest, Default::default())
        .await;
    assert_eq!(registered.unwrap().references, [reference]);
    let deserializer = registry.deserializer(DeserializerOptions::new());
    let inspection = deserializer
        .inspect(Record::value("shop", &record))
        .await
        .unwrap();
    let b = &inspection.writer.dependencies()[0];
    assert_eq!(
        (b.name(), b.proto().message_type[0].field.len()),
        ("b.proto", 2)
    );
}

#[tokio::test]
async fn reading_with_the_latest_version_or_the_latest_with_metadata() {
    let registry = Registry::start().await;
    let register =
        |text, major| registry.register_with("shop-value", text, &[], Some(("major", major)), None);
    register(V2, "2").await;
    let writer = found().use_latest_version(true);
    let v2 = schema(V2, "A", &[]);
    let value = json!({"a": 1, "b": "x"});
    let to = Destination::value("shop");
    let record = registry
        .serializer(writer)
        .serialize_json(&v2, to, &value)
        .await
        .unwrap();
    let v3 = "syntax = \"proto3\"; message A { int32 a = 1; string b = 2; int32 c = 3; }";
    register(v3, "3").await;

    let fields = async |options: DeserializerOptions| {
        let deserializer = registry.deserializer(options);
        let message = deserializer
            .deserialize_dynamic(Record::value("shop", &record))
            .await
            .unwrap()
            .unwrap();
        let read = deserializer
            .deserialize_json(Record::value("shop", &record))
            .await
            .unwrap();
        assert_eq!(read, Some(value.clone()));
        prost_reflect::ReflectMessage::descriptor(&message)
            .fields()
            .len()
    };
    let new = DeserializerOptions::new;
    assert_eq!(fields(new()).await, 2);
    assert_eq!(fields(new().use_latest_version(true)).await, 3);
    assert_eq!(
        fields(new().use_latest_with_metadata([("major", "3")])).await,
        3
    );
    assert_eq!(
        fields(new().use_latest_with_metadata([("major", "2")])).await,
        2
    );

    // A latest version without the message is not a version of it.
    registry
        .client
        .set_compatibility(
            cc_protobuf_examples::schema_registry::CompatibilityLevel::None,
            Some("shop-value"),
        )
        .await
        .unwrap();
    registry
        .register("shop-value", "syntax = \"proto3\"; message Z {}")
        .await;
    let deserializer = registry.deserializer(new().use_latest_version(true));
    let error = deserializer
        .deserialize_json(Record::value("shop", &record))
        .await;
    assert!(
        matches!(error.as_ref().map_err(Error::kind), Err(ErrorKind::NotInSchema { message, .. }) if message == "A"),
        "{error:?}"
    );
}

fn rules(rule_type: &str, mode: &str, on_failure: Option<&str>) -> RuleSet {
    let rule = Rule {
        name: "protect".to_owned(),
        kind: Some("TRANSFORM".to_owned()),
        mode: Some(mode.to_owned()),
        rule_type: Some(rule_type.to_owned()),
        on_failure: on_failure.map(str::to_owned),
        ..Rule::default()
    };
    RuleSet {
        domain_rules: vec![rule],
        ..RuleSet::default()
    }
}

#[tokio::test]
async fn rules_that_cannot_be_carried_out_stop_a_write_however_the_schema_was_found() {
    let a = schema(V1, "A", &[]);
    for (rule_type, on_failure) in [
        ("ENCRYPT", None),
        ("ENCRYPT", Some("NONE,NONE")),
        ("ENCRYPT_PAYLOAD", None),
        ("CEL", None),
    ] {
        let registry = Registry::start().await;
        let mut rule_set = rules(rule_type, "WRITEREAD", on_failure);
        if rule_type == "ENCRYPT_PAYLOAD" {
            std::mem::swap(&mut rule_set.domain_rules, &mut rule_set.encoding_rules);
        }
        let registered = registry
            .register_with("shop-value", V1, &[], None, Some(rule_set))
            .await;
        let id = SchemaId(registered.id.unwrap() as u32);
        for options in [
            SerializerOptions::new(),
            found(),
            found().use_latest_version(true),
            found().use_schema_id(id),
        ] {
            let error = write(&registry.serializer(options.clone()), &a)
                .await
                .unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::UnsupportedRule { rule, .. } if rule == "protect"),
                "{rule_type} {on_failure:?} {options:?}: {error:?}"
            );
        }
        // A record that somebody else wrote with it.
        let record = wire_format::encode(
            SchemaRef::Id(id),
            &wire_format::MessageIndexes::FIRST,
            &[8, 1],
        );
        let read = async |options| {
            let deserializer = registry.deserializer(options);
            deserializer
                .deserialize_json(Record::value("shop", &record))
                .await
        };
        let expected: Option<Value> = Some(json!({"a": 1}));
        match on_failure {
            Some(_) => assert_eq!(read(DeserializerOptions::new()).await.unwrap(), expected),
            None => {
                let error = read(DeserializerOptions::new()).await.unwrap_err();
                assert!(
                    matches!(error.kind(), ErrorKind::UnsupportedRule { .. }),
                    "{error:?}"
                );
            }
        }
        let options = DeserializerOptions::new().run_rules(false);
        assert_eq!(read(options).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn the_compiled_and_the_dynamic_path_register_the_same_schema() {
    let registry = Registry::start().await;
    let serializer = registry.serializer(SerializerOptions::new());
    let compiled = MyRecord::schema().unwrap();
    let other = "syntax = \"proto3\";\npackage com.acme;\n\nmessage OtherRecord {\n  int32 other_id = 1;\n}\n";
    let text = "syntax = \"proto3\";\npackage com.acme;\n\nimport \"other.proto\";\n\n\
                message MyRecord {\n  string f1 = 1;\n  .com.acme.OtherRecord f2 = 2;\n}\n";
    let dynamic = schema(text, "com.acme.MyRecord", &[("other.proto", other)]);
    let json = json!({"f1": "x", "f2": {"other_id": 9}});
    let mut records = Vec::new();
    for schema in [&compiled as &dyn ProtoSchema, &dynamic] {
        let to = Destination::value("shop");
        records.push(serializer.serialize_json(schema, to, &json).await.unwrap());
    }
    assert_eq!(records[0], records[1]);
}
