//! Starting and stopping a registry, and its authentication.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use cc_protobuf_examples::embedded::registry::{EmbeddedRegistry, Error};
use serde_json::json;

fn client() -> reqwest::Client {
    crate::support::http::client()
}

/// Sends bytes, and returns the first answer.
fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer).unwrap() {
            0 => break,
            read => answer.extend_from_slice(&buffer[..read]),
        }
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_dropped_registry_frees_its_port() {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let address = registry.address();
    assert!(address.ip().is_loopback());
    assert_eq!(registry.url(), format!("http://{address}"));
    let url = format!("{}/subjects", registry.url());
    assert_eq!(client().get(&url).send().await.unwrap().status(), 200);
    drop(registry);
    assert!(client().get(&url).send().await.is_err());
    // The port is free again.
    let registry = EmbeddedRegistry::builder().listen(address).start().await;
    assert_eq!(registry.unwrap().address(), address);
}

#[test]
fn it_lives_without_a_runtime_of_the_caller() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let registry = runtime.block_on(EmbeddedRegistry::start()).unwrap();
    drop(runtime);
    let address = registry.address();
    let answer = exchange(address, b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(registry);
    assert!(TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn shutdown_finishes_what_is_being_served() {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let url = registry.url().to_owned();
    let client = client();
    // An idle connection does not delay the stop.
    client.get(&url).send().await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), registry.shutdown())
        .await
        .unwrap();
    assert!(client.get(&url).send().await.is_err());
}

#[tokio::test]
async fn a_taken_port_is_a_clear_error() {
    let first = EmbeddedRegistry::start().await.unwrap();
    let second = EmbeddedRegistry::builder().listen(first.address()).start();
    let error = second.await.unwrap_err();
    assert!(matches!(error, Error::PortTaken { .. }), "{error:?}");
    let message = error.to_string();
    assert!(message.contains(&first.address().to_string()), "{message}");
    assert!(message.contains("taken"), "{message}");
}

#[tokio::test]
async fn credentials_are_asked_for_and_compared() {
    let registry = EmbeddedRegistry::builder()
        .basic_auth("key", "secret")
        .start()
        .await
        .unwrap();
    let client = client();
    let url = format!("{}/subjects", registry.url());
    for (user, password) in [("", ""), ("key", "wrong"), ("other", "secret")] {
        let request = client.get(&url).basic_auth(user, Some(password));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401, "{user}");
    }
    let response = client.get(&url).send().await.unwrap();
    assert_eq!(response.status(), 401);
    let headers = response.headers().clone();
    assert_eq!(headers["content-type"], "application/json");
    assert!(
        headers["www-authenticate"]
            .to_str()
            .unwrap()
            .starts_with("Basic realm=\"")
    );
    assert_eq!(
        crate::http::json_of(response).await,
        json!({"error_code": 401, "message": "Unauthorized"})
    );
    let response = client.delete(&url).send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.text().await.unwrap(), "");
    let request = client.get(&url).basic_auth("key", Some("secret"));
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn long_bodies_and_slow_requests_are_refused() {
    let registry = EmbeddedRegistry::builder()
        .max_body_bytes(1000)
        .request_timeout(Duration::from_millis(200))
        .start()
        .await
        .unwrap();
    let body = json!({"schemaType": "PROTOBUF", "schema": "/".repeat(1000)});
    let request = client()
        .post(format!("{}/subjects/s", registry.url()))
        .header("content-type", "application/json");
    let response = request.body(body.to_string()).send().await.unwrap();
    assert_eq!(response.status(), 413);
    assert_eq!(
        crate::http::json_of(response).await,
        json!({"error_code": 413, "message": "HTTP 413 Payload Too Large"})
    );
    // A body that never arrives.
    let request = b"POST /subjects/s HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{";
    let address = registry.address();
    let answer = tokio::task::spawn_blocking(move || exchange(address, request)).await;
    let answer = answer.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn requests_can_be_counted() {
    let registry = EmbeddedRegistry::builder()
        .record_requests()
        .start()
        .await
        .unwrap();
    let client = client();
    for path in [
        "/subjects",
        "/subjects?deleted=true",
        "/subjects/a%2Fb/versions",
    ] {
        client
            .get(format!("{}{path}", registry.url()))
            .send()
            .await
            .unwrap();
    }
    let log = registry.requests().unwrap();
    assert_eq!(log.count("GET", "/subjects"), 2);
    assert_eq!(log.count("GET", "/subjects/a%2Fb/versions"), 1);
    assert_eq!(log.count("POST", "/subjects"), 0);
    assert_eq!(log.total(), 3);
    assert_eq!(
        log.entries(),
        [
            ("GET".to_owned(), "/subjects".to_owned(), 2),
            ("GET".to_owned(), "/subjects/a%2Fb/versions".to_owned(), 1),
        ]
    );
    log.reset();
    assert_eq!(log.total(), 0);
    let uncounted = EmbeddedRegistry::start().await.unwrap();
    assert!(uncounted.requests().is_none());
}

#[test]
fn secrets_do_not_show() {
    let builder = EmbeddedRegistry::builder()
        .basic_auth("key", "hunter2")
        .local_kms_secret("hunter3");
    let shown = format!("{builder:?}");
    assert!(!shown.contains("hunter"), "{shown}");
}
