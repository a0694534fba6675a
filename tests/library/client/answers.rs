//! Each kind of failure has its own error, which names the request and hides secrets.

use std::time::Duration;

use cc_protobuf_examples::schema_registry::entities::SchemaRequest;
use cc_protobuf_examples::schema_registry::{ErrorKind, Format, Version, VersionQuery};
use cc_protobuf_examples::wire_format::SchemaId;
use serde_json::json;

use crate::client::{everything, impatient, retrying};
use crate::support::stub::{Answer, Stub, refusing_url};

const HTML: &str = "<!DOCTYPE html><html><title>Sign in</title></html>";

#[tokio::test]
async fn statuses_and_codes_have_their_kind() {
    for (status, code, kind, retryable) in [
        (401, 401, ErrorKind::Unauthorized, false),
        (403, 403, ErrorKind::Forbidden, false),
        (403, 40301, ErrorKind::Forbidden, false),
        (404, 40401, ErrorKind::NotFound, false),
        (404, 40403, ErrorKind::NotFound, false),
        (404, 404, ErrorKind::NotFound, false),
        (407, 407, ErrorKind::Unauthorized, false),
        (409, 409, ErrorKind::Incompatible, false),
        (409, 40901, ErrorKind::Incompatible, false),
        (409, 40999, ErrorKind::Conflict, false),
        (422, 42201, ErrorKind::Invalid, false),
        (422, 42205, ErrorKind::Invalid, false),
        (422, 42206, ErrorKind::Invalid, false),
        (400, 400, ErrorKind::Invalid, false),
        (415, 415, ErrorKind::Invalid, false),
        (408, 408, ErrorKind::Server, true),
        (429, 42901, ErrorKind::Throttled, true),
        (500, 50001, ErrorKind::Server, true),
        (501, 501, ErrorKind::Server, false),
        (503, 50301, ErrorKind::Server, true),
    ] {
        let stub = Stub::always(Answer::refusal(status, code, "the reason"));
        let client = impatient(&stub.url).retries(0).build().unwrap();
        let error = client
            .register("orders-value", &SchemaRequest::default(), false)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{code}");
        assert_eq!(error.status(), Some(status));
        assert_eq!(error.error_code(), Some(code));
        assert_eq!(error.message(), Some("the reason"));
        assert_eq!(error.is_retryable(), retryable, "{code}");
        let text = error.to_string();
        assert!(
            text.contains("POST /subjects/orders-value/versions"),
            "{text}"
        );
        assert!(text.contains(&status.to_string()), "{text}");
        assert!(text.ends_with("the reason"), "{text}");
        assert!(text.starts_with(char::is_lowercase), "{text}");
        assert_eq!(error.is_incompatible(), kind == ErrorKind::Incompatible);
        assert_eq!(error.is_not_found(), kind == ErrorKind::NotFound);
        assert_eq!(error.is_unauthorized(), kind == ErrorKind::Unauthorized);
        assert_eq!(error.is_forbidden(), kind == ErrorKind::Forbidden);
    }
}

#[tokio::test]
async fn the_text_says_what_was_asked_and_what_came_back() {
    let stub = Stub::always(Answer::refusal(409, 40901, "Schema is incompatible"));
    let error = retrying(&stub)
        .register("a/b", &SchemaRequest::default(), false)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "registry answered 409 (error 40901) to POST /subjects/a%2Fb/versions at {}: Schema is incompatible",
            stub.url
        )
    );
}

#[tokio::test]
async fn gateways_may_answer_refusals_in_any_form() {
    for (status, kind) in [
        (401, ErrorKind::Unauthorized),
        (403, ErrorKind::Forbidden),
        (407, ErrorKind::Unauthorized),
        (429, ErrorKind::Throttled),
        (502, ErrorKind::Server),
        (503, ErrorKind::Server),
    ] {
        for answer in [
            Answer::raw(status, "text/html", HTML),
            Answer::raw(status, "text/plain", ""),
            Answer::raw(status, "application/json", "[1]"),
        ] {
            let stub = Stub::always(answer);
            let client = impatient(&stub.url).retries(0).build().unwrap();
            let error = client.subjects().await.unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            assert_eq!(error.error_code(), Some(i32::from(status)));
        }
    }
}

#[tokio::test]
async fn what_is_no_registry_is_recognised() {
    let cases = [
        (
            Answer::raw(200, "text/html; charset=utf-8", HTML),
            "an HTML page",
        ),
        (Answer::raw(200, "application/json", HTML), "an HTML page"),
        (
            Answer::raw(404, "text/html", HTML),
            "HTTP 404, an HTML page",
        ),
        (Answer::raw(404, "application/json", ""), "an empty answer"),
        (Answer::raw(400, "text/plain", "Bad"), "text/plain"),
        (Answer::raw(200, "application/json", ""), "an empty answer"),
        (
            Answer::raw(200, "application/json", "{\"schema\": \"synt"),
            "cut short after 16 bytes",
        ),
        (
            Answer::raw(200, "application/json", "hello"),
            "not a registry's JSON",
        ),
        (
            Answer::raw(200, "application/json", "[1, 2]"),
            "unexpected structure",
        ),
        (
            Answer::raw(200, "application/json", "{\"status\": \"ok\"}"),
            "without \"schema\"",
        ),
        (
            Answer::json(302, json!({}))
                .with("location", "https://sso.example.com/in?token=s3cret"),
            "a redirect to https://sso.example.com/in",
        ),
    ];
    for (answer, words) in cases {
        let stub = Stub::always(answer);
        let error = retrying(&stub)
            .schema_by_id(SchemaId(1), None, Format::Default)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotARegistry, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains("GET /schemas/ids/1"), "{error}");
        assert!(!everything(&error).contains("s3cret"), "{error}");
        assert_eq!(stub.count(), 1, "neither repeated nor followed");
    }
}

#[tokio::test]
async fn an_answer_too_long_is_not_swallowed() {
    let stub = Stub::always(Answer::ok(json!(["x".repeat(10_000)])));
    let client = impatient(&stub.url)
        .max_answer_bytes(5_000)
        .build()
        .unwrap();
    let error = client.subjects().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotARegistry);
    assert!(error.to_string().contains("limit of 5000 bytes"), "{error}");
}

#[tokio::test]
async fn missing_apis_are_not_missing_things() {
    for missing in [
        Answer::refusal(404, 404, "HTTP 404 Not Found"),
        Answer::raw(404, "text/plain", "404: Not Found"),
        Answer::json(404, json!({"message": "Not found", "code": 404})),
        Answer::raw(405, "text/html", HTML),
        Answer::refusal(501, 501, "later"),
    ] {
        let stub = Stub::always(missing);
        let client = retrying(&stub);
        let tag = client.create_tag("PII").await.unwrap_err();
        let kek = client.kek("k", false).await.unwrap_err();
        for (error, api) in [(tag, "catalog"), (kek, "DEK Registry")] {
            assert!(error.is_unsupported() && !error.is_not_found(), "{error}");
            assert!(error.to_string().contains(api), "{error}");
        }
    }
    let stub = Stub::always(Answer::refusal(404, 40470, "Key 'k' not found"));
    let error = retrying(&stub).kek("k", false).await.unwrap_err();
    assert!(error.is_not_found() && !error.is_unsupported(), "{error}");
}

#[tokio::test]
async fn an_existing_key_is_a_conflict_not_an_incompatibility() {
    for code in [409, 40971] {
        let stub = Stub::always(Answer::refusal(409, code, "exists"));
        let error = retrying(&stub)
            .create_kek(&Default::default())
            .await
            .unwrap_err();
        assert!(error.is_conflict() && !error.is_incompatible(), "{error}");
    }
}

#[tokio::test]
async fn arguments_that_no_url_can_carry_are_refused_unsent() {
    let stub = Stub::always(Answer::ok(json!([])));
    let client = retrying(&stub);
    for error in [
        client.versions("").await.unwrap_err(),
        client.config(Some(""), false).await.unwrap_err(),
        client.delete_tag("..").await.unwrap_err(),
        client.kek(".", false).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    }
    assert_eq!(stub.count(), 0);
}

#[tokio::test]
async fn nobody_listening_is_a_connect_error() {
    let url = refusing_url();
    let client = impatient(&url).build().unwrap();
    let error = client.subjects().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.is_connect() && error.is_retryable());
    assert_eq!(error.exchange().unwrap().requests, 4);
    assert!(error.to_string().contains(&url), "{error}");
    assert!(everything(&error).contains("refused"), "{error:?}");
}

#[tokio::test]
async fn an_unknown_host_is_a_connect_error() {
    let client = impatient("http://registry.localhost.invalid")
        .retries(0)
        .build()
        .unwrap();
    let error = client.subjects().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{}", everything(&error));
}

#[tokio::test]
async fn silence_ends_with_the_request_s_time() {
    let stub = Stub::always(Answer::Silence);
    let client = impatient(&stub.url)
        .request_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let error = client.subjects().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!(error.to_string().contains("within 0.1 s"), "{error}");
    assert_eq!(stub.count(), 1);
}

#[tokio::test]
async fn silence_ends_with_the_call_s_time() {
    let stub = Stub::always(Answer::Silence);
    let client = impatient(&stub.url)
        .total_timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    let error = client.subjects().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!(error.to_string().contains("within 0.2 s"), "{error}");
}

#[tokio::test]
async fn broken_connections_are_distinguished() {
    for bytes in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[\"a\"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ] {
        let stub = Stub::always(Answer::Bytes(bytes));
        let error = retrying(&stub).subjects().await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::Interrupted,
            "{}",
            everything(&error)
        );
        assert_eq!(error.exchange().unwrap().requests, 4, "{error}");
    }
}

#[tokio::test]
async fn foreign_text_is_tamed() {
    let message = format!("line\r\n\u{1b}[31m{}", "ä".repeat(100_000));
    let stub = Stub::always(Answer::refusal(422, 42201, &message));
    let error = retrying(&stub).subjects().await.unwrap_err();
    let text = error.to_string();
    assert!(!text.contains(char::is_control));
    assert!(text.chars().count() < 2_500);

    let subject = "s".repeat(100_000);
    let error = retrying(&stub)
        .version(&subject, Version::Latest, VersionQuery::default())
        .await
        .unwrap_err();
    assert!(error.to_string().chars().count() < 3_000);
}
