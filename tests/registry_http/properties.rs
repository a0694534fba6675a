//! What holds for every schema.

use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

const LEVELS: [&str; 7] = [
    "NONE",
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FULL",
    "FULL_TRANSITIVE",
];

/// A proto3 file with a few messages, enums, oneofs and maps that use each other.
fn schema() -> impl Strategy<Value = String> {
    let field_type = prop::sample::select(vec![
        "int32",
        "string",
        "bytes",
        "double",
        "bool",
        "fixed64",
        "sint32",
        "E",
        "M0",
        "repeated M0",
        "repeated string",
        "optional int64",
        "map<string, M0>",
        "map<int32, bytes>",
        "google.protobuf.Timestamp",
        "google.type.Date",
    ]);
    let message = (
        prop::collection::btree_map(1..60u32, field_type, 0..8),
        any::<bool>(),
        any::<bool>(),
    );
    (prop::collection::vec(message, 1..4), any::<bool>()).prop_map(|(messages, package)| {
        let mut text = "syntax = \"proto3\";\n".to_owned();
        if package {
            text.push_str("package acme.v1;\n");
        }
        text.push_str("import \"google/protobuf/timestamp.proto\";\n");
        text.push_str("import \"google/type/date.proto\";\n");
        for (i, (fields, oneof, nested)) in messages.iter().enumerate() {
            text.push_str(&format!("message M{i} {{\n"));
            for (number, field_type) in fields {
                text.push_str(&format!("{field_type} f{number} = {number};\n"));
            }
            if *oneof {
                text.push_str("oneof o { string a = 100; M0 b = 101; }\n");
            }
            if *nested {
                text.push_str("message N { E e = 1; } N n = 102; reserved 103, 105 to 110;\n");
            }
            text.push_str("}\n");
        }
        text.push_str("enum E { ZERO = 0; ONE = 1; }\n");
        text
    })
}

#[tokio::test]
async fn register_look_up_and_get_agree() {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = registry.url();
    let mut runner = TestRunner::deterministic();
    for case in 0..60 {
        let text = schema().new_tree(&mut runner).unwrap().current();
        let subject = format!("{url}/subjects/s{case}");
        let body = json!({"schemaType": "PROTOBUF", "schema": text});
        let post = async |url: String, body: &Value| -> Value {
            let response = client.post(&url).body(body.to_string()).send().await;
            let response = response.unwrap();
            let status = response.status();
            let answer: Value = response.json().await.unwrap();
            assert!(status.is_success(), "{url}: {answer}\n{text}");
            answer
        };
        let get = async |url: String| -> Value {
            client.get(&url).send().await.unwrap().json().await.unwrap()
        };
        let normalize = case % 2 == 1;
        let query = format!("normalize={normalize}");
        let registered = post(format!("{subject}/versions?{query}"), &body).await;
        let canonical = registered["schema"].as_str().unwrap();

        // The canonical text is a fixed point, under the same identity.
        let again = json!({"schemaType": "PROTOBUF", "schema": canonical});
        let same = post(format!("{subject}/versions?{query}"), &again).await;
        assert_eq!(same["schema"], registered["schema"], "{text}");
        assert_eq!(same["version"], 1, "{text}");

        let found = post(format!("{subject}?{query}"), &body).await;
        let id = &registered["id"];
        let by_id = get(format!("{url}/schemas/ids/{id}")).await;
        let by_version = get(format!("{subject}/versions/latest")).await;
        let guid = registered["guid"].as_str().unwrap();
        let by_guid = get(format!("{url}/schemas/guids/{guid}")).await;
        for answer in [&found, &by_id, &by_version, &by_guid] {
            assert_eq!(answer["schema"], registered["schema"], "{text}");
            assert_eq!(answer["guid"], registered["guid"], "{text}");
        }
        assert_eq!(&found["id"], id);
        assert_eq!(&by_version["id"], id);

        // The descriptor says the same as the text, but for how reserved ranges
        // stand together in statements: normalising separates them.
        let serialized = get(format!("{url}/schemas/ids/{id}?format=serialized")).await;
        let serialized = json!({"schemaType": "PROTOBUF", "schema": serialized["schema"]});
        if normalize {
            let from_descriptor = post(format!("{subject}?{query}"), &serialized).await;
            assert_eq!(&from_descriptor["id"], id, "{text}");
        }

        // A schema is compatible with itself, whatever is asked.
        for level in LEVELS {
            let config = format!("{url}/config/s{case}");
            let level = json!({"compatibility": level}).to_string();
            client.put(&config).body(level).send().await.unwrap();
            for path in ["versions", "versions/latest"] {
                let test = format!("{url}/compatibility/subjects/s{case}/{path}?verbose=true");
                let verdict = post(test, &body).await;
                let expected = json!({"is_compatible": true, "messages": []});
                assert_eq!(verdict, expected, "{text}");
            }
        }
    }
}
