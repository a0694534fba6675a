//! `completions`: the script that completes this command line in a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::console::Console;
use crate::failure::{Exit, Failure};

/// Prints the completion script of `shell`.
pub fn completions(shell: Shell, console: &Console) -> Result<Exit, Failure> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    console.data(&script);
    Ok(Exit::Met)
}
