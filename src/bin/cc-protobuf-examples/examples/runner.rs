//! Runs the requested examples, continues after a failure, and prints the summary.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::leftovers::{Made, leftovers};
use super::plan::{Asked, RunPlan, Skip, empty_report};
use super::summary::{announce, finish, millis, summary};
use super::{Context, Example, Saved};
use crate::backends::Backends;
use crate::cleanup::{Cleaned, remove_run};
use crate::cli::{RunArgs, RunMode};
use crate::console::{BAD, Console, ExampleReport, ExampleResult, Narration, Report, Spinner};
use crate::failure::{Exit, Failure};
use crate::settings::Settings;
use crate::stop_signal::StopSignal;

/// Maximum time for the registry to answer at the start.
const PROBE: Duration = Duration::from_secs(15);

/// Reports a failure before the run; in JSON also as a document.
pub fn refuse(arguments: &RunArgs, console: &Console, failure: Failure) -> Failure {
    let run_id = arguments.run_id.as_deref().unwrap_or_default();
    let report = empty_report(arguments, run_id);
    finish(
        console,
        report,
        Some(&failure),
        failure.exit,
        Duration::ZERO,
    );
    failure
}

/// Runs the examples that the command line requests.
pub async fn run(
    arguments: &RunArgs,
    settings: Settings,
    console: &Console,
) -> Result<Exit, Failure> {
    let plan = match RunPlan::new(arguments, &settings) {
        Ok(plan) => plan,
        Err(failure) => return Err(refuse(arguments, console, failure)),
    };
    let started = Instant::now();
    let mut report = empty_report(plan.arguments, plan.names.id().as_str());
    let mut stop = StopSignal::arm()?;
    let opened = tokio::select! {
        opened = open(&settings) => opened,
        () = stop.received() => Err(stop.failure()),
    };
    // From the connection to Kafka on, topics may have been created.
    let mut connects = false;
    let opened = match (opened, plan.topics()) {
        (Ok(backends), Some(topics)) => {
            connects = true;
            let _spinner = Spinner::start("connecting to Kafka, creating topics".to_owned());
            let group = plan.names.group();
            tokio::select! {
                opened = backends.with_broker(&settings, &group, topics) => opened,
                () = stop.received() => Err(stop.failure()),
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
    if plan.arguments.mode == RunMode::Full {
        report.consumer_group = Some(plan.names.group());
    }
    report.backends = backends.describe(&settings);
    announce(&plan, &report, &settings, &backends, console);

    let saved = Saved::default();
    let mut stopped = run_examples(&plan, &backends, &saved, &mut report, &mut stop, console).await;
    let exits = report
        .examples
        .iter()
        .filter_map(|example| example.error.as_ref());
    let mut exit = Exit::of_all(exits.map(|error| error.exit));
    let interrupted_run = stopped
        .as_ref()
        .is_some_and(|failure| failure.exit.is_signal());
    let mut made = Made::of_run(&plan);
    if stopped.is_none() {
        made.look(&backends, &mut report).await;
    }
    summary(&plan, &report, console);
    if let Some(directory) = &plan.arguments.save_schemas {
        let files = saved.lock().unwrap_or_else(PoisonError::into_inner).len();
        let name = if files == 1 { "file" } else { "files" };
        console.result(&format!("{files} .proto {name} in {}", directory.display()));
    }

    if arguments.cleanup && !interrupted_run {
        let mut cleaned = Cleaned::default();
        let client = &backends.registry.client;
        let done = tokio::select! {
            () = remove_run(&plan.names, &settings, client, false, console, &mut cleaned) => true,
            () = stop.received() => false,
        };
        for failure in cleaned.failures() {
            failure.print();
        }
        exit = Exit::of_all([exit, cleaned.exit()]);
        report.cleanup_errors = cleaned.errors();
        report.removed = cleaned.removed;
        if !done {
            if !backends.registry.is_embedded() {
                leftovers(&plan, &made, true, console);
            }
            stopped = Some(stop.failure());
        }
    } else if !backends.registry.is_embedded() && !made.is_nothing() {
        leftovers(&plan, &made, stopped.is_some(), console);
    }
    backends.close().await;
    for Asked { example, skipped } in &plan.asked {
        if let (None, Some(Skip::Lacks(failure))) = (&stopped, skipped) {
            let failure = failure.clone();
            failure
                .context(format!("{} was skipped", example.name))
                .print();
        }
    }
    finish(console, report, stopped.as_ref(), exit, started.elapsed());
    match stopped {
        Some(failure) => Err(failure),
        None => Ok(exit),
    }
}

/// Runs the examples one by one. Returns the failure that stopped the run early: an
/// interruption, or an unreachable registry.
async fn run_examples(
    plan: &RunPlan<'_>,
    backends: &Backends,
    saved: &Saved,
    report: &mut Report,
    stop: &mut StopSignal,
    console: &Console,
) -> Option<Failure> {
    let mut stopped: Option<Failure> = None;
    for Asked { example, skipped } in &plan.asked {
        if stopped.is_some() || skipped.is_some() {
            let mut entry = entry(example, ExampleResult::Skipped);
            if let Some(Skip::Lacks(failure)) = skipped {
                entry.error = Some(failure.into());
            }
            report.examples.push(entry);
            continue;
        }
        let names = plan.names.of_example();
        let begun = Instant::now();
        let narration =
            Narration::begin(console.clone(), example.number, example.name, example.title);
        if backends.broker.is_some() && example.topics.is_empty() {
            narration.say("There is no Kafka in this example.");
        }
        let context = Context::new(
            narration,
            &plan.changes,
            plan.arguments,
            backends,
            &names,
            saved,
        );
        let outcome = tokio::select! {
            outcome = (example.run)(&context) => outcome,
            () = stop.received() => Err(stop.failure()),
        };
        let outcome = outcome.and_then(|()| context.narration.verdict());
        let mut entry = entry(example, ExampleResult::Passed);
        entry.duration_ms = millis(begun.elapsed());
        entry.subjects = names.created().subjects;
        if plan.arguments.mode == RunMode::Full {
            entry.topics = names.created().topics;
        }
        entry.keks = names.created().keks;
        entry.steps = context.narration.take_steps();
        if let Err(mut failure) = outcome {
            entry.error = Some((&failure).into());
            let word = if failure.exit.is_signal() {
                entry.result = ExampleResult::Interrupted;
                "interrupted"
            } else {
                entry.result = ExampleResult::Failed;
                failure.message = format!("{}: {}", example.name, failure.message);
                "failed"
            };
            console.line(&format!("{BAD}✗ {} {word}{BAD:#}", example.name));
            let hopeless = failure.exit.is_signal()
                || failure.exit == Exit::Unreachable && probe(backends).await.is_err();
            if hopeless {
                stopped = Some(failure);
            } else {
                failure.print();
            }
        }
        report.examples.push(entry);
    }
    stopped
}

/// Opens the registry and checks that it answers. Only then connects to Kafka, so that
/// no topic is created without a registry.
async fn open(settings: &Settings) -> Result<Backends, Failure> {
    let backends = Backends::open(settings).await?;
    if !backends.registry.is_embedded() {
        probe(&backends).await?;
    }
    Ok(backends)
}

/// Checks that the registry answers and accepts the credentials. Examples check its
/// other answers.
async fn probe(backends: &Backends) -> Result<(), Failure> {
    let asked = tokio::time::timeout(PROBE, backends.registry.client.types());
    let Ok(answer) = asked.await else {
        let seconds = PROBE.as_secs();
        return Err(Failure::new(
            Exit::Unreachable,
            format!(
                "the registry at {} did not answer within {seconds} s",
                backends.registry.url
            ),
        )
        .hint("check SCHEMA_REGISTRY_URL, and that no proxy or firewall drops the traffic"));
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
