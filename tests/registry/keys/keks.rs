//! KEKs: create, read, change, delete.

use serde_json::{Value, json};

use crate::keys::client::Server;

async fn server() -> Server {
    Server::start("/dek-registry/v1").await
}

fn kek(name: &str) -> Value {
    json!({"name": name, "kmsType": "local-kms", "kmsKeyId": "key", "shared": false})
}

fn without_time(mut kek: Value) -> Value {
    let time = kek.as_object_mut().unwrap().remove("ts");
    assert!(time.unwrap().as_i64().unwrap() > 1_600_000_000_000);
    kek
}

#[tokio::test]
async fn a_kek_is_created_read_and_listed() {
    let server = server().await;
    let body = json!({
        "name": "first", "kmsType": "aws-kms", "kmsKeyId": "arn:aws:kms:eu-west-1:1:key/2",
        "kmsProps": {"b": "2", "a": "1"}, "doc": "words", "shared": false, "later": true,
    });
    let expected = json!({
        "name": "first", "kmsType": "aws-kms", "kmsKeyId": "arn:aws:kms:eu-west-1:1:key/2",
        "kmsProps": {"a": "1", "b": "2"}, "doc": "words", "shared": false,
    });
    assert_eq!(
        without_time(server.post("/keks", body).await.ok()),
        expected
    );
    assert_eq!(without_time(server.get("/keks/first").await.ok()), expected);
    // Absent members are omitted, except for the properties.
    assert_eq!(
        without_time(server.post("/keks", kek("another")).await.ok()),
        json!({"name": "another", "kmsType": "local-kms", "kmsKeyId": "key", "kmsProps": {}, "shared": false})
    );
    assert_eq!(server.get("/keks").await.ok(), json!(["another", "first"]));
    server
        .get("/keks/third")
        .await
        .error(40470, "Key 'third' not found");
}

#[tokio::test]
async fn lists_are_paged_and_know_deleted_keks() {
    let server = server().await;
    for name in ["c", "a", "d", "b"] {
        server.post("/keks", kek(name)).await.ok();
    }
    server.delete("/keks/b").await.no_content();
    for (query, expected) in [
        ("", json!(["a", "c", "d"])),
        ("?deleted=true", json!(["a", "b", "c", "d"])),
        ("?deleted=True&offset=1&limit=2", json!(["b", "c"])),
        ("?offset=2", json!(["d"])),
        ("?offset=9", json!([])),
        ("?limit=0", json!(["a", "c", "d"])),
    ] {
        assert_eq!(
            server.get(&format!("/keks{query}")).await.ok(),
            expected,
            "{query}"
        );
    }
    server
        .get("/keks?limit=x")
        .await
        .error(404, "HTTP 404 Not Found");
}

#[tokio::test]
async fn keks_are_listed_by_the_subjects_of_their_deks() {
    let server = server().await;
    for (name, subject) in [
        ("one", "orders-value"),
        ("two", "users-value"),
        ("three", "ops"),
    ] {
        server.post("/keks", kek(name)).await.ok();
        let dek = json!({"encryptedKeyMaterial": "AAAA"});
        server
            .post(&format!("/keks/{name}/deks/{subject}"), dek)
            .await
            .ok();
    }
    server.post("/keks", kek("unused")).await.ok();
    for (query, expected) in [
        ("subjectPrefix=o", json!(["one", "three"])),
        (
            "subjectPrefix=orders&subjectPrefix=users",
            json!(["one", "two"]),
        ),
        ("subjectPrefix=x", json!([])),
        ("subjectPrefix=", json!(["one", "three", "two"])),
    ] {
        assert_eq!(
            server.get(&format!("/keks?{query}")).await.ok(),
            expected,
            "{query}"
        );
    }
    server.delete("/keks/three/deks/ops").await.no_content();
    assert_eq!(server.get("/keks?subjectPrefix=op").await.ok(), json!([]));
    assert_eq!(
        server.get("/keks?subjectPrefix=op&deleted=true").await.ok(),
        json!(["three"])
    );
}

#[tokio::test]
async fn what_a_kek_lacks_is_named() {
    let server = server().await;
    let long = "k".repeat(257);
    for (change, field) in [
        (json!({"name": null}), "name"),
        (json!({"name": "1st"}), "name"),
        (json!({"name": "with space"}), "name"),
        (json!({"name": long}), "name"),
        (json!({"kmsKeyId": ""}), "kmsKeyId"),
        (json!({"kmsKeyId": null}), "kmsKeyId"),
        (json!({"kmsType": null}), "kmsType"),
        (json!({"kmsType": "aws-kms"}), "kmsKeyId"),
        (json!({"kmsType": "AWS"}), "kmsKeyId"),
        (
            json!({"kmsType": "azure-kms", "kmsKeyId": "http://x"}),
            "kmsKeyId",
        ),
        (
            json!({"kmsType": "gcp-kms", "kmsKeyId": "project"}),
            "kmsKeyId",
        ),
        (
            json!({"kmsType": "hcvault", "kmsKeyId": "ftp://x"}),
            "kmsKeyId",
        ),
    ] {
        let mut body = kek("good");
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let message = format!("Invalid or missing value for field '{field}' of key");
        server.post("/keks", body).await.error(42271, &message);
    }
    assert_eq!(server.get("/keks?deleted=true").await.ok(), json!([]));
    server.get("/keks/1st").await.error_code(42271);
    server
        .post("/keks", json!({"name": "k", "kmsType": 5}))
        .await
        .error_code(400);
    server.post("/keks", json!([])).await.error_code(400);
}

#[tokio::test]
async fn kms_types_of_the_clouds_are_spelled_one_way() {
    let server = server().await;
    for (given, key_id, stored) in [
        ("AWS-KMS", "arn:aws:kms:x", "aws-kms"),
        ("Azure", "https://vault", "azure-kms"),
        ("gcpKms", "projects/p", "gcp-kms"),
        ("hcvault", "http://vault", "hcvault"),
        ("MyKms", "anything", "MyKms"),
    ] {
        let name = format!("k_{stored}");
        let body = json!({"name": name, "kmsType": given, "kmsKeyId": key_id});
        assert_eq!(server.post("/keks", body).await.ok()["kmsType"], stored);
    }
}

#[tokio::test]
async fn a_kek_exists_once_and_creating_may_undelete() {
    let server = server().await;
    server.post("/keks", kek("k")).await.ok();
    let exists = "Key 'k' already exists; use a different value";
    server.post("/keks", kek("k")).await.error(40971, exists);

    // The same content with the opposite of `deleted` deletes and undeletes.
    let mut deleted = kek("k");
    deleted["deleted"] = json!(true);
    assert_eq!(
        server.post("/keks", deleted.clone()).await.ok()["deleted"],
        true
    );
    server.post("/keks", deleted).await.error(40971, exists);
    let mut other = kek("k");
    other["doc"] = json!("changed");
    server.post("/keks", other).await.error(40971, exists);
    let again = server.post("/keks", kek("k")).await.ok();
    assert_eq!(again.get("deleted"), None);
}

#[tokio::test]
async fn an_update_keeps_what_it_does_not_name() {
    let server = server().await;
    let body = json!({
        "name": "k", "kmsType": "local-kms", "kmsKeyId": "key",
        "kmsProps": {"a": "1"}, "doc": "old", "shared": false,
    });
    let created = server.post("/keks", body).await.ok();
    let update = |body| server.put("/keks/k", body);

    assert_eq!(update(json!({})).await.ok(), created, "unchanged, time too");
    assert_eq!(
        update(json!({"kmsType": "aws-kms", "kmsKeyId": "other"}))
            .await
            .ok(),
        created,
        "type and key id cannot change"
    );
    let updated = update(json!({"doc": "new", "shared": true})).await.ok();
    assert_eq!(
        without_time(updated),
        json!({"name": "k", "kmsType": "local-kms", "kmsKeyId": "key", "kmsProps": {"a": "1"}, "doc": "new", "shared": true})
    );
    let cleared = update(json!({"doc": null, "kmsProps": null, "shared": null}));
    assert_eq!(
        without_time(cleared.await.ok()),
        json!({"name": "k", "kmsType": "local-kms", "kmsKeyId": "key", "kmsProps": {}, "shared": false})
    );
    server.delete("/keks/k").await.no_content();
    update(json!({"doc": "x"}))
        .await
        .error(40470, "Key 'k' not found");
    server
        .put("/keks/none", json!({}))
        .await
        .error(40470, "Key 'none' not found");
}

#[tokio::test]
async fn a_kek_is_deleted_softly_first() {
    let server = server().await;
    server.post("/keks", kek("k")).await.ok();
    server.delete("/keks/k?permanent=true").await.error(
        40471,
        "Key 'k' was not deleted first before being permanently deleted",
    );
    server.delete("/keks/k").await.no_content();
    server.delete("/keks/k").await.no_content();
    server
        .get("/keks/k")
        .await
        .error(40470, "Key 'k' not found");
    assert_eq!(
        server.get("/keks/k?deleted=true").await.ok()["deleted"],
        true
    );

    server.poke("/keks/k/undelete").await.no_content();
    server.poke("/keks/k/undelete").await.no_content();
    assert_eq!(server.get("/keks/k").await.ok().get("deleted"), None);

    server.delete("/keks/k").await.no_content();
    server.delete("/keks/k?permanent=true").await.no_content();
    for answer in [
        server.get("/keks/k?deleted=true").await,
        server.delete("/keks/k").await,
        server.delete("/keks/k?permanent=true").await,
        server.poke("/keks/k/undelete").await,
    ] {
        answer.error(40470, "Key 'k' not found");
    }
    server.post("/keks", kek("k")).await.ok();
}

#[tokio::test]
async fn a_kek_with_deks_stays() {
    let server = server().await;
    server.post("/keks", kek("k")).await.ok();
    let dek = json!({"encryptedKeyMaterial": "AAAA"});
    server.post("/keks/k/deks/s", dek).await.ok();
    let referenced = "One or more references exist to the key 'k'";
    server.delete("/keks/k").await.error(42272, referenced);
    // A soft-deleted DEK only prevents a permanent deletion.
    server.delete("/keks/k/deks/s").await.no_content();
    server.delete("/keks/k").await.no_content();
    server
        .delete("/keks/k?permanent=true")
        .await
        .error(42272, referenced);
    server
        .delete("/keks/k/deks/s?permanent=true")
        .await
        .no_content();
    server.delete("/keks/k?permanent=true").await.no_content();
}
