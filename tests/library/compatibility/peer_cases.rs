//! The cases of the reference implementation. They are not part of this package.
//! `PEER_CASES_DIR` is the folder with them; if it is set, `.ci/run` runs this test.

use std::path::Path;

use cc_protobuf_examples::protobuf::compatibility::CompatibilityLevel as Level;
use serde_json::Value;

use crate::compatibility::schema::{Schema, check_level, difference_lines};

fn schema(case: &Value, side: &str) -> Schema {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let list = |key: String| case[key].as_array().cloned().unwrap_or_default();
    let mut schema = Schema::new(case[format!("{side}_schema")].as_str().unwrap());
    for reference in list(format!("{side}_references")) {
        let version = i32::try_from(reference["version"].as_i64().unwrap()).unwrap();
        schema.references.push((
            text(&reference, "name"),
            text(&reference, "subject"),
            version,
        ));
    }
    for dependency in list(format!("{side}_dependencies")) {
        schema = schema.depends_on(&text(&dependency, "name"), &text(&dependency, "dependency"));
    }
    schema
}

#[test]
#[ignore = "needs PEER_CASES_DIR, a folder with protobuf-compat-cases.json"]
fn every_case_of_the_reference_implementation_agrees() {
    let folder = std::env::var_os("PEER_CASES_DIR").expect("PEER_CASES_DIR names the folder");
    let path = Path::new(&folder).join("protobuf-compat-cases.json");
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(!cases.is_empty());

    let mut failures = Vec::new();
    for case in &cases {
        let description = &case["description"];
        let (original, update) = (schema(case, "original"), schema(case, "update"));
        let found = difference_lines(&original, &update);
        let mut expected: Vec<String> = case["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| change.as_str().unwrap().to_owned())
            .collect();
        expected.sort();
        if found != expected {
            failures.push(format!(
                "{description}: expected {expected:?}, found {found:?}"
            ));
        }
        let compatible = check_level(Level::Backward, &update, &[&original]).is_compatible();
        if Some(compatible) != case["compatible"].as_bool() {
            failures.push(format!("{description}: compatible is {compatible}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
