//! Slow connections, and more connections than the limit.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use cc_protobuf_examples::embedded::registry::{Builder, EmbeddedRegistry};

use crate::support::raw::{Answer, connect, send};

/// Short deadlines for a test; the deadline that must not pass is long.
fn builder(header: Duration, idle: Duration) -> Builder {
    EmbeddedRegistry::builder()
        .header_timeout(header)
        .idle_timeout(idle)
}

const SHORT: Duration = Duration::from_millis(400);
const LONG: Duration = Duration::from_secs(120);

/// Waits until the server closes the connection; returns what it sent.
fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    // A reset closes the connection, too.
    if let Err(error) = stream.read_to_end(&mut received) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
    }
    received
}

/// Sends a request and reads its answer; the connection stays open.
fn ask(stream: &mut TcpStream) -> Answer {
    let request = format!(
        "GET /subjects HTTP/1.1\r\nhost: {}\r\n\r\n",
        stream.peer_addr().unwrap()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "closed before it answered");
        received.extend_from_slice(&buffer[..read]);
        if let Some(answer) = Answer::parse(&received)
            && answer.header("content-length").unwrap() == answer.body.len().to_string()
        {
            return answer;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_sent_head_is_not_waited_for_long() {
    let registry = builder(SHORT, LONG).start().await.unwrap();
    let address = registry.address();
    let halves: [&[u8]; 3] = [
        b"G",
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nx",
    ];
    for half in halves {
        // On a new connection, and after an answered request.
        for answered in [false, true] {
            let mut stream = connect(address);
            if answered {
                assert_eq!(ask(&mut stream).status, 200);
                // The deadline of the head counts, not the idle time.
                tokio::time::sleep(SHORT * 2).await;
            }
            stream.write_all(half).unwrap();
            let began = Instant::now();
            until_closed(&mut stream);
            assert!(began.elapsed() >= SHORT / 2, "{:?}", began.elapsed());
            assert!(began.elapsed() < LONG / 4, "{:?}", began.elapsed());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_drips_is_cut_off() {
    let registry = builder(SHORT, LONG).start().await.unwrap();
    let mut stream = connect(registry.address());
    let began = Instant::now();
    // Each byte arrives in time, but the whole head does not.
    while stream.write_all(b"x").is_ok() {
        assert!(began.elapsed() < LONG / 4);
        tokio::time::sleep(SHORT / 8).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_are_closed_and_used_ones_kept() {
    let registry = builder(LONG, SHORT * 2).start().await.unwrap();
    let mut silent = connect(registry.address());
    let mut used = connect(registry.address());
    for _ in 0..6 {
        assert_eq!(ask(&mut used).status, 200);
        tokio::time::sleep(SHORT).await;
    }
    assert_eq!(until_closed(&mut silent), b"");
    let began = Instant::now();
    assert_eq!(until_closed(&mut used), b"");
    assert!(began.elapsed() < LONG / 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_body_ends_with_the_request() {
    let registry = builder(LONG, LONG).request_timeout(SHORT);
    let registry = registry.start().await.unwrap();
    let mut stream = connect(registry.address());
    let head = format!(
        "PUT /config HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{",
        registry.address()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let answer = Answer::parse(&until_closed(&mut stream)).unwrap();
    assert_eq!(answer.status, 408);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_takes_is_given_up() {
    let registry = builder(LONG, LONG).max_connections(1);
    let registry = registry.request_timeout(SHORT * 2).start().await.unwrap();
    let address = registry.address();
    // Too many answers for the buffers of the system.
    let mut stream = connect(address);
    let name = "s".repeat(50_000);
    let request = format!("GET /subjects/{name}/versions HTTP/1.1\r\nhost: {address}\r\n\r\n");
    stream.set_write_timeout(Some(SHORT)).unwrap();
    while stream.write_all(request.as_bytes()).is_ok() {}
    let began = Instant::now();
    while send(address, "GET", "/subjects", &[], b"").status == 503 {
        assert!(began.elapsed() < LONG / 4);
        tokio::time::sleep(SHORT / 4).await;
    }
    drop(stream);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_connections_are_refused_in_words() {
    let registry = builder(LONG, LONG).max_connections(3);
    let registry = registry.start().await.unwrap();
    let address = registry.address();
    let mut open: Vec<TcpStream> = (0..3).map(|_| connect(address)).collect();
    for stream in &mut open {
        assert_eq!(ask(stream).status, 200);
    }
    for body in ["", "{}"] {
        let json = [("content-type", "application/json")];
        let answer = send(address, "POST", "/subjects/s", &json, body.as_bytes());
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("retry-after"), Some("1"));
        let error: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(error["error_code"], 503);
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("3 open connections")
        );
    }
    // Open connections still work, and a closed one frees its place.
    assert_eq!(ask(&mut open[0]).status, 200);
    open.pop();
    let began = Instant::now();
    while send(address, "GET", "/subjects", &[], b"").status == 503 {
        assert!(began.elapsed() < LONG / 4);
        tokio::time::sleep(SHORT / 8).await;
    }
}
