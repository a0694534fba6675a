//! Wrong usage, and what `--help` and `--version` print.

use std::io::Write;
use std::process::ExitCode;

use crate::console::Report;
use crate::failure::{Exit, Failure};

/// Prints what clap has to say, with its tips as hints.
pub fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // `--help | head` may leave before the end.
        let _ = error.print();
        return ExitCode::from(Exit::Met.code());
    }
    let rendered = error.render().ansi().to_string();
    let plain = error.render().to_string();
    let end = rendered
        .find("For more information")
        .unwrap_or(rendered.len());
    let mut text = String::new();
    let mut hints: Vec<String> = Vec::new();
    for line in rendered.get(..end).unwrap_or(&rendered).trim_end().lines() {
        let bare = anstream::adapter::strip_str(line).to_string();
        match bare.trim_start().strip_prefix("tip: ") {
            Some(tip) => hints.push(tip.to_owned()),
            None if bare.is_empty() && text.ends_with("\n\n") => {}
            None => text.push_str(&format!("{line}\n")),
        }
    }
    let asks_for_nothing =
        error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if asks_for_nothing {
        hints.push("`run basic` runs the first example, `list` shows all ten".to_owned());
    } else if hints.is_empty() {
        let subject = if plain.contains("Usage:") {
            "the usage above"
        } else {
            "--help"
        };
        hints.push(format!(
            "see {subject}; `--help` explains every flag and its values"
        ));
    }
    let text = text.trim_end();
    if wants_json(std::env::args()) {
        let plain = anstream::adapter::strip_str(text).to_string();
        let message = match asks_for_nothing {
            true => "the command line names no command and no example",
            false => plain.trim_start_matches("error: "),
        };
        let failure = Failure::usage(message).hint(hints.join("; "));
        let _ = writeln!(
            anstream::stdout().lock(),
            "{:#}",
            Report::usage_error(&failure)
        );
    }
    let hints = hints.join("\nhint: ");
    // Nobody is left to tell when stderr is closed.
    let _ = writeln!(anstream::stderr().lock(), "{text}\nhint: {hints}");
    ExitCode::from(Exit::Usage.code())
}

/// Whether arguments that could not be read as a whole ask for JSON.
fn wants_json(arguments: impl Iterator<Item = String>) -> bool {
    let arguments: Vec<String> = arguments.collect();
    let joined = ["-ojson", "-o=json", "--output=json"];
    let apart = |pair: &[String]| matches!(pair, [flag, value] if ["-o", "--output"].contains(&flag.as_str()) && value == "json");
    arguments.windows(2).any(apart) || arguments.iter().any(|text| joined.contains(&text.as_str()))
}
