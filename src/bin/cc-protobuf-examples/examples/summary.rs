//! Prints the banner and the summary of a run.

use std::time::Duration;

use super::plan::{Asked, RunPlan, Skip};
use crate::backends::Backends;
use crate::console::{
    BAD, Console, ExampleReport, ExampleResult, GOOD, Output, Report, TITLE, Table, wrap,
};
use crate::failure::{Exit, Failure};
use crate::settings::Settings;

pub(super) fn announce(
    plan: &RunPlan<'_>,
    report: &Report,
    settings: &Settings,
    backends: &Backends,
    console: &Console,
) {
    let version = env!("CARGO_PKG_VERSION");
    console.line(&format!("{TITLE}cc-protobuf-examples {version}{TITLE:#}"));
    let run = format!(
        "{} · {} schemas · mode {}",
        plan.names.id().as_str(),
        report.schemas,
        report.mode
    );
    for (index, line) in wrap(&run, console.width() - 17).iter().enumerate() {
        let name = if index == 0 { "run" } else { "" };
        console.line(&format!("{name:<16} {line}"));
    }
    backends.announce(settings, console);
    for Asked { example, skipped } in &plan.asked {
        if let Some(Skip::Lacks(failure)) = skipped {
            console.note(&format!("{} will be skipped: {failure}", example.name));
            if let Some(hint) = &failure.hint {
                console.hint(hint);
            }
        }
    }
}

/// Prints the table at the end.
pub(super) fn summary(plan: &RunPlan<'_>, report: &Report, console: &Console) {
    let mut table = Table::new(["example", "result", "ms", "subjects and topics"]);
    let (mut passed, mut failed, mut interrupted, mut skipped) = (0, 0, 0, 0);
    for (asked, example) in plan.asked.iter().zip(&report.examples) {
        let word = match example.result {
            ExampleResult::Passed => {
                passed += 1;
                "✓ passed"
            }
            ExampleResult::Failed => {
                failed += 1;
                "✗ failed"
            }
            ExampleResult::Interrupted => {
                interrupted += 1;
                "interrupted"
            }
            ExampleResult::Skipped => {
                skipped += 1;
                "skipped"
            }
        };
        table.row([
            format!("{:>2} {}", example.number, example.name),
            word.to_owned(),
            example.duration_ms.to_string(),
            match &asked.skipped {
                Some(Skip::Wanted) => "excluded by --skip".to_owned(),
                Some(Skip::Lacks(failure)) => failure.message.clone(),
                None => used(example).join("\n"),
            },
        ]);
    }
    console.result("");
    for line in table.lines(0, console.width()) {
        console.result(&line);
    }
    let unmet = report
        .examples
        .iter()
        .any(|example| example.error.is_some());
    let style = if unmet || passed == 0 { BAD } else { GOOD };
    let mut text = format!("{passed} passed, {failed} failed");
    for (number, word) in [(interrupted, "interrupted"), (skipped, "skipped")] {
        if number > 0 {
            text.push_str(&format!(", {number} {word}"));
        }
    }
    console.result(&format!("{style}{text}{style:#}"));
}

/// Returns the subjects and topics of an example.
fn used(example: &ExampleReport) -> Vec<String> {
    let topics = example.topics.iter().map(|topic| format!("topic {topic}"));
    example.subjects.iter().cloned().chain(topics).collect()
}

pub(super) fn finish(
    console: &Console,
    mut report: Report,
    error: Option<&Failure>,
    exit: Exit,
    duration: Duration,
) {
    if console.output() != Output::Json {
        return;
    }
    report.error = error.map(Into::into);
    report.exit_code = error.map_or(exit, |failure| failure.exit).code();
    report.duration_ms = millis(duration);
    if let Err(failure) = console.document("run", &report) {
        failure.print();
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
