//! Every message of the troubleshooting table exists. Those that this test can provoke
//! also have the table's exit code; the others must occur in the sources.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;

use super::files::{file, readme};
use crate::support::program::{Place, Ran};
use crate::support::stub::{Answer, Stub, refusing_url};

/// Returns the messages of the table's first column with their exit codes.
fn messages() -> BTreeMap<String, Option<i32>> {
    let readme = readme();
    let (_, rest) = readme.split_once("| Message | Cause and cure |\n").unwrap();
    let mut messages = BTreeMap::new();
    for row in rest
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'))
    {
        let cell = row.split('|').nth(1).unwrap();
        let code = cell.split_once("(exit ").map(|(_, rest)| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap()
        });
        for message in cell.split('`').skip(1).step_by(2) {
            messages.insert(message.to_owned(), code);
        }
    }
    messages
}

/// Returns whether `text` contains the message, in which `…` matches anything.
fn has(text: &str, message: &str) -> bool {
    let mut rest = text;
    message.split('…').all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

fn refusing(status: u16, code: u32) -> Ran {
    let stub = Stub::always(Answer::error(status, code));
    Place::new().run(&["--example", "basic", "--schema-registry-url", &stub.url])
}

fn provoked(message: &str, registry: &str) -> Option<Ran> {
    let place = Place::new();
    let at = ["--schema-registry-url", registry];
    let csfle = ["--example", "csfle", at[0], at[1]];
    Some(match message {
        "is half configured" => place.env("SR_API_KEY", "key").run(&["run", "basic"]),
        "--mode full needs both backends or none" => place.run(&["--mode", "full", at[0], at[1]]),
        "cannot connect to the registry" => place.run(&["--schema-registry-url", &refusing_url()]),
        "registry answered 401" => refusing(401, 401),
        "registry answered 403" => refusing(403, 40301),
        "error 40901" => refusing(409, 40901),
        "registry answered 409" => refusing(409, 409),
        "error 42201" => refusing(422, 42201),
        "error 42205" => refusing(422, 42205),
        "error 42206" => refusing(422, 42206),
        "error 40401" => refusing(404, 40401),
        "error 40403" => refusing(404, 40403),
        "not a Schema Registry" => {
            let stub = Stub::always(Answer::raw(200, "application/json", "<html>"));
            place.run(&["--schema-registry-url", &stub.url])
        }
        "magic byte 0x… at offset 0 is neither" => {
            place.run(&["decode", "--hex", "ff00", at[0], at[1]])
        }
        "a remote registry needs a KMS key that outlives this process" => place.run(&csfle),
        "aws-kms refused" => place
            .env(
                "AWS_KMS_KEY_ARN",
                "arn:aws:kms:us-east-1:123456789012:key/x",
            )
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("HOME", "/nonexistent")
            .run(&csfle),
        "the port is taken by another process" => {
            let address = registry.strip_prefix("http://").unwrap();
            place.run(&["serve", "--listen", address])
        }
        "missing flag" => Ran::of(Command::new(file("run-example.sh")).output().unwrap()),
        _ => return None,
    })
}

/// Returns all sources, with continued string literals joined.
fn sources() -> String {
    fn collect(directory: &Path, text: &mut String) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, text);
            } else {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut text = std::fs::read_to_string(file("run-example.sh")).unwrap();
    collect(&file("src"), &mut text);
    let mut joined = String::new();
    for part in text.split("\\\n") {
        joined.push_str(part.trim_start());
    }
    // The script inserts a constant here.
    joined.replace("Purpose=$KMS_PURPOSE", "Purpose=confluent-csfle-kek")
}

#[test]
fn every_message_is_one_that_appears() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let registry = runtime.block_on(EmbeddedRegistry::start()).unwrap();
    let sources = sources();
    let messages = messages();
    let mut seen = 0;
    for (message, code) in &messages {
        match provoked(message, registry.url()) {
            Some(ran) => {
                let Ran { stdout, stderr, .. } = &ran;
                seen += 1;
                assert!(
                    has(stdout, message) || has(stderr, message),
                    "{message:?} is not in\n{stdout}\n{stderr}"
                );
                if let Some(code) = code {
                    assert_eq!(ran.code, *code, "{message}");
                }
            }
            None => assert!(
                has(&sources, message),
                "{message:?} is nowhere in the sources"
            ),
        }
    }
    assert!(seen > 15, "{seen} of {}", messages.len());
}
