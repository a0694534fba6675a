//! DEKs that clients wrap themselves.

use serde_json::{Value, json};

use crate::keys::client::Server;

/// Starts a registry with the KEK `k`.
async fn server() -> Server {
    let server = Server::start("/dek-registry/v1").await;
    let kek = json!({"name": "k", "kmsType": "local-kms", "kmsKeyId": "key"});
    server.post("/keks", kek).await.ok();
    server
}

fn material(material: &str) -> Value {
    json!({"encryptedKeyMaterial": material})
}

fn without_time(mut dek: Value) -> Value {
    let time = dek.as_object_mut().unwrap().remove("ts");
    assert!(time.unwrap().as_i64().unwrap() > 1_600_000_000_000);
    dek
}

#[tokio::test]
async fn a_dek_has_defaults_and_is_never_unwrapped() {
    let server = server().await;
    let expected = json!({
        "kekName": "k", "subject": "orders-value", "version": 1, "algorithm": "AES256_GCM",
        "encryptedKeyMaterial": "AAAA",
    });
    let created = server
        .post("/keks/k/deks/orders-value", material("AAAA"))
        .await;
    assert_eq!(without_time(created.ok()), expected);
    for path in [
        "",
        "/versions/1",
        "/versions/latest",
        "/versions/-1",
        "/versions/LATEST",
    ] {
        let read = server
            .get(&format!("/keks/k/deks/orders-value{path}"))
            .await;
        assert_eq!(without_time(read.ok()), expected, "{path}");
    }
    assert_eq!(
        server.get("/keks/k/deks").await.ok(),
        json!(["orders-value"])
    );
}

#[tokio::test]
async fn the_path_names_the_subject_unless_it_has_none() {
    let server = server().await;
    let body = json!({"subject": "body", "encryptedKeyMaterial": "AAAA"});
    let created = server.post("/keks/k/deks/path", body.clone()).await.ok();
    assert_eq!(created["subject"], "path");
    let created = server.post("/keks/k/deks", body).await.ok();
    assert_eq!(created["subject"], "body");
    server
        .post("/keks/k/deks", material("AAAA"))
        .await
        .error(42271, "Invalid or missing value for field 'subject' of key");
    server
        .post("/keks/k/deks/a%0Ab", material("AAAA"))
        .await
        .error(42271, "Invalid or missing value for field 'subject' of key");
}

#[tokio::test]
async fn subjects_are_decoded_once() {
    let server = server().await;
    for (encoded, subject) in [
        ("a%2Fb.proto", "a/b.proto"),
        ("%3A.ctx%3Aname", ":.ctx:name"),
        ("100%2525", "100%25"),
        ("ns~%C3%A9%20x", "ns~é x"),
    ] {
        let path = format!("/keks/k/deks/{encoded}");
        let created = server.post(&path, material("AAAA")).await.ok();
        assert_eq!(created["subject"], subject);
        assert_eq!(server.get(&path).await.ok()["subject"], subject);
    }
}

#[tokio::test]
async fn versions_are_what_the_client_says() {
    let server = server().await;
    for version in [3, 1, 7] {
        let body = json!({"version": version, "encryptedKeyMaterial": format!("AAA{version}")});
        server.post("/keks/k/deks/s", body).await.ok();
    }
    let body = json!({"version": 3, "encryptedKeyMaterial": "BBBB"});
    server
        .post("/keks/k/deks/s", body)
        .await
        .error(40971, "Key 's' already exists; use a different value");
    assert_eq!(
        server.get("/keks/k/deks/s/versions").await.ok(),
        json!([1, 3, 7])
    );
    assert_eq!(
        server
            .get("/keks/k/deks/s/versions?offset=1&limit=1")
            .await
            .ok(),
        json!([3])
    );
    assert_eq!(
        server.get("/keks/k/deks/s/versions/latest").await.ok()["version"],
        7
    );
    assert_eq!(server.get("/keks/k/deks/s").await.ok()["version"], 1);
    server
        .get("/keks/k/deks/s/versions/2")
        .await
        .error(40470, "Key 's' not found");
    for bad in ["0", "-2", "1.5", "abc", "2147483648"] {
        let message = format!(
            "The specified version '{bad}' is not a valid version id. Allowed values are \
             between [1, 2^31-1] and the string \"latest\""
        );
        let path = format!("/keks/k/deks/s/versions/{bad}");
        server.get(&path).await.error(42202, &message);
        server.delete(&path).await.error(42202, &message);
        server
            .poke(&format!("{path}/undelete"))
            .await
            .error(42202, &message);
    }
}

#[tokio::test]
async fn every_algorithm_has_versions_of_its_own() {
    let server = server().await;
    for algorithm in ["AES128_GCM", "AES256_GCM", "AES256_SIV"] {
        let body = json!({"algorithm": algorithm, "encryptedKeyMaterial": "AAAA"});
        server.post("/keks/k/deks/s", body).await.ok();
        let read = server
            .get(&format!("/keks/k/deks/s?algorithm={algorithm}"))
            .await
            .ok();
        assert_eq!(read["algorithm"], algorithm);
    }
    let body = json!({"algorithm": "AES256_SIV", "version": 2, "encryptedKeyMaterial": "AAAA"});
    server.post("/keks/k/deks/s", body).await.ok();
    assert_eq!(server.get("/keks/k/deks/s/versions").await.ok(), json!([1]));
    assert_eq!(
        server
            .get("/keks/k/deks/s/versions?algorithm=AES256_SIV")
            .await
            .ok(),
        json!([1, 2])
    );
    server
        .delete("/keks/k/deks/s?algorithm=AES256_SIV")
        .await
        .no_content();
    assert_eq!(
        server
            .get("/keks/k/deks/s/versions?algorithm=AES256_SIV")
            .await
            .ok(),
        json!([])
    );
    server.get("/keks/k/deks/s").await.ok();

    let body = json!({"algorithm": "DES", "encryptedKeyMaterial": "AAAA"});
    server.post("/keks/k/deks/s", body).await.error_code(400);
    for path in ["s", "s/versions", "s/versions/1"] {
        server
            .get(&format!("/keks/k/deks/{path}?algorithm=DES"))
            .await
            .error(404, "HTTP 404 Not Found");
    }
}

#[tokio::test]
async fn without_material_only_a_shared_kek_will_do() {
    let server = server().await;
    for body in [
        json!({}),
        json!({"encryptedKeyMaterial": null}),
        material(""),
    ] {
        server.post("/keks/k/deks/s", body).await.error(
            42271,
            "Invalid or missing value for field 'encryptedKeyMaterial' of key",
        );
    }
    assert_eq!(
        server.get("/keks/k/deks?deleted=true").await.ok(),
        json!([])
    );
}

#[tokio::test]
async fn a_missing_kek_is_named_before_a_missing_dek() {
    let server = server().await;
    for answer in [
        server.get("/keks/none/deks").await,
        server.get("/keks/none/deks/s").await,
        server.get("/keks/none/deks/s/versions").await,
        server.get("/keks/none/deks/s/versions/1").await,
        server.post("/keks/none/deks/s", material("AAAA")).await,
        server.delete("/keks/none/deks/s").await,
        server.delete("/keks/none/deks/s/versions/1").await,
        server.poke("/keks/none/deks/s/undelete").await,
        server.poke("/keks/none/deks/s/versions/1/undelete").await,
    ] {
        answer.error(40470, "Key 'none' not found");
    }
    assert_eq!(server.get("/keks/k/deks/s/versions").await.ok(), json!([]));
    for answer in [
        server.get("/keks/k/deks/s").await,
        server.get("/keks/k/deks/s/versions/latest").await,
        server.delete("/keks/k/deks/s").await,
        server.delete("/keks/k/deks/s/versions/1").await,
        server.poke("/keks/k/deks/s/undelete").await,
        server.poke("/keks/k/deks/s/versions/1/undelete").await,
    ] {
        answer.error(40470, "Key 's' not found");
    }
}

#[tokio::test]
async fn versions_are_deleted_softly_then_permanently() {
    let server = server().await;
    for version in [1, 2, 3] {
        let body = json!({"version": version, "encryptedKeyMaterial": "AAAA"});
        server.post("/keks/k/deks/s", body).await.ok();
    }
    let not_deleted = "Key 's' was not deleted first before being permanently deleted";
    server
        .delete("/keks/k/deks/s/versions/2?permanent=true")
        .await
        .error(40471, not_deleted);
    server
        .delete("/keks/k/deks/s/versions/2")
        .await
        .no_content();
    server
        .delete("/keks/k/deks/s/versions/2")
        .await
        .no_content();
    server
        .get("/keks/k/deks/s/versions/2")
        .await
        .error_code(40470);
    let read = server
        .get("/keks/k/deks/s/versions/2?deleted=true")
        .await
        .ok();
    assert_eq!(read["deleted"], true);
    assert_eq!(
        server.get("/keks/k/deks/s/versions").await.ok(),
        json!([1, 3])
    );
    assert_eq!(
        server
            .get("/keks/k/deks/s/versions?deleted=true")
            .await
            .ok(),
        json!([1, 2, 3])
    );
    server
        .poke("/keks/k/deks/s/versions/2/undelete")
        .await
        .no_content();
    assert_eq!(
        server.get("/keks/k/deks/s/versions").await.ok(),
        json!([1, 2, 3])
    );

    server
        .delete("/keks/k/deks/s/versions/3")
        .await
        .no_content();
    assert_eq!(
        server.get("/keks/k/deks/s/versions/latest").await.ok()["version"],
        2
    );
    server
        .delete("/keks/k/deks/s/versions/3?permanent=true")
        .await
        .no_content();
    server
        .poke("/keks/k/deks/s/versions/3/undelete")
        .await
        .error(40470, "Key 's' not found");

    server
        .delete("/keks/k/deks/s?permanent=true")
        .await
        .error(40471, not_deleted);
    server.delete("/keks/k/deks/s").await.no_content();
    assert_eq!(server.get("/keks/k/deks").await.ok(), json!([]));
    assert_eq!(
        server.get("/keks/k/deks?deleted=true").await.ok(),
        json!(["s"])
    );
    server.poke("/keks/k/deks/s/undelete").await.no_content();
    assert_eq!(
        server.get("/keks/k/deks/s/versions").await.ok(),
        json!([1, 2])
    );
    server.delete("/keks/k/deks/s").await.no_content();
    server
        .delete("/keks/k/deks/s?permanent=true")
        .await
        .no_content();
    assert_eq!(
        server.get("/keks/k/deks?deleted=true").await.ok(),
        json!([])
    );
}

#[tokio::test]
async fn a_deleted_kek_hides_its_deks() {
    let server = server().await;
    server.post("/keks/k/deks/s", material("AAAA")).await.ok();
    server.delete("/keks/k/deks/s").await.no_content();
    server.delete("/keks/k").await.no_content();
    for path in ["", "/s", "/s/versions", "/s/versions/1"] {
        let path = format!("/keks/k/deks{path}");
        server.get(&path).await.error(40470, "Key 'k' not found");
        server.get(&format!("{path}?deleted=true")).await.ok();
    }
    server
        .post("/keks/k/deks/t", material("AAAA"))
        .await
        .error(40470, "Key 'k' not found");
    let undelete = "Key 'k' must be undeleted first";
    server
        .poke("/keks/k/deks/s/undelete")
        .await
        .error(40472, undelete);
    server
        .poke("/keks/k/deks/s/versions/1/undelete")
        .await
        .error(40472, undelete);
    server.poke("/keks/k/undelete").await.no_content();
    server.poke("/keks/k/deks/s/undelete").await.no_content();
    server.get("/keks/k/deks/s").await.ok();
}

#[tokio::test]
async fn creating_may_undelete_and_rewrap() {
    let server = server().await;
    server.post("/keks/k/deks/s", material("AAAA")).await.ok();
    server.delete("/keks/k/deks/s").await.no_content();
    let exists = "Key 's' already exists; use a different value";
    server
        .post("/keks/k/deks/s", material("BBBB"))
        .await
        .error(40971, exists);
    let again = server.post("/keks/k/deks/s", material("AAAA")).await.ok();
    assert_eq!(again.get("deleted"), None);
    server
        .post("/keks/k/deks/s", material("AAAA"))
        .await
        .error(40971, exists);

    let rewrapped = server
        .post("/keks/k/deks/s?rewrap=true", material("CCCC"))
        .await
        .ok();
    assert_eq!(rewrapped["encryptedKeyMaterial"], "CCCC");
    let read = server.get("/keks/k/deks/s").await.ok();
    assert_eq!(read["encryptedKeyMaterial"], "CCCC");
}

#[tokio::test]
async fn of_concurrent_creations_one_succeeds() {
    let server = server().await;
    let answers = futures_util::future::join_all((0..20).map(|number| {
        let server = &server;
        async move {
            let body = material(&format!("AA{number:02}"));
            server.post("/keks/k/deks/s", body).await
        }
    }))
    .await;
    let created: Vec<_> = answers.iter().filter(|answer| answer.0 == 200).collect();
    assert_eq!(created.len(), 1);
    let stored = server.get("/keks/k/deks/s").await.ok();
    assert_eq!(
        stored["encryptedKeyMaterial"],
        created[0].1["encryptedKeyMaterial"]
    );
}
