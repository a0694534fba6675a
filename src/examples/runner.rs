//! Runs the chosen examples, goes on after a failure, and sums up.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::{ALL, Context, Example, Saved, StopSignal, changes};
use crate::backends::Backends;
use crate::cli::{Cli, Mode, RunArgs, Selection};
use crate::commands::{Cleaned, remove_run};
use crate::console::{
    BAD, Console, ExampleReport, ExampleResult, GOOD, Output, Report, Spinner, TITLE, Table, WIDTH,
    wrap,
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
        opened = open(&settings) => opened,
        () = stop.received() => Err(interrupted()),
    };
    // Once Kafka is connected to, topics may have been made.
    let mut connects = false;
    let opened = match (opened, plan.topics()) {
        (Ok(backends), Some(topics)) => {
            connects = true;
            let _spinner = Spinner::start("connecting to Kafka, creating topics".to_owned());
            let group = plan.names.group();
            tokio::select! {
                opened = backends.with_broker(&settings, &group, topics) => opened,
                () = stop.received() => Err(interrupted()),
            }
        }
        (opened, _) => opened,
    };
    let backends = match opened {
        Ok(backends) => backends,
        Err(failure) => {
            let nothing = [Exit::Unreachable, Exit::Refused].contains(&failure.exit);
            if connects && settings.kafka.is_some() && !nothing {
                leftovers(&plan, &Made::of_run(&plan), true, console);
            }
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
    if plan.arguments.mode == Mode::Full {
        report.consumer_group = Some(plan.names.group());
    }
    report.backends = backends.describe(&settings);
    announce(&plan, &report, &settings, &backends, console);

    let saved = Saved::default();
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
            &saved,
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
        entry.keks = names.created().keks;
        entry.steps = context.story.take_steps();
        if let Err(mut failure) = outcome {
            entry.error = Some((&failure).into());
            let word = if failure.exit == Exit::Interrupted {
                entry.result = ExampleResult::Interrupted;
                "interrupted"
            } else {
                entry.result = ExampleResult::Failed;
                failure.message = format!("{}: {}", example.name, failure.message);
                "failed"
            };
            console.line(&format!("{BAD}✗ {} {word}{BAD:#}", example.name));
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
    let interrupted_run = stopped
        .as_ref()
        .is_some_and(|failure| failure.exit == Exit::Interrupted);
    let mut made = Made::of_run(&plan);
    if stopped.is_none() {
        made.look(&backends, &mut report).await;
    }
    summary(&report, console);
    if let Some(directory) = &plan.arguments.save_schemas {
        let files = saved.lock().unwrap_or_else(PoisonError::into_inner).len();
        let name = if files == 1 { "file" } else { "files" };
        console.result(&format!("{files} .proto {name} in {}", directory.display()));
    }

    if cli.run.cleanup && !interrupted_run {
        let mut cleaned = Cleaned::default();
        let client = &backends.registry.client;
        let done = tokio::select! {
            () = remove_run(&plan.names, &settings, client, false, console, &mut cleaned) => true,
            () = stop.received() => false,
        };
        for failure in &cleaned.failures {
            failure.print();
        }
        exit = Exit::of_all([exit, cleaned.exit()]);
        report.cleanup_errors = cleaned.errors();
        report.removed = cleaned.removed;
        if !done {
            if !backends.registry.is_embedded() {
                leftovers(&plan, &made, true, console);
            }
            stopped = Some(interrupted());
        }
    } else if !backends.registry.is_embedded() && !made.is_nothing() {
        leftovers(&plan, &made, stopped.is_some(), console);
    }
    backends.close().await;
    finish(console, report, stopped.as_ref(), exit, started.elapsed());
    match stopped {
        Some(failure) => Err(failure),
        None => Ok(exit),
    }
}

/// Opens the registry and makes sure that it answers. Kafka comes after it:
/// without a registry, no topic shall be made.
async fn open(settings: &Settings) -> Result<Backends, Failure> {
    let backends = Backends::open(settings).await?;
    if !backends.registry.is_embedded() {
        probe(&backends).await?;
    }
    Ok(backends)
}

/// What a run left on the backends, as far as that is known.
struct Made {
    subjects: Vec<String>,
    keks: Vec<String>,
    topics: Vec<String>,
}

impl Made {
    /// Every name that the run has given out.
    fn of_run(plan: &Plan<'_>) -> Self {
        let created = plan.names.created();
        Self {
            subjects: created.subjects,
            keks: created.keks,
            topics: plan.topics().unwrap_or_default(),
        }
    }

    /// Leaves out the subjects and keys that are not there, here and in the
    /// report. A registry that does not tell leaves all in.
    async fn look(&mut self, backends: &Backends, report: &mut Report) {
        let client = &backends.registry.client;
        if let Ok(there) = client.subjects().await {
            let there: HashSet<String> = there.into_iter().collect();
            self.subjects.retain(|subject| there.contains(subject));
            for example in &mut report.examples {
                example.subjects.retain(|subject| there.contains(subject));
            }
        }
        let mut keks = Vec::new();
        for kek in std::mem::take(&mut self.keks) {
            if client.kek(&kek, false).await.is_ok() {
                keks.push(kek);
            }
        }
        for example in &mut report.examples {
            example.keks.retain(|kek| keks.contains(kek));
        }
        self.keks = keks;
    }

    fn is_nothing(&self) -> bool {
        self.subjects.is_empty() && self.keks.is_empty() && self.topics.is_empty()
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
        keks: Vec::new(),
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
    let run = format!(
        "{} · {} schemas · mode {}",
        plan.names.id().as_str(),
        report.schemas,
        report.mode
    );
    for (index, line) in wrap(&run, WIDTH - 17).iter().enumerate() {
        let name = if index == 0 { "run" } else { "" };
        console.line(&format!("{name:<16} {line}"));
    }
    backends.announce(settings, console);
}

/// The table at the end.
fn summary(report: &Report, console: &Console) {
    let mut table = Table::new(["example", "result", "ms", "subjects and topics"]);
    let (mut passed, mut failed, mut interrupted, mut skipped) = (0, 0, 0, 0);
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
            used(example).join("\n"),
        ]);
    }
    console.result("");
    for line in table.lines(0) {
        console.result(&line);
    }
    let style = if passed == report.examples.len() {
        GOOD
    } else {
        BAD
    };
    let mut text = format!("{passed} passed, {failed} failed");
    for (number, word) in [(interrupted, "interrupted"), (skipped, "skipped")] {
        if number > 0 {
            text.push_str(&format!(", {number} {word}"));
        }
    }
    console.result(&format!("{style}{text}{style:#}"));
}

/// Subjects and topics of an example.
fn used(example: &ExampleReport) -> Vec<String> {
    let topics = example.topics.iter().map(|topic| format!("topic {topic}"));
    example.subjects.iter().cloned().chain(topics).collect()
}

/// Says what stays on the user's backends, and how to remove it. All of it is
/// listed if no summary can have told.
fn leftovers(plan: &Plan<'_>, made: &Made, listed: bool, console: &Console) {
    let id = plan.names.id().as_str();
    if listed {
        console.result("The run may have made:");
        let kinds = [
            ("subject", &made.subjects),
            ("KEK", &made.keks),
            ("topic", &made.topics),
        ];
        for (kind, names) in kinds {
            for name in names {
                console.result(&format!("  {kind} {name}"));
            }
        }
        if !made.topics.is_empty() {
            console.result(&format!("  consumer group {}", plan.names.group()));
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
