//! Reports wrong usage, and prints what `--help` and `--version` ask for.

use std::ffi::{OsStr, OsString};

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use cc_protobuf_examples::printable::escape;

use crate::cli;
use crate::console::{Console, Output};
use crate::failure::{Exit, Failure};
use crate::terminal::stderr;

/// The suggestions of clap, and what they are about.
const SUGGESTIONS: [(ContextKind, &str); 3] = [
    (ContextKind::SuggestedSubcommand, "subcommand"),
    (ContextKind::SuggestedArg, "flag"),
    (ContextKind::SuggestedValue, "value"),
];

/// Prints help or the version. Turns any other error of clap into a failure, with
/// clap's tips as hints.
pub fn usage(mut error: Error, console: &Console) -> Result<Exit, Failure> {
    if !error.use_stderr() {
        let text = error.render();
        let text = match console.styled() {
            true => text.ansi().to_string(),
            false => text.to_string(),
        };
        console.data(text.as_bytes());
        return Ok(Exit::Met);
    }
    match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let hint = "`run basic` runs the first example, `list` shows all ten";
            if console.output() == Output::Json {
                let message = "no command and no example is given";
                return Err(Failure::usage(message).hint(hint));
            }
            stderr::write(error.render().to_string().trim_end());
            console.hint(hint);
            return Ok(Exit::Usage);
        }
        ErrorKind::InvalidUtf8 => return Err(not_utf8()),
        _ => {}
    }
    escape_given(&mut error);
    let mut hints = hints(&mut error);
    if let Some(usage) = error.remove(ContextKind::Usage) {
        hints.push(usage.to_string().replacen("Usage:", "usage:", 1));
    }
    if hints.is_empty() {
        hints.push("`--help` explains every flag and its values".to_owned());
    }
    // The message is the first paragraph; the rest points to `--help`.
    let text = error.render().to_string();
    let message = text.split("\n\n").next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(message);
    Err(Failure::usage(message).hint(hints.join("; ")))
}

/// Escapes what the error quotes from the arguments; rendering would drop it.
fn escape_given(error: &mut Error) {
    let escaped = |text: &String| escape(text).into_owned();
    let given: Vec<(ContextKind, ContextValue)> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, ContextValue::String(escaped(text)))),
            ContextValue::Strings(texts) => {
                let texts = texts.iter().map(escaped).collect();
                Some((kind, ContextValue::Strings(texts)))
            }
            _ => None,
        })
        .collect();
    for (kind, value) in given {
        error.insert(kind, value);
    }
}

/// Removes clap's suggestions from the error and returns them.
fn hints(error: &mut Error) -> Vec<String> {
    let mut hints = Vec::new();
    for (kind, what) in SUGGESTIONS {
        match error.remove(kind) {
            Some(ContextValue::String(name)) => hints.push(format!("a similar {what}: {name}")),
            Some(ContextValue::Strings(names)) => match names.as_slice() {
                [] => {}
                [name] => hints.push(format!("a similar {what}: {name}")),
                names => hints.push(format!("similar {what}s: {}", names.join(", "))),
            },
            _ => {}
        }
    }
    if let Some(ContextValue::StyledStrs(tips)) = error.remove(ContextKind::Suggested) {
        hints.extend(tips.iter().map(ToString::to_string));
    }
    hints
}

/// Finds the argument that is not UTF-8, which clap does not name.
fn not_utf8() -> Failure {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    for at in 0..arguments.len() {
        let Some(argument) = arguments.get_mut(at) else {
            break;
        };
        if argument.to_str().is_some() {
            continue;
        }
        // File names may have any bytes. This argument is the cause if the error
        // goes away when it is replaced with valid text.
        let text = argument.to_string_lossy().into_owned().into();
        let given = std::mem::replace(argument, text);
        let complains = |error: &Error| error.kind() == ErrorKind::InvalidUtf8;
        if !cli::parse_from(&arguments).is_err_and(|error| complains(&error)) {
            let before = at.checked_sub(1).and_then(|at| arguments.get(at));
            return blame(before.map(OsString::as_os_str), &given);
        }
    }
    Failure::usage("an argument is not valid UTF-8")
}

fn blame(before: Option<&OsStr>, argument: &OsStr) -> Failure {
    let flag = before.and_then(OsStr::to_str);
    let after = flag
        .filter(|flag| flag.starts_with('-') && !argument.as_encoded_bytes().starts_with(b"-"))
        .map(|flag| format!(" after {flag}"));
    let after = after.unwrap_or_default();
    Failure::usage(format!(
        "the argument {argument:?}{after} is not valid UTF-8"
    ))
    .hint("use UTF-8 text; only file names may contain other bytes")
}

/// Finds the requested output format in arguments that clap could not parse.
pub fn wanted_output() -> Output {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let joined = ["-ojson", "-o=json", "--output=json"];
    let apart = |pair: &[OsString]| matches!(pair, [flag, value] if (flag == "-o" || flag == "--output") && value == "json");
    let json = arguments.windows(2).any(apart)
        || arguments
            .iter()
            .any(|text| joined.iter().any(|joined| text == joined));
    match json {
        true => Output::Json,
        false => Output::Human,
    }
}
