//! The program: parses arguments, loads settings, opens backends, runs examples
//! or a command, and returns the exit code.
#![forbid(unsafe_code)]

mod backends;
mod cleanup;
mod cli;
mod commands;
mod console;
mod examples;
mod failure;
mod generated;
mod hints;
mod naming;
mod settings;
mod stop_signal;
mod terminal;

use std::process::ExitCode;

use cli::{Cli, Command, OutputArg};
use console::{Console, LogFile, Output};
use failure::{Exit, Failure};
use settings::Settings;

fn main() -> ExitCode {
    match commands::complete() {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => {}
        Err(error) => {
            let console = Console::new(Output::Human, false);
            return end(&console, commands::usage(error, &console));
        }
    }
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(error) => {
            let console = Console::new(commands::wanted_output(), false);
            return end(&console, commands::usage(error, &console));
        }
    };
    let log_file = match cli.examples() {
        Some(run) if run.log_file.as_os_str() != "off" => LogFile::At(&run.log_file),
        _ => LogFile::Off,
    };
    console::start_logging(cli.common.verbose, cli.common.quiet, log_file);
    let output = match cli.common.output {
        OutputArg::Human => Output::Human,
        OutputArg::Json => Output::Json,
    };
    let console = Console::new(output, cli.common.quiet);
    end(&console, act(&cli, &console))
}

/// Reports a failure and returns the exit code. Lost output turns success into
/// failure; a closed pipe does not.
fn end(console: &Console, outcome: Result<Exit, Failure>) -> ExitCode {
    let exit = outcome.unwrap_or_else(|failure| {
        console.fail(&failure);
        failure.exit
    });
    let written = console.finish().map(|()| exit).unwrap_or_else(|failure| {
        failure.print();
        failure.exit
    });
    ExitCode::from(Exit::of_all([exit, written]).code())
}

fn act(cli: &Cli, console: &Console) -> Result<Exit, Failure> {
    match &cli.command {
        Some(Command::Completions { shell }) => commands::completions(*shell, console),
        Some(Command::Man { command }) => commands::man(command.as_deref(), console),
        Some(Command::List) => commands::list(console),
        Some(Command::Help { name }) => {
            commands::explain(name.as_deref().unwrap_or_default(), console)
        }
        command => {
            // `serve` never connects to backends, but needs some of their values.
            let embedded = cli.common.embedded || matches!(command, Some(Command::Serve(_)));
            let settings = Settings::collect(&cli.common).and_then(|sources| match command {
                Some(Command::Doctor) => {
                    let all = cli.common.verbose > 0;
                    commands::show_configuration(sources, embedded, all, console)
                }
                _ => Settings::check(sources, embedded),
            });
            let run = cli.examples();
            let settings = match (settings, run) {
                (Ok(settings), _) => settings,
                (Err(error), Some(run)) => {
                    return Err(examples::refuse(run, console, error.into()));
                }
                (Err(error), None) => return Err(error.into()),
            };
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()?;
            let exit = runtime.block_on(async {
                match (run, command) {
                    (Some(run), _) => examples::run(run, settings, console).await,
                    (_, Some(Command::Serve(arguments))) => {
                        commands::serve(arguments, &settings, console).await
                    }
                    (_, Some(Command::Decode(arguments))) => {
                        commands::decode(arguments, &settings, console).await
                    }
                    (_, Some(Command::Doctor)) => commands::doctor(&settings, console).await,
                    (_, Some(Command::Clean(arguments))) => {
                        commands::clean(arguments, &settings, console).await
                    }
                    // The other commands need no backend and have run already.
                    _ => Ok(Exit::Met),
                }
            });
            // Do not wait for threads that look up names: they cannot be stopped.
            runtime.shutdown_background();
            exit
        }
    }
}
