//! Bad input of all kinds as a table: exit code, `error:`, `hint:`, no secret in the
//! output, no panic, no hang.

use super::registry::server;
use serde_json::json;

use crate::support::program::Place;
use crate::support::stub::{Answer, refusing_url};

const SECRET: &str = "hunter2-do-not-print";

struct Case {
    name: &'static str,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
    code: i32,
    says: &'static [&'static str],
}

fn case(
    name: &'static str,
    arguments: &[&str],
    environment: &[(&'static str, &str)],
    code: i32,
    says: &'static [&'static str],
) -> Case {
    Case {
        name,
        arguments: arguments.iter().map(|&text| text.to_owned()).collect(),
        environment: environment
            .iter()
            .map(|&(name, value)| (name, value.to_owned()))
            .collect(),
        code,
        says,
    }
}

#[track_caller]
fn check(case: &Case) {
    let mut place = Place::new();
    for (name, value) in &case.environment {
        place = place.env(name, value);
    }
    let arguments: Vec<&str> = case.arguments.iter().map(String::as_str).collect();
    let ran = place.run(&arguments);
    let name = case.name;
    assert_eq!(
        ran.code, case.code,
        "{name}\n{}\n{}",
        ran.stdout, ran.stderr
    );
    for needle in ["error: ", "hint: "].iter().chain(case.says) {
        assert!(
            ran.stderr.contains(needle),
            "{name}: {needle:?} is not in\n{}",
            ran.stderr
        );
    }
    let log = std::fs::read_to_string(place.join("cc-protobuf-examples.log")).unwrap_or_default();
    for line in log.lines() {
        assert_eq!(line.splitn(4, " - ").count(), 4, "{name}: {line}");
    }
    for text in [&ran.stdout, &ran.stderr, &log] {
        assert!(!text.contains(SECRET), "{name} leaks\n{text}");
        assert!(!text.contains("panicked"), "{name}\n{text}");
    }
}

#[test]
fn usage() {
    let url = [("SCHEMA_REGISTRY_URL", "http://127.0.0.1:9")];
    for row in [
        case(
            "unknown flag",
            &["--exmple", "basic"],
            &[],
            2,
            &["--example"],
        ),
        case(
            "unknown example",
            &["--example", "basi"],
            &[],
            2,
            &["basic"],
        ),
        case(
            "unknown mode",
            &["--mode", "half"],
            &[],
            2,
            &["schema-only"],
        ),
        case("unknown subcommand", &["server"], &[], 2, &["serve"]),
        case(
            "an example's name as a command",
            &["basic"],
            &[],
            2,
            &["run basic"],
        ),
        case("all examples as a command", &["all"], &[], 2, &["run all"]),
        case(
            "a misspelled one as a command",
            &["evolutoin"],
            &[],
            2,
            &["run evolution"],
        ),
        case(
            "a misspelled one behind run",
            &["run", "basci"],
            &[],
            2,
            &["basic"],
        ),
        case(
            "a misspelled one among others",
            &["--example", "null,basci"],
            &[],
            2,
            &["basic"],
        ),
        case(
            "a misspelled one behind help",
            &["help", "basci"],
            &[],
            2,
            &["basic"],
        ),
        case(
            "a misspelled command behind help",
            &["help", "doctr"],
            &[],
            2,
            &["doctor"],
        ),
        case("run without a name", &["run"], &[], 2, &["<NAME>"]),
        case(
            "run flags before run",
            &["--mode", "full", "run", "basic"],
            &[],
            2,
            &["--mode", "run NAME"],
        ),
        case(
            "nothing left to run",
            &["run", "basic", "--skip", "null,basic"],
            &[],
            2,
            &["--skip"],
        ),
        case(
            "run flag beside a subcommand",
            &["doctor", "--mode", "full"],
            &[],
            2,
            &["--mode"],
        ),
        case(
            "run id with a space",
            &["--run-id", "a b"],
            &[],
            2,
            &["run id"],
        ),
        case("empty run id", &["--run-id", ""], &[], 2, &["run id"]),
        case(
            "--set without a value",
            &["--set", "a"],
            &[],
            2,
            &["KEY=VALUE"],
        ),
        case(
            "--set of nothing known",
            &["--set", "a=b"],
            &[],
            2,
            &["basic.f1"],
        ),
        case(
            "--set for another example",
            &["--example", "basic", "--set", "null.age=1"],
            &[],
            2,
            &["basic.f1"],
        ),
        case(
            "--set of a bad value",
            &["--example", "null", "--set", "null.age=x"],
            &[],
            2,
            &["null.age"],
        ),
        case(
            "schemas into a file",
            &["--save-schemas", "/dev/null/x"],
            &[],
            2,
            &["/dev/null/x"],
        ),
        case(
            "clean without a registry",
            &["clean", "--run-id", "a"],
            &[],
            2,
            &["SCHEMA_REGISTRY_URL"],
        ),
        case("clean without a run id", &["clean"], &url, 2, &["--run-id"]),
        case(
            "decode without a registry",
            &["decode", "--hex", "00"],
            &[],
            2,
            &["SCHEMA_REGISTRY_URL"],
        ),
        case(
            "decode of no hex",
            &["decode", "--hex", "xyz"],
            &url,
            2,
            &["hex"],
        ),
        case(
            "decode of a bad header",
            &["decode", "--header-guid", "xyz"],
            &url,
            2,
            &["--header-guid"],
        ),
        case(
            "decode of no file",
            &["decode", "missing.bin"],
            &url,
            2,
            &["missing.bin"],
        ),
        case(
            "serve where it may not",
            &["serve", "--listen", "192.0.2.1:80"],
            &[],
            2,
            &["192.0.2.1:80"],
        ),
        case(
            "serve without credentials",
            &["serve", "--basic-auth"],
            &[],
            2,
            &["SR_API_KEY"],
        ),
    ] {
        check(&row);
    }
}

#[test]
fn configuration() {
    let url = ("SCHEMA_REGISTRY_URL", "http://127.0.0.1:9");
    let kafka = ("BOOTSTRAP_SERVERS", "127.0.0.1:9");
    for row in [
        case(
            "secret without key",
            &["run", "basic"],
            &[url, ("SR_API_SECRET", SECRET)],
            2,
            &["SR_API_KEY"],
        ),
        case(
            "key without secret",
            &["run", "basic"],
            &[url, ("SR_API_KEY", "k")],
            2,
            &["SR_API_SECRET"],
        ),
        case(
            "credentials without URL",
            &["run", "basic"],
            &[("SR_API_KEY", "k"), ("SR_API_SECRET", SECRET)],
            2,
            &["SCHEMA_REGISTRY_URL"],
        ),
        case(
            "token and key",
            &["run", "basic"],
            &[
                url,
                ("SR_API_KEY", "k"),
                ("SR_API_SECRET", SECRET),
                ("SR_BEARER_TOKEN", SECRET),
            ],
            2,
            &["SR_BEARER_TOKEN"],
        ),
        case(
            "half of OAuth",
            &["run", "basic"],
            &[url, ("SR_OAUTH_CLIENT_SECRET", SECRET)],
            2,
            &["SR_OAUTH_TOKEN_URL"],
        ),
        case(
            "Kafka secret without key",
            &["--mode", "full"],
            &[url, kafka, ("KAFKA_API_SECRET", SECRET)],
            2,
            &["KAFKA_API_KEY"],
        ),
        case(
            "Kafka credentials without servers",
            &["run", "basic"],
            &[url, ("KAFKA_API_KEY", "k"), ("KAFKA_API_SECRET", SECRET)],
            2,
            &["BOOTSTRAP_SERVERS"],
        ),
        case(
            "registry without Kafka",
            &["--mode", "full"],
            &[url],
            2,
            &["BOOTSTRAP_SERVERS", "--embedded"],
        ),
        case(
            "Kafka without registry",
            &["--mode", "full"],
            &[kafka],
            2,
            &["SCHEMA_REGISTRY_URL", "--embedded"],
        ),
        case(
            "credentials in the URL",
            &["--schema-registry-url", &format!("http://u:{SECRET}@h")],
            &[],
            2,
            &["SR_API_KEY"],
        ),
        case(
            "no URL",
            &["run", "basic"],
            &[("SCHEMA_REGISTRY_URL", "here")],
            2,
            &["SCHEMA_REGISTRY_URL"],
        ),
        case(
            "a number that is none",
            &["run", "basic"],
            &[("KAFKA_PARTITIONS", "many")],
            2,
            &["KAFKA_PARTITIONS"],
        ),
        case(
            "a key that is no ARN",
            &["run", "basic"],
            &[url, ("AWS_KMS_KEY_ARN", "alias/x")],
            2,
            &["AWS_KMS_KEY_ARN"],
        ),
        case(
            "a CA that is not there",
            &["run", "basic"],
            &[url, ("SR_SSL_CA_LOCATION", "/missing.pem")],
            2,
            &["/missing.pem"],
        ),
    ] {
        check(&row);
    }
}

#[test]
fn registries_that_do_not_answer_as_one() {
    let error = |status, code| server(Answer::error(status, code));
    let text = |body: &str| server(Answer::raw(200, "application/json", body));
    let bytes = |bytes: &'static [u8]| server(Answer::Bytes(bytes));
    let rows: &[(&str, String, i32, &[&str])] = &[
        (
            "nobody listens",
            refusing_url(),
            3,
            &["SCHEMA_REGISTRY_URL"],
        ),
        ("401", error(401, 401), 4, &["401", "SR_API_KEY"]),
        ("403", error(403, 40301), 4, &["403"]),
        ("404", error(404, 404), 1, &["404"]),
        ("500", error(500, 50001), 3, &["500"]),
        (
            "HTML",
            text("<html>hello</html>"),
            3,
            &["not a Schema Registry"],
        ),
        (
            "truncated JSON",
            text("[\"PROTO"),
            3,
            &["not a Schema Registry"],
        ),
        (
            "a broken answer",
            bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n["),
            3,
            &["registry"],
        ),
        ("no HTTP", bytes(b"hello\r\n"), 3, &["registry"]),
    ];
    for (name, url, code, says) in rows {
        let arguments = ["--example", "basic", "--schema-registry-url", url];
        let secrets = [("SR_API_KEY", "key"), ("SR_API_SECRET", SECRET)];
        check(&case(name, &arguments, &secrets, *code, says));
    }
}

#[test]
fn a_registry_that_is_silent() {
    let url = server(Answer::Silence);
    let arguments = ["--example", "basic", "--schema-registry-url", &url];
    check(&case("silence", &arguments, &[], 3, &["did not answer"]));
}

#[test]
fn an_unreachable_backend_stops_the_run_once() {
    let url = refusing_url();
    let ran = Place::new().run(&["--schema-registry-url", &url]).expect(3);
    assert_eq!(ran.stderr.matches("error: ").count(), 1, "{}", ran.stderr);
}

#[test]
fn a_cluster_that_is_not_there() {
    let registry = super::registry::Dialect::plain();
    let arguments = [
        "--mode",
        "full",
        "--example",
        "basic",
        "--schema-registry-url",
        &registry.url,
        "--bootstrap-servers",
        "127.0.0.1:1",
    ];
    let secrets = [("KAFKA_API_KEY", "key"), ("KAFKA_API_SECRET", SECRET)];
    check(&case(
        "no broker",
        &arguments,
        &secrets,
        3,
        &["127.0.0.1:1", "BOOTSTRAP_SERVERS"],
    ));
}

#[test]
fn encryption_on_a_remote_registry_needs_a_key_that_lasts() {
    let registry = super::registry::Dialect::plain();
    let arguments = ["--example", "csfle", "--schema-registry-url", &registry.url];
    check(&case(
        "no key",
        &arguments,
        &[],
        2,
        &["LOCAL_SECRET", "AWS_KMS_KEY_ARN"],
    ));
    // It is known before anything is asked: with one registry less, nothing changes.
    let arguments = ["run", "csfle", "--schema-registry-url", &refusing_url()];
    check(&case("no key", &arguments, &[], 2, &["csfle cannot run"]));
}

#[test]
fn a_kms_that_denies_or_is_not_there() {
    let denied = json!({"__type": "AccessDeniedException", "message": "not authorized"});
    let rows = [
        (
            "denied",
            server(Answer::json(400, denied)),
            4,
            &["encryptPII", "AccessDeniedException", "kms:Encrypt"][..],
        ),
        ("not there", refusing_url(), 3, &["encryptPII", "aws-kms"]),
    ];
    for (name, url, code, says) in rows {
        let environment = [
            (
                "AWS_KMS_KEY_ARN",
                "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            ),
            ("AWS_ENDPOINT_URL_KMS", &url),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
        ];
        check(&case(
            name,
            &["--example", "csfle"],
            &environment,
            code,
            says,
        ));
    }
}

#[test]
fn aws_credentials_that_are_missing_are_an_error_without_a_dump() {
    let place = Place::new().env("AWS_EC2_METADATA_DISABLED", "true").env(
        "AWS_KMS_KEY_ARN",
        "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    );
    let ran = place.run(&["--example", "csfle"]);
    let ran = ran.complains("AWS credentials").complains("hint: ");
    assert!(!ran.stderr.contains("warning: "), "{}", ran.stderr);
    let log = std::fs::read_to_string(place.join("cc-protobuf-examples.log")).unwrap();
    for line in log.lines() {
        assert_eq!(line.splitn(4, " - ").count(), 4, "{line}");
    }
}

#[test]
fn a_taken_port() {
    let taken = nobody_else();
    let address = taken.local_addr().unwrap().to_string();
    check(&case(
        "taken port",
        &["serve", "--listen", &address],
        &[],
        2,
        &["taken", "--listen"],
    ));
}

fn nobody_else() -> std::net::TcpListener {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap()
}

#[test]
fn a_dot_env_that_cannot_be_used() {
    let place = Place::new();
    std::fs::write(
        place.join(".env"),
        format!("A=1\nSR_API_SECRET=\"{SECRET}\n"),
    )
    .unwrap();
    let ran = place
        .run(&["run", "basic"])
        .expect(2)
        .complains("line 2")
        .complains("hint: ");
    assert!(!ran.stderr.contains(SECRET));
    std::fs::write(place.join(".env"), [b'A', b'=', 0xff, b'\n']).unwrap();
    place
        .run(&["run", "basic"])
        .expect(2)
        .complains(".env")
        .complains("hint: ");
}
