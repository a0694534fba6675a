//! Reads the command line, and checks which arguments go together where clap
//! cannot.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, ValueEnum};

use super::{COMMANDS, Cli, Command, RunArgs, Selection};

/// Flags that only affect printing. Without others, they select nothing to do.
const PRINTING: [&str; 3] = ["output", "verbose", "quiet"];

/// Parses the process's arguments. The error is either wrong usage, or a request
/// for help or the version; [`clap::Error::use_stderr`] distinguishes them.
pub fn parse() -> Result<Cli, clap::Error> {
    parse_from(std::env::args_os())
}

/// Parses the given arguments, of which the first is the program's name.
pub fn parse_from<I, A>(arguments: I) -> Result<Cli, clap::Error>
where
    I: IntoIterator<Item = A>,
    A: Into<std::ffi::OsString> + Clone,
{
    let mut program = Cli::command();
    let matches = program
        .try_get_matches_from_mut(arguments)
        .map_err(suggest_run)?;
    let given = given(&matches, &program);
    match matches.subcommand_name() {
        None if given.iter().all(|id| PRINTING.contains(&id.as_str())) => {
            return Err(short_help(program));
        }
        None => {}
        Some(name) => {
            // Flags of a run have no effect before a command, so refuse them.
            let run = RunArgs::augment_args(clap::Command::new("run"));
            let of_a_run = |id: &str| {
                id == "example" || run.get_arguments().any(|argument| argument.get_id() == id)
            };
            if let Some(id) = given.iter().find(|id| of_a_run(id)) {
                let flag = id.replace('_', "-");
                let message = match name {
                    "run" => format!("flag '--{flag}' must follow the names: run NAME… --{flag}"),
                    _ => format!(
                        "flag '--{flag}' belongs to an example run and cannot be used with '{name}'"
                    ),
                };
                return Err(program.error(ErrorKind::ArgumentConflict, message));
            }
        }
    }
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut program))?;
    match &mut cli.command {
        None => cli.run.examples = std::mem::take(&mut cli.example),
        Some(Command::Run(command)) => {
            command.run.examples = std::mem::take(&mut command.names);
        }
        Some(Command::Help { name }) => {
            if let Some(error) = explained_by_clap(name.as_deref()) {
                return Err(error);
            }
        }
        Some(_) => {}
    }
    Ok(cli)
}

/// Returns the ids of the arguments that stand before a command.
fn given(matches: &ArgMatches, program: &clap::Command) -> Vec<String> {
    let ids = program
        .get_arguments()
        .map(|argument| argument.get_id().as_str());
    let given = ids.filter(|id| matches.value_source(id) == Some(ValueSource::CommandLine));
    given.map(str::to_owned).collect()
}

/// Returns the error for a command line that selects nothing to do.
fn short_help(program: clap::Command) -> clap::Error {
    let name = program.get_name().to_owned();
    let answer = program
        .arg_required_else_help(true)
        .try_get_matches_from([name]);
    let message = "no command is given";
    answer
        .err()
        .unwrap_or_else(|| Cli::command().error(ErrorKind::MissingSubcommand, message))
}

/// Returns what `--help` prints for the program or one of its commands; `None`
/// for an example.
fn explained_by_clap(name: Option<&str>) -> Option<clap::Error> {
    let name = match name {
        Some(name) if !COMMANDS.contains(&name) => return None,
        name => name,
    };
    let program = Cli::command();
    let mut arguments = vec![program.get_name().to_owned()];
    arguments.extend(name.map(str::to_owned));
    arguments.push("--help".to_owned());
    program.try_get_matches_from(arguments).err()
}

/// Adds the tip that an example's name must follow `run`, even if the name is
/// misspelled.
fn suggest_run(mut error: clap::Error) -> clap::Error {
    if error.get(ContextKind::SuggestedSubcommand).is_none()
        && let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidSubcommand)
    {
        let names = Selection::value_variants()
            .iter()
            .filter_map(ValueEnum::to_possible_value);
        let similar = names.map(|name| {
            let name = name.get_name().to_owned();
            (strsim::jaro(given, &name), name)
        });
        let best = similar.max_by(|(one, _), (other, _)| one.total_cmp(other));
        // The threshold that clap uses for commands.
        if let Some((_, name)) = best.filter(|(similarity, _)| *similarity > 0.8) {
            let tip = format!("to run the example, use `run {name}`");
            error.insert(
                ContextKind::Suggested,
                ContextValue::StyledStrs(vec![tip.into()]),
            );
        }
    }
    error
}

#[cfg(test)]
mod tests {
    use super::super::RunMode;
    use super::*;

    #[test]
    fn definitions_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn defaults() {
        let cli = parse_from(["prog", "--embedded"]).unwrap();
        let run = cli.examples().unwrap();
        assert_eq!(run.mode, RunMode::SchemaOnly);
        assert_eq!(run.examples, [Selection::All]);
        assert!(run.run_id.is_none() && run.skip.is_empty());
    }

    #[test]
    fn both_ways_to_name_examples_are_one() {
        let wanted = [Selection::Null, Selection::Basic];
        for arguments in [
            &["prog", "--example", "null,basic", "--mode", "full"][..],
            &["prog", "--example=null", "--example=basic", "--mode=full"],
            &["prog", "run", "null", "basic", "--mode", "full"],
            &["prog", "run", "--mode", "full", "null", "basic"],
        ] {
            let cli = parse_from(arguments).unwrap();
            let run = cli.examples().unwrap();
            assert_eq!((run.mode, &run.examples[..]), (RunMode::Full, &wanted[..]));
        }
    }

    #[test]
    fn flags_that_only_say_how_to_print_ask_for_nothing() {
        for arguments in [
            &["prog"][..],
            &["prog", "-v"],
            &["prog", "-q", "-o", "json"],
        ] {
            let error = parse_from(arguments).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{arguments:?}");
            assert!(error.to_string().contains("Usage:"), "{error}");
        }
    }

    #[test]
    fn help_knows_every_command() {
        let program = Cli::command();
        let names = program.get_subcommands().map(clap::Command::get_name);
        assert_eq!(names.collect::<Vec<_>>(), COMMANDS);
    }

    #[test]
    fn common_flags_stand_on_either_side_of_a_subcommand() {
        for arguments in [["prog", "-v", "doctor"], ["prog", "doctor", "-v"]] {
            assert_eq!(parse_from(arguments).unwrap().common.verbose, 1);
        }
    }

    #[test]
    fn run_flags_are_refused_beside_a_subcommand() {
        let error = parse_from(["prog", "--example", "basic", "doctor"]).unwrap_err();
        assert!(error.to_string().contains("--example"), "{error}");
    }
}
