//! The README lists all subjects, topics and keys that a run creates, and its commands
//! remove all of them.

use std::process::{Command, Stdio};

use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;

use super::files::readme;
use crate::support::program::{Place, Ran};

#[test]
fn each_example_names_what_it_makes() {
    let readme = readme();
    let ran = Place::new().run(&["--mode", "full", "--run-id", "demo", "-o", "json"]);
    let document = ran.json();
    let examples = document["examples"].as_array().unwrap();
    assert_eq!(examples.len(), 10, "{}", ran.stderr);
    for example in examples {
        let name = example["name"].as_str().unwrap();
        let head = format!("(`--example {name}`)");
        let (_, section) = readme.split_once(&head).unwrap();
        let section = section.split("\n###").next().unwrap();
        let section = section.replace("{run_id}", "demo");
        for list in ["subjects", "topics"] {
            for made in example[list].as_array().unwrap() {
                let made = made.as_str().unwrap();
                let never_registered = made == "unknown-demo-value";
                assert!(
                    section.contains(&format!("`{made}`")) || never_registered,
                    "{name}: {made}"
                );
            }
        }
    }
}

#[test]
fn the_commands_by_hand_leave_nothing() {
    let curl = Command::new("curl").arg("--version").output();
    curl.expect("the commands need curl on PATH, as README 1.3 says");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let builder = EmbeddedRegistry::builder().basic_auth("key", "secret");
    let registry = runtime
        .block_on(builder.local_kms_secret("local").start())
        .unwrap();
    let variables = [
        ("SCHEMA_REGISTRY_URL", registry.url()),
        ("SR_API_KEY", "key"),
        ("SR_API_SECRET", "secret"),
        ("LOCAL_SECRET", "local"),
    ];
    let mut place = Place::new();
    for (name, value) in variables {
        place = place.env(name, value);
    }
    place.run(&["--run-id", "demo"]).expect(0);
    let left = || {
        place
            .run(&["clean", "--run-id", "demo", "--dry-run"])
            .stdout
    };
    assert!(left().contains("KEK csfle-kek-demo"), "{}", left());

    let readme = readme();
    let (_, block) = readme
        .split_once("<!-- command: clean by hand -->\n```bash\n")
        .unwrap();
    let script = block.split("```").next().unwrap();
    let mut bash = Command::new("bash");
    bash.args(["-euc", script])
        .envs(variables)
        .stdin(Stdio::null());
    let ran = Ran::of(bash.env("no_proxy", "127.0.0.1").output().unwrap());
    let ran = ran.expect(0);
    assert!(
        !left().contains("demo-") && !left().contains("-demo"),
        "{}\n{}",
        left(),
        ran.stdout
    );
}
