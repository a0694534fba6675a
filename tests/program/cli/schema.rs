//! Validates the JSON documents against docs/output.schema.json.
//!
//! The validator supports the keywords that the schema uses and panics at any other, so
//! that no part of the schema is ignored.

use serde_json::{Value, json};

use super::registry::Dialect;
use crate::support::program::{Place, Ran};
use crate::support::stub::refusing_url;

/// The schema as committed.
struct Schema(Value);

impl Schema {
    fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/output.schema.json");
        Self(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    }

    /// Returns what is wrong with a document; nothing if it is valid.
    fn problems(&self, document: &Value) -> Vec<String> {
        // Check the kind first: `oneOf` alone would not say what is wrong.
        let kinds = self.0["oneOf"].as_array().unwrap();
        let name = &document["document"];
        let of_kind = |kind: &&Value| kind["properties"]["document"]["const"] == *name;
        match kinds.iter().map(|kind| self.resolve(kind)).find(of_kind) {
            Some(kind) => self.check(kind, document, ""),
            None => vec![format!("no kind of document: {name}")],
        }
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            None => schema,
            Some(reference) => self.0.pointer(&reference[1..]).unwrap(),
        }
    }

    fn check(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let schema = self.resolve(schema);
        let keywords = schema.as_object().unwrap().iter();
        keywords
            .flat_map(|(keyword, wanted)| {
                let (holds, below) = self.keyword(schema, keyword, wanted, value, at);
                let own = (!holds).then(|| format!("{at}: {value} against {keyword} {wanted}"));
                own.into_iter().chain(below)
            })
            .collect()
    }

    /// Returns what violates the keyword, in the value or below it.
    fn keyword(
        &self,
        schema: &Value,
        keyword: &str,
        wanted: &Value,
        value: &Value,
        at: &str,
    ) -> (bool, Vec<String>) {
        let none = Vec::new();
        let members = || value.as_object().into_iter().flatten();
        match keyword {
            "description" => (true, none),
            "type" => {
                let types = wanted.as_array().cloned();
                let types = types.unwrap_or_else(|| vec![wanted.clone()]);
                (types.iter().any(|name| has_type(value, name)), none)
            }
            "const" => (value == wanted, none),
            "enum" => (wanted.as_array().unwrap().contains(value), none),
            "minimum" => (
                !value.is_number() || value.as_f64() >= wanted.as_f64(),
                none,
            ),
            "pattern" => (
                value.as_str().is_none_or(|text| matches(wanted, text)),
                none,
            ),
            "required" => {
                let mut names = wanted.as_array().unwrap().iter();
                let has = |name: &Value| value.get(name.as_str().unwrap()).is_some();
                (!value.is_object() || names.all(has), none)
            }
            "properties" | "additionalProperties" => {
                let named = schema.get("properties");
                let below = members().flat_map(|(name, member)| {
                    let at = format!("{at}/{name}");
                    match (named.and_then(|named| named.get(name)), keyword, wanted) {
                        (Some(schema), "properties", _) => self.check(schema, member, &at),
                        (None, "additionalProperties", Value::Bool(false)) => {
                            vec![format!("{at}: not in the schema")]
                        }
                        (None, "additionalProperties", schema) => self.check(schema, member, &at),
                        _ => Vec::new(),
                    }
                });
                (true, below.collect())
            }
            "propertyNames" => {
                let names = members().flat_map(|(name, _)| {
                    self.check(wanted, &json!(name), &format!("{at}/{name}"))
                });
                (true, names.collect())
            }
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                let below = items
                    .flat_map(|(index, item)| self.check(wanted, item, &format!("{at}/{index}")));
                (true, below.collect())
            }
            "oneOf" => {
                let choices = wanted.as_array().unwrap().iter();
                let wrong: Vec<_> = choices
                    .map(|choice| self.check(choice, value, at))
                    .collect();
                let fitting = wrong.iter().filter(|wrong| wrong.is_empty()).count();
                match fitting {
                    1 => (true, none),
                    _ => (false, wrong.into_iter().flatten().collect()),
                }
            }
            unknown => panic!("the validator does not know {unknown:?}"),
        }
    }
}

fn has_type(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        unknown => panic!("the validator does not know type {unknown:?}"),
    }
}

fn matches(pattern: &Value, text: &str) -> bool {
    match pattern.as_str().unwrap() {
        "^[a-z][a-z0-9_]*$" => {
            text.starts_with(|c: char| c.is_ascii_lowercase())
                && text
                    .chars()
                    .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'))
        }
        "^([0-9a-f]{2})*$" => {
            text.len().is_multiple_of(2) && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
        }
        unknown => panic!("the validator does not know pattern {unknown:?}"),
    }
}

/// Returns the documents of a run, after checking that each is valid and of this kind.
#[track_caller]
fn valid(ran: &Ran, kind: &str) -> Vec<Value> {
    let documents = serde_json::Deserializer::from_str(&ran.stdout).into_iter();
    let documents: Vec<Value> = documents.map(Result::unwrap).collect();
    assert!(!documents.is_empty());
    let schema = Schema::read();
    for document in &documents {
        assert_eq!(document["document"], kind, "{document}");
        assert_eq!(schema.problems(document), [""; 0], "{document:#}");
    }
    documents
}

#[test]
fn every_document_is_as_the_schema_says() {
    let registry = Dialect::plain();
    let remote = Place::new()
        .env("SCHEMA_REGISTRY_URL", &registry.url)
        .env("LOCAL_SECRET", "a secret of the test");
    let down = Place::new().env("SCHEMA_REGISTRY_URL", &refusing_url());
    let local = Place::new();
    let all = ["--mode", "full", "--schema-id-in", "header", "--cleanup"];
    for (place, arguments, code, kind) in [
        (&local, &["--mode", "full"][..], 0, "run"),
        (&local, &all, 0, "run"),
        (&local, &["--example", "basic", "--run-id", ""], 2, "run"),
        (&down, &["--example", "all"], 3, "run"),
        (&remote, &["--run-id", "s1"], 0, "run"),
        (
            &remote,
            &["clean", "--run-id", "s1", "--dry-run"],
            0,
            "clean",
        ),
        (&remote, &["clean", "--run-id", "s1"], 0, "clean"),
        (&down, &["clean", "--run-id", "s1"], 3, "clean"),
        (&local, &["doctor"], 0, "doctor"),
        (&remote, &["doctor"], 0, "doctor"),
        (&down, &["doctor"], 3, "doctor"),
        (&local, &["list"], 0, "list"),
        (&local, &["help", "compat"], 0, "explanation"),
        // A run that cannot start prints a document, too.
        (&local, &[], 2, "error"),
        (&local, &["--exmple"], 2, "error"),
        (&local, &["clean", "--run-id", "s1"], 2, "error"),
        (&local, &["decode", "--hex", "00"], 2, "error"),
        (&local, &["serve", "--listen", "192.0.2.1:80"], 2, "error"),
    ] {
        let arguments = [arguments, &["-o", "json"]].concat();
        let documents = valid(&place.run(&arguments).expect(code), kind);
        assert_eq!(documents.len(), 1, "{arguments:?}");
        if !["error", "list", "explanation"].contains(&kind) {
            assert_eq!(documents[0]["exit_code"], code, "{arguments:?}");
        }
    }
}

#[test]
fn every_message_of_decode_is_as_the_schema_says() {
    let registry = Dialect::plain();
    let place = Place::new().env("SCHEMA_REGISTRY_URL", &registry.url);
    place.run(&["--example", "basic"]).expect(0);
    let input = "0000000002000a0568656c6c6f1202082a\n0000000063000a\nzz\nff\n";
    let ran = place.run_with(&["decode", "--hex", "-o", "json"], input.as_bytes());
    let messages = valid(&ran.expect(1), "message");
    let numbers: Vec<_> = messages.iter().map(|message| &message["number"]).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    let tombstone = (-1i32).to_be_bytes();
    let ran = place.run_with(&["decode", "--length-prefixed", "-o", "json"], &tombstone);
    assert_eq!(valid(&ran.expect(0), "message")[0]["message"], Value::Null);
    let header = [
        "decode",
        "-o",
        "json",
        "--header-guid",
        "0000000002",
        "--hex",
        "0a0161",
    ];
    let ran = place.run(&header).expect(0);
    assert!(valid(&ran, "message")[0]["header"].is_object());
}

#[test]
fn the_validator_finds_what_is_wrong() {
    let document = Place::new()
        .run(&["-o", "json", "--example", "basic"])
        .expect(0)
        .json();
    let schema = Schema::read();
    assert_eq!(schema.problems(&document), [""; 0]);
    for (pointer, member, value) in [
        ("", "run_id", json!(1)),
        ("", "more", json!("a member that the schema does not know")),
        ("", "exit_code", json!(7)),
        ("", "document", json!("other")),
        ("", "schema_version", json!(2)),
        ("", "error", json!({"message": "alone"})),
        ("/backends", "schema registry", json!("prose")),
        ("/examples/0", "result", json!("✓ passed")),
        ("/examples/0/steps/1/facts", "schema id", json!(1)),
        ("/examples/0/steps/2/records/0", "hex", json!("0")),
    ] {
        let mut wrong = document.clone();
        let members = wrong.pointer_mut(pointer).and_then(Value::as_object_mut);
        members.unwrap().insert(member.to_owned(), value);
        assert!(!schema.problems(&wrong).is_empty(), "{pointer}/{member}");
    }
    let mut short = document.clone();
    short.as_object_mut().unwrap().remove("run_id");
    assert!(!schema.problems(&short).is_empty());
}
