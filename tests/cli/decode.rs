//! `decode` on every form of input.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::program::{Place, Ran};
use super::registry::Dialect;

const RECORD: &str = "0000000002000a0568656c6c6f1202082a";

fn bytes() -> Vec<u8> {
    let pairs = RECORD.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// A registry that knows the record's schema.
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

#[test]
fn an_id_from_a_header() {
    let (place, registry) = registry();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let guid = runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/schemas/ids/2?fetchMaxId=false", registry.direct);
        let text = client.get(url).send().await.unwrap().text().await.unwrap();
        let schema: Value = serde_json::from_str(&text).unwrap();
        schema["guid"].as_str().unwrap_or_default().to_owned()
    });
    let payload = &RECORD[12..];
    let ran = place.run(&["decode", "--header-guid", &guid, "--hex", payload]);
    ran.expect(0).says("\"f1\": \"hello\"");
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
    let input = format!("{RECORD}\n0000000063000a\nzz\n{RECORD}\n");
    let ran = place
        .run_with(&["decode", "--hex", "-o", "json"], input.as_bytes())
        .expect(1);
    assert_eq!(ran.stdout.lines().count(), 2);
    let ran = ran
        .complains("message 2")
        .complains("id 99")
        .complains("message 3");
    assert!(!ran.stderr.contains("panicked"));
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
