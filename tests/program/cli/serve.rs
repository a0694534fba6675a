//! The command `serve`, until it is stopped.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::support::program::Place;
use crate::support::raw;

/// A running `serve`; dropping it kills it.
pub struct Served {
    child: Child,
    pub url: String,
}

impl Served {
    pub fn start(place: &Place, arguments: &[&str]) -> Self {
        let all = [&["serve", "--listen", "127.0.0.1:0"][..], arguments].concat();
        Self::of(place.start(&all))
    }

    /// Runs `serve` with a limit of open files.
    fn with_descriptors(place: &Place, descriptors: usize) -> Self {
        let serve = place.command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut limited = Command::new("sh");
        limited
            .arg("-c")
            .arg(format!("ulimit -n {descriptors} && exec \"$0\" \"$@\""))
            .arg(serve.get_program())
            .args(serve.get_args())
            .current_dir(place.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(place.join("stderr")).unwrap());
        Self::of(limited.spawn().unwrap())
    }

    fn of(mut child: Child) -> Self {
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let url = line.split_whitespace().last().unwrap().to_owned();
        // Keep the pipe open; closing it would end the server.
        std::thread::spawn(move || stdout.lines().count());
        Self { child, url }
    }

    fn address(&self) -> SocketAddr {
        self.url.trim_start_matches("http://").parse().unwrap()
    }

    /// Sends one request; returns status and body.
    fn ask(&self, request_line: &str, headers: &str, body: &str) -> (u16, String) {
        let host = self.address();
        let length = body.len();
        let request = format!(
            "{request_line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
        );
        let answer = raw::exchange(host, request.as_bytes());
        (answer.status, answer.text())
    }

    fn signal(mut self, name: &str) -> ExitStatus {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &id])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn serves_until_a_signal_comes() {
    for signal in ["-TERM", "-INT"] {
        let place = Place::new();
        let served = Served::start(&place, &[]);
        let arguments = ["--example", "basic", "--schema-registry-url", &served.url];
        place.run(&arguments).expect(0).complains("clean --run-id");
        assert!(served.signal(signal).success());
    }
}

const JSON: &str = "content-type: application/json\r\n";

/// Creates a shared KEK and requests a key of it.
fn use_shared_kek(served: &Served) -> (u16, String) {
    let kek = r#"{"name": "k", "kmsType": "local-kms", "kmsKeyId": "x", "shared": true}"#;
    let made = served.ask("POST /dek-registry/v1/keks", JSON, kek);
    assert_eq!(made.0, 200, "{}", made.1);
    served.ask("POST /dek-registry/v1/keks/k/deks/s", JSON, "{}")
}

#[test]
fn a_kms_is_used_only_when_a_flag_says_so() {
    let place = Place::new().env("LOCAL_SECRET", "a secret for tests");
    let (status, body) = use_shared_kek(&Served::start(&place, &[]));
    assert_eq!(status, 500);
    assert!(body.contains("50070"), "{body}");
    assert!(!body.contains("keyMaterial"), "{body}");
    let served = Served::start(&place, &["--kms", "local,aws"]);
    let (status, body) = use_shared_kek(&served);
    assert_eq!(status, 200);
    assert!(body.contains("\"keyMaterial\""), "{body}");

    let missing = ["serve", "--listen", "127.0.0.1:0", "--kms", "local"];
    let ran = Place::new().run(&missing).expect(2);
    ran.complains("--kms local needs LOCAL_SECRET");
    let unknown = ["serve", "--listen", "127.0.0.1:0", "--kms", "azure"];
    Place::new().run(&unknown).expect(2).complains("local, aws");
}

#[test]
fn the_keys_of_a_user_who_starts_it_are_safe_from_web_pages() {
    let place = Place::new().env("LOCAL_SECRET", "a secret for tests");
    let served = Served::start(&place, &["--kms", "local"]);
    assert_eq!(use_shared_kek(&served).0, 200);
    let share = "PUT /dek-registry/v1/keks/k";
    let body = r#"{"shared": true}"#;
    for headers in [
        "origin: http://evil.example\r\n",
        "origin: null\r\n",
        "sec-fetch-site: cross-site\r\n",
    ] {
        let (status, answer) = served.ask(share, &format!("{JSON}{headers}"), body);
        assert_eq!(status, 403, "{headers}: {answer}");
        let get = "GET /dek-registry/v1/keks/k/deks/s";
        let (status, answer) = served.ask(get, headers, "");
        assert_eq!(status, 403, "{headers}");
        assert!(!answer.contains("Material"), "{answer}");
    }
    assert_eq!(served.ask(share, "", body).0, 415);
}

#[test]
fn a_flag_allows_pages_of_an_origin() {
    let origins = ["http://localhost:3000", "https://pages.example"];
    let [first, second] = origins.map(|origin| ["--allow-origin", origin]);
    let served = Served::start(&Place::new(), &[first, second].concat());
    for (origin, status) in [
        ("http://localhost:3000", 200),
        ("https://pages.example", 200),
        ("http://localhost:3001", 403),
    ] {
        let headers = format!("origin: {origin}\r\n");
        assert_eq!(served.ask("GET /subjects", &headers, "").0, status);
    }
    for nonsense in ["*", "localhost:3000", "http://a/b", "null"] {
        let arguments = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--allow-origin",
            nonsense,
        ];
        let ran = Place::new().run(&arguments).expect(2);
        ran.complains("give scheme, host and port");
    }
}

#[test]
fn serves_512_connections_at_once() {
    let served = Served::with_descriptors(&Place::new(), 1024);
    let mut open: Vec<_> = (0..512).map(|_| raw::connect(served.address())).collect();
    for stream in &mut open {
        let host = stream.peer_addr().unwrap();
        let request = format!("GET /subjects HTTP/1.1\r\nhost: {host}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut start = [0; 15];
        stream.read_exact(&mut start).unwrap();
        assert_eq!(&start, b"HTTP/1.1 200 OK");
    }
}

#[test]
fn few_descriptors_never_run_out() {
    let place = Place::new();
    let served = Served::with_descriptors(&place, 256);
    let open: Vec<_> = (0..300).map(|_| raw::connect(served.address())).collect();
    let (status, body) = served.ask("GET /subjects", "", "");
    assert_eq!(status, 503);
    assert!(body.contains("192 open connections"), "{body}");
    drop(open);
    let deadline = Instant::now() + Duration::from_secs(60);
    while served.ask("GET /subjects", "", "").0 != 200 {
        assert!(Instant::now() < deadline, "closed connections still count");
        std::thread::sleep(Duration::from_millis(20));
    }
    // The log does not have a line for each refused connection.
    let log = std::fs::read_to_string(place.join("stderr")).unwrap();
    assert!(log.lines().count() < 10, "{log}");
    assert!(
        log.starts_with("warning: ") && log.contains("limit=192"),
        "{log}"
    );
}

#[test]
fn prints_settings_to_paste() {
    let place = Place::new()
        .env("SR_API_KEY", "the-key")
        .env("SR_API_SECRET", "hunter2");
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--basic-auth",
        "--kafka",
    ];
    let mut child = place.start(&arguments);
    let mut text = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    while !text.contains("--bootstrap-servers") {
        assert!(stdout.read_line(&mut text).unwrap() > 0, "{text}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    for needle in [
        "curl",
        "schema.registry.url",
        "SchemaRegistryClient",
        "baseURLs",
        "kcat",
    ] {
        assert!(text.contains(needle), "{needle} is not in\n{text}");
    }
    assert!(!text.contains("hunter2"));
}

#[test]
fn the_command_it_prints_for_full_mode_works_and_clean_names_what_stays() {
    let place = Place::new();
    let mut child = place.start(&["serve", "--listen", "127.0.0.1:0", "--kafka"]);
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains("--bootstrap-servers") {
        assert!(stdout.read_line(&mut text).unwrap() > 0, "{text}");
    }
    std::thread::spawn(move || stdout.lines().count());
    let (_, command) = text.rsplit_once("cc-protobuf-examples ").unwrap();
    let command = command.replace('\\', " ");
    let command: Vec<&str> = command.split_whitespace().collect();
    let (mode, backends) = command.split_at(2);
    assert_eq!(mode, ["--mode", "full"]);
    for example in ["basic", "strategies"] {
        let more = ["--run-id", "pasted", "--example", example];
        place.run(&[&command[..], &more[..]].concat()).expect(0);
    }
    // The brokers cannot delete anything, and `clean` says so. A request to delete a
    // group would end the program.
    place
        .run(&[&["clean", "--run-id", "pasted"], backends].concat())
        .expect(1)
        .says("removed 8 subjects; still there:");
    child.kill().unwrap();
    child.wait().unwrap();
}
