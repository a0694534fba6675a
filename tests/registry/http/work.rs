//! Limits on the work and memory of requests.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use serde_json::{Value, json};

use crate::support::raw::{self, Answer};

fn send(address: SocketAddr, method: &str, target: &str, body: &Value) -> Answer {
    let json = [("content-type", "application/json")];
    raw::send(address, method, target, &json, body.to_string().as_bytes())
}

#[track_caller]
fn ok(address: SocketAddr, method: &str, target: &str, body: &Value) {
    let answer = send(address, method, target, body);
    assert!(answer.status < 300, "{method} {target}: {}", answer.text());
}

fn error_code(answer: &Answer) -> u64 {
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    body["error_code"].as_u64().unwrap_or_default()
}

fn schema(text: &str) -> Value {
    json!({"schemaType": "PROTOBUF", "schema": text})
}

/// A schema with this many fields. All such schemas are compatible with each other.
fn wide(fields: usize) -> Value {
    let fields: String = (1..=fields)
        .map(|number| format!("string f{number} = {number};\n"))
        .collect();
    schema(&format!("syntax = \"proto3\"; message M {{\n{fields}}}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_with_many_versions_ends_with_its_request() {
    let registry = EmbeddedRegistry::builder()
        .request_timeout(Duration::from_secs(2))
        .start()
        .await
        .unwrap();
    let address = registry.address();
    ok(address, "PUT", "/config", &json!({"compatibility": "NONE"}));
    for version in 0..80 {
        ok(
            address,
            "POST",
            "/subjects/s/versions",
            &wide(2000 + version),
        );
    }
    let level = json!({"compatibility": "FORWARD_TRANSITIVE"});
    ok(address, "PUT", "/config", &level);
    // All parsers are busy. If they continued after a timeout, the small request behind
    // them would wait for a long time.
    let workers: Vec<_> = (0..32)
        .map(|number| {
            let body = wide(3000 + number);
            let target = "/compatibility/subjects/s/versions";
            std::thread::spawn(move || send(address, "POST", target, &body).status)
        })
        .collect();
    // A connection may be reset if its body was not read.
    let statuses: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
    assert!(statuses.iter().flatten().all(|status| *status == 408));
    assert!(statuses.iter().flatten().count() > 0);
    let began = Instant::now();
    while send(
        address,
        "POST",
        "/subjects/t/versions",
        &schema("message T {}"),
    )
    .status
        != 200
    {
        assert!(began.elapsed() < Duration::from_secs(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn references_do_not_multiply() {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let address = registry.address();
    let reference =
        |subject: &str, name: String| json!({"name": name, "subject": subject, "version": 1});
    ok(
        address,
        "POST",
        "/subjects/leaf/versions",
        &schema("message L {}"),
    );
    // Each level refers many times to the next one, under different names.
    let mut below = "leaf".to_owned();
    let mut refused = None;
    for level in 0..3 {
        let mut body = schema(&format!("message N{level} {{}}"));
        let references = (0..150).map(|n| reference(&below, format!("l{level}/{n}.proto")));
        body["references"] = references.collect();
        let subject = format!("n{level}");
        let answer = send(
            address,
            "POST",
            &format!("/subjects/{subject}/versions"),
            &body,
        );
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
        below = subject;
    }
    let refused = refused.expect("some level is too much");
    assert_eq!(error_code(&refused), 42201);
    assert!(
        refused.text().contains("The references lead to more than"),
        "{}",
        refused.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn references_lead_to_a_bounded_text() {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let address = registry.address();
    let messages: String = (0..30_000)
        .map(|n| format!("message Message{n:06} {{}}\n"))
        .collect();
    ok(
        address,
        "POST",
        "/subjects/big/versions",
        &schema(&messages),
    );
    let mut body = schema("message M {}");
    let names =
        (0..25).map(|n| json!({"name": format!("b{n}.proto"), "subject": "big", "version": 1}));
    body["references"] = names.collect();
    let answer = send(address, "POST", "/subjects/m/versions", &body);
    assert_eq!(error_code(&answer), 42201);
    assert!(
        answer.text().contains("bytes of schemas"),
        "{}",
        answer.text()
    );
}

/// Fills a registry with one kind of request until it refuses.
fn fill(
    address: SocketAddr,
    request: impl Fn(usize) -> (&'static str, String, Value),
) -> (usize, Answer) {
    for number in 0..5000 {
        let (method, target, body) = request(number);
        let answer = send(address, method, &target, &body);
        if answer.status >= 300 || answer.text().contains("error_code") {
            return (number, answer);
        }
    }
    panic!("never full");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_stored_counts_and_deleting_makes_space() {
    type Request = fn(usize) -> (&'static str, String, Value);
    let kinds: [(&str, Request); 8] = [
        ("schemas", |n| {
            let text = format!("message M{n} {{}}");
            ("POST", format!("/subjects/s{n}/versions"), schema(&text))
        }),
        ("versions of one schema", |n| {
            (
                "POST",
                format!("/subjects/s{n}/versions"),
                schema("message M {}"),
            )
        }),
        ("metadata", |n| {
            let mut body = schema("message M {}");
            body["metadata"] = json!({"properties": {"k": format!("{n}-{}", "x".repeat(5000))}});
            ("POST", "/subjects/s/versions".to_owned(), body)
        }),
        ("contexts", |n| {
            let target = format!("/subjects/:.c{n}:s/versions");
            ("POST", target, schema("message M {}"))
        }),
        ("configurations", |n| {
            let body = json!({"defaultMetadata": {"properties": {"k": "x".repeat(1000)}}});
            ("PUT", format!("/config/s{n}"), body)
        }),
        ("modes", |n| {
            let body = json!({"mode": "READONLY"});
            ("PUT", format!("/mode/{n}{}", "x".repeat(1000)), body)
        }),
        ("keys", |n| {
            let body = json!({"name": format!("k{n}"), "kmsType": "local-kms", "kmsKeyId": "x", "doc": "x".repeat(1000)});
            ("POST", "/dek-registry/v1/keks".to_owned(), body)
        }),
        ("tags", |n| {
            let body = json!([{"name": format!("t{n}"), "attributeDefs": vec![json!([]); 100]}]);
            ("POST", "/catalog/v1/types/tagdefs".to_owned(), body)
        }),
    ];
    for (kind, request) in kinds {
        let limit = 1_000_000;
        let registry = EmbeddedRegistry::builder().max_stored_bytes(limit);
        let registry = registry.start().await.unwrap();
        let address = registry.address();
        let (first, second) = ("/subjects/first/versions", schema("message First {}"));
        ok(address, "POST", first, &second);
        let (stored, refused) = fill(address, request);
        // A record is charged at least its overhead, and not much more than its content.
        assert!((50..=2000).contains(&stored), "{kind}: {stored}");
        assert!(
            refused.text().contains("\"error_code\":50701"),
            "{kind}: {}",
            refused.text()
        );
        assert!(refused.text().contains("at most 1000000 bytes"), "{kind}");
        if kind != "tags" {
            assert_eq!(refused.status, 507, "{kind}");
        }
        // Stored records can still be read, found and deleted.
        ok(address, "GET", "/subjects/first/versions/1", &json!({}));
        if kind == "schemas" {
            ok(address, "POST", first, &second);
            for permanent in ["", "?permanent=true"] {
                for number in 0..10 {
                    ok(
                        address,
                        "DELETE",
                        &format!("/subjects/s{number}{permanent}"),
                        &json!({}),
                    );
                }
            }
            let (again, _) = fill(address, |n| request(n + 10_000));
            assert!((8..=12).contains(&again), "{again}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_registration_leaves_nothing_behind() {
    let registry = EmbeddedRegistry::builder().max_stored_bytes(10_000);
    let registry = registry.start().await.unwrap();
    let address = registry.address();
    let (stored, refused) = fill(address, |n| {
        let text = format!("message {}{n} {{}}", "M".repeat(900));
        ("POST", format!("/subjects/s{n}/versions"), schema(&text))
    });
    assert_eq!(refused.status, 507);
    assert!((3..8).contains(&stored), "{stored}");
    for context in ["", "/contexts/.c"] {
        let target = format!("{context}/subjects/other/versions");
        assert_eq!(send(address, "POST", &target, &wide(200)).status, 507);
    }
    let read = |target: &str| -> Value {
        serde_json::from_slice(&send(address, "GET", target, &json!({})).body).unwrap()
    };
    assert_eq!(read("/contexts"), json!(["."]));
    assert_eq!(read("/subjects").as_array().unwrap().len(), stored);
}
