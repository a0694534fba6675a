//! Applies the change that each example proposes at its end, and checks the effect.

use serde_json::{Value, json};

use super::registry::Dialect;
use crate::support::program::{Place, Ran};

fn example(name: &str, change: &[&str]) -> Ran {
    let arguments = ["--example", name, "--run-id", "change", "-o", "json"];
    Place::new().run(&[&arguments[..], change].concat())
}

fn record(ran: &Ran) -> String {
    let document = ran.json();
    let steps = document["examples"][0]["steps"].as_array().unwrap().clone();
    let records = steps
        .iter()
        .flat_map(|step| step["records"].as_array().unwrap());
    records
        .map(|record| record["hex"].as_str().unwrap().to_owned())
        .next()
        .unwrap()
}

fn step(ran: &Ran, index: usize) -> Value {
    ran.json()["examples"][0]["steps"][index].clone()
}

#[test]
fn basic_the_field_shrinks_and_the_envelope_stays() {
    let before = record(&example("basic", &[]).expect(0));
    let after = record(&example("basic", &["--set", "basic.f1=hi"]).expect(0));
    assert_eq!(before.len() - after.len(), 2 * 3);
    assert_eq!(before[..12], after[..12]);
}

#[test]
fn delete_the_schemas_stay() {
    let ran = example("delete", &["--set", "delete.permanent=no"]).expect(0);
    assert!(ran.stdout.contains("can still be listed"), "{}", ran.stdout);
    let checks = step(&ran, 4)["checks"].clone();
    let claims: Vec<&str> = checks
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["claim"].as_str().unwrap())
        .collect();
    assert!(
        claims.contains(&"delete-proto-change-value: version 2, schema id 2"),
        "{claims:?}"
    );
}

#[test]
fn evolution_v3_is_accepted_and_step_3_fails() {
    let change = ["--set", "evolution.level=NONE"];
    let ran = example("evolution", &change).expect(1);
    let checks = step(&ran, 2)["checks"].clone();
    let found = |index: usize| {
        let check = &checks[index];
        json!([check["ok"], check["expected"], check["actual"]])
    };
    assert_eq!(found(0), json!([false, "incompatible", "compatible"]));
    assert_eq!(found(1), json!([false, "refused", "registered"]));
    goes_on(&ran, "evolution", &change, 5);
}

#[test]
fn oneof_two_orders_are_routed() {
    let ran = example("oneof", &["--set", "oneof.events=order,order"]).expect(0);
    assert_eq!(step(&ran, 2)["facts"]["case_order"], "fulfilment handler");
    assert!(step(&ran, 2)["facts"].get("case_customer").is_none());
}

#[test]
fn null_the_age_changes_and_the_length_stays() {
    let payload = |ran: &Ran| {
        step(ran, 0)["tables"][0][2]["payload"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let before = payload(&example("null", &[]).expect(0));
    let after = payload(&example("null", &["--set", "null.age=7"]).expect(0));
    assert_eq!(before.replace("10 00", "10 07"), after);
}

#[test]
fn compat_the_row_turns_to_yes() {
    let ran = example("compat", &["--set", "compat.note=string"]).expect(0);
    let matrix = step(&ran, 2)["tables"][0].as_array().unwrap().clone();
    let row = matrix
        .iter()
        .find(|row| row["change"] == "take up number 3 again")
        .unwrap();
    let verdicts = row
        .as_object()
        .unwrap()
        .iter()
        .filter(|(key, _)| *key != "change");
    assert!(
        verdicts
            .map(|(_, verdict)| verdict)
            .all(|verdict| verdict == "yes"),
        "{row}"
    );
}

#[test]
fn types_a_negative_id_takes_ten_bytes() {
    let before = record(&example("types", &[]).expect(0));
    let after = record(&example("types", &["--set", "types.customer_id=-1"]).expect(0));
    assert_eq!(after.len() - before.len(), 2 * 2);
}

#[test]
fn strategies_the_run_id_is_in_names_and_not_in_bytes() {
    let before = example("strategies", &[]).expect(0);
    let after = Place::new()
        .run(&[
            "--example",
            "strategies",
            "--run-id",
            "my-test",
            "-o",
            "json",
        ])
        .expect(0);
    let subjects = after.json()["examples"][0]["subjects"].clone();
    let subjects = subjects.as_array().unwrap();
    assert!(
        subjects.contains(&Value::from("r_my_dtest.Payment")),
        "{subjects:?}"
    );
    assert_eq!(record(&before), record(&after));
}

#[test]
fn csfle_equal_records_have_equal_ciphertexts() {
    let same = |change: &[&str]| {
        let ran = example("csfle", change).expect(0);
        step(&ran, 3)["facts"]["equal_ciphertexts"].clone()
    };
    assert_eq!(same(&[]), false);
    assert_eq!(same(&["--set", "encrypt.dek.algorithm=AES256_SIV"]), true);
}

#[test]
fn values_at_the_edge_are_met_as_they_are() {
    for (name, change) in [
        ("basic", "basic.f1="),
        ("delete", "delete.permanent=NO"),
        ("null", "null.age=300"),
        ("null", "null.age=-1"),
        ("types", "types.customer_id=0"),
        ("csfle", "encrypt.dek.algorithm="),
        ("csfle", "encrypt.dek.expiry.days="),
    ] {
        example(name, &["--set", change]).expect(0);
    }
}

#[test]
fn csfle_without_expiry_there_is_no_rotation() {
    let ran = example("csfle", &["--set", "encrypt.dek.expiry.days=0"]).expect(0);
    assert!(!ran.stdout.contains("key_versions_of_the_ciphertexts"));
}

#[test]
fn no_auto_register_the_unknown_subject_is_made_and_step_3_fails() {
    let change = ["--set", "no-auto-register.auto=true"];
    let ran = example("no-auto-register", &change).expect(1);
    let check = step(&ran, 2)["checks"][0].clone();
    assert_eq!(
        json!([check["ok"], check["expected"]]),
        json!([false, "an error"])
    );
    let actual = check["actual"].as_str().unwrap();
    assert!(actual.contains("unknown-change-value was made"), "{actual}");
    goes_on(&ran, "no-auto-register", &change, 3);
}

/// Checks that the example ran to its end, printed expected and actual, and failed.
fn goes_on(ran: &Ran, name: &str, change: &[&str], steps: usize) {
    let document = ran.json();
    let example = &document["examples"][0];
    assert_eq!(example["steps"].as_array().unwrap().len(), steps);
    let end = json!([example["result"], example["error"]["exit_code"]]);
    assert_eq!(end, json!(["failed", 1]));
    let arguments = [&["run", name, "--run-id", "change"][..], change].concat();
    Place::new()
        .run(&arguments)
        .expect(1)
        .says("✗ failed: ")
        .says("expected: ")
        .says("actual: ")
        .says("Notice:")
        .complains("expectation not met: ")
        .complains("(expected ");
}

#[test]
fn no_auto_register_recovers_from_the_change() {
    let registry = Dialect::plain();
    let arguments = [
        "--example",
        "no-auto-register",
        "--schema-registry-url",
        &registry.url,
        "--run-id",
        "again",
    ];
    let changed = [&arguments[..], &["--set", "no-auto-register.auto=TRUE"]].concat();
    Place::new().run(&changed).expect(1);
    Place::new().run(&arguments).expect(0);
}
