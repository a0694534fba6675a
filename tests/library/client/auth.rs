//! Credentials reach the registry, and neither other servers nor messages.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cc_protobuf_examples::schema_registry::{
    BoxError, Client, ClientCredentials, Error, ErrorKind, Secret, TokenProvider,
};
use futures_util::future::BoxFuture;
use serde_json::json;

use crate::client::{everything, impatient};
use crate::support::stub::{Answer, Request, Stub, refusing_url};

const SECRET: &str = "t0ps3cret/+= ü";

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[tokio::test]
async fn basic_credentials_are_sent() {
    let stub = Stub::always(Answer::ok(json!([])));
    let client = impatient(&stub.url)
        .basic_auth("KEY", SECRET)
        .build()
        .unwrap();
    client.subjects().await.unwrap();
    assert_eq!(
        stub.seen()[0].header("authorization"),
        Some(basic("KEY", SECRET).as_str())
    );
}

#[tokio::test]
async fn user_information_of_the_url_is_used() {
    let stub = Stub::always(Answer::ok(json!([])));
    let url = stub.url.replace("http://", "http://k%40y:p%2Fw@");
    let client = impatient(&url).build().unwrap();
    client.subjects().await.unwrap();
    let seen = &stub.seen()[0];
    assert_eq!(
        seen.header("authorization"),
        Some(basic("k@y", "p/w").as_str())
    );
    assert_eq!(client.base_urls().collect::<Vec<_>>(), [stub.url.as_str()]);
}

#[tokio::test]
async fn bearer_tokens_come_with_pool_and_cluster() {
    let stub = Stub::always(Answer::ok(json!([])));
    let client = impatient(&stub.url)
        .bearer_token("abc")
        .identity_pool_id("pool-1")
        .logical_cluster("lsrc-1")
        .build()
        .unwrap();
    client.subjects().await.unwrap();
    let seen = &stub.seen()[0];
    assert_eq!(seen.header("authorization"), Some("Bearer abc"));
    assert_eq!(seen.header("confluent-identity-pool-id"), Some("pool-1"));
    assert_eq!(seen.header("target-sr-cluster"), Some("lsrc-1"));
}

/// A registry that is also a token endpoint with numbered tokens.
fn identity_provider(expires_in: serde_json::Value) -> Stub {
    let tokens = AtomicUsize::new(0);
    Stub::new(move |seen| {
        if !seen.line().ends_with(" /token") {
            return Answer::ok(json!([]));
        }
        let n = tokens.fetch_add(1, Ordering::SeqCst) + 1;
        Answer::ok(json!({
            "access_token": format!("token-{n}"), "token_type": "bearer", "expires_in": expires_in,
        }))
    })
}

fn granted(stub: &Stub, credentials: ClientCredentials) -> Client {
    impatient(&stub.url)
        .oauth(credentials)
        .identity_pool_id("pool-1")
        .build()
        .unwrap()
}

fn credentials(stub: &Stub) -> ClientCredentials {
    ClientCredentials::new(format!("{}/token", stub.url), "id", SECRET).scope("a b")
}

fn tokens_asked_for(stub: &Stub) -> usize {
    let is_token = |seen: &Request| seen.line() == "POST /token";
    stub.seen().iter().filter(|seen| is_token(seen)).count()
}

#[tokio::test]
async fn one_token_serves_many_tasks() {
    let stub = identity_provider(json!(3600));
    let client = granted(&stub, credentials(&stub));
    let calls = (0..50).map(|_| client.subjects());
    for result in futures_util::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(tokens_asked_for(&stub), 1);

    let seen = stub.seen();
    let grant = &seen[0];
    assert_eq!(grant.line(), "POST /token");
    assert_eq!(grant.text, "grant_type=client_credentials&scope=a%20b");
    assert_eq!(
        grant.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    let encoded = "t0ps3cret%2F%2B%3D%20%C3%BC";
    assert_eq!(
        grant.header("authorization"),
        Some(basic("id", encoded).as_str())
    );
    assert_eq!(grant.header("confluent-identity-pool-id"), None);
    let calls = || seen.iter().filter(|seen| seen.line() == "GET /subjects");
    assert_eq!(calls().count(), seen.len() - 1);
    for call in calls() {
        assert_eq!(call.header("authorization"), Some("Bearer token-1"));
        assert_eq!(call.header("confluent-identity-pool-id"), Some("pool-1"));
    }
}

#[tokio::test]
async fn credentials_may_travel_in_the_form() {
    let stub = identity_provider(json!("3600"));
    let client = granted(&stub, credentials(&stub).credentials_in_body(true));
    client.subjects().await.unwrap();
    client.subjects().await.unwrap();
    let grant = &stub.seen()[0];
    assert_eq!(
        grant.text,
        "grant_type=client_credentials&scope=a%20b&client_id=id&client_secret=t0ps3cret%2F%2B%3D%20%C3%BC"
    );
    assert_eq!(grant.header("authorization"), None);
    assert_eq!(tokens_asked_for(&stub), 1);
}

#[tokio::test]
async fn expired_tokens_are_renewed() {
    let stub = identity_provider(json!(0));
    let client = granted(&stub, credentials(&stub));
    for n in 1..=3 {
        client.subjects().await.unwrap();
        let last = stub.seen().pop().unwrap();
        assert_eq!(
            last.header("authorization"),
            Some(format!("Bearer token-{n}").as_str())
        );
    }
}

#[tokio::test]
async fn a_token_refused_early_is_renewed_once() {
    let tokens = AtomicUsize::new(0);
    let stub = Stub::new(move |seen| {
        if seen.line() == "POST /token" {
            let n = tokens.fetch_add(1, Ordering::SeqCst) + 1;
            return Answer::ok(json!({"access_token": format!("token-{n}")}));
        }
        match seen.header("authorization") {
            Some("Bearer token-2") => Answer::ok(json!([])),
            _ => Answer::refusal(401, 401, "Unauthorized"),
        }
    });
    let client = granted(&stub, credentials(&stub));
    client.subjects().await.unwrap();
    assert_eq!(tokens_asked_for(&stub), 2);

    let strict = Stub::new(|seen| match seen.line().as_str() {
        "POST /token" => Answer::ok(json!({"access_token": "x", "token_type": "Bearer"})),
        _ => Answer::refusal(401, 401, "Unauthorized"),
    });
    let error = granted(&strict, credentials(&strict))
        .subjects()
        .await
        .unwrap_err();
    assert!(error.is_unauthorized());
    assert_eq!(strict.count(), 4, "two tokens, two tries");
}

#[tokio::test]
async fn failures_of_token_endpoints_are_distinguished() {
    let refusal = json!({"error": "invalid_client", "error_description": format!("not {SECRET}")});
    for (answer, kind, words) in [
        (
            Answer::json(401, refusal),
            ErrorKind::Unauthorized,
            "invalid_client: not ***",
        ),
        (
            Answer::json(400, json!({"error": "invalid_scope"})),
            ErrorKind::Unauthorized,
            "invalid_scope",
        ),
        (
            Answer::raw(503, "text/html", "<html>"),
            ErrorKind::Server,
            "503",
        ),
        (
            Answer::raw(200, "text/html", "<html>"),
            ErrorKind::Server,
            "not a JSON object",
        ),
        (
            Answer::ok(json!({"access_token": null})),
            ErrorKind::Server,
            "no access_token",
        ),
        (
            Answer::ok(json!({"access_token": SECRET, "token_type": "mac"})),
            ErrorKind::Server,
            "not Bearer",
        ),
        (
            Answer::ok(json!({"access_token": SECRET, "token_type": 5})),
            ErrorKind::Server,
            "not a JSON object",
        ),
    ] {
        let stub = Stub::always(answer);
        let error = granted(&stub, credentials(&stub))
            .subjects()
            .await
            .unwrap_err();
        let text = everything(&error);
        assert_eq!(error.kind(), kind, "{text}");
        assert!(text.contains(words), "{text}");
        assert!(!text.contains(SECRET), "{text}");
        assert!(matches!(error, Error::Token { .. }));
    }

    let url = refusing_url();
    let client = impatient("http://127.0.0.1:1")
        .oauth(ClientCredentials::new(&url, "id", SECRET))
        .build()
        .unwrap();
    let error = client.subjects().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
}

#[tokio::test]
async fn a_passing_failure_of_the_token_endpoint_is_overcome() {
    let asked = AtomicUsize::new(0);
    let stub = Stub::new(move |seen| {
        if seen.line() != "POST /token" {
            return Answer::ok(json!([]));
        }
        match asked.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Answer::raw(503, "text/plain", "busy"),
            _ => Answer::ok(json!({"access_token": "x"})),
        }
    });
    granted(&stub, credentials(&stub)).subjects().await.unwrap();
    assert_eq!(tokens_asked_for(&stub), 3);
}

/// Returns numbered tokens and records which are refused.
struct Numbered {
    next: AtomicUsize,
    refused: Arc<Mutex<Vec<String>>>,
}

impl TokenProvider for Numbered {
    fn token(&self) -> BoxFuture<'_, Result<Secret, BoxError>> {
        let n = self.next.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            match n {
                3.. => Err("no more tokens".into()),
                n => Ok(Secret::new(format!("number-{n}"))),
            }
        })
    }

    fn rejected(&self, token: &Secret) {
        self.refused.lock().unwrap().push(token.expose().to_owned());
    }
}

#[tokio::test]
async fn applications_may_bring_their_own_tokens() {
    let stub = Stub::new(|seen| match seen.header("authorization") {
        Some("Bearer number-1" | "Bearer number-2") => Answer::ok(json!([])),
        _ => Answer::refusal(401, 401, "Unauthorized"),
    });
    let refused = Arc::new(Mutex::new(Vec::new()));
    let client = impatient(&stub.url)
        .token_provider(Numbered {
            next: AtomicUsize::new(0),
            refused: refused.clone(),
        })
        .build()
        .unwrap();
    client.subjects().await.unwrap();
    client.subjects().await.unwrap();
    assert_eq!(*refused.lock().unwrap(), ["number-0"]);
    let error = client.subjects().await.unwrap_err();
    assert!(everything(&error).contains("no more tokens"), "{error:?}");
    assert_eq!(stub.count(), 3);
}

#[tokio::test]
async fn redirects_get_no_credentials() {
    let elsewhere = Stub::always(Answer::ok(json!([])));
    let stub = Stub::always(Answer::json(307, json!({})).with("location", &elsewhere.url));
    let client = impatient(&stub.url)
        .basic_auth("KEY", SECRET)
        .build()
        .unwrap();
    let error = client.subjects().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotARegistry);
    assert_eq!(elsewhere.count(), 0);
}

/// Collects all tracing events of this thread, at every level.
struct Everything(Arc<Mutex<String>>);

impl tracing::Subscriber for Everything {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        attributes.record(&mut Fields(&self.0));
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut Fields(&self.0));
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Fields(&self.0));
        self.0.lock().unwrap().push('\n');
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

struct Fields<'a>(&'a Mutex<String>);

impl tracing::field::Visit for Fields<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        write!(self.0.lock().unwrap(), "{field}={value:?} ").unwrap();
    }
}

#[tokio::test]
async fn nothing_that_is_printed_or_logged_has_a_secret() {
    let log = Arc::new(Mutex::new(String::new()));
    let guard = tracing::subscriber::set_default(Everything(log.clone()));

    // Servers that repeat the request, with every status.
    let mut shown = String::new();
    for status in [200, 302, 400, 401, 403, 404, 409, 422, 429, 500] {
        let echo = Stub::new(move |seen| {
            let credentials = seen.header("authorization").unwrap_or_default();
            let decoded = credentials
                .split_once(' ')
                .and_then(|(_, encoded)| STANDARD.decode(encoded).ok())
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            let text = format!("{credentials} {decoded:?} {}", seen.text);
            Answer::refusal(status, status.into(), &text)
                .with("location", "http://user:t0ps3cret@localhost/?t0ps3cret")
        });
        let with_user = echo.url.replace("http://", "http://user:t0ps3cret@");
        for builder in [
            impatient(&echo.url).basic_auth("key", "t0ps3cret"),
            impatient(&echo.url).bearer_token("t0ps3cret"),
            impatient(&with_user),
            impatient(&echo.url).oauth(
                ClientCredentials::new(format!("{}/token", echo.url), "id", "t0ps3cret")
                    .credentials_in_body(true),
            ),
        ] {
            write!(shown, "{builder:?}").unwrap();
            let client = builder.retries(1).build().unwrap();
            write!(shown, "{client:?}").unwrap();
            let error = client.subjects().await.unwrap_err();
            shown.push_str(&everything(&error));
        }
    }
    drop(guard);
    let log = log.lock().unwrap();
    assert!(log.contains("GET") && log.contains("/subjects"), "{log}");
    for text in [&shown, &*log] {
        for secret in ["t0ps3cret", &STANDARD.encode("key:t0ps3cret")] {
            let at = text.find(secret);
            assert_eq!(at.map(|at| &text[at.saturating_sub(200)..]), None);
        }
    }
}

#[test]
fn settings_hide_secrets() {
    let credentials = ClientCredentials::new("https://idp/token", "id", SECRET);
    assert!(!format!("{credentials:?}").contains("t0ps3cret"));
    assert_eq!(format!("{:?}", Secret::from(SECRET)), "***");
}
