//! The driver for aws-kms with a stub that refuses, disappears or answers wrongly.
//! `tests/interop/csfle` tests it with a full replacement of the service.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cc_protobuf_examples::csfle::kms::{AwsKms, ErrorKind, Kms, KmsDrivers, Properties};
use cc_protobuf_examples::csfle::{Csfle, Direction};
use serde_json::{Value, json};

use crate::csfle::stub::Stub;
use crate::csfle::{apply, assert_absent, chain, plan, rule, rule_set, schema};

const ARN: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

type Seen = Arc<Mutex<Vec<(String, Value, String)>>>;
/// Error code of the answers, and key id of answers to Decrypt.
type Script = (Option<&'static str>, &'static str);

async fn answer(
    State((seen, (code, key_id))): State<(Seen, Script)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name| headers[name].to_str().unwrap().to_owned();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let target = header("x-amz-target");
    seen.lock()
        .unwrap()
        .push((target.clone(), body.clone(), header("authorization")));
    if let Some(code) = code {
        let body = json!({"__type": code, "message": "as asked"}).to_string();
        return (StatusCode::BAD_REQUEST, body).into_response();
    }
    // "Encrypts" by flipping the bits.
    let flip = |name: &str| {
        let bytes = STANDARD.decode(body[name].as_str().unwrap()).unwrap();
        STANDARD.encode(bytes.into_iter().map(|byte| !byte).collect::<Vec<_>>())
    };
    match target.as_str() {
        "TrentService.Encrypt" => {
            json!({"CiphertextBlob": flip("Plaintext"), "KeyId": body["KeyId"]})
        }
        _ => json!({"Plaintext": flip("CiphertextBlob"), "KeyId": key_id}),
    }
    .to_string()
    .into_response()
}

async fn service(code: Option<&'static str>, key_id: &'static str) -> (AwsKms, Seen) {
    let seen = Seen::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .fallback(answer)
        .with_state((Arc::clone(&seen), (code, key_id)));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (driver(&url), seen)
}

fn driver(url: &str) -> AwsKms {
    AwsKms::with_settings(Properties::from([
        ("access.key.id".to_owned(), "AKIDEXAMPLE".to_owned()),
        ("secret.access.key".to_owned(), "aws-secret-key".to_owned()),
    ]))
    .endpoint_url(url)
}

#[tokio::test]
async fn requests_name_the_key_and_region_and_bind_no_context() {
    let (kms, seen) = service(None, ARN).await;
    let none = Properties::new();
    let wrapped = kms.encrypt(ARN, &none, b"raw dek").await.unwrap();
    assert_eq!(
        *kms.decrypt(ARN, &none, &wrapped).await.unwrap(),
        b"raw dek"
    );
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    for ((target, body, authorization), expected) in seen.iter().zip(["Encrypt", "Decrypt"]) {
        assert_eq!(target, &format!("TrentService.{expected}"));
        assert_eq!(body["KeyId"], ARN);
        assert!(body.get("EncryptionContext").is_none(), "{body}");
        assert!(
            authorization.contains("/eu-west-1/kms/aws4_request"),
            "{authorization}"
        );
    }
}

#[tokio::test]
async fn an_answer_of_another_key_is_refused() {
    let none = Properties::new();
    let (kms, _) = service(None, "arn:aws:kms:eu-west-1:111122223333:key/other").await;
    let error = kms.decrypt(ARN, &none, b"wrapped").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongKey);
    assert!(error.to_string().contains("key/other"), "{error}");
    // The id of the key behind an alias is unknown.
    let alias = "arn:aws:kms:eu-west-1:111122223333:alias/mine";
    kms.decrypt(alias, &none, b"wrapped").await.unwrap();
}

#[tokio::test]
async fn error_codes_are_distinguished() {
    for (code, kind) in [
        ("AccessDeniedException", ErrorKind::Denied),
        ("UnrecognizedClientException", ErrorKind::Denied),
        ("ExpiredTokenException", ErrorKind::Denied),
        ("NotFoundException", ErrorKind::NotFound),
        ("InvalidCiphertextException", ErrorKind::WrongKey),
        ("IncorrectKeyException", ErrorKind::WrongKey),
        ("DisabledException", ErrorKind::Invalid),
        ("KMSInvalidStateException", ErrorKind::Invalid),
    ] {
        let (kms, seen) = service(Some(code), ARN).await;
        let none = Properties::new();
        let error = kms.decrypt(ARN, &none, b"wrapped").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let message = error.to_string();
        assert!(message.contains(code) && message.contains(ARN), "{message}");
        assert!(!message.contains("aws-secret-key"), "{message}");
        assert_eq!(seen.lock().unwrap().len(), 1, "{code} is not tried again");
    }
}

#[tokio::test]
async fn what_others_answer_in_place_of_the_kms_is_said() {
    for (status, body, kind, part) in [
        (500, "oops", ErrorKind::Unreachable, "HTTP 500"),
        (503, "<html>busy</html>", ErrorKind::Unreachable, "HTTP 503"),
        (
            404,
            "<html>nowhere</html>",
            ErrorKind::Invalid,
            "HTTP 404, not an answer of AWS KMS; check AWS_ENDPOINT_URL",
        ),
        (
            200,
            "<html>welcome</html>",
            ErrorKind::Invalid,
            "not an answer of AWS KMS; check AWS_ENDPOINT_URL",
        ),
    ] {
        let answer = move || async move { (StatusCode::from_u16(status).unwrap(), body) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let none = Properties::new();
        let error = driver(&url)
            .decrypt(ARN, &none, b"wrapped")
            .await
            .unwrap_err();
        let message = error.to_string();
        assert_eq!(error.kind(), kind, "{message}");
        assert!(message.ends_with(part), "{message}");
    }
}

#[tokio::test]
async fn denied_and_unreachable_reach_the_user_and_no_plaintext_the_wire() {
    let message = schema::message(
        "syntax = \"proto3\"; package t; import \"confluent/meta.proto\"; \
         message M { string s = 1 [(confluent.field_meta).tags = \"PII\"]; }",
        "t.M",
    );
    let rules = rule_set([rule(&[
        ("encrypt.kms.type", "aws-kms"),
        ("encrypt.kms.key.id", ARN),
    ])]);
    let closed = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    // Accepts connections, and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok(connection) = silent.accept().await {
            held.push(connection);
        }
    });
    let (denying, _) = service(Some("AccessDeniedException"), ARN).await;
    for (kms, kind, part) in [
        (denying, ErrorKind::Denied, "aws-kms refused"),
        (
            driver(&closed),
            ErrorKind::Unreachable,
            "aws-kms is unreachable",
        ),
        (
            driver(&silent_url).operation_timeout(Duration::from_secs(1)),
            ErrorKind::Unreachable,
            "no answer in time",
        ),
    ] {
        let stub = Stub::start().await;
        let csfle = Csfle::builder(stub.client())
            .kms(KmsDrivers::new().with(kms))
            .build();
        let writer = plan(&csfle, &rules, None, &message, Direction::Write);
        let error = apply(&writer, b"\x0a\x06secret").await.unwrap_err();
        assert_eq!(error.kms().unwrap().kind(), kind);
        let text = chain(&error);
        for part in [part, "encryptPII", "\"kek\"", ARN] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(stub.inner().deks.is_empty());
    }
    // With permission it works, and an alternate key replaces one without.
    let stub = Stub::start().await;
    let (kms, _) = service(None, ARN).await;
    let csfle = Csfle::builder(stub.client())
        .kms(KmsDrivers::new().with(kms).with_alternate_key_ids([ARN]))
        .build();
    let rules = rule_set([rule(&[
        ("encrypt.kms.type", "aws-kms"),
        ("encrypt.kms.key.id", "not-an-arn"),
    ])]);
    let writer = plan(&csfle, &rules, None, &message, Direction::Write);
    let record = apply(&writer, b"\x0a\x06secret").await.unwrap();
    assert_absent(b"secret", &record);
    let reader = plan(&csfle, &rules, None, &message, Direction::Read);
    assert_eq!(apply(&reader, &record).await.unwrap(), b"\x0a\x06secret");
}
