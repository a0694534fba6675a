//! Settings from flags, environment and `.env`.

use super::registry::Dialect;
use crate::support::program::{Place, Ran};
use crate::support::stub::refusing_url;

#[test]
fn doctor_shows_each_value_with_its_origin_and_no_secret() {
    let registry = Dialect::plain();
    let place = Place::new()
        .env("SR_API_SECRET", "hunter2")
        .env("KAFKA_PARTITIONS", "");
    std::fs::write(
        place.join(".env"),
        "SR_API_KEY=\"from dot env\"\nSR_API_SECRET=stale\nKAFKA_PARTITIONS=3\nLOCAL_SECRET=hunter3\n",
    )
    .unwrap();
    let ran = place
        .run(&["doctor", "--schema-registry-url", &registry.url])
        .expect(0);
    let row = |name: &str| {
        let line = ran
            .stdout
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(row("SCHEMA_REGISTRY_URL").ends_with("flag --schema-registry-url"));
    assert_eq!(row("SR_API_KEY"), "SR_API_KEY from dot env .env");
    assert_eq!(row("SR_API_SECRET"), "SR_API_SECRET *** environment");
    assert_eq!(row("KAFKA_PARTITIONS"), "KAFKA_PARTITIONS 3 .env");
    // With a configured registry, full mode needs a configured cluster.
    assert_eq!(row("BOOTSTRAP_SERVERS"), "BOOTSTRAP_SERVERS not set");
    assert!(row("TLS").contains("ok"));
    for secret in ["hunter2", "hunter3", "stale"] {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret));
    }
}

/// Returns the names that `doctor` shows, and their values.
fn configuration(ran: &Ran) -> Vec<(String, String)> {
    let rows = ran.stdout.lines().skip(3);
    let rows = rows.take_while(|line| line.starts_with(|first: char| first.is_alphabetic()));
    rows.map(|line| {
        let (name, rest) = line.split_once(' ').unwrap();
        (name.to_owned(), rest.trim().to_owned())
    })
    .collect()
}

#[test]
fn doctor_shows_what_matters_and_with_v_every_name() {
    let names = |ran: &Ran| {
        let rows = configuration(ran).into_iter();
        rows.map(|(name, _)| name).collect::<Vec<_>>()
    };
    let ran = Place::new().run(&["doctor"]).expect(0);
    let deciding = [
        "SCHEMA_REGISTRY_URL",
        "BOOTSTRAP_SERVERS",
        "AWS_KMS_KEY_ARN",
        "LOCAL_SECRET",
    ];
    assert_eq!(names(&ran), deciding);
    ran.says("18 more names");
    // Half a pair is an error, and the table shows which half is missing.
    let ran = Place::new()
        .env("BOOTSTRAP_SERVERS", "127.0.0.1:1")
        .env("KAFKA_API_KEY", "key")
        .env("LOCAL_SECRET", "hunter2")
        .run(&["doctor"])
        .expect(2);
    assert_eq!(
        names(&ran),
        [
            "SCHEMA_REGISTRY_URL",
            "BOOTSTRAP_SERVERS",
            "KAFKA_API_KEY",
            "KAFKA_SECURITY_PROTOCOL",
            "KAFKA_REPLICATION_FACTOR",
            "KAFKA_PARTITIONS",
            "LOCAL_SECRET",
        ]
    );
    let ran = Place::new().run(&["doctor", "-v"]).expect(0);
    assert_eq!(names(&ran).len(), 22, "{}", ran.stdout);
    let document = Place::new().run(&["doctor", "-o", "json"]).expect(0).json();
    assert_eq!(document["configuration"].as_array().unwrap().len(), 22);
}

#[test]
fn doctor_notices_misspelled_names_and_shows_no_value_of_theirs() {
    let place = Place::new()
        .env("SR_APIKEY", "hunter2")
        .env("KAFKA_HOME", "/opt/kafka");
    std::fs::write(place.join(".env"), "SR_API_SECERT=hunter3\nOTHER=1\n").unwrap();
    let ran = place.run(&["doctor"]).expect(0);
    let rows = configuration(&ran);
    let said = |name: &str| {
        let row = rows.iter().find(|(found, _)| found == name);
        row.map_or("", |(_, said)| said.as_str())
    };
    assert_eq!(
        said("SR_APIKEY"),
        "environment, not read; did you mean SR_API_KEY?"
    );
    assert_eq!(
        said("SR_API_SECERT"),
        ".env, not read; did you mean SR_API_SECRET?"
    );
    assert_eq!((said("KAFKA_HOME"), said("OTHER")), ("", ""));
    let json = place.run(&["doctor", "-o", "json"]).expect(0);
    assert!(json.stdout.contains("\"SR_APIKEY\""), "{}", json.stdout);
    for text in [&ran.stdout, &ran.stderr, &json.stdout] {
        assert!(!text.contains("hunter"), "{text}");
    }
}

#[test]
fn doctor_accepts_a_key_that_may_not_see_the_global_level() {
    let registry = Dialect::refusing(403, 40301, |asked| {
        asked.method == "GET" && asked.path.starts_with("/config")
    });
    let ran = Place::new()
        .run(&["doctor", "--schema-registry-url", &registry.url])
        .expect(0);
    assert!(ran.stdout.contains("not allowed to read"), "{}", ran.stdout);
}

#[test]
fn doctor_says_what_does_not_work() {
    let url = refusing_url();
    let ran = Place::new().run(&["doctor", "--schema-registry-url", &url, "-o", "json"]);
    let ran = ran.expect(3).complains("error: ").complains("hint: ");
    assert_eq!(ran.json()["checks"][0]["result"], "failed");
}

#[test]
fn embedded_wins_over_configured_backends() {
    let place = Place::new()
        .env("SCHEMA_REGISTRY_URL", "http://127.0.0.1:9")
        .env("SR_API_KEY", "half");
    place
        .run(&["--example", "basic", "--embedded"])
        .expect(0)
        .says("embedded, http://127.0.0.1");
}

#[test]
fn the_embedded_registry_is_never_reached_through_a_proxy() {
    let nobody = refusing_url();
    let place = Place::new()
        .env("HTTP_PROXY", &nobody)
        .env("http_proxy", &nobody)
        .env("HTTPS_PROXY", &nobody)
        .env("ALL_PROXY", &nobody);
    place.run(&["--example", "basic"]).expect(0);
}

#[test]
fn credentials_reach_a_registry_that_asks_for_them() {
    let place = Place::new()
        .env("SR_API_KEY", "key")
        .env("SR_API_SECRET", "secret");
    let served = super::serve::Served::start(&place, &["--basic-auth"]);
    let arguments = ["--example", "basic", "--schema-registry-url", &served.url];
    place.run(&arguments).expect(0);
    let wrong = Place::new()
        .env("SR_API_KEY", "key")
        .env("SR_API_SECRET", "wrong");
    wrong.run(&arguments).expect(4).complains("SR_API_SECRET");
    Place::new().run(&arguments).expect(4);
}

#[cfg(unix)]
#[test]
fn a_dot_env_above_that_others_can_write_does_not_direct_credentials() {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    let place = Place::new()
        .env("SR_API_KEY", "key")
        .env("SR_API_SECRET", "hunter2");
    let registry = Dialect::plain();
    let file = place.join(".env");
    std::fs::write(&file, format!("SCHEMA_REGISTRY_URL={}\n", registry.url)).unwrap();
    std::fs::create_dir(place.join("below")).unwrap();
    let run = |directory: &str| {
        let mut command = place.command(&["--example", "basic"]);
        command.current_dir(place.join(directory));
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), stderr)
    };
    let mode = |mode| std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
    let refused = |why: &str| {
        let (code, stderr) = run("below");
        assert_eq!(code, Some(2), "{stderr}");
        assert!(
            stderr.contains(why) && stderr.contains("hint: "),
            "{stderr}"
        );
        assert!(!stderr.contains("hunter2"), "{stderr}");
    };
    mode(0o666);
    refused("anyone can write to it");

    let root = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&file).unwrap()) == 0;
    if root {
        mode(0o600);
        chown(&file, Some(12_345), None).unwrap();
        refused("belongs to another user");
        chown(&file, Some(0), Some(12_345)).unwrap();
        mode(0o660);
        refused("its group can write to it");
        // A link that another user has placed.
        mode(0o600);
        std::fs::rename(&file, place.join("private.env")).unwrap();
        symlink(place.join("private.env"), &file).unwrap();
        std::os::unix::fs::lchown(&file, Some(12_345), None).unwrap();
        refused("belongs to another user");
    }
    assert_eq!(registry.proxy.count(), 0);
}

#[cfg(unix)]
#[test]
fn a_users_own_dot_env_is_read_anywhere() {
    use std::os::unix::fs::PermissionsExt;

    let registry = Dialect::plain();
    let place = Place::new();
    let file = place.join(".env");
    std::fs::write(&file, format!("SCHEMA_REGISTRY_URL={}\n", registry.url)).unwrap();
    std::fs::create_dir(place.join("below")).unwrap();
    let mut command = place.command(&["--example", "basic"]);
    let output = command.current_dir(place.join("below")).output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains(&registry.url));
    // In the current directory it is only a warning.
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o666)).unwrap();
    place
        .run(&["--example", "basic"])
        .expect(0)
        .complains("warning: ")
        .complains("anyone can write to it");
}

#[cfg(unix)]
#[test]
fn the_log_file_is_private_and_never_another_file() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let place = Place::new();
    let log = place.join("cc-protobuf-examples.log");
    let run = || place.run(&["--example", "basic"]).expect(0);
    let mode = || std::fs::metadata(&log).unwrap().permissions().mode() & 0o777;
    run();
    assert_eq!(mode(), 0o600);
    // An existing file is truncated and made private.
    std::fs::write(&log, "stale").unwrap();
    std::fs::set_permissions(&log, PermissionsExt::from_mode(0o644)).unwrap();
    run();
    assert_eq!(mode(), 0o600);
    assert!(!std::fs::read_to_string(&log).unwrap().contains("stale"));

    let victim = place.join("victim");
    let plant: [(&str, &dyn Fn()); 3] = [
        ("symbolic link", &|| symlink(&victim, &log).unwrap()),
        ("hard link", &|| std::fs::hard_link(&victim, &log).unwrap()),
        ("cannot write", &|| {
            let made = std::process::Command::new("mkfifo").arg(&log).status();
            assert!(made.unwrap().success());
        }),
    ];
    for (why, plant) in plant {
        std::fs::remove_file(&log).unwrap();
        std::fs::write(&victim, "precious").unwrap();
        plant();
        run().complains("no log file").complains(why);
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
    }
}

#[test]
fn commands_that_run_no_example_make_no_log_file() {
    let place = Place::new();
    place.run(&["doctor"]).expect(0);
    place.run(&["completions", "bash"]).expect(0);
    assert!(!place.join("cc-protobuf-examples.log").exists());
}
