//! An HTTP client over a bare socket that sends any bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use serde_json::Value;

const V1_JSON: &str = "application/vnd.schemaregistry.v1+json";

/// Longest time for a request; a slower one counts as a hang.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Path and query, encoded as sent.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn json(method: &str, target: &str, body: &Value) -> Self {
        Self {
            headers: vec![("Content-Type".to_owned(), V1_JSON.to_owned())],
            body: body.to_string().into_bytes(),
            ..Self::new(method, target)
        }
    }
}

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// A running registry, stopped when dropped.
pub struct Server {
    registry: EmbeddedRegistry,
}

impl Server {
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let builder = EmbeddedRegistry::builder().local_kms_secret("a secret for tests");
        Self {
            registry: runtime.block_on(builder.start()).unwrap(),
        }
    }

    pub fn send(&self, request: &Request) -> Response {
        exchange(self.registry.address(), request)
            .unwrap_or_else(|error| panic!("{error} on {request:?}"))
    }

    pub fn get(&self, target: &str) -> Value {
        self.expect_ok(&Request::new("GET", target))
    }

    pub fn post(&self, target: &str, body: &Value) -> Value {
        self.expect_ok(&Request::json("POST", target, body))
    }

    fn expect_ok(&self, request: &Request) -> Value {
        let response = self.send(request);
        let json = response.json();
        assert_eq!(response.status, 200, "{json:?} on {request:?}");
        json.unwrap()
    }
}

fn exchange(address: SocketAddr, request: &Request) -> std::io::Result<Response> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut head = format!(
        "{} {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n",
        request.method, request.target
    );
    for (name, value) in &request.headers {
        head += &format!("{name}: {value}\r\n");
    }
    if !request.body.is_empty() {
        head += &format!("Content-Length: {}\r\n", request.body.len());
    }
    head += "\r\n";
    stream.write_all(head.as_bytes())?;
    stream.write_all(&request.body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    parse(&answer).ok_or_else(|| std::io::Error::other("no whole HTTP response"))
}

fn parse(answer: &[u8]) -> Option<Response> {
    let split = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..split]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let header = |wanted: &str| {
        head.split("\r\n").skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted)
                .then(|| value.trim().to_owned())
        })
    };
    Some(Response {
        status,
        content_type: header("content-type"),
        body: answer[split + 4..].to_vec(),
    })
}
