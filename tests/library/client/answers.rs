//! Each kind of failure has its own error, which names the request and hides secrets.

use std::time::Duration;

use cc_protobuf_examples::schema_registry::entities::SchemaRequest;
use cc_protobuf_examples::schema_registry::{Format, Kind, Version, VersionQuery};
use cc_protobuf_examples::wire_format::SchemaId;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::client::stub::{Canned, Stub, everything, impatient, refusing_url};

const HTML: &str = "<!DOCTYPE html><html><title>Sign in</title></html>";

#[tokio::test]
async fn statuses_and_codes_have_their_kind() {
    for (status, code, kind, retryable) in [
        (401, 401, Kind::Unauthorized, false),
        (403, 403, Kind::Forbidden, false),
        (403, 40301, Kind::Forbidden, false),
        (404, 40401, Kind::NotFound, false),
        (404, 40403, Kind::NotFound, false),
        (404, 404, Kind::NotFound, false),
        (407, 407, Kind::Unauthorized, false),
        (409, 409, Kind::Incompatible, false),
        (409, 40901, Kind::Incompatible, false),
        (409, 40999, Kind::Conflict, false),
        (422, 42201, Kind::Invalid, false),
        (422, 42205, Kind::Invalid, false),
        (422, 42206, Kind::Invalid, false),
        (400, 400, Kind::Invalid, false),
        (415, 415, Kind::Invalid, false),
        (408, 408, Kind::Server, true),
        (429, 42901, Kind::Throttled, true),
        (500, 50001, Kind::Server, true),
        (501, 501, Kind::Server, false),
        (503, 50301, Kind::Server, true),
    ] {
        let stub = Stub::always(Canned::error(status, code, "the reason")).await;
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
        assert_eq!(error.is_incompatible(), kind == Kind::Incompatible);
        assert_eq!(error.is_not_found(), kind == Kind::NotFound);
        assert_eq!(error.is_unauthorized(), kind == Kind::Unauthorized);
        assert_eq!(error.is_forbidden(), kind == Kind::Forbidden);
    }
}

#[tokio::test]
async fn the_text_says_what_was_asked_and_what_came_back() {
    let stub = Stub::always(Canned::error(409, 40901, "Schema is incompatible")).await;
    let error = stub
        .client()
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
        (401, Kind::Unauthorized),
        (403, Kind::Forbidden),
        (407, Kind::Unauthorized),
        (429, Kind::Throttled),
        (502, Kind::Server),
        (503, Kind::Server),
    ] {
        for answer in [
            Canned::raw(status, "text/html", HTML),
            Canned::raw(status, "text/plain", ""),
            Canned::raw(status, "application/json", "[1]"),
        ] {
            let stub = Stub::always(answer).await;
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
            Canned::raw(200, "text/html; charset=utf-8", HTML),
            "an HTML page",
        ),
        (Canned::raw(200, "application/json", HTML), "an HTML page"),
        (
            Canned::raw(404, "text/html", HTML),
            "HTTP 404, an HTML page",
        ),
        (Canned::raw(404, "application/json", ""), "an empty answer"),
        (Canned::raw(400, "text/plain", "Bad"), "text/plain"),
        (Canned::raw(200, "application/json", ""), "an empty answer"),
        (
            Canned::raw(200, "application/json", "{\"schema\": \"synt"),
            "cut short after 16 bytes",
        ),
        (
            Canned::raw(200, "application/json", "hello"),
            "not a registry's JSON",
        ),
        (
            Canned::raw(200, "application/json", "[1, 2]"),
            "unexpected structure",
        ),
        (
            Canned::raw(200, "application/json", "{\"status\": \"ok\"}"),
            "without \"schema\"",
        ),
        (
            Canned::json(302, json!({}))
                .with("location", "https://sso.example.com/in?token=s3cret"),
            "a redirect to https://sso.example.com/in",
        ),
    ];
    for (answer, words) in cases {
        let stub = Stub::always(answer).await;
        let error = stub
            .client()
            .schema_by_id(SchemaId(1), None, Format::Default)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), Kind::NotARegistry, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains("GET /schemas/ids/1"), "{error}");
        assert!(!everything(&error).contains("s3cret"), "{error}");
        assert_eq!(stub.count(), 1, "neither repeated nor followed");
    }
}

#[tokio::test]
async fn an_answer_too_long_is_not_swallowed() {
    let stub = Stub::always(Canned::ok(json!(["x".repeat(10_000)]))).await;
    let client = impatient(&stub.url)
        .max_answer_bytes(5_000)
        .build()
        .unwrap();
    let error = client.subjects().await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotARegistry);
    assert!(error.to_string().contains("limit of 5000 bytes"), "{error}");
}

#[tokio::test]
async fn missing_apis_are_not_missing_things() {
    for missing in [
        Canned::error(404, 404, "HTTP 404 Not Found"),
        Canned::raw(404, "text/plain", "404: Not Found"),
        Canned::json(404, json!({"message": "Not found", "code": 404})),
        Canned::raw(405, "text/html", HTML),
        Canned::error(501, 501, "later"),
    ] {
        let stub = Stub::always(missing).await;
        let client = stub.client();
        let tag = client.create_tag("PII").await.unwrap_err();
        let kek = client.kek("k", false).await.unwrap_err();
        for (error, api) in [(tag, "catalog"), (kek, "DEK Registry")] {
            assert!(error.is_unsupported() && !error.is_not_found(), "{error}");
            assert!(error.to_string().contains(api), "{error}");
        }
    }
    let stub = Stub::always(Canned::error(404, 40470, "Key 'k' not found")).await;
    let error = stub.client().kek("k", false).await.unwrap_err();
    assert!(error.is_not_found() && !error.is_unsupported(), "{error}");
}

#[tokio::test]
async fn an_existing_key_is_a_conflict_not_an_incompatibility() {
    for code in [409, 40971] {
        let stub = Stub::always(Canned::error(409, code, "exists")).await;
        let error = stub
            .client()
            .create_kek(&Default::default())
            .await
            .unwrap_err();
        assert!(error.is_conflict() && !error.is_incompatible(), "{error}");
    }
}

#[tokio::test]
async fn arguments_that_no_url_can_carry_are_refused_unsent() {
    let stub = Stub::always(Canned::ok(json!([]))).await;
    let client = stub.client();
    for error in [
        client.versions("").await.unwrap_err(),
        client.config(Some(""), false).await.unwrap_err(),
        client.delete_tag("..").await.unwrap_err(),
        client.kek(".", false).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), Kind::Input, "{error}");
    }
    assert_eq!(stub.count(), 0);
}

#[tokio::test]
async fn nobody_listening_is_a_connect_error() {
    let url = refusing_url().await;
    let client = impatient(&url).build().unwrap();
    let error = client.subjects().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Connect);
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
    assert_eq!(error.kind(), Kind::Connect, "{}", everything(&error));
}

#[tokio::test]
async fn silence_ends_with_the_request_s_time() {
    let stub = Stub::always(Canned::Silence).await;
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
    let stub = Stub::always(Canned::Silence).await;
    let client = impatient(&stub.url)
        .total_timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    let error = client.subjects().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!(error.to_string().contains("within 0.2 s"), "{error}");
}

/// Starts a server that answers every connection with these bytes and closes it.
async fn rude_server(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(bytes).await;
        }
    });
    url
}

#[tokio::test]
async fn broken_connections_are_distinguished() {
    for bytes in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[\"a\"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ] {
        let client = impatient(&rude_server(bytes).await).build().unwrap();
        let error = client.subjects().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Interrupted, "{}", everything(&error));
        assert_eq!(error.exchange().unwrap().requests, 4, "{error}");
    }
}

#[tokio::test]
async fn foreign_text_is_tamed() {
    let message = format!("line\r\n\u{1b}[31m{}", "ä".repeat(100_000));
    let stub = Stub::always(Canned::error(422, 42201, &message)).await;
    let error = stub.client().subjects().await.unwrap_err();
    let text = error.to_string();
    assert!(!text.contains(char::is_control));
    assert!(text.chars().count() < 2_500);

    let subject = "s".repeat(100_000);
    let error = stub
        .client()
        .version(&subject, Version::Latest, VersionQuery::default())
        .await
        .unwrap_err();
    assert!(error.to_string().chars().count() < 3_000);
}
