//! Shared KEKs, which the registry uses itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cc_protobuf_examples::csfle::kms::{Error, ErrorKind, Kms, LocalKms, Properties};
use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use futures_util::future::BoxFuture;
use serde_json::json;
use zeroize::Zeroizing;

use crate::keys::client::Server;

const SECRET: &str = "a secret for tests";

/// Starts a registry with a local secret and the shared KEK `k`.
async fn server() -> Server {
    let builder = EmbeddedRegistry::builder().local_kms_secret(SECRET);
    let server = Server::start_with("/dek-registry/v1", builder).await;
    let kek = json!({"name": "k", "kmsType": "local-kms", "kmsKeyId": "key", "shared": true});
    server.post("/keks", kek).await.ok();
    server
}

fn decoded(value: &serde_json::Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn the_registry_makes_and_hands_out_keys() {
    let server = server().await;
    for (algorithm, bytes) in [("AES128_GCM", 16), ("AES256_GCM", 32), ("AES256_SIV", 64)] {
        let body = json!({"algorithm": algorithm});
        let created = server.post("/keks/k/deks/s", body).await.ok();
        let raw = decoded(&created["keyMaterial"]);
        // A Tink key message: the key after two bytes of framing.
        assert_eq!(raw.len(), bytes + 2, "{algorithm}");
        assert!(decoded(&created["encryptedKeyMaterial"]).len() > raw.len());
        for path in ["s", "s/versions/1", "s/versions/latest"] {
            let path = format!("/keks/k/deks/{path}?algorithm={algorithm}");
            assert_eq!(server.get(&path).await.ok(), created);
        }
        assert_eq!(
            server
                .post("/keks/k/deks/s", json!({"algorithm": algorithm}))
                .await
                .error_code(40971),
            "Key 's' already exists; use a different value"
        );
    }
}

#[tokio::test]
async fn any_client_of_the_same_kms_can_unwrap_them() {
    let server = server().await;
    let created = server.post("/keks/k/deks/s", json!({})).await.ok();
    let kms = LocalKms::new(SECRET);
    let wrapped = decoded(&created["encryptedKeyMaterial"]);
    let raw = kms
        .decrypt("key", &Properties::new(), &wrapped)
        .await
        .unwrap();
    assert_eq!(*raw, decoded(&created["keyMaterial"]));
}

#[tokio::test]
async fn material_from_a_client_must_unwrap() {
    let server = server().await;
    let first = server.post("/keks/k/deks/s", json!({})).await.ok();
    let body = json!({"version": 2, "encryptedKeyMaterial": first["encryptedKeyMaterial"]});
    let second = server.post("/keks/k/deks/s", body.clone()).await.ok();
    assert_eq!(second["keyMaterial"], first["keyMaterial"]);
    server.post("/keks/k/deks/s", body).await.error_code(40971);
    // Wrapped with another secret, and not a key.
    let other = LocalKms::new("another secret");
    let this = LocalKms::new(SECRET);
    let properties = Properties::new();
    let strange = other.encrypt("key", &properties, &[0; 34]).await.unwrap();
    let no_key = this.encrypt("key", &properties, b"no key").await.unwrap();
    let mut altered = decoded(&first["encryptedKeyMaterial"]);
    altered[20] ^= 1;
    for nonsense in [
        "AAAA".to_owned(),
        "not base64".to_owned(),
        "\u{1f511}".to_owned(),
        "A".repeat(100_000),
        STANDARD.encode(strange),
        STANDARD.encode(no_key),
        STANDARD.encode(altered),
    ] {
        let body = json!({"version": 3, "encryptedKeyMaterial": nonsense});
        let message = server.post("/keks/k/deks/s", body).await.error_code(42271);
        assert!(
            message.starts_with(
                "Invalid or missing value for field 'encryptedKeyMaterial' of key: local-kms "
            ),
            "{message}"
        );
    }
    assert_eq!(
        server.get("/keks/k/deks/s/versions").await.ok(),
        json!([1, 2])
    );
}

#[tokio::test]
async fn rewrapping_keeps_the_key() {
    let server = server().await;
    let before = server.post("/keks/k/deks/s", json!({})).await.ok();
    let after = server
        .post("/keks/k/deks/s?rewrap=true", json!({}))
        .await
        .ok();
    assert_eq!(after["keyMaterial"], before["keyMaterial"]);
    assert_ne!(
        after["encryptedKeyMaterial"],
        before["encryptedKeyMaterial"]
    );
    assert_eq!(server.get("/keks/k/deks/s").await.ok(), after);
    let body = json!({"encryptedKeyMaterial": before["encryptedKeyMaterial"]});
    server
        .post("/keks/k/deks/s?rewrap=true", body)
        .await
        .error_code(40971);
}

#[tokio::test]
async fn sharing_can_begin_and_end() {
    let server = server().await;
    let dek = server.post("/keks/k/deks/s", json!({})).await.ok();
    server.put("/keks/k", json!({"shared": false})).await.ok();
    assert_eq!(
        server.get("/keks/k/deks/s").await.ok().get("keyMaterial"),
        None
    );
    server.put("/keks/k", json!({"shared": true})).await.ok();
    assert_eq!(server.get("/keks/k/deks/s").await.ok(), dek);
}

#[tokio::test]
async fn a_shared_kek_can_be_tried_out() {
    let server = server().await;
    assert_eq!(server.poke("/keks/k/test").await.ok()["name"], "k");
    let kek = json!({"name": "own", "kmsType": "local-kms", "kmsKeyId": "key"});
    server.post("/keks?testSharing=true", kek).await.ok();
    server
        .poke("/keks/own/test")
        .await
        .error(42271, "Invalid or missing value for field 'shared' of key");
    server
        .poke("/keks/none/test")
        .await
        .error(40470, "Key 'none' not found");
}

#[tokio::test]
async fn without_access_to_the_kms_keks_are_stored_and_keys_are_not_made() {
    let server = Server::start("/dek-registry/v1").await;
    let kek = json!({"name": "k", "kmsType": "local-kms", "kmsKeyId": "key", "shared": true});
    server
        .post("/keks?testSharing=true", kek.clone())
        .await
        .error_code(50070);
    assert_eq!(server.get("/keks").await.ok(), json!([]));
    server.post("/keks", kek).await.ok();
    let message = server
        .post("/keks/k/deks/s", json!({}))
        .await
        .error_code(50070);
    assert!(
        message.starts_with("Could not generate encrypted dek for s: "),
        "{message}"
    );
    server.poke("/keks/k/test").await.error_code(50070);
    assert_eq!(
        server.get("/keks/k/deks?deleted=true").await.ok(),
        json!([])
    );
    server
        .put("/keks/k?testSharing=true", json!({"doc": "x"}))
        .await
        .error_code(50070);
    assert_eq!(server.get("/keks/k").await.ok().get("doc"), None);
}

/// A KMS that refuses every call.
struct Closed;

impl Kms for Closed {
    fn kms_type(&self) -> &str {
        "closed-kms"
    }

    fn encrypt<'a>(
        &'a self,
        key_id: &'a str,
        _: &'a Properties,
        _: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        let error = Error::new(ErrorKind::Denied, "closed-kms", key_id, "ask elsewhere");
        Box::pin(std::future::ready(Err(error)))
    }

    fn decrypt<'a>(
        &'a self,
        key_id: &'a str,
        _: &'a Properties,
        _: &'a [u8],
    ) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>, Error>> {
        let error = Error::new(ErrorKind::Denied, "closed-kms", key_id, "ask elsewhere");
        Box::pin(std::future::ready(Err(error)))
    }
}

#[tokio::test]
async fn a_refusal_of_the_kms_is_a_403() {
    let builder = EmbeddedRegistry::builder().kms(Closed);
    let server = Server::start_with("/dek-registry/v1", builder).await;
    let kek = json!({"name": "k", "kmsType": "closed-kms", "kmsKeyId": "key", "shared": true});
    server.post("/keks", kek.clone()).await.ok();
    server.poke("/keks/k/test").await.error_code(40370);
    server
        .post("/keks/k/deks/s", json!({}))
        .await
        .error_code(40370);
    let body = json!({"encryptedKeyMaterial": "AAAA"});
    server.post("/keks/k/deks/s", body).await.error_code(40370);
    let mut other = kek;
    other["name"] = json!("other");
    server
        .post("/keks?testSharing=true", other)
        .await
        .error_code(40370);
}
