//! A registry whose answers the test determines.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cc_protobuf_examples::schema_registry::{Client, ClientBuilder};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// The registry's reaction to a request.
pub enum Answer {
    Json(u16, Value),
    /// Closes the connection without an answer.
    HangUp,
    /// Keeps the connection open without an answer.
    Silence,
}

impl Answer {
    pub fn ok(body: Value) -> Self {
        Self::Json(200, body)
    }

    pub fn error(status: u16, code: u32) -> Self {
        let message = format!("error {code}");
        Self::Json(
            status,
            serde_json::json!({"error_code": code, "message": message}),
        )
    }
}

/// A received request.
pub struct Request {
    pub method: String,
    /// Path, percent-encoded, without the query.
    pub path: String,
    pub query: String,
    pub body: Value,
}

pub struct Stub {
    url: String,
    log: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl Stub {
    pub async fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(answer);
        let server = tokio::spawn({
            let log = log.clone();
            async move {
                // Dropped with this task, and with it the connections.
                let mut connections = JoinSet::new();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    let (log, answer) = (log.clone(), answer.clone());
                    connections.spawn(async move {
                        let _ = serve(stream, &log, &*answer).await;
                    });
                }
            }
        });
        Self { url, log, server }
    }

    /// Returns a client with short timeouts.
    pub fn client(&self) -> Client {
        client(&self.url)
    }

    /// Returns method and path of every request so far.
    pub fn requests(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Stops the registry; further connections are refused.
    pub fn stop(&self) {
        self.server.abort();
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub fn client(url: &str) -> Client {
    let builder = ClientBuilder::new(url).retries(0);
    builder
        .request_timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

async fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<String>>,
    answer: &(impl Fn(&Request) -> Answer + ?Sized),
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut read = Vec::new();
    loop {
        let head = loop {
            if let Some(end) = read.windows(4).position(|w| w == b"\r\n\r\n") {
                break end;
            }
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        };
        let text = String::from_utf8_lossy(&read[..head]).into_owned();
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            is_length.then(|| value.trim().parse::<usize>().unwrap())
        });
        let end = head + 4 + length.unwrap_or(0);
        while read.len() < end {
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        }
        let mut words = text.split_whitespace();
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = Request {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            body: serde_json::from_slice(&read[head + 4..end]).unwrap_or_default(),
        };
        read.drain(..end);
        log.lock()
            .unwrap()
            .push(format!("{} {}", request.method, request.path));
        match answer(&request) {
            Answer::HangUp => return Ok(()),
            Answer::Silence => std::future::pending().await,
            Answer::Json(status, body) => {
                let body = body.to_string();
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                stream.write_all((head + &body).as_bytes()).await?;
            }
        }
    }
}
