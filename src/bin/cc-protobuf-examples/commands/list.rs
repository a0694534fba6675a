//! The commands `list` and `help EXAMPLE`: describe the examples without running
//! them.

use serde_json::{Value, json};

use crate::console::{Console, Output, TITLE, wrap};
use crate::examples::{ALL, Example};
use crate::failure::{Exit, Failure};

/// Lists the examples, one per line.
pub fn list(console: &Console) -> Result<Exit, Failure> {
    if console.output() == Output::Json {
        let examples: Vec<Value> = ALL
            .iter()
            .map(|example| {
                json!({
                    "number": example.number,
                    "name": example.name,
                    "title": example.title,
                })
            })
            .collect();
        console.document("list", &json!({ "examples": examples }))?;
        return Ok(Exit::Met);
    }
    for example in &ALL {
        console.result(&format!("{:<17} {}", example.name, example.title));
    }
    console.hint("`help NAME` explains an example, `run NAME` runs it, `run all` runs all ten");
    Ok(Exit::Met)
}

/// Explains an example.
pub fn explain(name: &str, console: &Console) -> Result<Exit, Failure> {
    let example = ALL
        .iter()
        .find(|example| example.name == name)
        .ok_or_else(|| {
            Failure::usage(format!("no example is named {name:?}"))
                .hint("`list` shows the names of the examples")
        })?;
    if console.output() == Output::Json {
        console.document("explanation", &body(example))?;
        return Ok(Exit::Met);
    }
    let Example {
        number,
        name,
        title,
        teaches,
        steps,
        ..
    } = example;
    console.result(&format!("{TITLE}{number} · {name}: {title}{TITLE:#}"));
    console.result("");
    for line in wrap(teaches, console.width()) {
        console.result(&line);
    }
    console.result("");
    for (number, step) in (1..).zip(*steps) {
        named(console, &format!("{number:>3}."), 4, step);
    }
    console.result("");
    named(console, "Subjects", 9, &example.subjects.join("\n"));
    let topics: Vec<String> = example.topic_names().collect();
    if !topics.is_empty() {
        named(console, "Topics", 9, &topics.join("\n"));
    }
    for (key, takes) in example.changes() {
        named(console, "Change", 9, &format!("--set {key}=… ({takes})"));
    }
    named(console, "Read", 9, &example.chapter());
    named(console, "Source", 9, &example.source());
    named(
        console,
        "Run",
        9,
        &format!("cc-protobuf-examples run {name}"),
    );
    Ok(Exit::Met)
}

/// Prints a wrapped text after its label.
fn named(console: &Console, label: &str, indent: usize, text: &str) {
    for (index, line) in wrap(text, console.width() - indent - 1).iter().enumerate() {
        let label = if index == 0 { label } else { "" };
        console.result(&format!("{TITLE}{label:<indent$}{TITLE:#} {line}"));
    }
}

fn body(example: &Example) -> Value {
    let changes: Vec<Value> = example
        .changes()
        .map(|(key, takes)| json!({"key": key, "takes": takes}))
        .collect();
    json!({
        "number": example.number,
        "name": example.name,
        "title": example.title,
        "teaches": example.teaches,
        "steps": example.steps,
        "subjects": example.subjects,
        "topics": example.topic_names().collect::<Vec<_>>(),
        "changes": changes,
        "chapter": example.chapter(),
        "source": example.source(),
    })
}
