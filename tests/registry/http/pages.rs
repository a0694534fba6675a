//! Protection of a registry on the user's machine against web pages.

use std::net::{Ipv4Addr, SocketAddr};

use cc_protobuf_examples::embedded::registry::{Builder, EmbeddedRegistry};
use serde_json::{Value, json};

use crate::support::raw::{Answer, send};

const OWN_PAGE: &str = "http://localhost:3000";

/// Starts a registry that allows one origin.
fn builder() -> Builder {
    EmbeddedRegistry::builder().allow_origin(OWN_PAGE.parse().unwrap())
}

fn ask(address: SocketAddr, method: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    send(address, method, "/subjects", headers, body.as_bytes())
}

fn error_code(answer: &Answer) -> u64 {
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert!(!body["message"].as_str().unwrap().is_empty());
    body["error_code"].as_u64().unwrap()
}

#[tokio::test]
async fn over_loopback_the_host_is_an_address_or_localhost() {
    let registry = builder().start().await.unwrap();
    let port = registry.address().port();
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 200),
        (format!("LocalHost:{port}"), 200),
        (format!("registry.localhost:{port}"), 200),
        (format!("[::1]:{port}"), 200),
        ("10.0.0.1".to_owned(), 200),
        (format!("evil.example:{port}"), 403),
        (format!("127.0.0.1.evil.example:{port}"), 403),
        (format!("evil.example@127.0.0.1:{port}"), 403),
        ("registry".to_owned(), 403),
        (String::new(), 403),
    ] {
        let answer = ask(registry.address(), "GET", &[("host", &host)], "");
        assert_eq!(answer.status, status, "{host}");
        if status == 403 {
            assert_eq!(error_code(&answer), 403);
            assert!(answer.text().contains("localhost"), "{}", answer.text());
        }
    }
    let address = registry.address().to_string();
    let twice = [("host", address.as_str()), ("host", "evil.example")];
    assert_eq!(ask(registry.address(), "GET", &twice, "").status, 400);
    let target = "http://evil.example/subjects";
    let answer = send(registry.address(), "GET", target, &[], b"");
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn beyond_loopback_any_host_will_do_and_pages_are_still_refused() {
    let registry = builder()
        .listen(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))
        .start()
        .await
        .unwrap();
    let port = registry.address().port();
    // A connection over loopback is recognised by its local address.
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let named = [("host", "schema-registry:8081")];
    assert_eq!(ask(loopback, "GET", &named, "").status, 403);
    let Some(outside) = outside_address(port) else {
        eprintln!("skipped: this machine has no address but loopback");
        return;
    };
    assert_eq!(ask(outside, "GET", &named, "").status, 200);
    let page = [named[0], ("origin", "http://evil.example")];
    assert_eq!(ask(outside, "GET", &page, "").status, 403);
}

/// Returns an address of this machine that is not loopback.
fn outside_address(port: u16) -> Option<SocketAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    // Sends nothing; it only asks for the route.
    socket.connect("192.0.2.1:9").ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then(|| SocketAddr::new(ip, port))
}

#[tokio::test]
async fn pages_need_an_allowed_origin() {
    let registry = builder().start().await.unwrap();
    let own = format!("http://{}", registry.address());
    let own_scheme = own.replace("http:", "https:");
    for (headers, status) in [
        (vec![], 200),
        (vec![("origin", own.as_str())], 200),
        (vec![("origin", OWN_PAGE)], 200),
        (vec![("origin", "http://localhost:3001")], 403),
        (vec![("origin", "https://localhost:3000")], 403),
        (vec![("origin", "http://localhost:3000.evil.example")], 403),
        (vec![("origin", own_scheme.as_str())], 403),
        (vec![("origin", "http://127.0.0.1")], 403),
        (vec![("origin", "null")], 403),
        (vec![("origin", "")], 403),
        (
            vec![("origin", OWN_PAGE), ("origin", "http://evil.example")],
            403,
        ),
        // An image or a script: no origin, but headers that say who asks.
        (
            vec![
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "no-cors"),
            ],
            403,
        ),
        (
            vec![
                ("sec-fetch-site", "same-site"),
                ("sec-fetch-mode", "no-cors"),
            ],
            403,
        ),
        (
            vec![
                ("sec-fetch-site", "same-origin"),
                ("sec-fetch-mode", "cors"),
            ],
            200,
        ),
        // A followed link, or a typed address.
        (
            vec![
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "navigate"),
            ],
            200,
        ),
        (
            vec![("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")],
            200,
        ),
    ] {
        let answer = ask(registry.address(), "GET", &headers, "");
        assert_eq!(answer.status, status, "{headers:?}");
        let allowed = answer.header("access-control-allow-origin");
        if status == 403 {
            assert_eq!(error_code(&answer), 403);
            assert_eq!(allowed, None, "{headers:?}");
        } else {
            let expected = headers.contains(&("origin", OWN_PAGE)).then_some(OWN_PAGE);
            assert_eq!(allowed, expected, "{headers:?}");
        }
    }
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_ask_read_and_write() {
    let registry = builder().basic_auth("key", "secret").start().await.unwrap();
    let address = registry.address();
    let preflight = |origin| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "PUT"),
            (
                "access-control-request-headers",
                "authorization,content-type",
            ),
        ];
        send(address, "OPTIONS", "/config", &headers, b"")
    };
    // Browsers send no credentials with a preflight.
    let answer = preflight(OWN_PAGE);
    assert_eq!(answer.status, 204);
    for (name, value) in [
        ("access-control-allow-origin", OWN_PAGE),
        (
            "access-control-allow-methods",
            "GET, HEAD, POST, PUT, DELETE",
        ),
        ("access-control-allow-headers", "authorization,content-type"),
        ("vary", "origin"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let refused = preflight("http://evil.example");
    assert_eq!(refused.status, 403);
    assert_eq!(refused.header("access-control-allow-methods"), None);

    // A page must be able to read that its credentials are wrong.
    let json = ("content-type", "application/json");
    let body = br#"{"compatibility": "FULL"}"#;
    for (authorization, status) in [("Basic eDp5", 401), ("Basic a2V5OnNlY3JldA==", 200)] {
        let headers = [("origin", OWN_PAGE), json, ("authorization", authorization)];
        let answer = send(address, "PUT", "/config", &headers, body);
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), Some(OWN_PAGE));
    }
}

#[tokio::test]
async fn a_body_needs_a_type_that_pages_cannot_send_unasked() {
    let registry = EmbeddedRegistry::builder()
        .local_kms_secret("a secret for tests")
        .start()
        .await
        .unwrap();
    let address = registry.address();
    let kek = json!({"name": "k", "kmsType": "local-kms", "kmsKeyId": "x", "shared": true});
    let kek = kek.to_string();
    let json = [("content-type", "application/json")];
    let made = send(
        address,
        "POST",
        "/dek-registry/v1/keks",
        &json,
        kek.as_bytes(),
    );
    assert_eq!(made.status, 200);
    let schema = r#"{"schemaType": "PROTOBUF", "schema": "message M {}"}"#;
    let targets = [
        ("POST", "/subjects/s/versions", schema),
        ("POST", "/subjects/s", schema),
        ("POST", "/compatibility/subjects/s/versions", schema),
        ("PUT", "/config", "{}"),
        ("PUT", "/mode", r#"{"mode": "READWRITE"}"#),
        ("POST", "/dek-registry/v1/keks", kek.as_str()),
        ("PUT", "/dek-registry/v1/keks/k", "{}"),
        ("POST", "/dek-registry/v1/keks/k/deks/s", "{}"),
        // These endpoints take no body; an unexpected one is refused as well.
        ("POST", "/dek-registry/v1/keks/k/test", "a=b"),
        ("POST", "/dek-registry/v1/keks/k/undelete", "a=b"),
        ("POST", "/catalog/v1/types/tagdefs", "[]"),
        ("POST", "/", "a=b"),
    ];
    for (method, target, body) in targets {
        for content_type in [
            None,
            Some(""),
            Some("text/plain"),
            Some("text/plain; charset=application/json"),
            Some("application/x-www-form-urlencoded"),
            Some("multipart/form-data; boundary=x"),
            Some("application/xml"),
        ] {
            let headers: Vec<_> = content_type
                .map(|t| ("content-type", t))
                .into_iter()
                .collect();
            let answer = send(address, method, target, &headers, body.as_bytes());
            assert_eq!(answer.status, 415, "{method} {target} {content_type:?}");
            assert_eq!(error_code(&answer), 415);
        }
    }
    let chunked = format!(
        "POST /subjects/s/versions HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{schema}\r\n0\r\n\r\n",
        schema.len()
    );
    let answer = crate::support::raw::exchange(address, chunked.as_bytes());
    assert_eq!(answer.status, 415);
    for content_type in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/vnd.schemaregistry.v1+json",
        "application/vnd.schemaregistry+json",
        "application/octet-stream",
    ] {
        let headers = [("content-type", content_type)];
        let answer = send(
            address,
            "POST",
            "/subjects/s/versions",
            &headers,
            schema.as_bytes(),
        );
        assert_eq!(answer.status, 200, "{content_type}");
    }
}
