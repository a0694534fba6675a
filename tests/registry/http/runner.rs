//! Runs scenarios: HTTP requests with expected answers.

use std::collections::HashMap;

use cc_protobuf_examples::embedded::registry::EmbeddedRegistry;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Requests sent in order to a registry that starts empty.
#[derive(Deserialize)]
pub struct Scenario {
    pub name: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    method: String,
    path: String,
    #[serde(default)]
    headers: HashMap<String, String>,
    body: Option<Value>,
    /// A Protobuf schema for the body.
    schema: Option<String>,
    /// A body that may be other than JSON.
    raw_body: Option<String>,
    expect_status: Option<u16>,
    #[serde(default)]
    expect_json_subset: Map<String, Value>,
    expect_json: Option<Value>,
    #[serde(default)]
    expect_fields_present: Vec<String>,
    #[serde(default)]
    expect_fields_absent: Vec<String>,
    #[serde(default)]
    expect_body_contains: Vec<String>,
    #[serde(default)]
    expect_body_not_contains: Vec<String>,
    expect_array_length: Option<usize>,
    #[serde(default)]
    expect_array_contains: Vec<Value>,
    #[serde(default)]
    expect_array_not_contains: Vec<Value>,
    #[serde(default)]
    save: HashMap<String, String>,
    #[serde(default)]
    expect_equals_saved: HashMap<String, String>,
    #[serde(default)]
    expect_not_equals_saved: HashMap<String, String>,
    #[serde(default)]
    expect_header_contains: HashMap<String, String>,
    /// The whole body, if it is not JSON.
    expect_text: Option<String>,
}

/// An answer in the form that expectations compare.
struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    text: String,
    json: Value,
}

/// Runs each scenario on a new registry. `excused` names scenarios that may fail, with
/// the reason.
pub async fn replay_all(scenarios: &[Scenario], excused: &[(&str, &str)]) {
    let client = crate::support::http::client();
    let mut failures = Vec::new();
    assert!(!scenarios.is_empty(), "there is no scenario");
    for (name, _) in excused {
        let known = scenarios.iter().any(|scenario| scenario.name == *name);
        assert!(known, "there is no scenario {name:?} to excuse");
    }
    for scenario in scenarios {
        let registry = EmbeddedRegistry::start().await.unwrap();
        let outcome = replay(&client, registry.url(), scenario).await;
        let excuse = excused.iter().find(|(name, _)| *name == scenario.name);
        match (outcome, excuse) {
            (Ok(()), None) => {}
            (Ok(()), Some(_)) => {
                failures.push(format!("{}: passes, although it is excused", scenario.name))
            }
            (Err(_), Some((name, reason))) => eprintln!("EXCUSED: {name}: {reason}"),
            (Err(failure), None) => failures.push(format!("{}: {failure}", scenario.name)),
        }
    }
    let passed = scenarios.len() - failures.len();
    eprintln!("{passed} of {} scenarios pass", scenarios.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

async fn replay(client: &reqwest::Client, url: &str, scenario: &Scenario) -> Result<(), String> {
    let mut saved: HashMap<String, Value> = HashMap::new();
    if scenario.steps.is_empty() {
        return Err("there is no step".to_owned());
    }
    for (number, step) in (1..).zip(&scenario.steps) {
        let answer = send(client, url, step, &saved).await;
        check(step, &answer, &saved).map_err(|failure| {
            format!(
                "step {number}, {} {}: {failure}; answered {} {}",
                step.method, step.path, answer.status, answer.text
            )
        })?;
        for (variable, field) in &step.save {
            let value = answer.json.get(field);
            let value =
                value.ok_or_else(|| format!("step {number}: there is no {field} to save"))?;
            saved.insert(variable.clone(), value.clone());
        }
    }
    Ok(())
}

/// Returns `text` with each `{{name}}` replaced by its saved value.
fn filled(text: &str, saved: &HashMap<String, Value>) -> String {
    let mut text = text.to_owned();
    for (variable, value) in saved {
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        text = text.replace(&format!("{{{{{variable}}}}}"), &value);
    }
    text
}

async fn send(
    client: &reqwest::Client,
    url: &str,
    step: &Step,
    saved: &HashMap<String, Value>,
) -> Answer {
    let path = filled(&step.path, saved);
    let method = step.method.parse().unwrap();
    let mut request = client.request(method, format!("{url}{path}"));
    let mut body = step.body.clone();
    if let Some(schema) = &step.schema {
        let body = body.get_or_insert_with(|| json!({}));
        body["schemaType"] = json!("PROTOBUF");
        body["schema"] = json!(filled(schema, saved));
    }
    if let Some(body) = body {
        if !step.headers.contains_key("content-type") {
            request = request.header("content-type", "application/vnd.schemaregistry.v1+json");
        }
        request = request.body(body.to_string());
    }
    if let Some(body) = &step.raw_body {
        if !step.headers.contains_key("content-type") {
            request = request.header("content-type", "application/json");
        }
        request = request.body(body.clone());
    }
    for (name, value) in &step.headers {
        request = request.header(name, value);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let text = response.text().await.unwrap();
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer {
        status,
        headers,
        text,
        json,
    }
}

fn check(step: &Step, answer: &Answer, saved: &HashMap<String, Value>) -> Result<(), String> {
    let ensure = |holds: bool, what: String| if holds { Ok(()) } else { Err(what) };
    match step.expect_status {
        Some(status) => ensure(answer.status == status, format!("expected {status}"))?,
        // Steps without expectations must succeed.
        None => ensure(answer.status < 400, "expected success".to_owned())?,
    }
    for (field, value) in &step.expect_json_subset {
        let what = format!("expected {field} to be {value}");
        ensure(answer.json.get(field) == Some(value), what)?;
    }
    if let Some(text) = &step.expect_text {
        ensure(answer.text == *text, format!("expected {text:?}"))?;
    }
    if let Some(value) = &step.expect_json {
        ensure(answer.json == *value, format!("expected {value}"))?;
    }
    for field in &step.expect_fields_present {
        ensure(
            answer.json.get(field).is_some(),
            format!("expected {field}"),
        )?;
    }
    for field in &step.expect_fields_absent {
        ensure(
            answer.json.get(field).is_none(),
            format!("expected no {field}"),
        )?;
    }
    for text in &step.expect_body_contains {
        ensure(
            answer.text.contains(text),
            format!("expected {text:?} in it"),
        )?;
    }
    for text in &step.expect_body_not_contains {
        ensure(
            !answer.text.contains(text),
            format!("expected no {text:?} in it"),
        )?;
    }
    let array = answer.json.as_array();
    if let Some(length) = step.expect_array_length {
        let what = format!("expected {length} elements");
        ensure(array.is_some_and(|array| array.len() == length), what)?;
    }
    for value in &step.expect_array_contains {
        let what = format!("expected the element {value}");
        ensure(array.is_some_and(|array| array.contains(value)), what)?;
    }
    for value in &step.expect_array_not_contains {
        let what = format!("expected no element {value}");
        ensure(array.is_some_and(|array| !array.contains(value)), what)?;
    }
    for (field, variable) in &step.expect_equals_saved {
        let what = format!("expected {field} to equal the saved {variable}");
        let pair = answer.json.get(field).zip(saved.get(variable));
        ensure(pair.is_some_and(|(found, kept)| found == kept), what)?;
    }
    for (field, variable) in &step.expect_not_equals_saved {
        let what = format!("expected {field} to differ from the saved {variable}");
        let pair = answer.json.get(field).zip(saved.get(variable));
        ensure(pair.is_some_and(|(found, kept)| found != kept), what)?;
    }
    for (header, text) in &step.expect_header_contains {
        let value = answer.headers.get(header).and_then(|v| v.to_str().ok());
        let what = format!("expected header {header} to contain {text:?}, found {value:?}");
        ensure(value.is_some_and(|value| value.contains(text)), what)?;
    }
    Ok(())
}
