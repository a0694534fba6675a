//! stdout and stderr that are full, closed, narrow or wide, and text with terminal
//! control characters.

use std::fs::File;
use std::io::Read;

use serde_json::{Value, json};

use super::registry::{Dialect, server};
use crate::support::program::{Place, Ran};
use crate::support::stub::{Answer, refusing_url};

/// Characters that terminals execute or hide.
const HIDDEN: [char; 8] = [
    '\u{1b}', '\u{7f}', '\u{80}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}',
];

fn hostile() -> String {
    HIDDEN.iter().flat_map(|&c| [c, 'x']).collect()
}

#[track_caller]
fn shows_nothing_hidden(ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        for hidden in HIDDEN {
            assert!(!text.contains(hidden), "{hidden:?} is in\n{text}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_is_lost_is_a_failure() {
    let registry = Dialect::plain();
    let place = Place::new().env("SCHEMA_REGISTRY_URL", &registry.url);
    place.run(&["--example", "basic"]).expect(0);
    for arguments in [
        &["--example", "basic", "--embedded"][..],
        &["--example", "basic", "--embedded", "-q"],
        &["--example", "basic", "--embedded", "-o", "json"],
        &["decode", "--hex", "0000000002000a0568656c6c6f1202082a"],
        &[
            "decode",
            "--hex",
            "0000000002000a0568656c6c6f1202082a",
            "-o",
            "json",
        ],
        &["doctor"],
        &["doctor", "-o", "json"],
        &["clean", "--run-id", "a", "--dry-run"],
        &["clean", "--run-id", "a", "--dry-run", "-o", "json"],
        &["serve", "--listen", "127.0.0.1:0"],
        &["serve", "--listen", "127.0.0.1:0", "-o", "json"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["-h"],
        &["--version"],
        &["decode", "--help"],
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ran = place.run_into(arguments, full.into());
        assert_eq!(ran.code, 1, "{arguments:?}\n{}", ran.stderr);
        for text in ["error: cannot write to stdout", "No space left", "hint: "] {
            assert!(ran.stderr.contains(text), "{arguments:?}\n{}", ran.stderr);
        }
    }
}

#[test]
fn a_closed_pipe_does_not_hide_a_failure() {
    let nobody = refusing_url();
    let refusing = server(Answer::error(401, 401));
    for (arguments, code) in [
        (&["doctor", "--schema-registry-url", &nobody][..], 3),
        (&["doctor", "--schema-registry-url", &refusing], 4),
        (
            &["--example", "evolution", "--set", "evolution.level=NONE"],
            1,
        ),
        (&["--example", "basic", "--schema-registry-url", &nobody], 3),
        (&["--example", "all"], 0),
        (&["man"], 0),
        (&["--help"], 0),
    ] {
        let place = Place::new();
        let mut child = place.start(arguments);
        // The pipe has no reader, so the first write fails.
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{stderr}");
        assert_eq!(stderr.is_empty(), code == 0, "{arguments:?}\n{stderr}");
        assert!(!stderr.contains("stdout"), "{arguments:?}\n{stderr}");
    }
}

#[test]
fn a_closed_stderr_is_no_failure_of_its_own() {
    for (arguments, code) in [
        (&["--example", "basic", "-vv"][..], 0),
        (&["--exmple"], 2),
        (&["--run-id", "a b"], 2),
        (
            &["doctor", "-v", "--schema-registry-url", &refusing_url()],
            3,
        ),
    ] {
        let place = Place::new();
        let mut child = place.start(arguments);
        drop(child.stderr.take());
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_to_end(&mut Vec::new()).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{arguments:?}");
    }
}

/// Starts a registry whose schema 1 has one string field; returns it with a record.
fn record_of(text: &str) -> (Place, Dialect, String) {
    let registry = Dialect::plain();
    let schema = "syntax = \"proto3\"; message M { string s = 1; }";
    let request = json!({"schemaType": "PROTOBUF", "schema": schema}).to_string();
    let url = format!("{}/subjects/m-value/versions", registry.direct);
    let client = tokio::runtime::Runtime::new().unwrap();
    let answer = client.block_on(async {
        let post = crate::support::http::client().post(url);
        let post = post
            .header("content-type", "application/json")
            .body(request);
        post.send().await.unwrap().text().await.unwrap()
    });
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let id = answer["id"].as_u64().unwrap();
    let record = format!("00{id:08x}000a{:02x}{hex}", text.len());
    let place = Place::new().env("SCHEMA_REGISTRY_URL", &registry.url);
    (place, registry, record)
}

#[test]
fn values_reach_json_whole_and_people_escaped() {
    let text = format!("ü漢\n{}", hostile());
    let (place, _registry, record) = record_of(&text);
    let ran = place
        .run(&["decode", "-o", "json", "--hex", &record])
        .expect(0);
    shows_nothing_hidden(&ran);
    assert_eq!(ran.json()["message"]["s"], text.as_str());
    let ran = place.run(&["decode", "--hex", &record]).expect(0);
    shows_nothing_hidden(&ran);
    ran.says("ü漢\\n").says("\\u007f").says("\\u202e");

    let set = format!("basic.f1={}", hostile());
    let example = ["--example", "basic", "--set", &set];
    let ran = Place::new().run(&example).expect(0);
    shows_nothing_hidden(&ran);
    let ran = Place::new().run(&[&example[..], &["-o", "json"]].concat());
    shows_nothing_hidden(&ran);
    let steps = &ran.expect(0).json()["examples"][0]["steps"];
    let read = steps
        .as_array()
        .unwrap()
        .iter()
        .find_map(|step| step["facts"].get("read"));
    assert_eq!(read.unwrap()["f1"], hostile());
}

#[test]
fn text_of_others_is_escaped_in_errors() {
    let failing = server(Answer::refusal(422, 50001, &hostile()));
    let schema = json!({"schema": "{}", "schemaType": hostile()});
    let other_type = server(Answer::ok(schema));
    let file = format!("{}.bin", hostile());
    let flag = format!("--{}", hostile());
    let url = |url: &str| ["--schema-registry-url".to_owned(), url.to_owned()];
    let decode = ["decode", "--hex", "000000000100"].map(str::to_owned);
    for (arguments, code) in [
        ([&decode[..], &url(&failing)].concat(), 1),
        ([&decode[..], &url(&other_type)].concat(), 1),
        (
            [&["decode".to_owned(), file.clone()][..], &url(&failing)].concat(),
            2,
        ),
        (vec![flag], 2),
        (vec![hostile()], 2),
        (vec!["man".to_owned(), hostile()], 2),
        (vec!["--example".to_owned(), hostile()], 2),
        (vec!["--run-id".to_owned(), hostile()], 2),
        (vec!["--set".to_owned(), hostile()], 2),
        (
            vec!["--set".to_owned(), format!("null.age={}", hostile())],
            2,
        ),
        (
            vec![
                "--save-schemas".to_owned(),
                format!("/dev/null/{}", hostile()),
            ],
            2,
        ),
        (
            vec!["serve".to_owned(), "--listen".to_owned(), hostile()],
            2,
        ),
    ] {
        for output in [&[][..], &["-o", "json"]] {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let ran = Place::new().run(&[&arguments[..], output].concat());
            let ran = ran.expect(code);
            shows_nothing_hidden(&ran);
            ran.complains("\\u{202e}");
        }
    }
}

#[cfg(unix)]
#[test]
fn arguments_that_are_not_utf8_are_named_or_work() {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let bad = OsStr::from_bytes(b"\xff");
    let os = |text: &str| OsString::from(text);
    for arguments in [
        vec![os("--run-id"), bad.to_owned()],
        vec![OsString::from_vec(b"--run-id=\xff".to_vec())],
        vec![os("--set"), bad.to_owned()],
        vec![os("--schema-registry-url"), bad.to_owned()],
        vec![os("decode"), os("--header-guid"), bad.to_owned()],
        // A file may have this name, but an id may not.
        vec![
            os("--save-schemas"),
            OsString::from_vec(b"d\xfe".to_vec()),
            os("--run-id"),
            bad.to_owned(),
        ],
    ] {
        let ran = Place::new().run_os(&arguments).expect(2);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        ran.complains("\\xFF").complains("hint: ");
    }
    let ran = Place::new().run_os(&[os("-o"), os("json"), os("--run-id"), bad.to_owned()]);
    let message = ran.expect(2).json()["error"]["message"].to_string();
    assert!(message.contains("after --run-id"), "{message}");

    let (place, _registry, record) = record_of("a");
    let file = OsString::from_vec(b"f\xff.hex".to_vec());
    std::fs::write(place.path().join(&file), &record).unwrap();
    for arguments in [
        vec![os("decode"), file.clone()],
        vec![os("decode"), os("--hex"), file],
    ] {
        place.run_os(&arguments).expect(0).says("\"s\": \"a\"");
    }
    let directory = OsString::from_vec(b"d\xff".to_vec());
    let log = OsString::from_vec(b"l\xff.log".to_vec());
    let arguments = [
        os("--embedded"),
        os("--example"),
        os("basic"),
        os("--save-schemas"),
        directory.clone(),
        os("--log-file"),
        log.clone(),
    ];
    place.run_os(&arguments).expect(0);
    assert!(place.path().join(directory).join("MyRecord.proto").exists());
    assert!(place.path().join(log).exists());
}

/// Returns the longest line in terminal columns.
fn widest(text: &str) -> usize {
    use unicode_width::UnicodeWidthStr;
    text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0)
}

#[test]
fn narration_keeps_to_the_columns_there_are() {
    let wide = "漢字".repeat(30);
    for (columns, width) in [
        ("20", 40),
        ("40", 40),
        ("63", 63),
        ("120", 120),
        ("200", 120),
        ("x", 80),
    ] {
        let place = Place::new().env("COLUMNS", columns);
        for arguments in [
            &["--run-id", "w1", "--set", &format!("basic.f1={wide}")][..],
            &["doctor"],
        ] {
            let ran = place.run(arguments).expect(0);
            assert!(
                widest(&ran.stdout) <= width,
                "{columns}: {}\n{}",
                widest(&ran.stdout),
                ran.stdout
            );
            assert!(
                widest(&ran.stdout) > width - 25 || width > 100,
                "{columns}\n{}",
                ran.stdout
            );
        }
    }
    // At the minimum width no word is broken.
    let place = Place::new().env("COLUMNS", "40");
    place
        .run(&["doctor", "-v"])
        .expect(0)
        .says("SR_OAUTH_CLIENT_SECRET");
}

/// Runs in a terminal of this width; returns its stdout and stderr.
#[cfg(target_os = "linux")]
fn on_a_terminal(place: &Place, columns: usize, arguments: &str) -> String {
    let program = env!("CARGO_BIN_EXE_cc-protobuf-examples");
    let line = format!("stty rows 40 cols {columns}; '{program}' {arguments}");
    let command = place.command(&[]);
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).env_clear();
    script.envs(
        command
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    script.env("PATH", "/usr/bin:/bin").env("TERM", "xterm");
    script
        .current_dir(place.path())
        .stdin(std::process::Stdio::null());
    let output = script.output().expect("script, of util-linux");
    String::from_utf8(output.stdout).unwrap().replace('\r', "")
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_is_measured_for_both_streams() {
    let plain = Place::new().env("NO_COLOR", "1");
    for (columns, width) in [(25, 40), (50, 50), (100, 100), (300, 120)] {
        let narration = on_a_terminal(&plain, columns, "--example basic");
        assert!(narration.contains("1 passed"), "{narration}");
        let failure = on_a_terminal(&plain, columns, "--run-id 'a b'");
        assert!(
            failure.contains("error: run id") && failure.contains("hint: "),
            "{failure}"
        );
        let doctor = on_a_terminal(&plain, columns, "doctor");
        for text in [narration, failure, doctor] {
            assert!(
                widest(&text) <= width,
                "{columns}: {}\n{text}",
                widest(&text)
            );
        }
    }
    let styled = on_a_terminal(&Place::new(), 80, "--example basic");
    assert!(
        styled.contains("\u{1b}[1m") && styled.contains("\u{1b}[32m✓"),
        "{styled}"
    );
    let failure = on_a_terminal(&Place::new(), 80, "--run-id 'a b'");
    assert!(
        failure.contains("\u{1b}[1m\u{1b}[31merror:\u{1b}[0m run id"),
        "{failure:?}"
    );
}

#[test]
fn quiet_begins_with_a_result() {
    for arguments in [&["--example", "basic", "-q"][..], &["doctor", "-q"]] {
        let ran = Place::new().run(arguments).expect(0);
        let first = ran.stdout.lines().next().unwrap();
        assert!(!first.trim().is_empty(), "{}", ran.stdout);
    }
}

#[test]
fn the_envelope_of_basic_is_shown_in_the_order_of_the_wire() {
    let ran = Place::new().run(&["--example", "basic"]).expect(0);
    let order = [
        "magic byte:",
        "schema id:",
        "message index:",
        "payload length:",
    ];
    let places: Vec<_> = order
        .iter()
        .map(|name| ran.stdout.find(name).unwrap())
        .collect();
    assert!(places.is_sorted(), "{}", ran.stdout);
}

#[test]
fn the_manual_keeps_the_lines_of_its_last_section() {
    let page = Place::new().run(&["man"]).expect(0).stdout;
    let (_, extra) = page.split_once(".SH EXTRA\n.nf\n").expect("as typed");
    let (extra, rest) = extra.split_once(".fi\n").expect("only there");
    assert!(
        extra.contains("Exit codes:") && !extra.contains(".SH"),
        "{extra}"
    );
    assert!(rest.starts_with(".SH VERSION"), "{rest}");
}

#[test]
fn one_of_something_is_not_plural() {
    let (place, _registry, record) = record_of("a");
    let ran = place.run(&["decode", "--hex", &record]).expect(0);
    assert!(!ran.stdout.contains(" 1 bytes"), "{}", ran.stdout);
    let cut = place.run(&["decode", "--hex", "00"]).expect(1);
    assert!(!cut.stderr.contains("1 bytes"), "{}", cut.stderr);
    let ran = place.run(&["clean", "--run-id", "none"]).expect(0);
    ran.says("nothing to remove");
}
