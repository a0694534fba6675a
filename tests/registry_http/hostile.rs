//! Requests that no well-behaved client sends. Whatever comes, the answer is
//! one of the registry's: never a panic, never a 500, errors always in the
//! JSON shape.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

/// What one request is answered.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

/// Sends one request on a connection of its own, written by hand so that no
/// client library tidies it up.
fn send(address: SocketAddr, method: &str, target: &str, headers: &str, body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    let timeout = Some(Duration::from_secs(60));
    stream.set_read_timeout(timeout).unwrap();
    let length = body.len();
    let mut request = format!(
        "{method} {target} HTTP/1.1\r\nhost: registry\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
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
        head,
        body: answer[split + 4..].to_vec(),
    }
}

/// Holds an answer against the promise.
fn check(request: &str, method: &str, answer: &Answer) {
    let Answer { status, head, body } = answer;
    assert!(
        *status < 500 || body.windows(5).any(|window| window == b"50070"),
        "{request}: {answer:?}"
    );
    // What is no HTTP at all is refused before the registry sees it.
    let seen = head.to_ascii_lowercase().contains("content-type");
    if *status >= 400 && method != "HEAD" && seen {
        let error: Value =
            serde_json::from_slice(body).unwrap_or_else(|e| panic!("{request}: {e}: {answer:?}"));
        let code = error["error_code"].as_u64().unwrap();
        assert!(
            code.to_string().starts_with(&status.to_string()),
            "{answer:?}"
        );
        assert!(error["message"].is_string(), "{answer:?}");
        assert_eq!(error.as_object().unwrap().len(), 2, "{answer:?}");
    }
}

fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(vec![
            "subjects", "versions", "schemas", "ids", "guids", "config", "mode", "compatibility",
            "schema", "referencedby", "contexts", "types", "metadata", "v1", "id", "version",
            "dek-registry", "keks", "deks", "undelete", "test", "catalog", "tagdefs",
        ]).prop_map(str::to_owned),
        4 => prop::sample::select(vec![
            "s", "k", "1", "-1", "0", "latest", "99999999999", ":.c:s", ".c", "a%2Fb", "%00", "%",
            "%ff", "%zz", "*", "{x}", "__GLOBAL", "..", ".", "", "~", "ü", "a+b", "'", "%0d%0a",
        ]).prop_map(str::to_owned),
        1 => "[a-z0-9:.%/_-]{0,12}",
    ]
}

fn query() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "deleted",
        "permanent",
        "normalize",
        "format",
        "subject",
        "subjectPrefix",
        "offset",
        "limit",
        "force",
        "verbose",
        "defaultToGlobal",
        "key",
        "value",
        "recursive",
        "latestOnly",
        "fetchMaxId",
        "algorithm",
        "referenceFormat",
        "aliases",
        "ruleType",
        "rewrap",
    ]);
    let value = prop::sample::select(vec![
        "true",
        "false",
        "",
        "1",
        "-1",
        "x",
        "serialized",
        "ignore_extensions",
        "%",
        "%ff",
        "a&b",
        "99999999999999",
        ":*:",
        ":.c:",
        "AES256_SIV",
        "qualified",
    ]);
    prop::collection::vec((name, value), 0..4).prop_map(|pairs| {
        let pairs: Vec<String> = pairs.iter().map(|(n, v)| format!("{n}={v}")).collect();
        if pairs.is_empty() {
            String::new()
        } else {
            format!("?{}", pairs.join("&"))
        }
    })
}

fn schema() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "syntax = \"proto3\"; message M { string s = 1; }",
            "syntax = \"proto3\"; message M { int32 s = 1; N n = 2; message N { M m = 1; } }",
            "syntax = \"proto3\"; import \"x.proto\"; message M { x.X x = 1; }",
            "syntax = \"proto3\"; message M { map<string, M> m = 1; oneof o { int32 a = 2; } }",
            "syntax = \"proto2\"; message M { optional group G = 1 { optional int32 i = 1; } }",
            "edition = \"2023\"; message M {}",
            "message M { option (x) = 1; }",
            "syntax = \"proto3\"; message M { int32 a = 1; int32 a = 1; reserved 1 to max; }",
            "",
            " ",
            "message",
            "{",
            "}",
            "\u{0}",
            "Cg==",
            "CgVhLnBiEgFh",
            "////",
        ])
        .prop_map(str::to_owned),
        "(syntax = \"proto[23]\";)?( ?(message|enum|oneof|map<|[A-Za-z]{1,3}|[0-9]{1,3}|[{}=;.\"<>,]))*",
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let reference = json!([{"name": "x.proto", "subject": "s", "version": -1}]);
    let request = (schema(), any::<u8>()).prop_map(move |(schema, bits)| {
        let mut body = json!({"schema": schema, "schemaType": "PROTOBUF"});
        let extras = [
            ("references", reference.clone()),
            (
                "metadata",
                json!({"properties": {"confluent:version": "1", "k": "v"}}),
            ),
            (
                "ruleSet",
                json!({"domainRules": [{"name": "r", "type": "ENCRYPT"}]}),
            ),
            ("version", json!(-1)),
            ("id", json!(i32::MAX)),
            ("schemaType", json!(7)),
            ("references", json!([{}])),
            ("ruleSet", json!({"domainRules": [null]})),
        ];
        for (bit, (name, value)) in extras.into_iter().enumerate() {
            if bits & (1 << bit) != 0 && bits.count_ones() < 4 {
                body[name] = value;
            }
        }
        body.to_string().into_bytes()
    });
    let other = prop::sample::select(vec![
        "",
        "null",
        "[]",
        "{}",
        "1",
        "\"x\"",
        "{\"schema\":",
        "{\"mode\":\"IMPORT\"}",
        "{\"mode\":null}",
        "{\"compatibility\":\"none\"}",
        "{\"compatibility\":\"x\"}",
        "{\"compatibility\":null,\"alias\":\"t\",\"normalize\":true}",
        "{\"defaultMetadata\":{\"properties\":{\"a\":\"b\"}}}",
        "{\"name\":\"k\",\"kmsType\":\"local-kms\",\"kmsKeyId\":\"x\",\"shared\":true}",
        "{\"name\":\"k\",\"kmsType\":\"aws-kms\",\"kmsKeyId\":\"arn:aws:kms:x\"}",
        "{\"subject\":\"s\",\"version\":1,\"encryptedKeyMaterial\":\"AAAA\"}",
        "[{\"name\":\"PII\",\"entityTypes\":[\"cf_entity\"]}]",
        "[{}]",
        "[null]",
        "{\"schema\":null,\"schemaType\":null,\"references\":null}",
    ]);
    prop_oneof![
        4 => request,
        3 => other.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..64),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nothing_sent_makes_it_stumble() {
    let registry = EmbeddedRegistry::start().await.unwrap();
    let address = registry.address();
    let shapes = prop_oneof![
        // Paths of endpoints, with odd names in them, and any paths.
        3 => (segment(), segment()).prop_map(|(subject, version)| {
            format!("/subjects/{subject}/versions/{version}")
        }),
        3 => segment().prop_map(|subject| format!("/subjects/{subject}/versions")),
        1 => segment().prop_map(|subject| format!("/subjects/{subject}")),
        1 => segment().prop_map(|subject| format!("/config/{subject}")),
        1 => segment().prop_map(|subject| format!("/mode/{subject}")),
        1 => segment().prop_map(|id| format!("/schemas/ids/{id}")),
        1 => segment().prop_map(|kek| format!("/dek-registry/v1/keks/{kek}/deks/s")),
        4 => prop::collection::vec(segment(), 0..7).prop_map(|s| format!("/{}", s.join("/"))),
    ];
    let method = prop::sample::select(vec![
        "GET", "GET", "POST", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "BREW",
    ]);
    let headers = prop::sample::select(vec![
        "",
        "",
        "",
        "accept: */*\r\n",
        "accept: text/html\r\n",
        "accept: application/json\r\n",
        "content-type: text/plain\r\n",
        "content-type: application/json; charset=x\r\n",
        "content-type: \u{7f}\r\n",
        "accept: ;;q=,\r\n",
    ]);
    let requests = (method, shapes, query(), headers, body());
    let mut runner = TestRunner::new(Config {
        cases: 1500,
        failure_persistence: None,
        ..Config::default()
    });
    let outcome = tokio::task::spawn_blocking(move || {
        let outcome = runner.run(&requests, |(method, path, query, headers, body)| {
            let target = format!("{path}{query}");
            let request = format!(
                "{method} {target} {headers:?} {}",
                String::from_utf8_lossy(&body)
            );
            let answer = send(address, method, &target, headers, &body);
            check(&request, method, &answer);
            Ok(())
        });
        outcome.map_err(|error| error.to_string())
    });
    outcome.await.unwrap().unwrap();
    // Still there, and still sane.
    let answer = send(address, "GET", "/schemas/types", "", b"");
    assert_eq!(answer.status, 200);
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
            let answer = send(address, "POST", target, "", body.as_bytes());
            check(&schema[..40], "POST", &answer);
        }
    }
    let nested = "[".repeat(100_000);
    let answer = send(
        address,
        "POST",
        "/subjects/s/versions",
        "",
        nested.as_bytes(),
    );
    assert_eq!(answer.status, 400);
    let answer = send(
        address,
        "GET",
        &format!("/subjects/{}", "a/".repeat(3000)),
        "",
        b"",
    );
    check("a long path", "GET", &answer);
}
