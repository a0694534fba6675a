//! The plan of a run: the checked arguments.

use std::collections::BTreeMap;
use std::path::Path;

use super::{ALL, Example, changes, csfle};
use crate::backends::KmsKey;
use crate::cli::{RunArgs, RunMode, Selection};
use crate::console::Report;
use crate::failure::{Exit, Failure};
use crate::naming::{Names, RunId};
use crate::settings::Settings;

/// The plan of a run.
pub(super) struct RunPlan<'a> {
    pub(super) arguments: &'a RunArgs,
    pub(super) names: Names,
    pub(super) asked: Vec<Asked>,
    pub(super) changes: BTreeMap<String, String>,
}

/// A requested example.
pub(super) struct Asked {
    pub(super) example: &'static Example,
    /// Why the example is skipped, if it is.
    pub(super) skipped: Option<Skip>,
}

/// Why an example is skipped.
pub(super) enum Skip {
    /// `--skip` excludes it.
    Wanted,
    /// The configuration lacks something that it needs.
    Lacks(Failure),
}

impl<'a> RunPlan<'a> {
    pub(super) fn new(arguments: &'a RunArgs, settings: &Settings) -> Result<Self, Failure> {
        settings.check_mode(arguments.mode)?;
        let id = match &arguments.run_id {
            Some(text) => RunId::new(text)?,
            None => RunId::random(),
        };
        let asked = asked(arguments, settings)?;
        let known = running(&asked).flat_map(|example| example.changes);
        let known: Vec<&changes::Change> = known.collect();
        if let Some(directory) = &arguments.save_schemas {
            check_writable(directory)?;
        }
        Ok(Self {
            arguments,
            names: Names::new(id),
            changes: changes::parse(&arguments.set, &known)?,
            asked,
        })
    }

    pub(super) fn topics(&self) -> Option<Vec<String>> {
        let bases = running(&self.asked).flat_map(|example| example.topics);
        (self.arguments.mode == RunMode::Full)
            .then(|| bases.map(|base| self.names.topic(base)).collect())
    }
}

/// Returns the requested examples, each once, in the given order.
fn asked(arguments: &RunArgs, settings: &Settings) -> Result<Vec<Asked>, Failure> {
    let mut asked: Vec<Asked> = Vec::new();
    for selection in &arguments.examples {
        for example in &ALL {
            let named = [Selection::All, example.selection].contains(selection);
            let known = |asked: &Asked| asked.example.selection == example.selection;
            if named && !asked.iter().any(known) {
                let unwanted = [Selection::All, example.selection];
                let skipped = match unwanted.iter().any(|name| arguments.skip.contains(name)) {
                    true => Some(Skip::Wanted),
                    false => lacks(example, settings).map(Skip::Lacks),
                };
                asked.push(Asked { example, skipped });
            }
        }
    }
    if running(&asked).next().is_some() {
        return Ok(asked);
    }
    // If nothing would run, the first missing setting is the error.
    let lacking = asked.into_iter().find_map(|asked| match asked.skipped {
        Some(Skip::Lacks(failure)) => {
            Some(failure.context(format!("{} cannot run", asked.example.name)))
        }
        _ => None,
    });
    Err(lacking.unwrap_or_else(|| {
        Failure::usage("--skip excludes every requested example")
            .hint("`list` shows the names of the examples")
    }))
}

/// Returns the examples that are not skipped.
fn running(asked: &[Asked]) -> impl Iterator<Item = &'static Example> {
    let asked = asked.iter().filter(|asked| asked.skipped.is_none());
    asked.map(|asked| asked.example)
}

/// Returns what an example needs and the settings lack.
fn lacks(example: &Example, settings: &Settings) -> Option<Failure> {
    let lacks_key = example.selection == Selection::Csfle
        && matches!(KmsKey::decide(settings), Ok(KmsKey::Missing));
    lacks_key.then(csfle::no_key)
}

pub(super) fn empty_report(arguments: &RunArgs, run_id: &str) -> Report {
    let mode = match arguments.mode {
        RunMode::SchemaOnly => "schema-only",
        RunMode::Full => "full",
    };
    let schemas = if arguments.use_protoc {
        "precompiled"
    } else {
        "dynamic"
    };
    Report::new(run_id.to_owned(), mode, schemas)
}

/// Fails before the first example if the directory is not writable.
fn check_writable(directory: &Path) -> Result<(), Failure> {
    let probe = directory.join(".cc-protobuf-examples");
    std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(&probe, ""))
        .and_then(|()| std::fs::remove_file(&probe))
        .map_err(|error| {
            let mut failure = Failure::from(error)
                .context(format!("cannot write schemas to {}", directory.display()))
                .hint("give --save-schemas a writable directory");
            failure.exit = Exit::Usage;
            failure
        })
}
