//! `decode` on every form of input.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::registry::Dialect;
use crate::support::program::{Place, Ran};

const RECORD: &str = "0000000002000a0568656c6c6f1202082a";

fn bytes() -> Vec<u8> {
    crate::support::unhex(RECORD)
}

/// Starts a registry with the record's schema.
fn registry() -> (Place, Dialect) {
    let registry = Dialect::plain();
    let place = Place::new().env("SCHEMA_REGISTRY_URL", &registry.url);
    place.run(&["--example", "basic"]).expect(0);
    (place, registry)
}

#[track_caller]
fn messages(ran: Ran) -> Vec<Value> {
    let ran = ran.expect(0);
    let lines = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| line["message"].clone()).collect()
}

#[test]
fn every_form_of_input() {
    let (place, _registry) = registry();
    let message = json!({"f1": "hello", "f2": {"other_id": 42}});
    let one = vec![message.clone()];
    let base64 = STANDARD.encode(bytes());
    let decode = |arguments: &[&str], input: &[u8]| {
        messages(place.run_with(&[&["decode", "-o", "json"][..], arguments].concat(), input))
    };
    std::fs::write(place.join("record.bin"), bytes()).unwrap();
    std::fs::write(place.join("record.hex"), format!("{RECORD}\n\n{RECORD}\n")).unwrap();

    assert_eq!(decode(&["--hex", RECORD], b""), one);
    assert_eq!(decode(&["--base64", &base64], b""), one);
    assert_eq!(decode(&["--hex"], RECORD.as_bytes()), one);
    assert_eq!(decode(&["--base64"], base64.as_bytes()), one);
    assert_eq!(decode(&[], &bytes()), one);
    assert_eq!(decode(&["-"], &bytes()), one);
    assert_eq!(decode(&[], RECORD.as_bytes()), one);
    assert_eq!(decode(&["record.bin"], b""), one);
    for arguments in [&["record.hex"][..], &["--hex", "record.hex"]] {
        assert_eq!(decode(arguments, b""), [message.clone(), message.clone()]);
    }

    let mut stream = Vec::new();
    for value in [Some(bytes()), None, Some(bytes())] {
        let length = value.as_ref().map_or(-1, |value| value.len() as i32);
        stream.extend(length.to_be_bytes());
        stream.extend(value.unwrap_or_default());
    }
    let read = decode(&["--length-prefixed"], &stream);
    assert_eq!(read, [message.clone(), Value::Null, message]);
}

/// Sends a request to the registry directly.
fn ask(registry: &Dialect, path: &str, body: Option<Value>) -> Value {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = format!("{}{path}", registry.direct);
    let text = runtime.block_on(async {
        let client = crate::support::http::client();
        let request = match body {
            None => client.get(url),
            Some(body) => client
                .post(url)
                .header("content-type", "application/json")
                .body(body.to_string()),
        };
        request.send().await.unwrap().text().await.unwrap()
    });
    serde_json::from_str(&text).unwrap()
}

#[test]
fn an_id_from_a_header() {
    let (place, registry) = registry();
    let guid = ask(&registry, "/schemas/ids/2?fetchMaxId=false", None);
    let guid = guid["guid"].as_str().unwrap();
    let payload = &RECORD[12..];
    for header in [guid, "0000000002"] {
        place
            .run(&["decode", "--header-guid", header, "--hex", payload])
            .expect(0)
            .says("message index [0]: com.acme.MyRecord")
            .says("\"f1\": \"hello\"");
    }
    let arguments = ["decode", "-o", "json", "--header-guid", "0000000002"];
    let ran = place.run_with(&arguments, &bytes()[6..]).expect(0);
    let entry = ran.json();
    assert_eq!(entry["header"]["hex"], "000000000200");
    assert_eq!(entry["header"]["parts"][1]["offset"], 1);
    assert_eq!(entry["parts"][0]["offset"], 0);
    assert_eq!(entry["message"]["f1"], "hello");

    // Empty input is a message whose fields all have their defaults.
    std::fs::write(place.join("empty"), "").unwrap();
    for input in [&["empty"][..], &["--hex", ""], &["--hex"], &["-"]] {
        let ran = place.run(&[&arguments[..], input].concat());
        assert_eq!(messages(ran), [json!({})], "{input:?}");
    }
    place.run(&["decode"]).expect(2).complains("no message");
}

#[test]
fn people_see_the_envelope_and_the_message() {
    let (place, _registry) = registry();
    place
        .run(&["decode", "--hex", RECORD])
        .expect(0)
        .says("0001  00 00 00 02")
        .says("com.acme.MyRecord")
        .says("\"other_id\": 42");
}

#[test]
fn what_cannot_be_decoded_is_said_and_the_rest_is_shown() {
    let (place, _registry) = registry();
    let input = format!("{RECORD}\n0000000063000a\nzz\nff\n{RECORD}\n");
    let ran = place
        .run_with(&["decode", "--hex", "-o", "json"], input.as_bytes())
        .expect(1)
        .complains("error: cannot decode message 2\n")
        .complains("id 99")
        .complains("that this is the registry")
        .complains("error: cannot decode message 3\n");
    assert!(!ran.stderr.contains("panicked"));
    let entries: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(entries.len(), 5);
    for (index, entry) in entries.iter().enumerate() {
        assert_eq!(entry["number"], index + 1);
        let failed = matches!(index, 1..=3);
        assert_eq!(entry.get("error").is_some(), failed, "{entry}");
        assert_eq!(entry.get("message").is_none(), failed, "{entry}");
    }
    assert_eq!(entries[1]["schema_id"], 99);
    assert_eq!(entries[1]["parts"][3]["offset"], 6);
    assert_eq!(entries[3]["hex"], "ff");
    for bad in [
        "ff",
        "00",
        "00000000",
        "0000000002",
        "000000000202",
        "0000000002000aff",
    ] {
        place
            .run(&["decode", "--hex", bad])
            .expect(1)
            .complains("error: ");
    }
}

#[test]
fn the_envelope_is_shown_whatever_is_wrong_behind_it() {
    let (place, registry) = registry();
    let schema = "syntax = \"proto3\"; import \"google/protobuf/any.proto\"; \
                  message Holder { google.protobuf.Any any = 1; }";
    let request = json!({"schemaType": "PROTOBUF", "schema": schema});
    let id = ask(&registry, "/subjects/holder-value/versions", Some(request));
    let id = id["id"].as_u64().unwrap();
    let empty_any = format!("00{id:08x}000a00");
    let unknown_any = format!("00{id:08x}000a0a0a08612f702e4d6f7265");
    let ran = place.run(&["decode", "-o", "json", "--hex", &empty_any]);
    assert_eq!(messages(ran), [json!({"any": {}})]);
    for (record, type_name, what) in [
        ("0000000063000a", "of unknown type", "id 99"),
        ("0000000002000aff", "com.acme.MyRecord", "offset 6"),
        (unknown_any.as_str(), "Holder", "p.More"),
    ] {
        place
            .run(&["decode", "--hex", record])
            .expect(1)
            .says(&format!("message 1: {type_name} (schema id "))
            .says("magic byte 0")
            .says("schema id")
            .says("message index [0]")
            .complains("cannot decode message 1")
            .complains(what);
    }
}

#[test]
fn no_subject_is_made_up() {
    let registry = Dialect::refusing(403, 40301, |asked| {
        asked.path.starts_with("/schemas/ids/") && asked.query.contains("subject=")
    });
    let place = Place::new().env("SCHEMA_REGISTRY_URL", &registry.direct);
    place.run(&["--example", "basic"]).expect(0);
    let url = ["--schema-registry-url", &registry.url];
    let arguments = ["decode", "--hex", RECORD];
    place.run(&[&arguments[..], &url].concat()).expect(0);
}

#[test]
fn wrapped_text_is_one_message() {
    let (place, _registry) = registry();
    let text = "hello".repeat(20);
    let mut long = vec![0, 0, 0, 0, 2, 0, 0x0a, 100];
    long.extend(text.as_bytes());
    let hex: String = long.iter().map(|byte| format!("{byte:02x}")).collect();
    for (text, width) in [(hex, 60), (STANDARD.encode(&long), 76)] {
        let lines: Vec<_> = text.as_bytes().chunks(width).collect();
        let input = lines.join(&b"\n"[..]);
        let ran = place.run_with(&["decode", "-o", "json"], &input);
        let read = messages(ran);
        assert_eq!(read.len(), 1);
        assert_eq!(read[0]["f1"].as_str().unwrap().len(), 100);
    }
}

#[test]
fn what_came_before_the_end_of_a_cut_stream_is_shown() {
    let (place, _registry) = registry();
    let mut stream = Vec::new();
    for _ in 0..3 {
        stream.extend((bytes().len() as u32).to_be_bytes());
        stream.extend(bytes());
    }
    stream.truncate(stream.len() - 5);
    let ran = place
        .run_with(&["decode", "--length-prefixed", "-o", "json"], &stream)
        .expect(2)
        .complains("cannot decode message 3")
        .complains("offset 46");
    assert_eq!(ran.stdout.lines().count(), 3);
    assert_eq!(ran.stdout.matches("\"f1\":\"hello\"").count(), 2);
}

#[test]
fn messages_are_shown_as_they_come() {
    let (place, _registry) = registry();
    let prefixed = [&(bytes().len() as u32).to_be_bytes()[..], &bytes()].concat();
    let line = format!("{RECORD}\n").into_bytes();
    for (form, message) in [("--length-prefixed", prefixed), ("--hex", line)] {
        let mut child = place
            .command(&["decode", "-o", "json", form])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        for _ in 0..2 {
            stdin.write_all(&message).unwrap();
            stdin.flush().unwrap();
            let mut shown = String::new();
            stdout.read_line(&mut shown).unwrap();
            assert!(shown.contains("hello"), "{shown}");
        }
        #[cfg(unix)]
        {
            let id = child.id().to_string();
            let mut kill = std::process::Command::new("kill");
            // Like Ctrl-C, which a shell's background job ignores.
            assert!(kill.args(["-TERM", &id]).status().unwrap().success());
        }
        #[cfg(not(unix))]
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert!(output.stderr.is_empty(), "{output:?}");
    }
}

/// Starts a registry with the state after example 9, and returns a record of it.
fn encrypted() -> (Dialect, String) {
    let registry = Dialect::plain();
    let place = Place::new()
        .env("SCHEMA_REGISTRY_URL", &registry.url)
        .env("LOCAL_SECRET", "a secret for tests");
    let report = place.run(&["--example", "csfle", "-o", "json"]);
    let report = report.expect(0).json();
    let steps = report["examples"][0]["steps"].as_array().unwrap();
    let record = steps
        .iter()
        .find_map(|step| step["records"][0]["hex"].as_str());
    let record = record.unwrap().to_owned();
    (registry, record)
}

#[test]
fn encrypted_fields_are_shown_in_plain_with_the_key() {
    let (registry, record) = encrypted();
    let place = Place::new()
        .env("SCHEMA_REGISTRY_URL", &registry.url)
        .env("LOCAL_SECRET", "a secret for tests");
    let ran = place
        .run(&["decode", "-o", "json", "--hex", &record])
        .expect(0);
    assert_eq!(ran.stderr, "");
    let entry = ran.json();
    assert_eq!(entry["message"]["ssn"], "123-45-6789");
    assert_eq!(entry.get("note"), None);

    // By GUID in a header, of the bare payload, too.
    let id = u32::from_str_radix(&record[2..10], 16).unwrap();
    let schema = ask(&registry, &format!("/schemas/ids/{id}"), None);
    let guid = schema["guid"].as_str().unwrap();
    place
        .run(&["decode", "--header-guid", guid, "--hex", &record[12..]])
        .expect(0)
        .says("123-45-6789");
}

#[test]
fn encrypted_fields_are_shown_as_on_the_wire_without_the_key() {
    let (registry, record) = encrypted();
    let no_key = Place::new().env("SCHEMA_REGISTRY_URL", &registry.url);
    let other_key = Place::new()
        .env("SCHEMA_REGISTRY_URL", &registry.url)
        .env("LOCAL_SECRET", "another secret");
    for place in [no_key, other_key] {
        let twice = format!("{record}\n{record}\n");
        let ran = place
            .run_with(&["decode", "-o", "json", "--hex"], twice.as_bytes())
            .expect(0)
            .complains("note: shown as on the wire, without applying rule \"encryptPII\": ");
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        let entries: Vec<Value> = ran
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(entries.len(), 2);
        for entry in entries {
            assert_eq!(entry["message"]["name"], "Jane Doe");
            assert_ne!(entry["message"]["ssn"], "123-45-6789");
            assert!(entry["note"].as_str().unwrap().contains("encryptPII"));
        }
    }
}

#[test]
fn a_rule_that_cannot_be_run_does_not_hide_the_message() {
    let (place, registry) = registry();
    let mut schema = ask(
        &registry,
        "/subjects/ruled-value/versions",
        Some(json!({
            "schemaType": "PROTOBUF",
            "schema": "syntax = \"proto3\"; message Ruled { string f1 = 1; }",
            "ruleSet": {"domainRules": [{
                "name": "checkSize", "kind": "CONDITION", "type": "CEL", "mode": "READ",
                "expr": "size(message.f1) > 2",
            }]},
        })),
    );
    let id = schema["id"].take().as_u64().unwrap();
    let record = format!("00{id:08x}000a0568656c6c6f");
    place
        .run(&["decode", "--hex", &record])
        .expect(0)
        .says("\"f1\": \"hello\"")
        .complains("note: shown as on the wire, without applying rule \"checkSize\": ");
}
