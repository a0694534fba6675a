//! Requests that try to exhaust the stack or take a long time.

use std::net::SocketAddr;

use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use serde_json::{Value, json};

use crate::support::raw::{self, Answer};

fn send(address: SocketAddr, method: &str, target: &str, body: &[u8]) -> Answer {
    let json = [("content-type", "application/json")];
    raw::send(address, method, target, &json, body)
}

/// Checks that an answer has the registry's form and is not a 5xx.
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
