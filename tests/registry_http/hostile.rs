//! Inputs made to exhaust a stack or a lot of time.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use serde_json::{Value, json};

/// What one request is answered.
#[derive(Debug)]
struct Answer {
    status: u16,
    body: Vec<u8>,
}

/// Sends one request on a connection of its own, written by hand so that no
/// client library tidies it up.
fn send(address: SocketAddr, method: &str, target: &str, body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    let timeout = Some(Duration::from_secs(60));
    stream.set_read_timeout(timeout).unwrap();
    let length = body.len();
    let mut request = format!(
        "{method} {target} HTTP/1.1\r\nhost: registry\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    )
    .into_bytes();
    request.extend_from_slice(body);
    stream.write_all(&request).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let split = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer to {method} {target}"));
    let head = String::from_utf8_lossy(&answer[..split]).into_owned();
    let status = head.get(9..12).and_then(|s| s.parse().ok());
    Answer {
        status: status.unwrap_or_else(|| panic!("no status in {head}")),
        body: answer[split + 4..].to_vec(),
    }
}

/// An answer of the registry, in its shape, and no failure of its own.
fn check(request: &str, answer: &Answer) {
    assert!(answer.status < 500, "{request}: {answer:?}");
    if answer.status >= 400 {
        let error: Value = serde_json::from_slice(&answer.body)
            .unwrap_or_else(|e| panic!("{request}: {e}: {answer:?}"));
        let code = error["error_code"].as_u64().unwrap().to_string();
        assert!(code.starts_with(&answer.status.to_string()), "{answer:?}");
        assert!(error["message"].is_string(), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn deep_and_long_inputs_are_survived() {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let address = registry.address();
    let depth = 20_000;
    let deep = format!("{}{}", "message M { ".repeat(depth), "}".repeat(depth));
    let scopes = format!(
        "package {}; message M {{ X x = 1; }}",
        vec!["p"; 50_000].join(".")
    );
    let option = format!(
        "option (a) = {{ {} {} }};",
        "a { ".repeat(depth),
        "}".repeat(depth)
    );
    let schemas = [deep, scopes, option];
    for schema in schemas {
        let body = json!({"schemaType": "PROTOBUF", "schema": schema}).to_string();
        for target in ["/subjects/s/versions", "/subjects/s?normalize=true"] {
            let answer = send(address, "POST", target, body.as_bytes());
            check(&schema[..40], &answer);
        }
    }
    let nested = "[".repeat(100_000);
    let answer = send(address, "POST", "/subjects/s/versions", nested.as_bytes());
    assert_eq!(answer.status, 400);
    let answer = send(
        address,
        "GET",
        &format!("/subjects/{}", "a/".repeat(3000)),
        b"",
    );
    check("a long path", &answer);
}
