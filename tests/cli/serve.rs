//! `serve`, until it is told to stop.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus};

use super::program::Place;

/// A running `serve`; dropping it kills it.
pub struct Served {
    child: Child,
    pub url: String,
}

impl Served {
    pub fn start(place: &Place, arguments: &[&str]) -> Self {
        let all = [&["serve", "--listen", "127.0.0.1:0"][..], arguments].concat();
        let mut child = place.start(&all);
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let url = line.split_whitespace().last().unwrap().to_owned();
        // Kept open: a closed pipe would end the server.
        std::thread::spawn(move || stdout.lines().count());
        Self { child, url }
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
fn the_command_it_prints_for_full_mode_works_and_cleans_up_after_itself() {
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
    // The brokers cannot delete anything, which is said; asked to delete a group,
    // they would end the process that asks.
    place
        .run(&[&["clean", "--run-id", "pasted"], backends].concat())
        .expect(1)
        .says("removed 8 subjects; still there:");
    child.kill().unwrap();
    child.wait().unwrap();
}
