//! The program accepts the README's commands, and the block about `serve` and `decode`
//! works as described.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::files::readme;
use crate::support::program::{Place, Ran};

/// Returns what follows `cargo run … --`, anywhere in the README.
fn commands(text: &str) -> Vec<Vec<&str>> {
    text.match_indices("cargo run")
        .filter_map(|(at, _)| {
            let line = text[at..].lines().next()?;
            let end = line.find(['`', '|', '#']).unwrap_or(line.len());
            let (options, arguments) = line[..end].split_once(" -- ")?;
            assert!(
                matches!(options, "cargo run" | "cargo run --release"),
                "{options}"
            );
            Some(arguments.split_whitespace().collect())
        })
        .collect()
}

/// Flags and values are read before help is given.
fn help(command: &[&str]) -> Ran {
    Place::new().run(&[command, &["--help"]].concat())
}

#[test]
fn every_command_is_understood() {
    let readme = readme();
    let commands = commands(&readme);
    assert!(commands.len() > 5, "{commands:?}");
    for command in commands {
        help(&command).expect(0);
    }
}

#[test]
fn a_command_that_is_not_understood_would_be_found() {
    for line in [
        "cargo run -- --exmple basic",
        "`cargo run -- serv`",
        "cargo run -- --example basi",
    ] {
        let [command] = &commands(line)[..] else {
            panic!("{line}")
        };
        help(command).expect(2);
    }
}

struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn serve_and_decode_together() {
    let readme = readme();
    let block = readme
        .split("```")
        .find(|block| block.contains("run -- serve --listen"))
        .unwrap();
    let all = commands(block);
    let (first, rest) = all.split_first().unwrap();
    assert_eq!(first[..2], ["serve", "--listen"]);
    let there = Place::new();
    let mut serve = there.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut served = Served(serve.stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    // Keep the pipe open; closing it would end the server.
    let mut stdout = BufReader::new(served.0.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let url = line.split_whitespace().last().unwrap();
    assert!(block.contains("export SCHEMA_REGISTRY_URL=http://127.0.0.1:8081"));
    let place = Place::new().env("SCHEMA_REGISTRY_URL", url);
    let mut decoded = String::new();
    for command in rest
        .iter()
        .filter(|command| !command.contains(&"--length-prefixed"))
    {
        let ran = place.run(command).expect(0);
        if command[0] == "decode" {
            decoded.push_str(&ran.stdout);
        }
    }
    assert!(decoded.contains("hello"), "{decoded}");

    let posts = readme.split("```").find(|b| b.contains("curl -H")).unwrap();
    let posts = posts.trim_start_matches("bash");
    let posts = posts.replace("http://127.0.0.1:8081", url);
    let ran = Command::new("bash").args(["-c", &posts]).output().unwrap();
    let answer = String::from_utf8_lossy(&ran.stdout);
    assert!(answer.contains("\"id\":"), "{posts}: {answer}");
}
