//! The driver for aws-kms with a stub that refuses, disappears or answers wrongly.
//! `tests/interop/csfle` tests it with a full replacement of the service.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cc_protobuf_examples::csfle::kms::{AwsKms, ErrorKind, Kms, KmsDrivers, Properties};
use cc_protobuf_examples::csfle::{Csfle, Direction};
use serde_json::json;

use crate::csfle::stub::Stub;
use crate::csfle::{apply, assert_absent, plan, rule, rule_set, schema};
use crate::support::stub::{self, Answer, Request};
use crate::support::{chain, stub::refusing_url};

const ARN: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// Error code of the answers, and key id of answers to Decrypt.
type Script = (Option<&'static str>, &'static str);

fn answer(request: &Request, (code, key_id): Script) -> Answer {
    if let Some(code) = code {
        return Answer::json(400, json!({"__type": code, "message": "as asked"}));
    }
    // "Encrypts" by flipping the bits.
    let body = &request.body;
    let flip = |name: &str| {
        let bytes = STANDARD.decode(body[name].as_str().unwrap()).unwrap();
        STANDARD.encode(bytes.into_iter().map(|byte| !byte).collect::<Vec<_>>())
    };
    Answer::ok(match request.header("x-amz-target").unwrap() {
        "TrentService.Encrypt" => {
            json!({"CiphertextBlob": flip("Plaintext"), "KeyId": body["KeyId"]})
        }
        _ => json!({"Plaintext": flip("CiphertextBlob"), "KeyId": key_id}),
    })
}

fn service(code: Option<&'static str>, key_id: &'static str) -> (AwsKms, stub::Stub) {
    let service = stub::Stub::new(move |request| answer(request, (code, key_id)));
    (driver(&service.url), service)
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
    let (kms, service) = service(None, ARN);
    let none = Properties::new();
    let wrapped = kms.encrypt(ARN, &none, b"raw dek").await.unwrap();
    assert_eq!(
        *kms.decrypt(ARN, &none, &wrapped).await.unwrap(),
        b"raw dek"
    );
    let seen = service.seen();
    assert_eq!(seen.len(), 2);
    for (request, expected) in seen.iter().zip(["Encrypt", "Decrypt"]) {
        let target = format!("TrentService.{expected}");
        assert_eq!(request.header("x-amz-target"), Some(target.as_str()));
        assert_eq!(request.body["KeyId"], ARN);
        let body = &request.text;
        assert!(request.body.get("EncryptionContext").is_none(), "{body}");
        let authorization = request.header("authorization").unwrap();
        assert!(
            authorization.contains("/eu-west-1/kms/aws4_request"),
            "{authorization}"
        );
    }
}

#[tokio::test]
async fn an_answer_of_another_key_is_refused() {
    let none = Properties::new();
    let (kms, _service) = service(None, "arn:aws:kms:eu-west-1:111122223333:key/other");
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
        let (kms, service) = service(Some(code), ARN);
        let none = Properties::new();
        let error = kms.decrypt(ARN, &none, b"wrapped").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let message = error.to_string();
        assert!(message.contains(code) && message.contains(ARN), "{message}");
        assert!(!message.contains("aws-secret-key"), "{message}");
        assert_eq!(service.count(), 1, "{code} is not tried again");
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
        let service = stub::Stub::always(Answer::raw(status, "text/html", body));
        let none = Properties::new();
        let error = driver(&service.url)
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
    let closed = refusing_url();
    let silent = stub::Stub::always(Answer::Silence);
    let (denying, _service) = service(Some("AccessDeniedException"), ARN);
    for (kms, kind, part) in [
        (denying, ErrorKind::Denied, "aws-kms refused"),
        (
            driver(&closed),
            ErrorKind::Unreachable,
            "aws-kms is unreachable",
        ),
        (
            driver(&silent.url).operation_timeout(Duration::from_secs(1)),
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
    let (kms, _service) = service(None, ARN);
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
