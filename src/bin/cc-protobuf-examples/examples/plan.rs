//! What a run is to do: the arguments, checked.

use std::collections::BTreeMap;
use std::path::Path;

use super::{ALL, Example, changes};
use crate::cli::{Mode, RunArgs, Selection};
use crate::console::Report;
use crate::failure::{Exit, Failure};
use crate::naming::{Names, RunId};
use crate::settings::Settings;

/// What the arguments ask for, checked.
pub(super) struct Plan<'a> {
    pub(super) arguments: &'a RunArgs,
    pub(super) names: Names,
    pub(super) chosen: Vec<&'static Example>,
    pub(super) changes: BTreeMap<String, String>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(arguments: &'a RunArgs, settings: &Settings) -> Result<Self, Failure> {
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

    pub(super) fn topics(&self) -> Option<Vec<String>> {
        let bases = self.chosen.iter().flat_map(|example| example.topics);
        (self.arguments.mode == Mode::Full)
            .then(|| bases.map(|base| self.names.topic(base)).collect())
    }
}

pub(super) fn empty_report(arguments: &RunArgs, run_id: &str) -> Report {
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
