//! A server that records requests and returns prepared answers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use cc_protobuf_examples::schema_registry::{Client, ClientBuilder};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A received request.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Method, a space, and path and query, encoded as received.
    pub line: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        Some(self.headers.get(name)?.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Clone, Debug)]
pub enum Canned {
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Never answers.
    Silence,
}

impl Canned {
    pub fn raw(status: u16, content_type: &str, body: &str) -> Self {
        Self::Answer {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body: body.to_owned(),
        }
    }

    pub fn json(status: u16, body: Value) -> Self {
        Self::raw(
            status,
            "application/vnd.schemaregistry.v1+json",
            &body.to_string(),
        )
    }

    pub fn ok(body: Value) -> Self {
        Self::json(200, body)
    }

    pub fn error(status: u16, error_code: i32, message: &str) -> Self {
        Self::json(
            status,
            json!({"error_code": error_code, "message": message}),
        )
    }

    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name, value.to_string()));
        }
        self
    }
}

/// The server, stopped when dropped.
pub struct Stub {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    server: JoinHandle<()>,
}

impl Stub {
    /// Starts a server that answers each request with the closure's result.
    pub async fn start(answer: impl FnMut(&Seen) -> Canned + Send + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(Mutex::new(answer));
        let log = seen.clone();
        let handler = move |request: Request| {
            let (log, answer) = (log.clone(), answer.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, usize::MAX).await.unwrap();
                let seen = Seen {
                    line: format!("{} {}", parts.method, parts.uri),
                    headers: parts.headers,
                    body: String::from_utf8(body.to_vec()).unwrap(),
                };
                let canned = (answer.lock().unwrap())(&seen);
                log.lock().unwrap().push(seen);
                match canned {
                    Canned::Answer {
                        status,
                        headers,
                        body,
                    } => headers
                        .into_iter()
                        .fold(Response::builder().status(status), |r, (k, v)| {
                            r.header(k, v)
                        })
                        .body(Body::from(body))
                        .unwrap(),
                    Canned::Silence => std::future::pending().await,
                }
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let router = Router::new().fallback(handler);
            axum::serve(listener, router).await.unwrap();
        });
        Self {
            url: format!("http://{address}"),
            seen,
            server,
        }
    }

    /// Starts a server with these answers in order; the last one repeats.
    pub async fn scripted(answers: Vec<Canned>) -> Self {
        let mut answers = answers.into_iter().peekable();
        let mut current = None;
        Self::start(move |_| {
            current = answers.next().or(current.take());
            current.clone().expect("a script has an answer")
        })
        .await
    }

    pub async fn always(answer: Canned) -> Self {
        Self::start(move |_| answer.clone()).await
    }

    /// Returns the requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// Returns a client with short pauses between attempts.
    pub fn client(&self) -> Client {
        impatient(&self.url).build().unwrap()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Returns settings with very short pauses.
pub fn impatient(urls: &str) -> ClientBuilder {
    ClientBuilder::new(urls).retry_pauses(Duration::from_millis(1), Duration::from_millis(2))
}

/// Returns a URL that refuses connections.
pub async fn refusing_url() -> String {
    // The port of a listener that was closed; nothing else takes it so soon.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    drop(listener);
    format!("http://{address}")
}

/// Returns everything that an error can print: text, Debug form and causes.
pub fn everything(error: &dyn std::error::Error) -> String {
    let mut text = format!("{error:?}");
    let mut next = Some(error);
    while let Some(error) = next {
        text.push_str(&format!(" / {error}"));
        next = error.source();
    }
    text
}
