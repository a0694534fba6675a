//! Tag definitions of the catalog.

use serde_json::{Value, json};

use crate::keys::client::Server;

const TAGS: &str = "/types/tagdefs";

async fn server() -> Server {
    Server::start("/catalog/v1").await
}

fn tag(name: &str) -> Value {
    json!({"name": name, "entityTypes": ["cf_entity"]})
}

fn error(element: &Value) -> &Value {
    &element["error"]
}

#[tokio::test]
async fn tags_are_created_read_listed_and_deleted() {
    let server = server().await;
    let body = json!([
        {"name": "PII", "entityTypes": ["cf_entity"], "description": "personal", "later": 1},
        tag("PHI"),
    ]);
    let created = server.post(TAGS, body).await.ok();
    let [pii, phi] = created.as_array().unwrap().as_slice() else {
        panic!("{created}");
    };
    assert_eq!(pii["name"], "PII");
    assert_eq!(pii["category"], "CLASSIFICATION");
    assert_eq!(pii["description"], "personal");
    assert_eq!(pii["entityTypes"], json!(["cf_entity"]));
    assert_eq!(pii["attributeDefs"], json!([]));
    assert_eq!(pii["version"], 1);
    assert_eq!(pii["typeVersion"], "1.0");
    assert!(pii["createTime"].as_u64().unwrap() > 1_600_000_000_000);
    assert_eq!(pii["guid"].as_str().unwrap().len(), 36);
    assert_ne!(pii["guid"], phi["guid"]);
    assert_eq!(phi.get("description"), None);

    assert_eq!(server.get("/types/tagdefs/PII").await.ok(), *pii);
    assert_eq!(server.get(TAGS).await.ok(), json!([phi, pii]));
    assert_eq!(
        server.get("/types/tagdefs?prefix=PI").await.ok(),
        json!([pii])
    );

    server.delete("/types/tagdefs/PII").await.no_content();
    server
        .delete("/types/tagdefs/PII")
        .await
        .error_code(4_040_001);
    server.get("/types/tagdefs/PII").await.error_code(4_040_001);
    assert_eq!(server.get(TAGS).await.ok(), json!([phi]));
}

#[tokio::test]
async fn a_second_creation_fails_for_that_element_only() {
    let server = server().await;
    server.post(TAGS, json!([tag("PII")])).await.ok();
    let before = server.get("/types/tagdefs/PII").await.ok();
    let again = server
        .post(
            TAGS,
            json!([tag("NEW"), tag("PII"), tag(""), tag("NEW"), {}]),
        )
        .await
        .ok();
    assert_eq!(again[0].get("error"), None);
    assert_eq!(
        *error(&again[1]),
        json!({"error_code": 4_090_001, "message": "Given type PII already exists"})
    );
    assert_eq!(again[1]["name"], "PII");
    assert_eq!(error(&again[2])["error_code"], 4_000_020);
    assert_eq!(error(&again[3])["error_code"], 4_090_001);
    assert_eq!(error(&again[4])["error_code"], 4_000_020);
    assert_eq!(server.get("/types/tagdefs/PII").await.ok(), before);
    assert_eq!(server.get(TAGS).await.ok().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_update_replaces_what_exists() {
    let server = server().await;
    let created = server.post(TAGS, json!([tag("PII")])).await.ok();
    let body =
        json!([{"name": "PII", "description": "new", "entityTypes": ["sr_field"]}, tag("NONE")]);
    let updated = server.put(TAGS, body).await.ok();
    assert_eq!(updated[0]["description"], "new");
    assert_eq!(updated[0]["entityTypes"], json!(["sr_field"]));
    assert_eq!(updated[0]["guid"], created[0]["guid"]);
    assert_eq!(updated[0]["createTime"], created[0]["createTime"]);
    assert_eq!(updated[0]["version"], 2);
    assert_eq!(error(&updated[1])["error_code"], 4_040_001);
    assert_eq!(server.get("/types/tagdefs/PII").await.ok(), updated[0]);
    server
        .get("/types/tagdefs/NONE")
        .await
        .error_code(4_040_001);
}

#[tokio::test]
async fn a_body_that_is_no_list_fails_as_a_whole() {
    let server = server().await;
    server.post(TAGS, tag("PII")).await.error_code(400);
    server.post(TAGS, json!(["PII"])).await.error_code(400);
    assert_eq!(server.post(TAGS, json!([])).await.ok(), json!([]));
    assert_eq!(server.get(TAGS).await.ok(), json!([]));
}

#[tokio::test]
async fn definitions_are_limited_in_number_and_length() {
    let server = server().await;
    let many: Vec<Value> = (0..1001).map(|number| tag(&format!("T{number}"))).collect();
    let created = server.post(TAGS, json!(many)).await.ok();
    assert_eq!(created[999].get("error"), None);
    assert_eq!(error(&created[1000])["error_code"], 4_290_001);
    let long = server
        .post(TAGS, json!([tag(&"x".repeat(8193))]))
        .await
        .ok();
    assert_eq!(error(&long[0])["error_code"], 4_000_020);
}
