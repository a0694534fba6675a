//! An HTTP server that records requests and returns answers that the test determines.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cc_protobuf_examples::schema_registry::Client;
use serde_json::{Value, json};

/// A received request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    /// Path and query, still percent-encoded.
    pub target: String,
    pub path: String,
    pub query: String,
    headers: Vec<(String, String)>,
    pub text: String,
    /// The text as JSON; null if it is not JSON.
    pub body: Value,
}

impl Request {
    /// Returns method, a space, path and query.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(given, _)| given.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// Reads the next request; `None` if the client closed the connection.
    fn read(connection: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if connection.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let mut words = head.first().into_iter().flat_map(|line| line.split(' '));
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default().to_owned();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let headers = head.iter().filter_map(|line| line.split_once(": "));
        let mut request = Self {
            path: path.to_owned(),
            query: query.to_owned(),
            method,
            headers: headers.map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
            ..Self::default()
        };
        request.target = target;
        let length = request.header("content-length").unwrap_or("0");
        let mut body = vec![0; length.parse().unwrap()];
        connection.read_exact(&mut body)?;
        request.body = serde_json::from_slice(&body).unwrap_or_default();
        request.text = String::from_utf8(body).unwrap();
        Ok(Some(request))
    }
}

/// The server's reaction to a request.
#[derive(Clone, Debug)]
pub enum Answer {
    Http {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Sends these bytes and closes the connection.
    Bytes(&'static [u8]),
    /// Closes the connection without an answer.
    HangUp,
    /// Keeps the connection open and never answers.
    Silence,
}

impl Answer {
    pub fn raw(status: u16, content_type: &str, body: &str) -> Self {
        Self::Http {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body: body.to_owned(),
        }
    }

    pub fn json(status: u16, body: Value) -> Self {
        let content_type = "application/vnd.schemaregistry.v1+json";
        Self::raw(status, content_type, &body.to_string())
    }

    pub fn ok(body: Value) -> Self {
        Self::json(200, body)
    }

    pub fn error(status: u16, code: u32) -> Self {
        let message = format!("error {code}");
        Self::json(status, json!({"error_code": code, "message": message}))
    }

    pub fn refusal(status: u16, code: i32, message: &str) -> Self {
        Self::json(status, json!({"error_code": code, "message": message}))
    }

    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        if let Self::Http { headers, .. } = &mut self {
            headers.push((name, value.to_string()));
        }
        self
    }
}

#[derive(Default)]
struct State {
    seen: Vec<Request>,
    connections: Vec<Weak<TcpStream>>,
    stopped: bool,
}

/// The server, stopped when dropped. It has its own threads, so that tests need no
/// runtime for it.
pub struct Stub {
    pub url: String,
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    listening: Mutex<Option<JoinHandle<()>>>,
}

impl Stub {
    /// Starts a server that answers each request with the closure's result.
    pub fn new(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let listening = thread::spawn({
            let state = state.clone();
            let answer = Arc::new(answer);
            move || {
                for stream in listener.incoming().flatten() {
                    let stream = Arc::new(stream);
                    let mut locked = state.lock().unwrap();
                    if locked.stopped {
                        return;
                    }
                    locked.connections.retain(|open| open.strong_count() > 0);
                    locked.connections.push(Arc::downgrade(&stream));
                    let (state, answer) = (state.clone(), answer.clone());
                    thread::spawn(move || serve(&stream, &state, &*answer));
                }
            }
        });
        Self {
            url: format!("http://{address}"),
            address,
            state,
            listening: Mutex::new(Some(listening)),
        }
    }

    /// Like [`Stub::new`], for asynchronous tests.
    pub async fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::new(answer)
    }

    /// Starts a server with these answers in order; the last one repeats.
    pub fn scripted(answers: Vec<Answer>) -> Self {
        let left = Mutex::new(answers);
        Self::new(move |_| {
            let mut left = left.lock().unwrap();
            match left.len() {
                1 => left[0].clone(),
                _ => left.remove(0),
            }
        })
    }

    pub fn always(answer: Answer) -> Self {
        Self::new(move |_| answer.clone())
    }

    /// Returns all requests so far.
    pub fn seen(&self) -> Vec<Request> {
        self.state.lock().unwrap().seen.clone()
    }

    /// Returns method and path of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        let seen = self.seen().into_iter();
        seen.map(|seen| format!("{} {}", seen.method, seen.path))
            .collect()
    }

    pub fn count(&self) -> usize {
        self.state.lock().unwrap().seen.len()
    }

    /// Returns a client that does not retry.
    pub fn client(&self) -> Client {
        client(&self.url)
    }

    /// Closes all connections; new ones are refused.
    pub fn stop(&self) {
        let Some(listening) = self.listening.lock().unwrap().take() else {
            return;
        };
        {
            let mut state = self.state.lock().unwrap();
            state.stopped = true;
            for open in state.connections.iter().filter_map(Weak::upgrade) {
                let _ = open.shutdown(Shutdown::Both);
            }
        }
        // The listener checks `stopped` only after a connection.
        let _ = TcpStream::connect(self.address);
        let _ = listening.join();
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.stop();
    }
}

fn serve(
    stream: &TcpStream,
    state: &Mutex<State>,
    answer: &dyn Fn(&Request) -> Answer,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut connection = BufReader::new(stream);
    while let Some(request) = Request::read(&mut connection)? {
        state.lock().unwrap().seen.push(request.clone());
        match answer(&request) {
            Answer::HangUp => return Ok(()),
            Answer::Bytes(bytes) => return (&*stream).write_all(bytes),
            Answer::Silence => {
                // Wait until the client gives up.
                let mut rest = [0; 1024];
                while connection.read(&mut rest)? > 0 {}
            }
            Answer::Http {
                status,
                headers,
                body,
            } => {
                let mut text = format!("HTTP/1.1 {status} X\r\n");
                for (name, value) in headers {
                    text += &format!("{name}: {value}\r\n");
                }
                text += &format!("content-length: {}\r\n\r\n{body}", body.len());
                (&*stream).write_all(text.as_bytes())?;
            }
        }
    }
    Ok(())
}

/// Returns a client that does not retry and has short timeouts.
pub fn client(url: &str) -> Client {
    let builder = Client::builder(url).retries(0);
    builder
        .request_timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

/// Returns an address that refuses connections.
pub fn nobody() -> SocketAddr {
    // The port of a listener that was closed; nothing else takes it so soon.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// Returns a URL that refuses connections.
pub fn refusing_url() -> String {
    format!("http://{}", nobody())
}
