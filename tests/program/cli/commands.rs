//! `run`, `list`, `help`, and a command line without a command.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;

use serde_json::{Value, json};

use super::registry::Dialect;
use crate::support::program::{Place, Ran};

/// Returns the names of the examples in a run's document, in order.
fn names(ran: &Ran) -> Vec<String> {
    let document = ran.json();
    let examples = document["examples"].as_array().unwrap();
    let names = examples.iter().map(|example| example["name"].as_str());
    names.map(|name| name.unwrap().to_owned()).collect()
}

fn list() -> Vec<String> {
    let names = names(&Place::new().run(&["list", "-o", "json"]).expect(0));
    assert_eq!(names.len(), 10);
    names
}

fn texts(value: &Value) -> Vec<String> {
    let texts = value.as_array().unwrap().iter();
    texts
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn asking_for_nothing_shows_the_short_help_and_reaches_no_backend() {
    let configured = TcpListener::bind("127.0.0.1:0").unwrap();
    configured.set_nonblocking(true).unwrap();
    let url = format!("http://{}", configured.local_addr().unwrap());
    for arguments in [&[][..], &["-v"], &["-q"], &["-vv", "--output", "human"]] {
        let place = Place::new().env("SCHEMA_REGISTRY_URL", &url);
        let ran = place.run(arguments).expect(2);
        let ran = ran.complains("Usage: ").complains("hint: `run basic`");
        assert_eq!(ran.stdout, "", "{arguments:?}");
        // Not even a log file.
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    }
    let place = Place::new().env("SCHEMA_REGISTRY_URL", &url);
    let document = place.run(&["-o", "json"]).expect(2).json();
    assert_eq!(document["exit_code"], 2);
    let message = document["error"]["message"].as_str().unwrap();
    assert!(message.contains("no command and no example"), "{message}");
    let error = configured.accept().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn list_names_every_example_on_a_line_of_its_own() {
    let ran = Place::new().run(&["list"]).expect(0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let named: Vec<&str> = lines
        .iter()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(named, list());
    for line in lines {
        assert!(line.split_whitespace().count() > 1, "{line}");
    }
}

#[test]
fn both_ways_to_name_examples_run_them_in_that_order_and_once() {
    for arguments in [
        &["run", "null", "basic"][..],
        &["run", "null", "basic", "null"],
        &["--example", "null,basic"],
        &["--example", "null", "--example", "basic"],
        &["--mode", "schema-only", "--example=null,basic"],
    ] {
        let ran = Place::new().run(&[arguments, &["-o", "json"]].concat());
        assert_eq!(names(&ran.expect(0)), ["null", "basic"], "{arguments:?}");
    }
}

#[test]
fn every_example_is_explained_as_it_runs() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    for name in list() {
        let explained = Place::new()
            .run(&["help", &name, "-o", "json"])
            .expect(0)
            .json();
        let arguments = [
            "run", &name, "--mode", "full", "--run-id", "demo", "-o", "json",
        ];
        let ran = Place::new().run(&arguments).expect(0).json();
        let example = &ran["examples"][0];
        assert_eq!(explained["title"], example["title"]);
        let steps = example["steps"].as_array().unwrap();
        let titles: Vec<&str> = steps
            .iter()
            .map(|step| step["title"].as_str().unwrap())
            .collect();
        assert_eq!(texts(&explained["steps"]), titles, "{name}");
        // The subjects that exist now, and those that a step registered.
        let registered = steps
            .iter()
            .filter_map(|step| step["registered"].as_array());
        let registered = registered.flatten().map(|made| &made["subject"]);
        let there = example["subjects"].as_array().unwrap().iter();
        let used: BTreeSet<String> = there
            .chain(registered)
            .map(|subject| subject.as_str().unwrap().to_owned())
            .collect();
        let of_demo = |key: &str| {
            let texts = texts(&explained[key]).into_iter();
            texts
                .map(|text| text.replace("{run_id}", "demo"))
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(of_demo("subjects"), used, "{name}");
        let topics = texts(&example["topics"]).into_iter().collect();
        assert_eq!(of_demo("topics"), topics, "{name}");
        let source = explained["source"].as_str().unwrap();
        assert!(
            Path::new(env!("CARGO_MANIFEST_DIR")).join(source).is_file(),
            "{source}"
        );
        let number = &explained["number"];
        assert!(
            readme.contains(&format!("#### Example {number}: ")),
            "{name}"
        );
        assert!(readme.contains(&format!("(`--example {name}`)")), "{name}");

        let ran = Place::new().run(&["help", &name]).expect(0);
        for line in ran.stdout.lines() {
            assert!(line.chars().count() <= 80, "{name}: {line}");
        }
        let ran = ran
            .says(source)
            .says(titles[0])
            .says(&format!("run {name}"));
        assert_eq!(ran.stderr, "");
        for change in explained["changes"].as_array().unwrap() {
            assert!(
                ran.stdout.contains(change["key"].as_str().unwrap()),
                "{name}"
            );
        }
    }
}

#[test]
fn help_explains_commands_as_their_own_help_does() {
    let help = |arguments: &[&str]| Place::new().run(arguments).expect(0).stdout;
    assert_eq!(help(&["help"]), help(&["--help"]));
    for command in [
        "run",
        "list",
        "help",
        "serve",
        "decode",
        "doctor",
        "clean",
        "completions",
        "man",
    ] {
        assert_eq!(
            help(&["help", command]),
            help(&[command, "--help"]),
            "{command}"
        );
    }
    let completions = help(&["help", "completions"]);
    for file in ["~/.bashrc", "~/.zshrc", "~/.config/fish"] {
        assert!(
            completions.contains(file),
            "{file} is not in\n{completions}"
        );
    }
}

#[test]
fn all_on_a_remote_registry_without_a_key_says_so_first_and_skips_csfle() {
    let registry = Dialect::plain();
    let url = ["--schema-registry-url", &registry.url];
    let ran = Place::new()
        .run(&[&["run", "all", "-v"][..], &url].concat())
        .expect(2);
    let ran = ran
        .says("9 passed, 0 failed, 1 skipped")
        .says("a remote registry needs a KMS key")
        .complains("error: csfle was skipped")
        .complains("--skip csfle");
    let noted = ran.stderr.find("note: csfle will be skipped").unwrap();
    let first = ran.stderr.find("debug: ").unwrap();
    let begun = ran.stderr.find("subjects/other-").unwrap_or(first);
    assert!(noted < begun, "{}", ran.stderr);

    let ran = Place::new()
        .run(&[&["run", "all", "-o", "json"][..], &url].concat())
        .expect(2);
    let document = ran.json();
    let csfle = &document["examples"][8];
    let end = json!([csfle["name"], csfle["result"], csfle["error"]["exit_code"]]);
    assert_eq!(end, json!(["csfle", "skipped", 2]));
    assert_eq!(document["exit_code"], 2);
    let passed = document["examples"].as_array().unwrap().iter();
    assert_eq!(
        passed
            .filter(|example| example["result"] == "passed")
            .count(),
        9
    );
}

#[test]
fn examples_that_are_left_out_on_purpose_are_no_failure() {
    let registry = Dialect::plain();
    let arguments = [
        "run",
        "all",
        "--skip",
        "csfle,null",
        "--schema-registry-url",
        &registry.url,
    ];
    let ran = Place::new().run(&arguments).expect(0);
    let ran = ran
        .says("8 passed, 0 failed, 2 skipped")
        .says("excluded by --skip");
    assert!(!ran.stderr.contains("csfle"), "{}", ran.stderr);
    assert!(!ran.stdout.contains("── 9"), "{}", ran.stdout);
}
