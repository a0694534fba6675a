//! The ten examples on the embedded backends.

use std::collections::BTreeSet;
use std::path::Path;

use cc_protobuf_examples::protobuf::SchemaFile;

use super::registry::Dialect;
use crate::support::program::Place;

const NAMES: [&str; 10] = [
    "basic",
    "delete",
    "evolution",
    "oneof",
    "null",
    "compat",
    "types",
    "strategies",
    "csfle",
    "no-auto-register",
];

#[test]
fn each_example_stands_alone_on_both_protobuf_paths() {
    for name in NAMES {
        for path in [&[][..], &["--use-protoc"]] {
            let place = Place::new();
            let arguments = [&["--example", name][..], path].concat();
            let ran = place.run(&arguments).expect(0).says("1 passed, 0 failed");
            let lines = ran.stdout.lines().count();
            assert!(lines <= 62, "{name} prints {lines} lines");
            for line in ran.stdout.lines() {
                assert!(line.chars().count() <= 80, "{name}: {line}");
            }
            for part in [
                "Notice:",
                "Source: src/bin/cc-protobuf-examples/examples/",
                "Try:",
            ] {
                assert!(ran.stdout.contains(part), "{name} ends without {part}");
            }
            assert!(ran.stderr.is_empty(), "{name}: {}", ran.stderr);
        }
    }
}

#[test]
fn all_examples_pass_in_every_mode_and_on_both_paths() {
    for mode in ["schema-only", "full"] {
        for path in [&[][..], &["--use-protoc"]] {
            let arguments = [&["--mode", mode][..], path].concat();
            Place::new()
                .run(&arguments)
                .expect(0)
                .says("10 passed, 0 failed");
        }
    }
}

#[test]
fn full_mode_with_the_schema_id_in_a_header() {
    for path in [&[][..], &["--use-protoc"]] {
        let arguments = [&["--mode", "full", "--schema-id-in", "header"][..], path].concat();
        Place::new()
            .run(&arguments)
            .expect(0)
            .says("10 passed, 0 failed")
            .says("__value_schema_id");
    }
}

#[test]
fn both_paths_write_the_same_bytes() {
    let hex = |path: &[&str]| {
        let fixed = &["--run-id", "same", "-o", "json"][..];
        let document = Place::new().run(&[fixed, path].concat()).expect(0).json();
        let examples = document["examples"].as_array().unwrap().clone();
        let records = examples
            .iter()
            .filter(|example| example["name"] != "csfle")
            .flat_map(|example| {
                let steps = example["steps"].as_array().unwrap().clone();
                steps
                    .into_iter()
                    .flat_map(|step| step["records"].as_array().unwrap().clone())
            });
        records
            .map(|record| record["hex"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let dynamic = hex(&[]);
    assert!(dynamic.len() >= 3, "{dynamic:?}");
    assert_eq!(dynamic, hex(&["--use-protoc"]));
}

#[test]
fn a_run_can_be_repeated_with_its_run_id() {
    let registry = Dialect::plain();
    let place = Place::new().env("LOCAL_SECRET", "a secret for tests");
    let arguments = ["--schema-registry-url", &registry.url, "--run-id", "again"];
    place.run(&arguments).expect(0).says("10 passed, 0 failed");
    let ran = place.run(&arguments).expect(0).says("10 passed, 0 failed");
    assert!(
        ran.stdout.contains("used again"),
        "the KEK is not made twice"
    );
    // The other kind of schema, in another run on the same backends.
    place
        .run(&[&arguments[..], &["--use-protoc"]].concat())
        .expect(0);
    place
        .run(&["--schema-registry-url", &registry.url])
        .expect(0);
}

#[test]
fn a_kek_wrapped_with_another_secret_is_named_as_such() {
    let registry = Dialect::plain();
    let arguments = [
        "--schema-registry-url",
        &registry.url,
        "--run-id",
        "again",
        "--example",
        "csfle",
    ];
    Place::new()
        .env("LOCAL_SECRET", "one secret")
        .run(&arguments)
        .expect(0);
    let ran = Place::new()
        .env("LOCAL_SECRET", "another secret")
        .run(&arguments)
        .expect(1);
    let ran = ran.complains("hint:").complains("LOCAL_SECRET");
    assert!(!ran.stderr.contains("another secret") && !ran.stdout.contains("another secret"));
}

#[test]
fn a_kek_of_another_kms_key_is_named_with_both() {
    let registry = Dialect::plain();
    let place = Place::new().env("LOCAL_SECRET", "a secret for tests");
    let arguments = [
        "--schema-registry-url",
        &registry.url,
        "--run-id",
        "again",
        "--example",
        "csfle",
    ];
    place.run(&arguments).expect(0);
    let changed = [&arguments[..], &["--set", "encrypt.kms.key.id=other"]].concat();
    place
        .run(&changed)
        .expect(1)
        .complains("local-kms local, not by local-kms other")
        .complains("clean --run-id again");
}

#[test]
fn the_sensitive_values_are_in_no_output() {
    let place = Place::new();
    let ran = place
        .run(&["--example", "csfle", "--mode", "full", "-vvv"])
        .expect(0);
    let log = std::fs::read_to_string(place.join("cc-protobuf-examples.log")).unwrap();
    for text in [&ran.stdout, &ran.stderr, &log] {
        assert!(!text.contains("123-45-6789") && !text.contains("jane@example.com"));
    }
}

#[test]
fn save_schemas_writes_importable_files_and_overwrites_nothing() {
    for path in [&[][..], &["--use-protoc"]] {
        let place = Place::new();
        let arguments = [&["--save-schemas", "out/schemas"][..], path].concat();
        let ran = place.run(&arguments).expect(0);
        let files = proto_files(&place.join("out/schemas"));
        let count = format!("{} .proto files in out/schemas", files.len());
        assert!(ran.stdout.contains(&count), "{count}: {}", ran.stdout);
        place.run(&arguments).expect(0);
        check_imports(&place.join("out/schemas"));
        let text = std::fs::read_to_string(place.join("out/schemas/MyRecord.proto")).unwrap();
        assert!(text.contains("import \"other.proto\"") && text.contains("message MyRecord"));
        for file in [
            "other.proto",
            "evolution/MyRecord_v1.proto",
            "evolution/MyRecord_v2.proto",
            "evolution/MyRecord_v3.proto",
        ] {
            assert!(place.join("out/schemas").join(file).is_file(), "{file}");
        }
        std::fs::write(place.join("out/schemas/other.proto"), "mine").unwrap();
        place
            .run(&[&arguments[..], &["--example", "basic"]].concat())
            .expect(1)
            .complains("other.proto")
            .complains("hint: ");
        let kept = std::fs::read_to_string(place.join("out/schemas/other.proto")).unwrap();
        assert_eq!(kept, "mine");
    }
}

/// Returns the `.proto` files below a directory, by import path.
fn proto_files(root: &Path) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                files.insert(name.replace('\\', "/"));
            }
        }
    }
    files
}

/// Parses every file and looks up its imports.
fn check_imports(root: &Path) {
    let files = proto_files(root);
    for name in &files {
        let text = std::fs::read_to_string(root.join(name)).unwrap();
        let file = SchemaFile::from_text(name, &text).unwrap();
        for import in file.imports() {
            let there = files.contains(import) || import.starts_with("google/protobuf/");
            assert!(there, "{name} imports {import}");
        }
    }
}

#[test]
fn lines_keep_to_the_width_with_the_longest_run_id() {
    let id = "x".repeat(64);
    let ran = Place::new()
        .run(&["--example", "no-auto-register", "--run-id", &id])
        .expect(0);
    for line in ran.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}
