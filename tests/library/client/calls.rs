//! The request that each call sends, and how it reads the answer.

use std::collections::BTreeMap;

use cc_protobuf_examples::schema_registry::entities::{
    ConfigUpdate, DekRequest, KekRequest, KekUpdate, PROTOBUF, Reference, SchemaRequest,
    TagDefinition,
};
use cc_protobuf_examples::schema_registry::{
    CompatibilityLevel, Format, LookupQuery, Mode, SchemasQuery, SubjectsQuery, TagOutcome,
    Version, VersionQuery,
};
use cc_protobuf_examples::wire_format::{SchemaGuid, SchemaId};
use serde_json::{Value, json};

use crate::client::{impatient, retrying};
use crate::support::stub::{Answer, Stub};

const TEXT: &str = "syntax = \"proto3\";\n\nmessage M {}\n";
const GUID: SchemaGuid = SchemaGuid([
    0x93, 0x04, 0xe9, 0xfe, 0x31, 0x4a, 0x28, 0x3a, 0xaa, 0x23, 0x9c, 0x59, 0x53, 0xcd, 0xe6, 0x17,
]);

fn request() -> SchemaRequest {
    SchemaRequest {
        schema: TEXT.to_owned(),
        schema_type: Some(PROTOBUF.to_owned()),
        references: vec![Reference {
            name: "a/b.proto".to_owned(),
            subject: "a/b.proto".to_owned(),
            version: 1,
        }],
        ..SchemaRequest::default()
    }
}

fn request_json() -> Value {
    json!({
        "schema": TEXT,
        "schemaType": "PROTOBUF",
        "references": [{"name": "a/b.proto", "subject": "a/b.proto", "version": 1}],
    })
}

fn placed() -> Value {
    json!({"subject": "s", "version": 2, "id": 7, "guid": GUID.to_string(),
           "schemaType": "PROTOBUF", "schema": TEXT, "unheard-of": {}, "metadata": null})
}

fn kek() -> Value {
    json!({"name": "k", "kmsType": "local-kms", "kmsKeyId": "id", "kmsProps": {}, "ts": 1})
}

fn dek() -> Value {
    json!({"kekName": "k", "subject": "s", "version": 3, "algorithm": "AES256_GCM",
           "encryptedKeyMaterial": "AAAA", "ts": 1})
}

/// Tests one call: the stub's answer, the call, and the expected request line and body.
/// Evaluates to the call's result.
macro_rules! exchange {
    ($answer:expr, |$client:ident| $call:expr, $line:expr, $body:expr) => {{
        let stub = Stub::always(Answer::ok($answer));
        let $client = retrying(&stub);
        let result = $call.await.unwrap_or_else(|e| panic!("{}: {e}", $line));
        let seen = stub.seen();
        assert_eq!(seen.len(), 1, "{}", $line);
        assert_eq!(seen[0].line(), $line);
        let body: Option<Value> = $body;
        assert_eq!(
            Some(seen[0].text.as_str()).filter(|b| !b.is_empty()),
            body.as_ref().map(|b| b.to_string()).as_deref(),
            "{}",
            $line
        );
        result
    }};
}

#[tokio::test]
async fn reading_schemas() {
    let types = exchange!(
        json!(["AVRO", "PROTOBUF"]),
        |c| c.types(),
        "GET /schemas/types",
        None
    );
    assert_eq!(types, ["AVRO", "PROTOBUF"]);

    let query = SchemasQuery {
        prefix: Some("a b".to_owned()),
        deleted: true,
        latest_only: true,
        offset: Some(5),
        limit: Some(10),
    };
    let schemas = exchange!(
        json!([placed()]),
        |c| c.schemas(&query),
        "GET /schemas?subjectPrefix=a%20b&deleted=true&latestOnly=true&offset=5&limit=10",
        None
    );
    assert_eq!(schemas[0].schema_id(), Some(SchemaId(7)));

    let schema = exchange!(
        json!({"schema": TEXT, "schemaType": "PROTOBUF"}),
        |c| c.schema_by_id(SchemaId(7), Some(":.ctx:s"), Format::Serialized),
        "GET /schemas/ids/7?subject=%3A.ctx%3As&format=serialized",
        None
    );
    assert_eq!(schema.schema.as_deref(), Some(TEXT));
    assert_eq!(schema.id, Some(7), "filled in from the question");

    let schema = exchange!(
        json!({"schema": TEXT, "guid": GUID.to_string()}),
        |c| c.schema_by_guid(&GUID, Format::IgnoreExtensions),
        "GET /schemas/guids/9304e9fe-314a-283a-aa23-9c5953cde617?format=ignore_extensions",
        None
    );
    assert_eq!(schema.guid, Some(GUID.to_string()));

    let places = exchange!(
        json!([{"context": ".", "id": 7}]),
        |c| c.ids_for_guid(&GUID),
        "GET /schemas/guids/9304e9fe-314a-283a-aa23-9c5953cde617/ids",
        None
    );
    assert_eq!((places[0].context.as_str(), places[0].id), (".", 7));

    let versions = exchange!(
        json!([{"subject": "s", "version": 2}]),
        |c| c.versions_for_schema(SchemaId(7)),
        "GET /schemas/ids/7/versions",
        None
    );
    assert_eq!(
        (versions[0].subject.as_str(), versions[0].version),
        ("s", 2)
    );

    let subjects = exchange!(
        json!(["s"]),
        |c| c.subjects_for_schema(SchemaId(7), true),
        "GET /schemas/ids/7/subjects?deleted=true",
        None
    );
    assert_eq!(subjects, ["s"]);
}

#[tokio::test]
async fn bare_texts_are_returned_as_they_are() {
    let stub = Stub::always(Answer::raw(
        200,
        "application/vnd.schemaregistry.v1+json",
        TEXT,
    ));
    let client = retrying(&stub);
    let by_id = client
        .schema_text_by_id(SchemaId(7), None, Format::Default)
        .await;
    assert_eq!(by_id.unwrap(), TEXT);
    let by_version = client
        .version_text("s", Version::Latest, VersionQuery::default())
        .await;
    assert_eq!(by_version.unwrap(), TEXT);
    let lines: Vec<_> = stub.seen().into_iter().map(|seen| seen.line()).collect();
    assert_eq!(
        lines,
        [
            "GET /schemas/ids/7/schema",
            "GET /subjects/s/versions/latest/schema"
        ]
    );
}

#[tokio::test]
async fn reading_subjects() {
    let subjects = exchange!(json!(["a", "b"]), |c| c.subjects(), "GET /subjects", None);
    assert_eq!(subjects, ["a", "b"]);

    let query = SubjectsQuery {
        prefix: Some(":.ctx:".to_owned()),
        deleted_only: true,
        ..SubjectsQuery::default()
    };
    exchange!(
        json!([]),
        |c| c.subjects_matching(&query),
        "GET /subjects?subjectPrefix=%3A.ctx%3A&deletedOnly=true",
        None
    );

    let versions = exchange!(
        json!([1, 2]),
        |c| c.versions("s"),
        "GET /subjects/s/versions",
        None
    );
    assert_eq!(versions, [1, 2]);
    exchange!(
        json!([1, 2]),
        |c| c.versions_including("s", true),
        "GET /subjects/s/versions?deleted=true",
        None
    );

    let schema = exchange!(
        placed(),
        |c| c.version(
            "s",
            Version::Number(2),
            VersionQuery::default()
                .deleted(true)
                .format(Format::Serialized)
        ),
        "GET /subjects/s/versions/2?deleted=true&format=serialized",
        None
    );
    assert_eq!((schema.version, schema.id), (Some(2), Some(7)));
    assert_eq!(schema.metadata, None);

    let properties = BTreeMap::from([
        ("major".to_owned(), "v/1".to_owned()),
        ("owner".to_owned(), "a&b=c".to_owned()),
    ]);
    exchange!(
        placed(),
        |c| c.latest_with_metadata("s", &properties, Format::Default),
        "GET /subjects/s/metadata?key=major&value=v%2F1&key=owner&value=a%26b%3Dc",
        None
    );

    let ids = exchange!(
        json!([3]),
        |c| c.referenced_by("s", Version::Number(1)),
        "GET /subjects/s/versions/1/referencedby",
        None
    );
    assert_eq!(ids, [3]);
}

#[tokio::test]
async fn registering_and_finding() {
    let registered = exchange!(
        json!({"id": 7}),
        |c| c.register("s", &request(), false),
        "POST /subjects/s/versions",
        Some(request_json())
    );
    assert_eq!((registered.id, registered.version), (Some(7), None));

    exchange!(
        json!({"id": 7, "version": 1}),
        |c| c.register("s", &request(), true),
        "POST /subjects/s/versions?normalize=true",
        Some(request_json())
    );

    let query = LookupQuery::default().normalize(true).deleted(true);
    let found = exchange!(
        placed(),
        |c| c.lookup("s", &request(), query),
        "POST /subjects/s?normalize=true&deleted=true",
        Some(request_json())
    );
    assert_eq!(found.version, Some(2));
}

#[tokio::test]
async fn registries_that_answer_with_the_id_alone_are_asked_for_the_version() {
    let stub = Stub::scripted(vec![Answer::ok(json!({"id": 7})), Answer::ok(placed())]);
    let schema = retrying(&stub)
        .register_with_version("s", &request(), true)
        .await;
    assert_eq!(schema.unwrap().version, Some(2));
    let lines: Vec<_> = stub.seen().into_iter().map(|seen| seen.line()).collect();
    assert_eq!(
        lines,
        [
            "POST /subjects/s/versions?normalize=true",
            "POST /subjects/s?normalize=true"
        ]
    );

    let stub = Stub::always(Answer::ok(placed()));
    let schema = retrying(&stub)
        .register_with_version("s", &request(), true)
        .await;
    assert_eq!(schema.unwrap().version, Some(2));
    assert_eq!(stub.count(), 1);
}

#[tokio::test]
async fn deleting() {
    let version = exchange!(
        json!(4),
        |c| c.delete_version("s", Version::Latest, false),
        "DELETE /subjects/s/versions/latest",
        None
    );
    assert_eq!(version, 4);
    exchange!(
        json!(4),
        |c| c.delete_version("s", Version::Number(4), true),
        "DELETE /subjects/s/versions/4?permanent=true",
        None
    );
    let versions = exchange!(
        json!([1, 2]),
        |c| c.delete_subject("s"),
        "DELETE /subjects/s",
        None
    );
    assert_eq!(versions, [1, 2]);
    exchange!(
        json!([1, 2]),
        |c| c.delete_subject_permanent("s"),
        "DELETE /subjects/s?permanent=true",
        None
    );
}

#[tokio::test]
async fn testing_for_compatibility() {
    let verdict = exchange!(
        json!({"is_compatible": false, "messages": ["why"]}),
        |c| c.test_compatibility("s", Version::Latest, &request()),
        "POST /compatibility/subjects/s/versions/latest?verbose=true",
        Some(request_json())
    );
    assert!(!verdict.is_compatible);
    assert_eq!(verdict.messages, ["why"]);

    let verdict = exchange!(
        json!({"is_compatible": true}),
        |c| c.test_compatibility_with_all("s", &request()),
        "POST /compatibility/subjects/s/versions?verbose=true",
        Some(request_json())
    );
    assert!(verdict.is_compatible && verdict.messages.is_empty());
}

#[tokio::test]
async fn configuration() {
    let level = exchange!(
        json!({"compatibilityLevel": "BACKWARD"}),
        |c| c.compatibility(None),
        "GET /config",
        None
    );
    assert_eq!(level, CompatibilityLevel::Backward);
    let level = exchange!(
        json!({"compatibilityLevel": "full"}),
        |c| c.compatibility(Some("s")),
        "GET /config/s",
        None
    );
    assert_eq!(level, CompatibilityLevel::Full);
    exchange!(
        json!({"compatibilityLevel": "NONE", "whatever": 1}),
        |c| c.effective_compatibility("s"),
        "GET /config/s?defaultToGlobal=true",
        None
    );
    let level = exchange!(
        json!({"compatibility": "FORWARD_TRANSITIVE"}),
        |c| c.set_compatibility(CompatibilityLevel::ForwardTransitive, Some("s")),
        "PUT /config/s",
        Some(json!({"compatibility": "FORWARD_TRANSITIVE"}))
    );
    assert_eq!(level, CompatibilityLevel::ForwardTransitive);

    let update = ConfigUpdate {
        normalize: Some(true),
        ..ConfigUpdate::default()
    };
    let config = exchange!(
        json!({"compatibility": "FULL", "normalize": true}),
        |c| c.set_config(&update, None),
        "PUT /config",
        Some(json!({"normalize": true}))
    );
    assert_eq!(config.compatibility_level, Some(CompatibilityLevel::Full));
    assert_eq!(config.normalize, Some(true));
    exchange!(
        json!({}),
        |c| c.config(Some("s"), true),
        "GET /config/s?defaultToGlobal=true",
        None
    );
    exchange!(
        json!({"compatibilityLevel": "FULL"}),
        |c| c.delete_config(Some("s")),
        "DELETE /config/s",
        None
    );
}

#[tokio::test]
async fn modes() {
    let mode = exchange!(
        json!({"mode": "READONLY"}),
        |c| c.mode(None, false),
        "GET /mode",
        None
    );
    assert_eq!(mode, Mode::ReadOnly);
    exchange!(
        json!({"mode": "READWRITE"}),
        |c| c.mode(Some("s"), true),
        "GET /mode/s?defaultToGlobal=true",
        None
    );
    let mode = exchange!(
        json!({"mode": "IMPORT"}),
        |c| c.set_mode(Mode::Import, Some("s"), true),
        "PUT /mode/s?force=true",
        Some(json!({"mode": "IMPORT"}))
    );
    assert_eq!(mode, Mode::Import);
    exchange!(
        json!({"mode": "READWRITE"}),
        |c| c.delete_mode(Some("s")),
        "DELETE /mode/s",
        None
    );
}

#[tokio::test]
async fn the_server_itself() {
    let version = exchange!(
        json!({"version": "8.1.0", "commitId": "abc"}),
        |c| c.server_version(),
        "GET /v1/metadata/version",
        None
    );
    assert_eq!(version.version, "8.1.0");
    let id = exchange!(
        json!({"scope": {"path": [], "clusters": {"schema-registry-cluster": "lsrc-1"}}, "id": ""}),
        |c| c.server_id(),
        "GET /v1/metadata/id",
        None
    );
    assert_eq!(id.scope.clusters["schema-registry-cluster"], "lsrc-1");
    let contexts = exchange!(
        json!([".", ".staging"]),
        |c| c.contexts(),
        "GET /contexts",
        None
    );
    assert_eq!(contexts, [".", ".staging"]);
    exchange!(
        json!(null),
        |c| c.delete_context(".staging"),
        "DELETE /contexts/.staging",
        None
    );
}

#[tokio::test]
async fn associations_of_topics() {
    let found = exchange!(
        json!([{"subject": "s", "resourceName": "orders", "frozen": true, "lifecycle": null}]),
        |c| c.associations("orders", false, None),
        "GET /associations/resources/-/orders?resourceType=topic&associationType=value",
        None
    );
    assert_eq!(found[0].subject, "s");
    exchange!(
        json!([]),
        |c| c.associations("orders", true, Some("lkc-1")),
        "GET /associations/resources/lkc-1/orders?resourceType=topic&associationType=key",
        None
    );
    for without in [
        Answer::refusal(404, 404, "HTTP 404 Not Found"),
        Answer::refusal(404, 40401, "no such topic"),
        Answer::refusal(405, 405, "HTTP 405 Method Not Allowed"),
        Answer::raw(404, "text/html", "<html>"),
        Answer::raw(404, "text/plain", ""),
    ] {
        let stub = Stub::always(without);
        let found = retrying(&stub).associations("orders", false, None).await;
        assert!(found.unwrap().is_empty());
    }
}

#[tokio::test]
async fn keks() {
    let names = exchange!(
        json!(["k"]),
        |c| c.keks(true),
        "GET /dek-registry/v1/keks?deleted=true",
        None
    );
    assert_eq!(names, ["k"]);
    let found = exchange!(
        kek(),
        |c| c.kek("k", false),
        "GET /dek-registry/v1/keks/k",
        None
    );
    assert_eq!(
        (found.kms_type.as_str(), found.shared),
        ("local-kms", false)
    );
    exchange!(
        kek(),
        |c| c.kek_for_subject("k", true, ":.ctx:s"),
        "GET /dek-registry/v1/keks/k?deleted=true&context=.ctx",
        None
    );

    let new = KekRequest {
        name: "k".to_owned(),
        kms_type: "local-kms".to_owned(),
        kms_key_id: "id".to_owned(),
        ..KekRequest::default()
    };
    let body = json!({"name": "k", "kmsType": "local-kms", "kmsKeyId": "id", "shared": false});
    exchange!(
        kek(),
        |c| c.create_kek(&new),
        "POST /dek-registry/v1/keks",
        Some(body.clone())
    );
    exchange!(
        kek(),
        |c| c.create_kek_for_subject(&new, ":.ctx:s"),
        "POST /dek-registry/v1/keks?context=.ctx",
        Some(body)
    );
    let update = KekUpdate {
        doc: Some("text".to_owned()),
        ..KekUpdate::default()
    };
    exchange!(
        kek(),
        |c| c.update_kek("k", &update),
        "PUT /dek-registry/v1/keks/k",
        Some(json!({"doc": "text"}))
    );
    exchange!(
        kek(),
        |c| c.test_kek("k"),
        "POST /dek-registry/v1/keks/k/test",
        None
    );
    exchange!(
        json!(null),
        |c| c.delete_kek("k", true),
        "DELETE /dek-registry/v1/keks/k?permanent=true",
        None
    );
    exchange!(
        json!(null),
        |c| c.undelete_kek("k"),
        "POST /dek-registry/v1/keks/k/undelete",
        None
    );
}

#[tokio::test]
async fn deks() {
    let subjects = exchange!(
        json!(["s"]),
        |c| c.dek_subjects("k", false),
        "GET /dek-registry/v1/keks/k/deks",
        None
    );
    assert_eq!(subjects, ["s"]);
    let versions = exchange!(
        json!([1, 2]),
        |c| c.dek_versions("k", "a/b", "AES256_SIV", true),
        "GET /dek-registry/v1/keks/k/deks/a%2Fb/versions?algorithm=AES256_SIV&deleted=true",
        None
    );
    assert_eq!(versions, [1, 2]);
    let found = exchange!(
        dek(),
        |c| c.dek("k", ":.ctx:s", "AES256_GCM", Version::Latest, false),
        "GET /dek-registry/v1/keks/k/deks/%3A.ctx%3As/versions/latest?algorithm=AES256_GCM",
        None
    );
    assert_eq!(found.version, Some(3));

    let new = DekRequest {
        subject: "s".to_owned(),
        version: Some(3),
        algorithm: Some("AES256_GCM".to_owned()),
        encrypted_key_material: Some("AAAA".to_owned()),
        deleted: None,
    };
    let body = json!({"subject": "s", "version": 3, "algorithm": "AES256_GCM",
                      "encryptedKeyMaterial": "AAAA"});
    exchange!(
        dek(),
        |c| c.create_dek("k", &new),
        "POST /dek-registry/v1/keks/k/deks/s",
        Some(body.clone())
    );
    exchange!(
        json!(null),
        |c| c.delete_deks("k", "s", "AES256_GCM", false),
        "DELETE /dek-registry/v1/keks/k/deks/s?algorithm=AES256_GCM",
        None
    );
    exchange!(
        json!(null),
        |c| c.delete_dek("k", "s", "AES256_GCM", Version::Number(3), true),
        "DELETE /dek-registry/v1/keks/k/deks/s/versions/3?algorithm=AES256_GCM&permanent=true",
        None
    );
    exchange!(
        json!(null),
        |c| c.undelete_deks("k", "s", "AES256_GCM"),
        "POST /dek-registry/v1/keks/k/deks/s/undelete?algorithm=AES256_GCM",
        None
    );
    exchange!(
        json!(null),
        |c| c.undelete_dek("k", "s", "AES256_GCM", Version::Number(3)),
        "POST /dek-registry/v1/keks/k/deks/s/versions/3/undelete?algorithm=AES256_GCM",
        None
    );

    let old = Stub::scripted(vec![
        Answer::refusal(405, 405, "HTTP 405 Method Not Allowed"),
        Answer::ok(dek()),
    ]);
    old.client().create_dek("k", &new).await.unwrap();
    let seen = old.seen();
    assert_eq!(seen[1].line(), "POST /dek-registry/v1/keks/k/deks");
    assert_eq!(seen[1].body, body);
}

#[tokio::test]
async fn tags() {
    let definition = json!({"name": "PII", "entityTypes": ["cf_entity"]});
    let outcome = exchange!(
        json!([{"category": "CLASSIFICATION", "guid": "g", "name": "PII", "version": 1}]),
        |c| c.create_tag("PII"),
        "POST /catalog/v1/types/tagdefs",
        Some(json!([definition]))
    );
    assert_eq!(outcome, TagOutcome::Created);

    let outcome = exchange!(
        json!([{"name": "PII", "error": {"error_code": 4090001, "message": "Given type PII already exists"}}]),
        |c| c.define_tag(&TagDefinition {
            name: "PII".to_owned(),
            ..TagDefinition::default()
        }),
        "POST /catalog/v1/types/tagdefs",
        Some(json!([{"name": "PII"}]))
    );
    assert_eq!(outcome, TagOutcome::AlreadyExists);

    let whole = Stub::always(Answer::refusal(409, 4090001, "exists"));
    let outcome = whole.client().create_tag("PII").await;
    assert_eq!(outcome.unwrap(), TagOutcome::AlreadyExists);
    let seen = &whole.seen()[0];
    assert_eq!(seen.header("content-type"), Some("application/json"));

    let failing = Stub::always(Answer::ok(json!([
        {"name": "PII", "error": {"error_code": 4000020, "message": "bad name"}}
    ])));
    let error = failing.client().create_tag("PII").await.unwrap_err();
    assert_eq!(
        (error.status(), error.error_code()),
        (Some(400), Some(4000020))
    );
    assert_eq!(error.message(), Some("bad name"));

    let tags = exchange!(
        json!([definition]),
        |c| c.tags(),
        "GET /catalog/v1/types/tagdefs",
        None
    );
    assert_eq!(tags[0].entity_types, ["cf_entity"]);
    exchange!(
        definition.clone(),
        |c| c.tag("a/b"),
        "GET /catalog/v1/types/tagdefs/a%2Fb",
        None
    );
    exchange!(
        json!(null),
        |c| c.delete_tag("PII"),
        "DELETE /catalog/v1/types/tagdefs/PII",
        None
    );
}

#[tokio::test]
async fn names_arrive_as_one_segment_whatever_they_are() {
    for (subject, segment) in [
        ("google/type/date.proto", "google%2Ftype%2Fdate.proto"),
        (":.ctx:orders", "%3A.ctx%3Aorders"),
        ("two words", "two%20words"),
        ("Größe", "Gr%C3%B6%C3%9Fe"),
        ("100%", "100%25"),
        ("a?b#c", "a%3Fb%23c"),
        ("a\\b", "a%5Cb"),
        ("..", "%3A.%3A.."),
        (".", "%3A.%3A."),
        ("../../config", "..%2F..%2Fconfig"),
        ("%2e%2e", "%252e%252e"),
    ] {
        let line = format!("GET /subjects/{segment}/versions");
        exchange!(json!([1]), |c| c.versions(subject), line, None);
    }
}

#[tokio::test]
async fn a_base_url_may_have_a_path() {
    let stub = Stub::always(Answer::ok(json!([])));
    let client = impatient(&format!("{}/sr/v1/", stub.url)).build().unwrap();
    client.subjects().await.unwrap();
    assert_eq!(stub.seen()[0].line(), "GET /sr/v1/subjects");
}

#[tokio::test]
async fn headers_that_every_request_has() {
    let stub = Stub::always(Answer::ok(json!({"id": 1})));
    retrying(&stub)
        .register("s", &request(), false)
        .await
        .unwrap();
    let seen = &stub.seen()[0];
    assert!(
        seen.header("user-agent")
            .unwrap()
            .starts_with("cc-protobuf-examples/")
    );
    assert!(
        seen.header("accept")
            .unwrap()
            .starts_with("application/vnd.schemaregistry.v1+json,")
    );
    assert_eq!(
        seen.header("content-type"),
        Some("application/vnd.schemaregistry.v1+json")
    );
    assert_eq!(
        seen.header("confluent-accept-unknown-properties"),
        Some("true")
    );
    assert_eq!(seen.header("authorization"), None);
}
