//! Registries for the program: an embedded one behind a proxy that changes answers, and
//! sockets that answer anything.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use serde_json::Value;
use tokio::runtime::Runtime;

/// A request that passes through the proxy.
pub struct Asked {
    pub method: String,
    /// Path and query.
    pub path: String,
    pub body: String,
    /// Number of earlier requests.
    pub before: usize,
}

/// Decides about a request: answers it, or forwards it with `None`.
pub type Before = fn(&Asked) -> Option<(u16, &'static str)>;
/// Changes the registry's answer.
pub type After = fn(&Asked, u16, Value) -> (u16, Value);

/// An embedded registry behind a proxy that imitates another vendor.
pub struct Dialect {
    pub url: String,
    pub direct: String,
    _registry: EmbeddedRegistry,
    _runtime: Runtime,
}

impl Dialect {
    pub fn start(before: Before, after: After) -> Self {
        let runtime = Runtime::new().unwrap();
        let registry = runtime.block_on(EmbeddedRegistry::start()).unwrap();
        let direct = registry.url().to_owned();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let target = direct.clone();
        let client = crate::support::http::client();
        let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let app = Router::new().fallback(move |request: Request| {
            let (target, client, count) = (target.clone(), client.clone(), count.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, 1 << 20).await.unwrap();
                let asked = Asked {
                    method: parts.method.to_string(),
                    path: parts.uri.to_string(),
                    body: String::from_utf8_lossy(&body).into_owned(),
                    before: count.fetch_add(1, std::sync::atomic::Ordering::SeqCst),
                };
                if let Some((status, body)) = before(&asked) {
                    return answer(status, body.to_owned());
                }
                let reply = client
                    .request(parts.method, format!("{target}{}", asked.path))
                    .header("content-type", "application/json")
                    .body(body)
                    .send()
                    .await
                    .unwrap();
                let status = reply.status().as_u16();
                let text = reply.text().await.unwrap();
                match serde_json::from_str(&text) {
                    Ok(value) => {
                        let (status, value) = after(&asked, status, value);
                        answer(status, value.to_string())
                    }
                    Err(_) => answer(status, text),
                }
            }
        });
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self {
            url,
            direct,
            _registry: registry,
            _runtime: runtime,
        }
    }

    /// Starts the registry without changes.
    pub fn plain() -> Self {
        Self::start(|_| None, |_, status, value| (status, value))
    }
}

fn answer(status: u16, body: String) -> Response {
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap())
        .header("content-type", "application/vnd.schemaregistry.v1+json")
        .header("retry-after", "0")
        .body(Body::from(body))
        .unwrap()
}

/// Starts a socket that answers every request with the same bytes, or never.
pub fn socket(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut silent = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let Some(answer) = answer else {
                silent.push(stream);
                continue;
            };
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 16384]);
                let _ = stream.write_all(answer.as_bytes());
            });
        }
    });
    url
}

/// Returns an address at which nothing listens.
pub fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
