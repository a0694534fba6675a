//! Schemas as descriptors: `format=serialized`, and base64 in a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, MessageOptions};
use serde_json::{Value, json};

const HOLDER: &str = "syntax = \"proto3\"; message Holder { message Before {} map<string, int32> counts = 1; message After {} }";

fn field(name: &str, number: i32, label: Label, r#type: Type) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(label.into()),
        r#type: Some(r#type.into()),
        ..Default::default()
    }
}

fn message(name: &str) -> DescriptorProto {
    DescriptorProto {
        name: Some(name.to_owned()),
        ..Default::default()
    }
}

/// [`HOLDER`] as protoc compiles it, with the map entry at the position of the field.
fn holder() -> FileDescriptorProto {
    let mut entry = message("CountsEntry");
    entry.field = vec![
        field("key", 1, Label::Optional, Type::String),
        field("value", 2, Label::Optional, Type::Int32),
    ];
    entry.options = Some(MessageOptions {
        map_entry: Some(true),
        ..Default::default()
    });
    let mut counts = field("counts", 1, Label::Repeated, Type::Message);
    counts.type_name = Some(".Holder.CountsEntry".to_owned());
    let mut holder = message("Holder");
    holder.field = vec![counts];
    holder.nested_type = vec![message("Before"), entry, message("After")];
    FileDescriptorProto {
        name: Some("holder.proto".to_owned()),
        syntax: Some("proto3".to_owned()),
        message_type: vec![holder],
        ..Default::default()
    }
}

fn nested_names(base64: &str) -> Vec<String> {
    let bytes = STANDARD.decode(base64).unwrap();
    let file = FileDescriptorProto::decode(bytes.as_slice()).unwrap();
    assert_eq!(file.name(), "default");
    let nested = file.message_type[0].nested_type.iter();
    nested.map(|message| message.name().to_owned()).collect()
}

/// Registers a schema under a new subject, and gets it in both forms.
async fn both_forms(schema: &str, query: &str) -> (Value, Value) {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let client = crate::support::http::client();
    let url = registry.url();
    let body = json!({"schemaType": "PROTOBUF", "schema": schema}).to_string();
    let request = client
        .post(format!("{url}/subjects/s/versions{query}"))
        .header("content-type", "application/json");
    let response = request.body(body).send().await.unwrap();
    assert_eq!(response.status(), 200, "{:?}", response.text().await);
    let get = async |format: &str| -> Value {
        let request = client.get(format!("{url}/schemas/ids/1?format={format}"));
        crate::http::json_of(request.send().await.unwrap()).await
    };
    (get("default").await, get("serialized").await)
}

#[tokio::test]
async fn map_entries_stand_behind_the_messages_of_a_text() {
    let (_, serialized) = both_forms(HOLDER, "").await;
    let names = nested_names(serialized["schema"].as_str().unwrap());
    assert_eq!(names, ["Before", "After", "CountsEntry"]);
}

#[tokio::test]
async fn map_entries_keep_their_place_in_a_descriptor() {
    let base64 = STANDARD.encode(holder().encode_to_vec());
    let (text, serialized) = both_forms(&base64, "").await;
    let names = nested_names(serialized["schema"].as_str().unwrap());
    assert_eq!(names, ["Before", "CountsEntry", "After"]);
    assert_eq!(text["guid"], serialized["guid"]);
    let text = text["schema"].as_str().unwrap();
    assert!(
        text.starts_with("syntax = \"proto3\";\n\nmessage Holder {\n"),
        "{text}"
    );
}

#[tokio::test]
async fn normalising_makes_both_forms_one() {
    let base64 = STANDARD.encode(holder().encode_to_vec());
    let (from_text, _) = both_forms(HOLDER, "?normalize=true").await;
    let (from_base64, serialized) = both_forms(&base64, "?normalize=true").await;
    assert_eq!(from_text["schema"], from_base64["schema"]);
    assert_eq!(from_text["guid"], from_base64["guid"]);
    let names = nested_names(serialized["schema"].as_str().unwrap());
    assert_eq!(names, ["Before", "After", "CountsEntry"]);
}

#[tokio::test]
async fn types_of_fields_are_set_through_references_and_built_in_files() {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let client = crate::support::http::client();
    let url = registry.url();
    let post = async |subject: &str, body: Value| {
        let request = client
            .post(format!("{url}/subjects/{subject}/versions"))
            .header("content-type", "application/json");
        let response = request.body(body.to_string()).send().await.unwrap();
        assert_eq!(response.status(), 200, "{:?}", response.text().await);
    };
    let reference = |name: &str| json!([{"name": name, "subject": name, "version": 1}]);
    post(
        "deep.proto",
        json!({"schemaType": "PROTOBUF", "schema": "package d; enum E { Z = 0; }"}),
    )
    .await;
    post(
        "other.proto",
        json!({"schemaType": "PROTOBUF", "references": reference("deep.proto"),
            "schema": "package o; import public \"deep.proto\"; message T { optional d.E e = 1; }"}),
    )
    .await;
    post(
        "s",
        json!({"schemaType": "PROTOBUF", "references": reference("other.proto"),
            "schema": "import \"other.proto\"; message M { optional o.T a = 1; optional .d.E b = 2; \
                       optional google.protobuf.StringValue c = 3; }"}),
    )
    .await;
    for path in ["schemas/ids/3", "subjects/s/versions/latest"] {
        let request = client.get(format!("{url}/{path}?format=serialized"));
        let answer = crate::http::json_of(request.send().await.unwrap()).await;
        let bytes = STANDARD.decode(answer["schema"].as_str().unwrap()).unwrap();
        let file = FileDescriptorProto::decode(bytes.as_slice()).unwrap();
        let fields = file.message_type[0].field.iter();
        let types: Vec<_> = fields
            .map(|field| (field.r#type(), field.type_name()))
            .collect();
        let expected = [
            (Type::Message, "o.T"),
            (Type::Enum, ".d.E"),
            (Type::Message, "google.protobuf.StringValue"),
        ];
        assert_eq!(types, expected, "{path}");
    }
}
