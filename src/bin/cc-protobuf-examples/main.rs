//! Arguments → settings → backends → examples → exit code.
#![forbid(unsafe_code)]

mod backends;
mod cli;
mod commands;
mod console;
mod examples;
mod failure;
mod hints;
mod naming;
mod settings;

use std::process::ExitCode;

use cli::{Cli, Command, OutputArg};
use console::{Console, LogFile, Output};
use failure::{Exit, Failure};
use settings::Settings;

fn main() -> ExitCode {
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(error) => return commands::usage(&error),
    };
    let log_file = match &cli.command {
        None if cli.run.log_file.as_os_str() == "off" => LogFile::Off,
        None => LogFile::At(&cli.run.log_file),
        Some(_) => LogFile::Off,
    };
    console::start_logging(cli.common.verbose, cli.common.quiet, log_file);
    let output = match cli.common.output {
        OutputArg::Human => Output::Human,
        OutputArg::Json => Output::Json,
    };
    let console = Console::new(output, cli.common.quiet);
    let exit = match act(&cli, &console) {
        // A reader that went away has seen what it wanted.
        _ if console.is_closed() => Exit::Met,
        Ok(exit) => exit,
        Err(failure) => {
            failure.print();
            failure.exit
        }
    };
    ExitCode::from(exit.code())
}

fn act(cli: &Cli, console: &Console) -> Result<Exit, Failure> {
    match &cli.command {
        Some(Command::Completions { shell }) => commands::completions(*shell),
        Some(Command::Man { command }) => commands::man(command.as_deref()),
        command => {
            // `serve` reads some values itself: what clients must present.
            let embedded = cli.common.embedded || matches!(command, Some(Command::Serve(_)));
            let settings = Settings::collect(&cli.common).and_then(|sources| match command {
                Some(Command::Doctor) => commands::show_configuration(sources, embedded, console),
                _ => Settings::check(sources, embedded),
            });
            if command.is_none()
                && let Err(error) = settings
            {
                return Err(examples::refuse(cli, console, error.into()));
            }
            let settings = settings?;
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()?;
            let exit = runtime.block_on(async {
                match command {
                    Some(Command::Serve(arguments)) => {
                        commands::serve(arguments, &settings, console).await
                    }
                    Some(Command::Decode(arguments)) => {
                        commands::decode(arguments, &settings, console).await
                    }
                    Some(Command::Doctor) => commands::doctor(&settings, console).await,
                    Some(Command::Clean(arguments)) => {
                        commands::clean(arguments, &settings, console).await
                    }
                    _ => examples::run(cli, settings, console).await,
                }
            });
            // Name look-ups run on threads that cannot be stopped; not waited for.
            runtime.shutdown_background();
            exit
        }
    }
}
