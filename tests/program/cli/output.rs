//! The contents of stdout, stderr and the log file.

use std::io::Read;
#[cfg(unix)]
use std::time::{Duration, Instant};

use crate::support::program::Place;
use crate::support::stub::{Answer, Stub};

#[test]
fn json_is_one_document_and_nothing_else() {
    for mode in ["schema-only", "full"] {
        let ran = Place::new()
            .run(&["-o", "json", "--mode", mode, "--run-id", "j1"])
            .expect(0);
        let document = ran.json();
        assert_eq!(document["exit_code"], 0);
        assert_eq!(document["run_id"], "j1");
        assert_eq!(document["mode"], mode);
        let examples = document["examples"].as_array().unwrap();
        assert_eq!(examples.len(), 10);
        for example in examples {
            assert_eq!(example["result"], "passed", "{example}");
            assert!(!example["steps"].as_array().unwrap().is_empty());
            let topics = example["topics"].as_array().unwrap();
            assert!(mode == "full" || topics.is_empty());
        }
        assert!(ran.stderr.is_empty(), "{}", ran.stderr);
    }
}

#[test]
fn json_tells_errors_too() {
    let document = Place::new()
        .run(&["-o", "json", "--run-id", "a b"])
        .expect(2)
        .json();
    assert_eq!(document["exit_code"], 2);
    assert!(document["error"]["hint"].is_string());
    let failed = [
        "-o",
        "json",
        "--example",
        "evolution",
        "--set",
        "evolution.level=NONE",
    ];
    let document = Place::new().run(&failed).expect(1).json();
    assert_eq!(document["examples"][0]["result"], "failed");
    assert_eq!(document["examples"][0]["error"]["exit_code"], 1);
    let document = Place::new()
        .run(&["-o", "json", "--example", "basi"])
        .expect(2)
        .json();
    assert_eq!(document["exit_code"], 2);
    assert!(
        document["error"]["message"]
            .as_str()
            .unwrap()
            .contains("basi")
    );
    assert!(document["error"]["hint"].is_string());
}

#[test]
fn json_holds_ids_and_records_and_only_the_subjects_there_are() {
    let document = Place::new()
        .run(&["-o", "json", "--mode", "full", "--run-id", "j2"])
        .expect(0)
        .json();
    assert_eq!(document["consumer_group"], "cc-protobuf-examples-j2");
    for example in document["examples"].as_array().unwrap() {
        let steps = example["steps"].as_array().unwrap();
        let sum = |key: &str| {
            steps
                .iter()
                .filter_map(|step| step[key].as_array())
                .map(Vec::len)
                .sum::<usize>()
        };
        let (subjects, registered, records) = match example["name"].as_str().unwrap() {
            "basic" => (2, 2, 1),
            // The run deleted what it had created.
            "delete" => (0, 2, 0),
            "evolution" => (1, 2, 2),
            "oneof" => (4, 4, 3),
            "null" => (2, 0, 7),
            "csfle" => (1, 1, 1),
            "no-auto-register" => (1, 1, 1),
            _ => continue,
        };
        assert_eq!(
            example["subjects"].as_array().unwrap().len(),
            subjects,
            "{example}"
        );
        assert_eq!(
            (sum("registered"), sum("records")),
            (registered, records),
            "{example}"
        );
        let keks = usize::from(example["name"] == "csfle");
        assert_eq!(example["keks"].as_array().unwrap().len(), keks);
    }
}

#[test]
fn failures_do_not_stop_the_other_examples() {
    let ran = Place::new()
        .run(&["--set", "evolution.level=NONE"])
        .expect(1);
    ran.says("9 passed, 1 failed")
        .says("✗ failed: the registry calls v3 incompatible");
}

#[test]
fn quiet_leaves_the_results() {
    let ran = Place::new()
        .run(&["--example", "basic", "-q"])
        .expect(0)
        .says("1 passed, 0 failed");
    assert!(!ran.stdout.contains("Serialize"));
}

#[test]
fn the_log_file_holds_the_narration_in_its_format() {
    let place = Place::new();
    place.run(&["--example", "basic"]).expect(0);
    let log = std::fs::read_to_string(place.join("cc-protobuf-examples.log")).unwrap();
    let line = log
        .lines()
        .find(|line| line.contains("Serialize a message"))
        .unwrap();
    let parts: Vec<&str> = line.splitn(4, " - ").collect();
    assert_eq!(parts[1..3], ["INFO", "example_basic"], "{line}");
    assert_eq!(parts[0].len(), "2026-01-31 12:34:56".len(), "{line}");
    assert!(log.contains(" - DEBUG - "), "{log}");
    for line in log.lines() {
        assert_eq!(line.splitn(4, " - ").count(), 4, "{line}");
    }
    let failing = ["--example", "evolution", "--set", "evolution.level=NONE"];
    place.run(&failing).expect(1);
    let failed = std::fs::read_to_string(place.join("cc-protobuf-examples.log")).unwrap();
    assert!(failed.contains(" - ERROR - "), "{failed}");
    assert!(!log.contains('\u{1b}'));

    let place = Place::new();
    place
        .run(&["--example", "basic", "--log-file", "off"])
        .expect(0);
    place.run(&["doctor"]).expect(0);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    let ran = place
        .run(&["--example", "basic", "--log-file", "/dev/null/x"])
        .expect(0);
    ran.complains("/dev/null/x");
}

#[test]
fn no_colour_without_a_terminal() {
    let ran = Place::new().run(&["--example", "basic"]).expect(0);
    assert!(!ran.stdout.contains('\u{1b}'));
    let forced = Place::new()
        .env("CLICOLOR_FORCE", "1")
        .run(&["--example", "basic"])
        .expect(0);
    assert!(forced.stdout.contains('\u{1b}'));
    let none = Place::new().env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1");
    assert!(
        !none
            .run(&["--example", "basic"])
            .expect(0)
            .stdout
            .contains('\u{1b}')
    );
}

#[test]
fn a_closed_pipe_ends_quietly() {
    for arguments in [
        &["--example", "all"][..],
        &["man"],
        &["completions", "bash"],
        &["--help"],
    ] {
        let place = Place::new();
        let mut child = place.start(arguments);
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 10]).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(
            output.stderr.is_empty(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_run_promptly() {
    // As shells report it: 128 plus the signal's number.
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        end_a_run(signal, code);
    }
}

#[cfg(unix)]
fn end_a_run(signal: &str, code: i32) {
    let place = Place::new();
    let silent = Stub::always(Answer::Silence);
    let child = place.start(&["--schema-registry-url", &silent.url]);
    let log = place.join("cc-protobuf-examples.log");
    // The log file is created shortly before the signal handlers are installed.
    let deadline = Instant::now() + Duration::from_secs(60);
    while !log.exists() {
        assert!(Instant::now() < deadline, "there is no log file");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    let id = child.id().to_string();
    let kill = std::process::Command::new("kill")
        .args([signal, &id])
        .status();
    assert!(kill.unwrap().success());
    let sent = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{signal}");
    assert!(sent.elapsed() < Duration::from_secs(10), "{signal}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_in_an_example_lists_what_may_have_been_made() {
    let registry = super::registry::Dialect::answering(|asked| {
        if asked.method == "GET" && asked.path == "/subjects" {
            std::thread::sleep(Duration::from_secs(5));
        }
        None
    });
    let place = Place::new();
    let url = &registry.url;
    let child = place.start(&["--schema-registry-url", url, "--run-id", "stop"]);
    let output = place.signal_at(child, "-INT", "What the registry holds now");
    assert_eq!(output.status.code(), Some(130));
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    for text in [
        "0 passed, 0 failed, 1 interrupted, 9 skipped",
        "The run may have created:",
        "subject testproto-stop-value",
    ] {
        assert!(stdout.contains(text), "{text}: {stdout}");
    }
}

#[test]
fn verbose_shows_what_the_program_does_and_nothing_of_others() {
    let ran = Place::new().run(&["--example", "basic", "-v"]).expect(0);
    ran.complains("debug: ");
}

#[test]
fn help_names_every_flag_and_example() {
    let ran = Place::new().run(&["--help"]).expect(0);
    let mut ran = ran
        .says("Examples of use")
        .says("SCHEMA_REGISTRY_URL")
        .says("Exit codes");
    for flag in [
        "--mode",
        "--example",
        "--run-id",
        "--use-protoc",
        "--save-schemas",
        "--schema-id-in",
        "--set",
        "--cleanup",
        "--log-file",
        "--embedded",
        "--output",
        "--verbose",
        "--quiet",
        "--schema-registry-url",
        "--bootstrap-servers",
        "no-auto-register",
        "serve",
        "decode",
        "doctor",
        "clean",
        "run",
        "list",
        "help",
        "--skip",
        "completions",
        "man",
    ] {
        ran = ran.says(flag);
    }
    Place::new()
        .run(&["--version"])
        .expect(0)
        .says(env!("CARGO_PKG_VERSION"));
    Place::new()
        .run(&["man"])
        .expect(0)
        .says(".TH cc-protobuf-examples 1")
        .says("cc\\-protobuf\\-examples\\-decode(1)");
    Place::new()
        .run(&["man", "decode"])
        .expect(0)
        .says(".TH cc-protobuf-examples-decode 1")
        .says("length\\-prefixed");
    Place::new()
        .run(&["man", "decod"])
        .expect(2)
        .complains("hint: ");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        Place::new()
            .run(&["completions", shell])
            .expect(0)
            .says("_CC_PROTOBUF_EXAMPLES_COMPLETE");
    }
}
