//! Runs the chosen examples, goes on after a failure, and sums up.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{ALL, Context, Example, StopSignal, changes};
use crate::backends::Backends;
use crate::cli::{Cli, Mode, RunArgs, Selection};
use crate::commands::remove_run;
use crate::console::{
    BAD, Console, ExampleReport, ExampleResult, GOOD, Output, Report, TITLE, Table,
};
use crate::failure::{Exit, Failure};
use crate::naming::{Names, RunId};
use crate::settings::Settings;

/// How long the registry may take to show that it is there.
const PROBE: Duration = Duration::from_secs(15);

/// What the arguments ask for, checked.
struct Plan<'a> {
    arguments: &'a RunArgs,
    names: Names,
    chosen: Vec<&'static Example>,
    changes: BTreeMap<String, String>,
}

impl<'a> Plan<'a> {
    fn new(arguments: &'a RunArgs, settings: &Settings) -> Result<Self, Failure> {
        settings.check_mode(arguments.mode)?;
        let id = match &arguments.run_id {
            Some(text) => RunId::new(text)?,
            None => RunId::random(),
        };
        let chosen: Vec<&Example> = ALL
            .iter()
            .filter(|example| [Selection::All, example.selection].contains(&arguments.example))
            .collect();
        if let Some(directory) = &arguments.save_schemas {
            check_writable(directory)?;
        }
        Ok(Self {
            arguments,
            names: Names::new(id),
            changes: changes::parse(&arguments.set, &chosen)?,
            chosen,
        })
    }

    fn topics(&self) -> Option<Vec<String>> {
        let bases = self.chosen.iter().flat_map(|example| example.topics);
        (self.arguments.mode == Mode::Full)
            .then(|| bases.map(|base| self.names.topic(base)).collect())
    }
}

fn empty_report(arguments: &RunArgs, run_id: &str) -> Report {
    let mode = match arguments.mode {
        Mode::SchemaOnly => "schema-only",
        Mode::Full => "full",
    };
    let schemas = if arguments.use_protoc {
        "precompiled"
    } else {
        "dynamic"
    };
    Report::new(run_id.to_owned(), mode, schemas)
}

/// Fails before any example would when the directory cannot be written to.
fn check_writable(directory: &Path) -> Result<(), Failure> {
    let probe = directory.join(".cc-protobuf-examples");
    std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(&probe, ""))
        .and_then(|()| std::fs::remove_file(&probe))
        .map_err(|error| {
            let mut failure = Failure::from(error)
                .context(format!("cannot write schemas to {}", directory.display()))
                .hint("give --save-schemas a directory that can be written to");
            failure.exit = Exit::Usage;
            failure
        })
}

/// Reports a failure that comes before the run; in JSON also as a document.
pub fn refuse(cli: &Cli, console: &Console, failure: Failure) -> Failure {
    let run_id = cli.run.run_id.as_deref().unwrap_or_default();
    let report = empty_report(&cli.run, run_id);
    finish(
        console,
        report,
        Some(&failure),
        failure.exit,
        Duration::ZERO,
    );
    failure
}

/// Runs what the command line asks for.
pub async fn run(cli: &Cli, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    let plan = match Plan::new(&cli.run, &settings) {
        Ok(plan) => plan,
        Err(failure) => return Err(refuse(cli, console, failure)),
    };
    let started = Instant::now();
    let mut report = empty_report(plan.arguments, plan.names.id().as_str());
    let mut stop = StopSignal::arm()?;
    let opened = tokio::select! {
        opened = open(&plan, &settings) => opened,
        () = stop.received() => Err(interrupted()),
    };
    let backends = match opened {
        Ok(backends) => backends,
        Err(failure) => {
            finish(
                console,
                report,
                Some(&failure),
                failure.exit,
                started.elapsed(),
            );
            return Err(failure);
        }
    };
    report.backends = backends.describe(&settings);
    announce(&plan, &report, &settings, &backends, console);

    let mut stopped: Option<Failure> = None;
    for example in &plan.chosen {
        if stopped.is_some() {
            report.examples.push(entry(example, ExampleResult::Skipped));
            continue;
        }
        let names = plan.names.of_example();
        let begun = Instant::now();
        let context = Context::new(
            example,
            &plan.changes,
            plan.arguments,
            &backends,
            &names,
            console,
        );
        let outcome = tokio::select! {
            outcome = (example.run)(&context) => outcome,
            () = stop.received() => Err(interrupted()),
            () = console.closed() => Err(interrupted()),
        };
        let mut entry = entry(example, ExampleResult::Passed);
        entry.duration_ms = millis(begun.elapsed());
        entry.subjects = names.created().subjects;
        if plan.arguments.mode == Mode::Full {
            entry.topics = names.created().topics;
        }
        entry.steps = context.story.take_steps();
        if let Err(failure) = outcome {
            entry.result = ExampleResult::Failed;
            entry.error = Some((&failure).into());
            console.line(&format!("{BAD}✗ {} failed{BAD:#}", example.name));
            let hopeless = failure.exit == Exit::Interrupted
                || failure.exit == Exit::Unreachable && probe(&backends).await.is_err();
            if hopeless {
                stopped = Some(failure);
            } else {
                failure.print();
            }
        }
        report.examples.push(entry);
    }
    let exits = report
        .examples
        .iter()
        .filter_map(|example| example.error.as_ref());
    let mut exit = Exit::of_all(exits.map(|error| error.exit));
    summary(&report, console);

    let interrupted = stopped
        .as_ref()
        .is_some_and(|failure| failure.exit == Exit::Interrupted);
    if cli.run.cleanup && !interrupted {
        match remove_run(
            &plan.names,
            &settings,
            &backends.registry.client,
            false,
            console,
        )
        .await
        {
            Ok(removed) => report.removed = removed,
            Err(failure) => {
                exit = Exit::of_all([exit, failure.exit]);
                failure.print();
            }
        }
    } else if !backends.registry.is_embedded() {
        leftovers(&plan, &report, interrupted, console);
    }
    backends.close().await;
    finish(console, report, stopped.as_ref(), exit, started.elapsed());
    match stopped {
        Some(failure) => Err(failure),
        None => Ok(exit),
    }
}

/// Opens the backends and makes sure that the registry answers.
async fn open(plan: &Plan<'_>, settings: &Settings) -> Result<Backends, Failure> {
    // The registry first: without it, no topic shall be made.
    let backends = Backends::open(settings).await?;
    if !backends.registry.is_embedded() {
        probe(&backends).await?;
    }
    match plan.topics() {
        Some(topics) => {
            backends
                .with_broker(settings, &plan.names.group(), topics)
                .await
        }
        None => Ok(backends),
    }
}

/// Whether the registry is there and accepts the credentials. Its other answers
/// are for the examples to judge.
async fn probe(backends: &Backends) -> Result<(), Failure> {
    let asked = tokio::time::timeout(PROBE, backends.registry.client.types());
    let Ok(answer) = asked.await else {
        let seconds = PROBE.as_secs();
        return Err(Failure::new(
            Exit::Unreachable,
            format!(
                "the registry at {} gave no answer in {seconds} s",
                backends.registry.url
            ),
        )
        .hint("check SCHEMA_REGISTRY_URL, and that nothing in between swallows the traffic"));
    };
    match answer {
        Err(error) => {
            let unauthorized = error.is_unauthorized();
            let failure = Failure::from(error);
            match failure.exit {
                Exit::Unreachable => Err(failure),
                Exit::Refused if unauthorized => Err(failure),
                _ => Ok(()),
            }
        }
        Ok(_) => Ok(()),
    }
}

fn interrupted() -> Failure {
    Failure::new(Exit::Interrupted, "interrupted")
}

fn entry(example: &Example, result: ExampleResult) -> ExampleReport {
    ExampleReport {
        number: example.number,
        name: example.name.to_owned(),
        title: example.title.to_owned(),
        result,
        duration_ms: 0,
        subjects: Vec::new(),
        topics: Vec::new(),
        steps: Vec::new(),
        error: None,
    }
}

fn announce(
    plan: &Plan<'_>,
    report: &Report,
    settings: &Settings,
    backends: &Backends,
    console: &Console,
) {
    let version = env!("CARGO_PKG_VERSION");
    console.line(&format!("{TITLE}cc-protobuf-examples {version}{TITLE:#}"));
    console.line(&format!(
        "{:<16} {} · {} schemas · mode {}",
        "run",
        plan.names.id().as_str(),
        report.schemas,
        report.mode
    ));
    backends.announce(settings, console);
}

/// The table at the end.
fn summary(report: &Report, console: &Console) {
    let mut table = Table::new(["example", "result", "ms", "subjects and topics"]);
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for example in &report.examples {
        let word = match example.result {
            ExampleResult::Passed => {
                passed += 1;
                "✓ passed"
            }
            ExampleResult::Failed => {
                failed += 1;
                "✗ failed"
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
            used(example).join("\n"),
        ]);
    }
    console.result("");
    for line in table.lines(0) {
        console.result(&line);
    }
    let style = if failed + skipped == 0 { GOOD } else { BAD };
    let skipped = if skipped > 0 {
        format!(", {skipped} skipped")
    } else {
        String::new()
    };
    console.result(&format!(
        "{style}{passed} passed, {failed} failed{skipped}{style:#}"
    ));
}

/// Subjects and topics of an example.
fn used(example: &ExampleReport) -> Vec<String> {
    let topics = example.topics.iter().map(|topic| format!("topic {topic}"));
    example.subjects.iter().cloned().chain(topics).collect()
}

/// Says what stays on the user's backends, and how to remove it.
fn leftovers(plan: &Plan<'_>, report: &Report, interrupted: bool, console: &Console) {
    let id = plan.names.id().as_str();
    if interrupted {
        console.result("The run may have made:");
        let subjects = report.examples.iter().flat_map(|example| &example.subjects);
        for subject in subjects {
            console.result(&format!("  subject {subject}"));
        }
        let created = plan.names.created();
        for kek in created.keks {
            console.result(&format!("  KEK {kek}"));
        }
        if plan.arguments.mode == Mode::Full {
            for topic in created.topics {
                console.result(&format!("  topic {topic}"));
            }
        }
    }
    console.hint(&format!(
        "remove what the run made with: cc-protobuf-examples clean --run-id {id}"
    ));
}

fn finish(
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
    match serde_json::to_string_pretty(&report) {
        Ok(text) => console.data(&text),
        Err(error) => Failure::from(error).print(),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
